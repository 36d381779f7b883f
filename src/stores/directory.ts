/**
 * The store as a folder (its layout: docs/store.md). Everything in it was moved in by one rename, so an entry is
 * whole or not there. Locks only save work: two builds that publish the same key do no harm.
 */

import {randomBytes} from 'node:crypto'
import {createReadStream} from 'node:fs'
import {lstat, open, readdir, readFile, rename, rm, stat, utimes, writeFile} from 'node:fs/promises'
import {hostname} from 'node:os'
import {join} from 'node:path'
import {createInterface} from 'node:readline'
import {setTimeout as sleep} from 'node:timers/promises'
import {Listing} from '../images/listing.js'
import type {ImageEntry, ImageTree} from '../model/image.js'
import type {Identity, OutputRecord, Store, StoredOutput, StoredStage} from '../model/ports.js'
import type {StageRecord} from '../model/record.js'
import {errorCode, exists, fileError, giveTo, hashFile, makeOwned, moveFile} from '../system/files.js'
import {processStart} from '../system/scratch.js'

const RECORD = 'record.json'
/** Seconds without a sign of life after which a lock on another machine counts as left behind. */
const LEASE = 60
const BEAT = 5_000

/** Keys are `sha256:HEX`; folders are named by the hex alone. */
function entryName(key: string): string {
  return key.replace(/^sha256:/, '')
}

/** One edge: JSON that we wrote ourselves is taken by its version; anything else is not there. */
async function readRecord<T extends {readonly version: 1; readonly key: string}>(
  file: string,
  key: string,
): Promise<T | undefined> {
  try {
    const parsed: T = JSON.parse(await readFile(file, 'utf8'))
    return parsed.version === 1 && parsed.key === key ? parsed : undefined
  } catch {
    return undefined
  }
}

async function readListing(file: string): Promise<Listing> {
  const entries: ImageEntry[] = []
  for await (const line of createInterface({input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY})) {
    if (line !== '') entries.push(JSON.parse(line))
  }
  return new Listing(entries)
}

export interface DirectoryStoreOptions {
  /** Entries belong to this user, so that he can use the store without us too. */
  readonly owner: Identity
  /** Called when an entry was damaged and has been dropped. */
  readonly onDamage: (text: string) => void
}

export function directoryStore(folder: string, options: DirectoryStoreOptions): Store {
  const own = (path: string) => giveTo(path, options.owner)
  const makeFolder = (path: string) => makeOwned(path, options.owner)

  /** Moves files into a folder beside the entry and renames the folder in. */
  async function publish(kind: string, key: string, files: ReadonlyMap<string, string>, record: object): Promise<string> {
    const parent = join(folder, kind)
    const entry = join(parent, entryName(key))
    const beside = join(folder, 'partial', `${entryName(key)}-${randomBytes(4).toString('hex')}`)
    try {
      await makeFolder(parent)
      await makeFolder(beside)
      for (const [name, from] of files) {
        await moveFile(from, join(beside, name))
        await own(join(beside, name))
      }
      const handle = await open(join(beside, RECORD), 'wx')
      await handle.writeFile(`${JSON.stringify(record, undefined, 2)}\n`)
      await handle.sync()
      await handle.close()
      await own(join(beside, RECORD))
      await rm(entry, {recursive: true, force: true})
      await rename(beside, entry)
    } catch (error) {
      await rm(beside, {recursive: true, force: true})
      // Another build was faster and published the same: as good as ours.
      if (/^(ENOTEMPTY|EEXIST)$/.test(errorCode(error) ?? '') && (await exists(join(entry, RECORD)))) return entry
      throw fileError(`the store ${folder} cannot be written`, error, 'Free some space, or name another store: --cache-dir DIR')
    }
    return entry
  }

  async function drop(entry: string, why: string): Promise<undefined> {
    await rm(entry, {recursive: true, force: true})
    options.onDamage(`${entry} is damaged (${why}): dropped, it will be made anew`)
    return undefined
  }

  /** An entry counts only if its owner is oneself, root, the engine's user or the store's owner (design section 8). */
  async function isTrusted(entry: string): Promise<boolean> {
    const [stats, store] = await Promise.all([lstat(entry).catch(() => undefined), lstat(folder).catch(() => undefined)])
    return stats !== undefined && [0, process.getuid?.(), options.owner.uid, store?.uid].includes(stats.uid)
  }

  async function find(key: string): Promise<StoredStage | undefined> {
    const entry = join(folder, 'stages', entryName(key))
    if (!(await isTrusted(entry))) return undefined
    const record = await readRecord<StageRecord>(join(entry, RECORD), key)
    if (record === undefined) return undefined
    const image = join(entry, record.image.file)
    const listing = join(entry, record.listing.file)
    const stats = await stat(image).catch(() => undefined)
    if (stats === undefined || stats.size !== record.image.bytes) return drop(entry, 'the image is missing or cut short')
    if ((await hashFile(listing).catch(() => '')) !== record.listing.digest)
      return drop(entry, 'the listing is not what was written')
    // Retention goes by last use.
    const now = new Date()
    await utimes(join(entry, RECORD), now, now).catch(() => {})
    let tree: Promise<Listing> | undefined
    return {
      record,
      image: {path: image, offset: record.image.offset},
      tree: () => {
        tree ??= readListing(listing)
        return tree
      },
    }
  }

  async function findOutput(key: string): Promise<StoredOutput | undefined> {
    const entry = join(folder, 'outputs', entryName(key))
    if (!(await isTrusted(entry))) return undefined
    const record = await readRecord<OutputRecord>(join(entry, RECORD), key)
    if (record === undefined) return undefined
    const path = join(entry, 'image.sif')
    const stats = await stat(path).catch(() => undefined)
    if (stats === undefined || stats.size !== record.bytes) return drop(entry, 'the image is missing or cut short')
    if ((await hashFile(path)) !== record.digest) return drop(entry, 'the image is not what was written')
    return {record, path}
  }

  /** Takes the lock file if nobody has it; tells who has it otherwise. */
  async function take(file: string): Promise<string | undefined> {
    const mine = JSON.stringify({host: hostname(), pid: process.pid, started: processStart(process.pid) ?? ''})
    try {
      const handle = await open(file, 'wx')
      await handle.writeFile(mine)
      await handle.close()
      await own(file)
      return undefined
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error
    }
    const text = await readFile(file, 'utf8').catch(() => '')
    return text === '' ? 'another build' : text
  }

  /** True when the holder is certainly gone: a dead process of this machine. */
  function isDead(holder: string): boolean {
    try {
      const parsed: {host?: unknown; pid?: unknown; started?: unknown} = JSON.parse(holder)
      return parsed.host === hostname() && typeof parsed.pid === 'number' && processStart(parsed.pid) !== parsed.started
    } catch {
      return false
    }
  }

  async function locked<T>(key: string, waiting: (who: string) => void, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const locks = join(folder, 'locks')
    try {
      await makeFolder(locks)
    } catch (error) {
      throw fileError(`the store ${folder} cannot be written`, error, 'Name another store: --cache-dir DIR')
    }
    const file = join(locks, entryName(key))
    let said = false
    let seen = ''
    let seenSince = Date.now()
    for (;;) {
      signal.throwIfAborted()
      const holder = await take(file)
      if (holder === undefined) break
      const stats = await stat(file).catch(() => undefined)
      // Judged by our own clock: how long has this very state been unchanged?
      const state = `${holder} ${stats?.mtimeMs}`
      if (state !== seen) {
        seen = state
        seenSince = Date.now()
      }
      if (isDead(holder) || Date.now() - seenSince > LEASE * 1000) {
        await rm(file, {force: true})
        continue
      }
      if (!said) waiting(holder)
      said = true
      await sleep(300, undefined, {signal})
    }
    const beat = setInterval(() => {
      const now = new Date()
      utimes(file, now, now).catch(() => {})
    }, BEAT)
    beat.unref()
    try {
      return await work()
    } finally {
      clearInterval(beat)
      await rm(file, {force: true})
    }
  }

  return {
    folder,
    writeListing,
    find,
    findOutput,
    locked,
    async put(key, files, record) {
      await publish(
        'stages',
        key,
        new Map([
          [record.image.file, files.image],
          [record.listing.file, files.listing],
        ]),
        record,
      )
      const stored = await find(key)
      if (stored === undefined)
        throw fileError(`the store ${folder} lost what was just written`, new Error('the entry is not there'))
      return stored
    },
    async putOutput(key, file, record) {
      const entry = await publish('outputs', key, new Map([['image.sif', file]]), record)
      return {record, path: join(entry, 'image.sif')}
    },
  }
}

/** Writes a listing as lines of JSON, in the tree's order. */
async function writeListing(file: string, tree: ImageTree): Promise<string> {
  const lines: string[] = []
  for (const entry of tree.below('/')) lines.push(JSON.stringify(entry))
  await writeFile(file, `${lines.join('\n')}\n`)
  return hashFile(file)
}

/** Keys of the entries of one kind. */
export async function storedKeys(folder: string, kind: 'stages' | 'outputs'): Promise<string[]> {
  const names = await readdir(join(folder, kind)).catch(() => [])
  return names.filter(name => /^[0-9a-f]{64}$/.test(name)).map(name => `sha256:${name}`)
}
