/**
 * Marks of use: what a running build relies on, so that `cache prune`, here or on another host, leaves it alone. One small
 * file a build, `users/ID.jsonl`, written at first use: who it is, with a counter as in a lease, then a line for each entry
 * (`stages/HEX`). An entry is marked before it is looked at, and prune looks at the marks once more after it took one away.
 */
import {randomBytes} from 'node:crypto'
import {constants} from 'node:fs'
import {open, readdir, readFile, rm, stat} from 'node:fs/promises'
import {join} from 'node:path'
import type {Identity} from '../model/ports.js'
import {errorCode, giveTo, makeOwned, syncFolder} from '../system/files.js'
import {asHolder, fateOf, type Holder, ownHolder, showHolder} from '../system/holder.js'
import {sweepLeases} from './leases.js'

const FOLDER = 'users'
/** Milliseconds between two signs of life. */
const BEAT = 30_000
/** A mark of another machine counts for so long after its last sign of life. A laptop may have slept, a job been suspended. */
const LASTS = 15 * 60_000
/** One that says nothing is just being written, or was lost in a power cut. */
const BEGINS = 60_000

export interface UseMarks {
  /** Marks an entry (`stages/HEX`) as relied on from now on. A store that cannot be written cannot be pruned either. */
  add(entry: string): Promise<void>
  /** At the end of the build. */
  close(): Promise<void>
}

export interface UseMarksOptions {
  readonly owner: Identity
  readonly beat?: number
}

/** A build that is running as far as anybody can tell, and what it relies on. */
export interface RunningBuild {
  /** For a person. */
  readonly who: string
  readonly entries: ReadonlySet<string>
}

interface Mark {
  readonly holder: Holder | undefined
  readonly entries: ReadonlySet<string>
  /** When it was written last, by the file server's clock. */
  readonly seen: number
}

/** Of one length, whatever the counter: it is raised in place. */
function headerOf(holder: Holder, counter: number): string {
  return `{"version":1,"counter":${String(counter).padStart(10)},"holder":${JSON.stringify(holder)}}\n`
}

/**
 * What time the file server thinks it is: that of a file just made there, to compare with other files' times. Our own clock
 * where none can be made.
 */
export async function serverTime(folder: string): Promise<number> {
  // Always the same name, so that one that a killed process left is none too many.
  const probe = join(folder, '.time')
  try {
    const handle = await open(probe, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW, 0o600)
    try {
      await handle.write('.')
      return (await handle.stat()).mtimeMs
    } finally {
      await handle.close()
      await rm(probe, {force: true})
    }
  } catch {
    return Date.now()
  }
}

/** The marks of one build on one store. */
export function useMarks(folder: string, options: UseMarksOptions): UseMarks {
  const parent = join(folder, FOLDER)
  const file = join(parent, `${randomBytes(8).toString('hex')}.jsonl`)
  const holder = ownHolder()
  const entries = new Set<string>()
  let counter = 0
  let timer: NodeJS.Timeout | undefined
  let writing: Promise<void> = Promise.resolve()
  let closed = false
  let lasted = false

  const text = () => headerOf(holder, counter) + [...entries].map(each => `${JSON.stringify(each)}\n`).join('')

  async function begin(): Promise<void> {
    await makeOwned(parent, options.owner)
    const handle = await open(file, 'wx', 0o644)
    try {
      await handle.writeFile(text())
    } finally {
      await handle.close()
    }
    await giveTo(file, options.owner)
    if (timer === undefined) {
      timer = setInterval(() => void queue(beat), options.beat ?? BEAT)
      timer.unref()
      // Ours alone is the rule, and then there is nothing to look at.
      if ((await readdir(parent)).length > 1) await runningBuilds(folder)
    }
  }

  /** Opened anew each time: on a network file system others see what is written once it is closed. */
  async function change(flags: number, write: string, position: number | null, lasting = false): Promise<void> {
    try {
      const handle = await open(file, flags | constants.O_NOFOLLOW)
      try {
        await handle.write(write, position)
        if (lasting) await handle.datasync()
      } finally {
        await handle.close()
      }
    } catch (error) {
      // Somebody took us for dead.
      if (errorCode(error) === 'ENOENT') await begin()
      else throw error
    }
  }

  async function beat(): Promise<void> {
    counter += 1
    await change(constants.O_WRONLY, headerOf(holder, counter), 0)
  }

  /** One write after the other; one that fails only makes the mark worth less. */
  function queue(work: () => Promise<void>): Promise<void> {
    writing = writing.then(() => (closed ? undefined : work())).catch(() => {})
    return writing
  }

  return {
    add(entry) {
      if (entries.has(entry)) return writing
      const first = entries.size === 0
      entries.add(entry)
      // What is just being written must be found and swept after a power cut too.
      const lasting = entry.startsWith('partial/')
      return queue(async () => {
        if (first) await begin()
        const line = first ? '' : `${JSON.stringify(entry)}\n`
        if (!first || lasting) await change(constants.O_WRONLY | constants.O_APPEND, line, null, lasting)
        if (lasting && !lasted) for (const path of [parent, folder]) await syncFolder(path)
        lasted ||= lasting
      })
    },
    async close() {
      clearInterval(timer)
      await queue(async () => rm(file, {force: true}))
      closed = true
    },
  }
}

async function readMark(file: string): Promise<Mark> {
  const [text, stats] = await Promise.all([readFile(file, 'utf8'), stat(file)])
  const [header = '', ...lines] = text.split('\n')
  let holder: Holder | undefined
  const entries = new Set<string>()
  try {
    const parsed: {holder?: unknown} = JSON.parse(header)
    holder = asHolder(parsed.holder)
  } catch {
    // Just being written, or cut by a power cut: it counts by its age.
  }
  for (const line of lines) {
    try {
      const entry: unknown = JSON.parse(line)
      if (typeof entry === 'string') entries.add(entry)
    } catch {
      // The empty end, or a line that is just being written: its build has not looked at the entry yet.
    }
  }
  return {holder, entries, seen: stats.mtimeMs}
}

/** On this machine it is known; of another one the last sign of life counts, by the file server's clock. */
function isRunning({holder, seen}: Mark, now: number): boolean {
  if (holder === undefined) return now - seen < BEGINS
  const fate = fateOf(holder)
  return fate === 'alive' || (fate === 'unknown' && now - seen < LASTS)
}

/** What a dead build was just putting in, or taking out. */
async function removePartial(folder: string, {entries}: Mark): Promise<void> {
  for (const each of entries) {
    if (!/^partial\/[\w-][\w.-]*$/.test(each)) continue
    for (const path of [each, `${each}.old`])
      await rm(join(folder, path), {recursive: true, force: true}).catch(() => {
        // Files of subordinate ids, in a cache mount: `cache prune` can.
      })
  }
}

/** Builds that run on a store, on any host; marks that dead ones left are removed. */
export async function runningBuilds(folder: string): Promise<RunningBuild[]> {
  const parent = join(folder, FOLDER)
  const names = (await readdir(parent).catch(() => [])).filter(name => name.endsWith('.jsonl'))
  if (names.length === 0) return []
  const now = await serverTime(parent)
  const found: RunningBuild[] = []
  let ended = false
  for (const name of names) {
    const file = join(parent, name)
    try {
      const mark = await readMark(file)
      if (isRunning(mark, now))
        found.push({who: mark.holder === undefined ? 'a build' : showHolder(mark.holder), entries: mark.entries})
      else {
        ended = true
        await removePartial(folder, mark)
        await rm(file, {force: true})
      }
    } catch {
      // It has ended meanwhile, or is not ours to read.
    }
  }
  if (ended) await sweepLeases(folder)
  return found
}
