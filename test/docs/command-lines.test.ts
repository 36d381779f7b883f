/** Command lines in the documentation use commands and flags that there are. */
import {existsSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {execa} from 'execa'
import {beforeAll, describe, expect, it} from 'vitest'
import {root} from '../support/engine.js'

interface Command {
  readonly id: string
  readonly flags: Readonly<Record<string, {readonly name: string; readonly char?: string; readonly allowNo?: boolean}>>
}
const {commands}: {commands: Readonly<Record<string, Command>>} = JSON.parse(
  readFileSync(join(root, 'oclif.manifest.json'), 'utf8'),
)

const pages = new Map<string, string>()

beforeAll(async () => {
  const {stdout} = await execa('git', ['ls-files', '*.md'], {cwd: root})
  for (const name of stdout.split('\n'))
    if (!name.startsWith('test/') && existsSync(join(root, name))) pages.set(name, readFileSync(join(root, name), 'utf8'))
})

/** What a line or a code span says to type; the words behind `sifstage`. */
function typed(text: string): string[][] {
  const joined = text.replace(/\\\n\s*/g, ' ')
  const spans = [...joined.matchAll(/`(sifstage [^`\n]+)`/g)].map(match => match[1] ?? '').filter(span => !span.includes(', '))
  const lines = [...joined.matchAll(/^(?: {4}|\$ )?(sifstage (?:[a-z]+ ).*)$/gm)]
    .map(match => match[1] ?? '')
    // A sentence may begin with the name.
    .filter(line => commands[line.split(' ')[1] ?? ''] !== undefined && !/[a-z]\.$|, /.test(line))
  return [...spans, ...lines].map(line =>
    line
      .replace(/ [|>&<#].*$/, '')
      .split(/\s+/)
      .slice(1),
  )
}

/** What is wrong with one. */
function trouble(words: readonly string[]): string | undefined {
  const [first = '', second = ''] = words
  if (/^[A-Z<[]|^--(help|version)/.test(first)) return undefined
  const command = commands[`${first}:${second}`] ?? commands[first]
  if (command === undefined) {
    const isTopic = Object.keys(commands).some(id => id.startsWith(`${first}:`)) && (second === '' || /^[A-Z<]/.test(second))
    return isTopic || first === 'help' ? undefined : `no command ${first}`
  }
  const names = new Set(
    Object.values(command.flags).flatMap(({name, char}) => [`--${name}`, ...(char === undefined ? [] : [`-${char}`])]),
  )
  for (const word of words) {
    const [, flag] = /^\[?(--?[a-zA-Z][\w-]*)/.exec(word) ?? []
    if (flag !== undefined && flag !== '--help' && !names.has(flag)) return `${command.id} has no ${flag}`
  }
  return undefined
}

describe('the documentation', () => {
  it('types only commands and flags that there are', () => {
    const wrong: string[] = []
    let count = 0
    for (const [name, text] of pages) {
      for (const words of typed(text)) {
        count += 1
        const what = trouble(words)
        if (what !== undefined) wrong.push(`${name}: sifstage ${words.join(' ')}: ${what}`)
      }
    }
    expect(count).toBeGreaterThan(150)
    expect(wrong).toEqual([])
  })
})
