/** The first page that people see, and that it leaves no command out. */
import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, expect, it} from 'vitest'
import {root, sifstage} from '../support/engine.js'

const {commands}: {commands: Readonly<Record<string, {id: string; hidden?: boolean}>>} = JSON.parse(
  readFileSync(join(root, 'oclif.manifest.json'), 'utf8'),
)
const shown = [...new Set(Object.values(commands).flatMap(({id, hidden}) => (hidden === true ? [] : [id.replace(/:.*/, '')])))]

describe('sifstage alone', () => {
  it('lists every command once, in groups', async () => {
    const ran = await sifstage([], {cwd: root})
    expect(ran.code).toBe(0)
    const listed = [...ran.stdout.matchAll(/^ {2}([a-z]+) {2,}\S/gm)].map(match => match[1])
    expect(listed.sort()).toEqual([...shown].sort())
    expect(ran.stdout).toMatch(/^BEGIN\n(?:.+\n)+\nWRITE\n(?:.+\n)+\nBUILD\n(?:.+\n)+\nKEEP AND SET UP\n/m)
    expect(
      Math.max(
        ...ran.stdout
          .split('\n')
          .slice(1)
          .map(line => line.length),
      ),
    ).toBeLessThanOrEqual(83)
  })

  it('is the same as --help and help', async () => {
    const [alone, flag, word] = await Promise.all([[], ['--help'], ['help']].map(args => sifstage(args, {cwd: root})))
    expect(flag?.stdout).toBe(alone?.stdout)
    expect(word?.stdout).toBe(alone?.stdout)
  })
})

describe('the usage of a command', () => {
  it.each([
    ['build', 'sifstage build [INPUT] [FLAGS]'],
    ['convert', 'sifstage convert [INPUT] --to def|dockerfile|yaml|stages [FLAGS]'],
    ['verify', 'sifstage verify INPUT IMAGE --stage STAGE [FLAGS]'],
    ['check', 'sifstage check [INPUT...] [FLAGS]'],
    ['completion', 'sifstage completion SHELL'],
    ['cache key', 'sifstage cache key [FLAGS]'],
  ])('%s is a line, with what it needs', async (command, usage) => {
    const {stdout} = await sifstage([...command.split(' '), '--help'], {cwd: root})
    expect(stdout).toContain(`\nUSAGE\n  $ ${usage}\n\n`)
  })
})

describe('the page of a command with many flags', () => {
  it('sets them apart', async () => {
    const {stdout, code} = await sifstage(['build', '--help'], {cwd: root})
    expect(code).toBe(0)
    for (const title of ['FLAGS', 'INPUT FLAGS', 'ENGINE FLAGS', 'STORE FLAGS']) expect(stdout).toContain(`\n${title}\n`)
  })
})
