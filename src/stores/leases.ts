/**
 * Leases: who is at work on what, so that others wait and reuse instead of doing the same. They save work and protect
 * nothing, since correctness rests on publishing by rename alone; where none can be written, the work is just done.
 *
 * Made for network file systems and many hosts: a lease is taken by link(2), which is atomic there; its holder raises a
 * counter in it; whoever waits judges by its own clock how long that stood still, so that no two clocks are ever compared.
 */
import {createHash, randomBytes} from 'node:crypto'
import {constants} from 'node:fs'
import {link, lstat, open, readdir, rename, rm} from 'node:fs/promises'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import type {Identity} from '../model/ports.js'
import {errorCode, fileError, fileTrouble, giveTo, makeOwned} from '../system/files.js'
import {asHolder, fateOf, type Holder, ownHolder, showHolder} from '../system/holder.js'
import {partialName} from './entry.js'
import type {UseMarks} from './session.js'

/** Milliseconds without a sign of life after which a holder counts as dead. */
const LEASE = 60_000
/** Milliseconds between two signs of life. */
const BEAT = 4_000
/** Milliseconds between two looks of one who waits: short at first, then longer, for a hundred may wait. */
const FIRST_PAUSE = 100
const LONGEST_PAUSE = 2_000
/** A lease is a few hundred bytes: nothing larger is read. */
const LARGEST = 4_096

/** What link(2) says where a file system has none. */
const NO_LINKS = /^(EPERM|ENOTSUP|EOPNOTSUPP|EMLINK|ENOSYS|EXDEV|EINVAL)$/
/** A store that is not ours to write; a full disk is another matter: publishing would fail too. */
const NOT_WRITABLE = /^(EROFS|EACCES|EPERM|ENOTDIR|ELOOP)$/
const VANISHED = /^(ENOENT|ESTALE)$/

export interface LeaseOptions {
  readonly owner: Identity
  /** Milliseconds without a sign of life until a holder counts as dead. */
  readonly lease?: number
  /** Milliseconds between signs of life. */
  readonly beat?: number
  /** Where it is noted what is to be swept when we die. */
  readonly uses?: UseMarks
  /** Told once when work goes on without leases. */
  readonly onTrouble?: (text: string) => void
}

export interface Leases {
  /**
   * Runs `work` while nobody else does who holds the same key; `waiting` hears once who does.
   * @throws the signal's reason; SifstageError (5) on a full disk; what `work` throws
   */
  held<T>(key: string, waiting: (who: string) => void, signal: AbortSignal, work: () => Promise<T>): Promise<T>
}

/** A lease as it was read: its very text, by which two looks are compared, and what it says. */
export interface SeenLease {
  readonly text: string
  readonly token: string | undefined
  readonly holder: Holder | undefined
}

/** The name of a key's lease; what is no plain name is hashed. */
export function leaseName(key: string): string {
  const name = key.replace(/^sha256:/, '')
  return /^[\w-][\w.-]{0,150}$/.test(name) ? name : createHash('sha256').update(key).digest('hex')
}

/** Always of one length, so that a counter is raised in place, without a moment in which the file is cut. */
function leaseText(token: string, counter: number, holder: Holder): string {
  return `{"version":1,"token":"${token}","counter":${String(counter).padStart(10)},"holder":${JSON.stringify(holder)}}\n`
}

function parsed(text: string): SeenLease {
  try {
    const value: {token?: unknown; holder?: unknown} = JSON.parse(text)
    return {text, token: typeof value.token === 'string' ? value.token : undefined, holder: asHolder(value.holder)}
  } catch {
    return {text, token: undefined, holder: undefined}
  }
}

/** Reads a lease; undefined when there is none. What is no file, or not ours to read, is known by its state alone. */
export async function readLease(file: string): Promise<SeenLease | undefined> {
  try {
    const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    try {
      const {buffer, bytesRead} = await handle.read(Buffer.alloc(LARGEST), 0, LARGEST, 0)
      return parsed(buffer.toString('utf8', 0, bytesRead))
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (VANISHED.test(errorCode(error) ?? '')) return undefined
    const stats = await lstat(file).catch(() => undefined)
    if (stats === undefined) return undefined
    // Not the time of its last change: a rename changes that.
    return {text: `${stats.ino} ${stats.size} ${stats.mtimeMs}`, token: undefined, holder: undefined}
  }
}

/** Puts a finished lease in its place; false when somebody was there before. */
async function claim(beside: string, file: string, text: string, owner: Identity): Promise<boolean> {
  try {
    const handle = await open(beside, 'wx', 0o644)
    try {
      await handle.writeFile(text)
      // After a power cut an empty lease would be waited for.
      await handle.datasync()
    } finally {
      await handle.close()
    }
    await giveTo(beside, owner)
    try {
      await link(beside, file)
      return true
    } catch (error) {
      // A server's answer can get lost, and what was asked twice is there already: by ourselves.
      if (errorCode(error) === 'EEXIST') return (await lstat(beside)).nlink === 2
      if (!NO_LINKS.test(errorCode(error) ?? '')) throw error
    }
    return await claimWithoutLinks(file, text, owner)
  } finally {
    await rm(beside, {force: true}).catch(() => {})
  }
}

async function claimWithoutLinks(file: string, text: string, owner: Identity): Promise<boolean> {
  try {
    const handle = await open(file, 'wx', 0o644)
    try {
      await handle.writeFile(text)
    } finally {
      await handle.close()
    }
    await giveTo(file, owner)
    return true
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    throw error
  }
}

/**
 * Takes a dead lease away. It is renamed first and looked at then: if it is not the one that was judged, somebody broke
 * that one before and has begun anew, and gets it back.
 * @param aside a name in the same file system that nobody uses
 */
export async function breakLease(file: string, dead: SeenLease, aside: string): Promise<void> {
  if ((await readLease(file))?.text !== dead.text) return
  try {
    await rename(file, aside)
  } catch (error) {
    if (VANISHED.test(errorCode(error) ?? '')) return
    throw error
  }
  if ((await readLease(aside))?.text !== dead.text) {
    try {
      await link(aside, file)
    } catch (error) {
      if (NO_LINKS.test(errorCode(error) ?? '') && (await readLease(file)) === undefined) {
        await rename(aside, file)
        return
      }
      // A third one has it by now: the one that was taken away works on without.
    }
  }
  await rm(aside, {recursive: true, force: true})
}

/** One who waits for one lease: how long it has stood still, by a clock that nobody sets. */
class Patience {
  #text: string | undefined
  #silence = 0
  #looked = performance.now()
  #pause = FIRST_PAUSE

  /** Milliseconds that this very state was seen in. Time in which we did not look ourselves (stopped, swapped out) is not counted. */
  silence(seen: SeenLease): number {
    const now = performance.now()
    const passed = Math.min(now - this.#looked, 2 * LONGEST_PAUSE)
    this.#looked = now
    this.#silence = seen.text === this.#text ? this.#silence + passed : 0
    this.#text = seen.text
    return this.#silence
  }

  async rest(signal: AbortSignal): Promise<void> {
    const pause = this.#pause * (0.5 + Math.random())
    this.#pause = Math.min(this.#pause * 1.4, LONGEST_PAUSE)
    try {
      await sleep(pause, undefined, {signal})
    } catch {
      signal.throwIfAborted()
    }
  }
}

/** Raises the counter of our own lease until it is ended. */
function keepAlive(file: string, token: string, holder: Holder, beat: number): () => Promise<void> {
  let counter = 0
  let beating: Promise<void> = Promise.resolve()
  const raise = async () => {
    const handle = await open(file, constants.O_RDWR | constants.O_NOFOLLOW)
    try {
      const {buffer, bytesRead} = await handle.read(Buffer.alloc(LARGEST), 0, LARGEST, 0)
      if (parsed(buffer.toString('utf8', 0, bytesRead)).token !== token) return
      counter += 1
      // Into the file that was just looked at: if it is renamed away meanwhile, nobody else's is touched.
      await handle.write(leaseText(token, counter, holder), 0)
    } finally {
      await handle.close()
    }
  }
  const timer = setInterval(() => {
    // A sign that cannot be given costs double work at worst.
    beating = beating.then(raise).catch(() => {})
  }, beat)
  timer.unref()
  return async () => {
    clearInterval(timer)
    await beating
  }
}

/** The leases of a store, in its folder `locks`. */
export function leases(folder: string, options: LeaseOptions): Leases {
  const locks = join(folder, 'locks')
  const lease = options.lease ?? LEASE
  let told = false

  const aside = async () => join(folder, await partialName('lease', options.uses))
  const makeFolders = async () => {
    for (const name of [locks, join(folder, 'partial')]) await makeOwned(name, options.owner)
  }

  /** Work goes on without a lease: said once. */
  function without(error: unknown): undefined {
    if (!NOT_WRITABLE.test(errorCode(error) ?? ''))
      throw fileError(`the store ${folder} cannot be written`, error, 'Free some space, or name another store: --cache-dir DIR')
    if (!told)
      options.onTrouble?.(
        `no lock can be written in the store ${folder} (${fileTrouble(error)}): other builds may do the same work at the same time`,
      )
    told = true
    return undefined
  }

  /** Waits until the lease is ours; gives back its token, or undefined when there can be none. */
  async function take(
    file: string,
    holder: Holder,
    waiting: (who: string) => void,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const token = randomBytes(16).toString('hex')
    const patience = new Patience()
    let said = false
    for (;;) {
      signal.throwIfAborted()
      try {
        const seen = await readLease(file)
        if (seen === undefined) {
          if (await claim(await aside(), file, leaseText(token, 0, holder), options.owner)) return token
          continue
        }
        const silent = patience.silence(seen) >= lease
        if (silent || (seen.holder !== undefined && fateOf(seen.holder) === 'dead')) {
          await breakLease(file, seen, await aside())
          continue
        }
        if (!said) waiting(seen.holder === undefined ? 'another build' : showHolder(seen.holder))
        said = true
      } catch (error) {
        signal.throwIfAborted()
        // Another's folder vanished between two steps (`cache prune`): once more.
        if (VANISHED.test(errorCode(error) ?? '')) await makeFolders()
        else return without(error)
      }
      await patience.rest(signal)
    }
  }

  return {
    async held(key, waiting, signal, work) {
      const file = join(locks, leaseName(key))
      const holder = ownHolder()
      let token: string | undefined
      try {
        await makeFolders()
      } catch (error) {
        without(error)
        return work()
      }
      token = await take(file, holder, waiting, signal)
      if (token === undefined) return work()
      const stop = keepAlive(file, token, holder, options.beat ?? BEAT)
      try {
        return await work()
      } finally {
        await stop()
        if ((await readLease(file))?.token === token) await rm(file, {force: true}).catch(() => {})
      }
    },
  }
}

/**
 * Leases that somebody holds, by their file names, and who in words. Those of this machine's dead, and those that were
 * silent for long by the file server's clock, do not count; nobody is waited for.
 */
export async function liveLeases(folder: string, now: number): Promise<Map<string, string>> {
  const locks = join(folder, 'locks')
  const live = new Map<string, string>()
  for (const name of await readdir(locks).catch(() => [])) {
    if (name.startsWith('.')) continue
    const seen = await readLease(join(locks, name))
    const stats = await lstat(join(locks, name)).catch(() => undefined)
    if (seen === undefined || stats === undefined) continue
    const fate = seen.holder === undefined ? 'unknown' : fateOf(seen.holder)
    // Twice the time, since two clocks are compared here.
    if (fate === 'dead' || (fate === 'unknown' && now - stats.mtimeMs > 2 * LEASE)) continue
    live.set(name, seen.holder === undefined ? 'a build' : showHolder(seen.holder))
  }
  return live
}

/** Removes the leases of this machine's dead, which nobody may ever ask for again. */
export async function sweepLeases(folder: string): Promise<void> {
  const locks = join(folder, 'locks')
  for (const name of await readdir(locks).catch(() => [])) {
    const seen = await readLease(join(locks, name))
    if (seen?.holder === undefined || fateOf(seen.holder) !== 'dead') continue
    await breakLease(join(locks, name), seen, join(folder, await partialName('lease', undefined))).catch(() => {})
  }
}
