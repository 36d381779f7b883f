/**
 * A conformance case: one file that a person can read. A first paragraph says what it is about; then parts follow,
 * each behind a line `-- NAME --`. `Dockerfile` is the input; `context/PATH` is a file of the build context; `setup.sh`
 * runs in the context for what a text cannot say (links, modes); `options` are flags for both builders; `runs` has one
 * JSON array of arguments a line; `refused` names the rule of a conversion that has to be refused; `fails` says that the
 * engine that is asked refuses it; `equivalent` is a Dockerfile that means the same by the rules, for an engine that does
 * not know a flag yet.
 */
import {execFileSync} from 'node:child_process'
import {chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs'
import {dirname, join, relative} from 'node:path'

export interface Case {
  /** `theme/name`. */
  readonly name: string
  readonly text: string
  readonly about: string
  readonly parts: ReadonlyMap<string, string>
}

function parseCase(name: string, text: string): Case {
  const parts = new Map<string, string>()
  const pieces = text.split(/^-- (.+) --\n/m)
  for (let i = 1; i < pieces.length; i += 2) parts.set(pieces[i] ?? '', pieces[i + 1] ?? '')
  if (!parts.has('Dockerfile') && !parts.has('x.def')) throw new Error(`${name}: a case needs a part Dockerfile or x.def`)
  return {name, text, about: (pieces[0] ?? '').trim(), parts}
}

/** All cases below a folder, sorted; `extension` as in `.case`. */
export function readCases(folder: string): readonly Case[] {
  return readdirSync(folder, {recursive: true, withFileTypes: true})
    .filter(entry => entry.isFile() && entry.name.endsWith('.case'))
    .map(entry => join(entry.parentPath, entry.name))
    .sort()
    .map(path => parseCase(relative(folder, path).replace(/\.case$/, ''), readFileSync(path, 'utf8')))
}

/** Writes Dockerfile and context into a folder. The umask of whoever runs it does not matter. */
export function layCase(
  each: Case,
  folder: string,
  dockerfile: 'Dockerfile' | 'equivalent' = 'Dockerfile',
  run: (argv: readonly string[], cwd: string) => void = (argv, cwd) => {
    execFileSync(argv[0] ?? '', argv.slice(1), {cwd, stdio: ['ignore', 'inherit', 'inherit']})
  },
): void {
  const context = join(folder, 'context')
  makeFolder(context)
  for (const [name, text] of each.parts) {
    const path = name.startsWith('context/')
      ? join(folder, name)
      : name === 'Dockerfile' || name.endsWith('.dockerignore')
        ? join(context, name)
        : undefined
    if (path === undefined) continue
    makeFolder(dirname(path))
    writeFileSync(path, text)
    chmodSync(path, 0o644)
  }
  const other = dockerfile === 'equivalent' ? each.parts.get('equivalent') : undefined
  if (other !== undefined) writeFileSync(join(folder, 'Dockerfile.equivalent'), other)
  const setup = each.parts.get('setup.sh')
  if (setup !== undefined) run(['/bin/sh', '-euc', `umask 022\n${setup}`], context)
}

function makeFolder(path: string): void {
  mkdirSync(path, {recursive: true})
  chmodSync(path, 0o755)
}

export function wordsOf(text: string | undefined): readonly string[] {
  return (text ?? '')
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '')
}

/** What the image is run with: without arguments, and with some that a shell would change. */
export function runsOf(each: Case): readonly (readonly string[])[] {
  const own = each.parts.get('runs')
  if (own === undefined) return [[], ['one', 'two words', '$HOME*']]
  return wordsOf(own).map(line => JSON.parse(line) as string[])
}

/** Folders and numbers of one build are no part of an answer. */
export function withoutPlaces(text: string): string {
  return text
    .replaceAll(/\/\S*\/(cachemounts|tmp)\/buildkit(-mount)?\d+/g, 'ROOT')
    .replaceAll(/checksum of ref [\w:]+/g, 'checksum of ref …')
}

/** How much is tried: by whoever works here, for every change that is handed in, or all there is. */
export const extent: 'everyday' | 'matrix' | 'full' =
  process.env['SIFSTAGE_TEST_FULL'] === '1' ? 'full' : process.env['SIFSTAGE_TEST_MATRIX'] === '1' ? 'matrix' : 'everyday'

/** How many times fewer cases there are in the everyday run than in the one for every change. */
const FEWER = 4

/** One of so many cases in the run for every change, fewer in the everyday one, all of them in the long one. */
export function everyday<T>(cases: readonly T[], oneIn: number): readonly T[] {
  const step = extent === 'full' ? 1 : extent === 'matrix' ? oneIn : oneIn * FEWER
  return cases.filter((_, i) => i % step === 0)
}
