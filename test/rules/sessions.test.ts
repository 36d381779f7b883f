/** The sessions of rules that no single input shows: those that need files only are typed as they stand. */
import {mkdirSync, writeFileSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {afterAll, describe, expect, it} from 'vitest'
import {rules} from '../../src/index.js'
import {sifstage, workFolder} from '../support/engine.js'

interface Typed {
  readonly files: ReadonlyMap<string, string>
  readonly commands: readonly {readonly words: readonly string[]; readonly output: string}[]
}

/** `$ cat FILE` shows a file, `$ sifstage …` is run; a line of another program makes a session one to read only. */
function parse(text: string): Typed | undefined {
  const files = new Map<string, string>()
  const commands: {words: string[]; output: string}[] = []
  for (const part of text.split(/^\$ /m).slice(1)) {
    const end = part.indexOf('\n')
    const [program, ...words] = part.slice(0, end).split(' ')
    const rest = part.slice(end + 1)
    if (program === 'cat' && words[0] !== undefined) files.set(words[0], rest)
    else if (program === 'sifstage') commands.push({words, output: rest})
    else return undefined
  }
  return {files, commands}
}

const work = workFolder()
afterAll(() => work.remove())

async function typed(folder: string, {files, commands}: Typed): Promise<readonly string[]> {
  mkdirSync(folder, {recursive: true})
  for (const [name, text] of files) {
    mkdirSync(dirname(join(folder, name)), {recursive: true})
    writeFileSync(join(folder, name), text)
  }
  const printed: string[] = []
  for (const {words} of commands) {
    const {stdout, stderr} = await sifstage(words, {cwd: folder})
    printed.push(`${stdout}\n${stderr}`)
  }
  return printed
}

/** Words of sessions that need an engine, a registry, an earlier build or an editor. */
const ELSEWHERE = new Set(['build', 'lock', 'plan', 'report', 'verify', 'engines', 'lsp'])
const all = (await rules()).flatMap(({name, severity, session}) => {
  const [bad, good] = [parse(session?.bad ?? ''), parse(session?.good ?? '')]
  if (session === undefined || bad === undefined || good === undefined) return []
  if ([...bad.commands, ...good.commands].some(each => ELSEWHERE.has(each.words[0] ?? ''))) return []
  // A file that the session does not show.
  if (bad.files.size === 0 && name !== 'unreadable-input') return []
  return [{name, severity, bad, good}]
})

it('most sessions that need files only are typed', () => {
  expect(all.map(each => each.name)).toEqual(
    expect.arrayContaining([
      'ambiguous-link',
      'unused-build-arg',
      'copy-by-pattern',
      'unreadable-input',
      'context-of-another-file',
    ]),
  )
  expect(all.length).toBeGreaterThan(18)
})

describe.concurrent.each(all.map(each => [each.name, each] as const))('%s', (name, {severity, bad, good}) => {
  it('is printed as the session says', async () => {
    const printed = await typed(join(work.path, name, 'bad'), bad)
    for (const [at, {output}] of bad.commands.entries()) {
      expect(printed[at]).toContain(output)
      expect(output).toMatch(new RegExp(`: ${severity}: .* \\[${name}\\]\\n`))
    }
  })
  it('is not printed once it is put right', async () => {
    for (const text of await typed(join(work.path, name, 'good'), good)) {
      expect(text).not.toContain(`[${name}]`)
      expect(text).not.toContain(': error: ')
    }
  })
})
