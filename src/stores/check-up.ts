/** Reads everything that a store keeps by its digest once more, and drops what is not what was written. One file at a time, streamed. */
import {lstat, readdir, readFile, rm} from 'node:fs/promises'
import {join} from 'node:path'
import type {Identity} from '../model/ports.js'
import {hashFile} from '../system/files.js'
import {type EntryKind, type FileFacts, hasSize, isAsRecorded, RECORD, STORE_VERSION, takeAway} from './entry.js'
import {useMarks} from './session.js'

export interface CheckUp {
  /** Things that were looked at. */
  readonly looked: number
  /** Of an older version, or of a newer one: not ours to judge. */
  readonly foreign: number
  /** A sentence for each that was dropped. */
  readonly damaged: readonly string[]
}

/** What is wrong: with the whole, or only with a file that the rest does without. */
interface Fault {
  readonly path: string
  readonly why: string
}

/** One edge: records that we wrote, or what is left of them. */
interface AnyRecord {
  readonly version?: number
  readonly key?: string
  readonly bytes?: number
  readonly digest?: string
  readonly image?: FileFacts & {readonly file: string}
  readonly listing?: {readonly file: string; readonly digest: string}
  readonly archive?: FileFacts & {readonly file: string}
}

const WRITTEN = 'it is not what was written'

/** The files of an entry, as its record has them. */
async function faultIn(kind: EntryKind, entry: string, record: AnyRecord): Promise<Fault | undefined> {
  const whole = async (file: string, facts: FileFacts) =>
    (await isAsRecorded(join(entry, file), facts)) ? undefined : {path: entry, why: `${file}: ${WRITTEN}`}
  const {bytes = -1, digest = '', image, listing, archive} = record
  switch (kind) {
    case 'held':
      // Its record is all that must be right: what was read of the image is read again.
      return undefined
    case 'outputs':
      return whole('image.sif', {bytes, digest})
    case 'artifacts':
      return whole('files.sqfs', {bytes, digest})
    case 'checkpoints':
      return archive === undefined ? {path: entry, why: 'its record is incomplete'} : whole(archive.file, archive)
    case 'stages': {
      if (listing === undefined || image === undefined) return {path: entry, why: 'its record is incomplete'}
      if ((await hashFile(join(entry, listing.file)).catch(() => '')) !== listing.digest)
        return {path: entry, why: `the listing: ${WRITTEN}`}
      const file = join(entry, image.file)
      // Dropped for room.
      if ((await hasSize(file, image)) === 'missing') return undefined
      return (await isAsRecorded(file, image)) ? undefined : {path: file, why: WRITTEN}
    }
  }
}

/** @returns `foreign` for what another version wrote */
async function lookAt(kind: EntryKind, entry: string, name: string): Promise<Fault | 'foreign' | undefined> {
  if ((await lstat(entry).catch(() => undefined))?.isDirectory() !== true) return {path: entry, why: 'it is no folder'}
  let record: AnyRecord
  try {
    record = JSON.parse(await readFile(join(entry, RECORD), 'utf8')) ?? {}
  } catch {
    return {path: entry, why: 'its record cannot be read'}
  }
  if (typeof record.version !== 'number') return {path: entry, why: 'its record cannot be read'}
  if (record.version !== STORE_VERSION) return 'foreign'
  return record.key === `sha256:${name}` ? faultIn(kind, entry, record) : {path: entry, why: 'its record is of another key'}
}

/** A file that is named by its digest. */
async function lookAtBlob(path: string, algorithm: 'sha256' | 'sha512', name: string): Promise<Fault | undefined> {
  const stats = await lstat(path).catch(() => undefined)
  if (stats === undefined) return undefined
  if (!stats.isFile()) return {path, why: 'it is no file'}
  return (await hashFile(path, algorithm)) === `${algorithm}:${name}` ? undefined : {path, why: WRITTEN}
}

/** Checks a whole store. */
export async function checkUp(folder: string, owner: Identity, signal: AbortSignal): Promise<CheckUp> {
  const uses = useMarks(folder, {owner})
  const damaged: string[] = []
  let looked = 0
  let foreign = 0

  async function drop({path, why}: Fault, kept: string): Promise<void> {
    try {
      const aside = await takeAway(folder, path, owner, uses)
      // Taken away by another meanwhile: no damage.
      if (aside === undefined) return
      await rm(aside, {recursive: true, force: true})
      damaged.push(`${path} is damaged (${why}): dropped, ${kept}`)
    } catch {
      damaged.push(`${path} is damaged (${why}), and cannot be removed: the store is not ours to write`)
    }
  }

  async function each(below: string, name: string, look: (path: string) => Promise<Fault | 'foreign' | undefined>) {
    signal.throwIfAborted()
    const path = join(folder, below, name)
    looked += 1
    let found = await look(path).catch(() => undefined)
    // A build may just have put another in its place.
    if (found !== undefined && found !== 'foreign') found = await look(path).catch(() => undefined)
    if (found === 'foreign') foreign += 1
    else if (found !== undefined)
      await drop(found, found.path === path ? 'it will be made anew' : 'its stage is built anew when the image is needed')
  }

  try {
    for (const kind of ['stages', 'held', 'artifacts', 'checkpoints', 'outputs'] as const) {
      for (const name of await readdir(join(folder, kind)).catch(() => []))
        if (/^[0-9a-f]{64}$/.test(name)) await each(kind, name, path => lookAt(kind, path, name))
    }
    for (const algorithm of ['sha256', 'sha512'] as const) {
      for (const name of await readdir(join(folder, 'blobs', algorithm)).catch(() => []))
        if (/^[0-9a-f]+$/.test(name)) await each(`blobs/${algorithm}`, name, path => lookAtBlob(path, algorithm, name))
    }
    for (const found of await readdir(join(folder, 'bases'), {withFileTypes: true}).catch(() => [])) {
      // Copies of folders have another kind of digest: they are held when they are made.
      if (found.isFile() && /^[0-9a-f]{64}$/.test(found.name))
        await each('bases', found.name, path => lookAtBlob(path, 'sha256', found.name))
    }
  } finally {
    await uses.close()
  }
  return {looked, foreign, damaged}
}
