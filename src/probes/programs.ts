/** Finds programs and asks them short questions. Answers that hold as long as the program does are remembered. */
import {accessSync, constants, readFileSync, statSync} from 'node:fs'
import {readFile} from 'node:fs/promises'
import {join} from 'node:path'
import type {Identity} from '../model/ports.js'
import {makeOwned, writeWhole} from '../system/files.js'
import {asUser} from '../system/identity.js'
import {capture} from '../system/processes.js'
import type {Note} from './probe.js'

/** A program that has not answered by then is not waited for. */
const PATIENCE_MS = 5_000
/** Programs are replaced now and then; what is known of old ones makes way. */
const MOST_REMEMBERED = 40
const FILE = 'engines.json'

/** A program in the folders of a PATH. */
export function findProgram(name: string, path: string): string | undefined {
  for (const folder of path.split(':')) {
    const file = join(folder, name)
    try {
      accessSync(file, constants.X_OK)
      if (statSync(file).isFile()) return file
    } catch {
      // Not in this folder.
    }
  }
  return undefined
}

/** A number from a file of the kernel's; undefined where it does not have it. */
export function readNumber(file: string): number | undefined {
  try {
    return Number(readFileSync(file, 'utf8').trim())
  } catch {
    return undefined
  }
}

/** What tells one state of a file from another; `-` for one that is not there. */
export function fileMark(path: string): string {
  try {
    const {size, mtimeMs, ino} = statSync(path)
    return `${path} ${size} ${mtimeMs} ${ino}`
  } catch {
    return `${path} -`
  }
}

export interface Answer {
  /** Undefined when it was ended: it did not answer in time, or could not be started. */
  readonly exitCode: number | undefined
  readonly lines: readonly string[]
  readonly late: boolean
}

/** Asks a program something as a user; what it prints on both outputs. Never rejects. */
export async function ask(
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
  identity: Identity,
  patience = PATIENCE_MS,
): Promise<Answer> {
  const signal = AbortSignal.timeout(patience)
  try {
    const {exitCode, lines} = await capture([...asUser(identity), ...argv], {cwd: '/', env, signal})
    return {exitCode, lines, late: false}
  } catch (error) {
    return {exitCode: undefined, lines: [error instanceof Error ? error.message : String(error)], late: signal.aborted}
  }
}

/** Engines are asked side by side, and write into one file: one after the other. */
let lastWrite: Promise<void> = Promise.resolve()

/** Answers of programs, in the store's `engines.json`: an unchanged build starts no engine. */
export class Answers {
  /** @param store its folder; undefined: nothing is remembered, and nothing written */
  constructor(
    readonly store: string | undefined,
    readonly owner: Identity,
  ) {}

  async #known(): Promise<Record<string, string>> {
    if (this.store === undefined) return {}
    try {
      const parsed: unknown = JSON.parse(await readFile(join(this.store, FILE), 'utf8'))
      if (typeof parsed !== 'object' || parsed === null) return {}
      return Object.fromEntries(
        Object.entries(parsed).flatMap(([mark, text]) => (typeof text === 'string' ? [[mark, text]] : [])),
      )
    } catch {
      // Nothing was asked yet.
      return {}
    }
  }

  async get(mark: string): Promise<string | undefined> {
    const known = await this.#known()
    return Object.hasOwn(known, mark) ? known[mark] : undefined
  }

  set(mark: string, text: string): Promise<void> {
    lastWrite = lastWrite.then(() => this.#write(mark, text))
    return lastWrite
  }

  /** Never rejects. */
  async #write(mark: string, text: string): Promise<void> {
    if (this.store === undefined) return
    const {[mark]: _, ...others} = await this.#known()
    const entries = [...Object.entries(others), [mark, text]].slice(-MOST_REMEMBERED)
    try {
      await makeOwned(this.store, this.owner)
      await writeWhole(join(this.store, FILE), `${JSON.stringify(Object.fromEntries(entries))}\n`)
    } catch {
      // A store that cannot be written says so when it is needed.
    }
  }
}

/** What `PROGRAM --version` says, asked once as long as the program is the same file. */
export async function versionOf(
  program: string,
  env: Readonly<Record<string, string>>,
  identity: Identity,
  answers: Answers,
): Promise<{readonly version: string; readonly line: string} | {readonly version: undefined; readonly trouble: Note}> {
  const mark = fileMark(program)
  const before = await answers.get(mark)
  const answer = before === undefined ? await ask([program, '--version'], env, identity) : {exitCode: 0, lines: [before]}
  const line = answer.exitCode === 0 ? answer.lines.find(each => versionIn(each) !== undefined) : undefined
  const version = line === undefined ? undefined : versionIn(line)
  if (line === undefined || version === undefined) {
    const said = answer.lines.findLast(each => each.trim() !== '')
    const text = `${program} does not say its version when it is run${said === undefined ? '' : `: ${said}`}`
    return {version: undefined, trouble: {ok: false, text, fix: `run it by hand: ${program} --version`}}
  }
  if (before === undefined) await answers.set(mark, line)
  return {version, line}
}

/** The version in such a line. */
export function versionIn(line: string): string | undefined {
  return /(\d+\.\d+[^\s,]*)/.exec(line)?.[1]
}

/** Whether a version is at least `major.minor`. */
export function isAtLeast(version: string, major: number, minor: number): boolean {
  const [isMajor = 0, isMinor = 0] = version.split('.').map(part => Number.parseInt(part, 10) || 0)
  return isMajor > major || (isMajor === major && isMinor >= minor)
}
