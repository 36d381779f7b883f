/**
 * Entries of a folder store: each is a folder with a record, moved in by one rename, so that it is whole or not there.
 * What a record says of its files is held against them before they are used.
 */
import {randomBytes} from 'node:crypto'
import {lstat, open, readFile, rename, rm, stat} from 'node:fs/promises'
import {basename, join} from 'node:path'
import type {Identity} from '../model/ports.js'
import {errorCode, exists, fileError, giveTo, hashFile, makeOwned, moveFile, syncFolder} from '../system/files.js'
import type {UseMarks} from './session.js'

export const RECORD = 'record.json'

/** Version of the layout and of every record in it; others are not read. */
export const STORE_VERSION = 2

export type EntryKind = 'stages' | 'artifacts' | 'checkpoints' | 'outputs' | 'held'

/** Keys are `sha256:HEX`; folders are named by the hex alone. */
export function entryName(key: string): string {
  return key.replace(/^sha256:/, '')
}

/** What a record says of one of its files. */
export interface FileFacts {
  readonly bytes: number
  readonly digest: string
}

/** One edge: JSON that we wrote ourselves is taken by its version and key; anything else is not there. */
export async function readRecord<T extends {readonly version: number; readonly key: string}>(
  file: string,
  key: string,
): Promise<T | undefined> {
  try {
    const parsed: T = JSON.parse(await readFile(file, 'utf8'))
    return parsed.version === STORE_VERSION && parsed.key === key ? parsed : undefined
  } catch {
    return undefined
  }
}

/** Whether a plain file is there with the size that a record says; links are never followed. */
export async function hasSize(file: string, {bytes}: FileFacts): Promise<'yes' | 'no' | 'missing'> {
  const stats = await lstat(file).catch(() => undefined)
  if (stats === undefined) return 'missing'
  return stats.isFile() && stats.size === bytes ? 'yes' : 'no'
}

/** Digests that were held in this process, by file and its state: a large image is read once. */
const held = new Map<string, Promise<boolean>>()

/** Whether a file's content is what the record says. */
export async function isAsRecorded(file: string, facts: FileFacts): Promise<boolean> {
  if ((await hasSize(file, facts)) !== 'yes') return false
  const {ino, mtimeMs, ctimeMs} = await stat(file)
  const state = `${file} ${ino} ${mtimeMs} ${ctimeMs} ${facts.digest}`
  const known = held.get(state) ?? hashFile(file).then(digest => digest === facts.digest)
  held.set(state, known)
  return known.catch(() => false)
}

/** Notes that a file is what its record says, since we have just hashed it ourselves. */
export async function noteHeld(file: string, facts: FileFacts): Promise<void> {
  const {ino, mtimeMs, ctimeMs} = await stat(file)
  held.set(`${file} ${ino} ${mtimeMs} ${ctimeMs} ${facts.digest}`, Promise.resolve(true))
}

export interface Publication {
  readonly kind: EntryKind
  readonly key: string
  /** Where each file of the entry is now: it is moved. */
  readonly files: ReadonlyMap<string, string>
  readonly record: object
}

/** A name in `partial/` that nobody uses, and that is swept when we die. */
export async function partialName(name: string, uses: UseMarks | undefined): Promise<string> {
  const partial = `partial/${name}-${randomBytes(4).toString('hex')}`
  await uses?.add(partial)
  return partial
}

/**
 * Makes an entry beside its place, everything on disk, and renames it in.
 * @param uses the marks of this build, so that nobody takes away what it has just put there
 * @throws SifstageError when the store cannot be written
 */
export async function publishEntry(
  folder: string,
  owner: Identity,
  {kind, key, files, record}: Publication,
  uses?: UseMarks,
): Promise<string> {
  const parent = join(folder, kind)
  const entry = join(parent, entryName(key))
  await uses?.add(`${kind}/${entryName(key)}`)
  const beside = join(folder, await partialName(entryName(key), uses))
  try {
    await makeOwned(parent, owner)
    await makeOwned(beside, owner)
    for (const [name, from] of files) {
      await moveFile(from, join(beside, name))
      await giveTo(join(beside, name), owner)
    }
    const handle = await open(join(beside, RECORD), 'wx')
    try {
      await handle.writeFile(`${JSON.stringify(record, undefined, 2)}\n`)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await giveTo(join(beside, RECORD), owner)
    await syncFolder(beside)
    await makeWay(entry, beside)
    await rename(beside, entry)
    await syncFolder(parent)
  } catch (error) {
    await rm(beside, {recursive: true, force: true}).catch(() => {})
    // Another build was faster and published the same: as good as ours.
    if (/^(ENOTEMPTY|EEXIST)$/.test(errorCode(error) ?? '') && (await exists(join(entry, RECORD)))) return entry
    throw fileError(`the store ${folder} cannot be written`, error, 'Free some space, or name another store: --cache-dir DIR')
  }
  return entry
}

/** Moves an old entry out of the way as a whole: a half-removed one could be taken for a damaged one. */
async function makeWay(entry: string, beside: string): Promise<void> {
  const aside = `${beside}.old`
  try {
    await rename(entry, aside)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return
    throw error
  }
  await rm(aside, {recursive: true, force: true})
}

/**
 * Takes something out of the store as a whole, into `partial/`, where it counts no more; its removal can then stop anywhere.
 * @param path below the store
 * @returns where it lies now; undefined when it was not there
 */
export async function takeAway(
  folder: string,
  path: string,
  owner: Identity,
  uses: UseMarks | undefined,
): Promise<string | undefined> {
  const aside = join(folder, await partialName(basename(path), uses))
  await makeOwned(join(folder, 'partial'), owner)
  try {
    await rename(path, aside)
    return aside
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
}
