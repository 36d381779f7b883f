/**
 * The store as a folder (its layout: docs/store.md). Everything in it was moved in by one rename, so an entry is
 * whole or not there. Locks only save work: two builds that publish the same key do no harm.
 */

import {createReadStream} from 'node:fs'
import {lstat, readdir, rm, stat, utimes, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {createInterface} from 'node:readline'
import {Listing} from '../images/listing.js'
import type {ImageEntry, ImageTree} from '../model/image.js'
import type {Identity} from '../model/ports.js'
import type {HeldRecord, StageRecord} from '../model/record.js'
import type {CheckpointRecord, OutputRecord, Store, StoredOutput, StoredStage} from '../model/store.js'
import {fileError, giveTo, hashFile, makeOwned, moveFile} from '../system/files.js'
import {
  type EntryKind,
  entryName,
  type FileFacts,
  hasSize,
  isAsRecorded,
  noteHeld,
  type Publication,
  partialName,
  publishEntry,
  RECORD,
  readRecord,
  STORE_VERSION,
  takeAway,
} from './entry.js'
import {heldStage} from './held.js'
import {imageFacts, unwritten} from './image-facts.js'
import {leases} from './leases.js'
import type {UseMarks} from './session.js'

const OUTPUT = 'image.sif'
const PACK = 'files.sqfs'

/** Of artifacts that are packed by themselves. */
interface PackRecord extends FileFacts {
  readonly version: typeof STORE_VERSION
  readonly key: string
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
  /** Somebody else's: nothing in it is changed, damage is only told. */
  readonly readOnly?: boolean
  /** Where it is noted what is relied on; without it `cache prune` may take away what is being looked at. */
  readonly uses?: UseMarks
  /** Told once when no lease can be written. */
  readonly onTrouble?: (text: string) => void
}

/** What every record has. */
interface Recorded {
  readonly version: number
  readonly key: string
}

/** A folder store, which can also take in entries that were made elsewhere. */
export interface DirectoryStore extends Store {
  /** Publishes an entry that another store has; the image may be missing from its files and be adopted later. */
  adopt(key: string, files: ReadonlyMap<string, string>, record: StageRecord): Promise<StoredStage>
  /** Puts the image of an entry in its place; whoever made the file has held its digest. */
  adoptImage(key: string, file: string): Promise<void>
  /** Works with a folder for what is on its way: gone at the end, and swept by the next build when we are killed. */
  inPartial<T>(name: string, work: (folder: string) => Promise<T>): Promise<T>
}

export function directoryStore(folder: string, options: DirectoryStoreOptions): DirectoryStore {
  const own = (path: string) => giveTo(path, options.owner)
  const publish = (publication: Publication) => publishEntry(folder, options.owner, publication, options.uses)
  const {held} = leases(folder, options)

  /** Removes what is damaged, where we may. */
  async function drop(path: string, why: string, what = 'dropped, it will be made anew'): Promise<undefined> {
    if (options.readOnly === true) {
      options.onDamage(`${path} is damaged (${why}): it is not used`)
      return undefined
    }
    try {
      const aside = await takeAway(folder, path, options.owner, options.uses)
      if (aside !== undefined) await rm(aside, {recursive: true, force: true})
    } catch {
      // A store that we may only read: it is not used either way.
    }
    options.onDamage(`${path} is damaged (${why}): ${what}`)
    return undefined
  }

  /** An entry counts only if its owner is oneself, root, the engine's user or the store's owner (design section 8). */
  async function isTrusted(entry: string): Promise<boolean> {
    const [stats, store] = await Promise.all([lstat(entry).catch(() => undefined), lstat(folder).catch(() => undefined)])
    return stats?.isDirectory() === true && [0, process.getuid?.(), options.owner.uid, store?.uid].includes(stats.uid)
  }

  /** An entry's folder and record, if it is there and ours to believe. Retention goes by last use. */
  async function look<T extends {readonly version: number; readonly key: string}>(
    kind: EntryKind,
    key: string,
  ): Promise<{readonly entry: string; readonly record: T} | undefined> {
    const entry = join(folder, kind, entryName(key))
    await options.uses?.add(`${kind}/${entryName(key)}`)
    if (!(await isTrusted(entry))) return undefined
    const record = await readRecord<T>(join(entry, RECORD), key)
    if (record === undefined) return undefined
    const now = new Date()
    if (options.readOnly !== true) await utimes(join(entry, RECORD), now, now).catch(() => {})
    return {entry, record}
  }

  async function find(key: string): Promise<StoredStage | undefined> {
    const found = await look<StageRecord>('stages', key)
    if (found === undefined) return undefined
    const {entry, record} = found
    const listing = join(entry, record.listing.file)
    const image = join(entry, record.image.file)
    if ((await hashFile(listing).catch(() => '')) !== record.listing.digest)
      return (await isRenewed(entry, record)) ? find(key) : drop(entry, 'the listing is not what was written')
    const cut = async () => drop(image, 'it is not what was written', 'dropped, its stage is built anew when the image is needed')
    if ((await hasSize(image, record.image)) === 'no') await cut()
    let tree: Promise<Listing> | undefined
    return {
      kind: 'tree',
      record,
      facts: options.readOnly === true ? unwritten(imageFacts(entry)) : imageFacts(entry),
      tree: () => {
        tree ??= readListing(listing)
        return tree
      },
      async image() {
        if ((await hasSize(image, record.image)) === 'missing') return undefined
        if (await isAsRecorded(image, record.image)) return {path: image, offset: record.image.offset}
        // With another listing, where it was published anew.
        return (await isRenewed(entry, record)) ? undefined : cut()
      },
    }
  }

  /** Whether another build has published an entry anew since its record was read: its files are others then, and not damaged. */
  async function isRenewed(entry: string, record: Recorded): Promise<boolean> {
    const now = await readRecord<Recorded>(join(entry, RECORD), record.key)
    return now !== undefined && JSON.stringify(now) !== JSON.stringify(record)
  }

  /** The one large file of an entry, if it is what its record says. */
  async function largeFile(entry: string, record: Recorded, {file, ...facts}: FileFacts & {readonly file: string}) {
    const path = join(entry, file)
    if (await isAsRecorded(path, facts)) return path
    return (await isRenewed(entry, record)) ? undefined : drop(entry, 'its content is not what was written')
  }

  async function findOutput(key: string): Promise<StoredOutput | undefined> {
    const found = await look<OutputRecord>('outputs', key)
    if (found === undefined) return undefined
    const path = await largeFile(found.entry, found.record, {...found.record, file: OUTPUT})
    return path === undefined ? undefined : {record: found.record, path}
  }

  async function stored(key: string): Promise<StoredStage> {
    const found = await find(key)
    if (found === undefined)
      throw fileError(`the store ${folder} lost what was just written`, new Error('the entry is not there'))
    return found
  }

  async function inPartial<T>(name: string, work: (folder: string) => Promise<T>): Promise<T> {
    const path = join(folder, await partialName(name, options.uses))
    await makeOwned(path, options.owner)
    try {
      return await work(path)
    } finally {
      await rm(path, {recursive: true, force: true})
    }
  }

  return {
    folder,
    inPartial,
    writeListing,
    find,
    findOutput,
    locked: held,
    async findArtifacts(name) {
      const found = await look<PackRecord>('artifacts', name)
      if (found === undefined) return undefined
      const path = await largeFile(found.entry, found.record, {...found.record, file: PACK})
      return path === undefined ? undefined : {path, offset: 0}
    },
    async findCheckpoint(key) {
      const found = await look<CheckpointRecord>('checkpoints', key)
      if (found === undefined) return undefined
      const {entry, record} = found
      return {record, changes: () => largeFile(entry, record, record.archive)}
    },
    async put(key, files, record) {
      const entry = await publish({
        kind: 'stages',
        key,
        files: new Map([
          [record.image.file, files.image],
          [record.listing.file, files.listing],
        ]),
        record,
      })
      await noteHeld(join(entry, record.image.file), record.image).catch(() => {})
      return stored(key)
    },
    async adopt(key, files, record) {
      await publish({kind: 'stages', key, files, record})
      return stored(key)
    },
    async adoptImage(key, file) {
      const found = await look<StageRecord>('stages', key)
      if (found === undefined)
        throw fileError(`the store ${folder} lost what was just written`, new Error('the entry is not there'))
      await own(file)
      const place = join(found.entry, found.record.image.file)
      await moveFile(file, place)
      await noteHeld(place, found.record.image).catch(() => {})
    },
    async putArtifacts(name, file) {
      const {size: bytes} = await stat(file)
      const record: PackRecord = {version: STORE_VERSION, key: name, bytes, digest: await hashFile(file)}
      const entry = await publish({kind: 'artifacts', key: name, files: new Map([[PACK, file]]), record})
      await noteHeld(join(entry, PACK), record).catch(() => {})
    },
    async findHeld(key) {
      const found = await look<HeldRecord>('held', key)
      return found && heldStage(found.entry, found.record)
    },
    async putHeld(key, record) {
      return heldStage(await publish({kind: 'held', key, files: new Map(), record}), record)
    },
    async putCheckpoint(key, archive, record) {
      await publish({kind: 'checkpoints', key, files: new Map([[record.archive.file, archive]]), record})
    },
    async putOutput(key, file, record) {
      const entry = await publish({kind: 'outputs', key, files: new Map([[OUTPUT, file]]), record})
      return {record, path: join(entry, OUTPUT)}
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
export async function storedKeys(folder: string, kind: EntryKind): Promise<string[]> {
  const names = await readdir(join(folder, kind)).catch(() => [])
  return names.filter(name => /^[0-9a-f]{64}$/.test(name)).map(name => `sha256:${name}`)
}
