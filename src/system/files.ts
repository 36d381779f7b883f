/** Files written whole or not at all, and the few other things we do to the file system. */
import {createHash, randomBytes} from 'node:crypto'
import {constants, createReadStream} from 'node:fs'
import {chown, copyFile, mkdir, open, readdir, rename, rm, stat} from 'node:fs/promises'
import {basename, dirname, join} from 'node:path'
import {ExitCode, SifstageError} from '../model/errors.js'
import type {Identity} from '../model/ports.js'
import {holderTag, isTagOfDead} from './holder.js'

/** A file's name has an end: so much of the original is in the one beside it. */
const LONGEST_NAME = 180

function besideStart(path: string): string {
  return `.${basename(path).slice(0, LONGEST_NAME)}.`
}

/**
 * A name beside `path` that nobody uses. It starts with a dot and ends in `.partial`, so that a leftover is told at a
 * glance, and says which process it is of.
 */
export function besideName(path: string): string {
  return join(dirname(path), `${besideStart(path)}${holderTag()}-${randomBytes(4).toString('hex')}.partial`)
}

/** What processes of this machine that are dead have left beside `path`. */
export async function leftBeside(path: string): Promise<string[]> {
  const start = besideStart(path)
  const names = await readdir(dirname(path)).catch(() => [])
  return names
    .filter(name => {
      const tag = name.startsWith(start) ? /^([0-9a-f]{8}-\d+-\d+)-[0-9a-f]{8}\.partial$/.exec(name.slice(start.length)) : null
      return tag?.[1] !== undefined && isTagOfDead(tag[1])
    })
    .map(name => join(dirname(path), name))
}

/** The code of a Node error (`ENOENT`), else undefined. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/** Error text of a failed file operation in words for a person. */
export function fileTrouble(error: unknown): string {
  switch (errorCode(error)) {
    case 'ENOENT':
      return 'it does not exist'
    case 'EACCES':
    case 'EPERM':
      return 'permission denied'
    case 'EISDIR':
      return 'it is a directory'
    case 'ENOTDIR':
      return 'a part of its path is not a directory'
    case 'ENOSPC':
      return 'the disk is full'
    case 'EDQUOT':
      return 'the quota is used up'
    case 'EROFS':
      return 'the file system is read-only'
    case 'ENAMETOOLONG':
      return 'the name is too long'
    case 'EEXIST':
      return 'something else is there'
    case 'ELOOP':
      return 'it leads through too many links'
    case 'EIO':
      return 'the disk or file system fails'
    default:
      return error instanceof Error ? error.message : String(error)
  }
}

/** What to do about a failed file operation, as far as the system's answer tells. */
export function fileHint(error: unknown): string {
  switch (errorCode(error)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return 'Look at how it is spelt, and at the folder that it starts from.'
    case 'EACCES':
    case 'EPERM':
      return 'Look at its owner and mode, and at those of the folders above it: ls -ld PATH'
    case 'EISDIR':
      return 'Name a file in it.'
    case 'ENOSPC':
    case 'EDQUOT':
      return 'Free some space there (df -h PATH, quota -s), or name another place.'
    case 'EROFS':
      return 'Name another place.'
    case 'ENAMETOOLONG':
      return 'Choose a shorter name.'
    default:
      return 'If this does not say enough: look at the disk and the file system that it is on.'
  }
}

/**
 * A file's error as ours: a full disk is a failure (5), all else a path that cannot be used (2).
 * @param hint what to do, where that is more than what the system's answer tells
 */
export function fileError(what: string, error: unknown, hint?: string): SifstageError {
  const full = /^(ENOSPC|EDQUOT|EIO)$/.test(errorCode(error) ?? '')
  return new SifstageError(full ? ExitCode.failed : ExitCode.usage, `${what}: ${fileTrouble(error)}`, hint ?? fileHint(error), {
    cause: error,
  })
}

/** Makes a file's content, or a folder's names, survive a power cut. */
async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Makes the names in a folder survive a power cut, where its file system can. */
export async function syncFolder(path: string): Promise<void> {
  try {
    await sync(path)
  } catch (error) {
    // Some network file systems know no such thing.
    if (!/^(EINVAL|ENOTSUP|EBADF|EISDIR|EACCES|EPERM)$/.test(errorCode(error) ?? '')) throw error
  }
}

/** Moves a finished file into place, its content on disk before its name. */
export async function publishFile(from: string, to: string): Promise<void> {
  await sync(from)
  await rename(from, to)
  await syncFolder(dirname(to))
}

/** Writes a file beside its place and renames it in. */
export async function writeWhole(path: string, text: string | Uint8Array, mode = 0o644): Promise<void> {
  const beside = besideName(path)
  try {
    const handle = await open(beside, 'wx', mode)
    try {
      await handle.writeFile(text)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(beside, path)
    await syncFolder(dirname(path))
  } catch (error) {
    await rm(beside, {force: true})
    throw error
  }
}

/** Copies a file beside `to` and renames it in; shares the blocks where the file system can. */
export async function copyWhole(from: string, to: string): Promise<void> {
  const beside = besideName(to)
  try {
    await copyFile(from, beside, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL)
    await publishFile(beside, to)
  } catch (error) {
    await rm(beside, {force: true})
    throw error
  }
}

/** Renames a file to another place; copies it where that is another file system. */
export async function moveFile(from: string, to: string): Promise<void> {
  try {
    await publishFile(from, to)
  } catch (error) {
    if (errorCode(error) !== 'EXDEV') throw error
    await copyWhole(from, to)
    await rm(from, {force: true})
  }
}

/** `sha256:…` of a file, streamed. */
export async function hashFile(path: string, algorithm: 'sha256' | 'sha512' = 'sha256'): Promise<string> {
  const hash = createHash(algorithm)
  for await (const chunk of createReadStream(path, {highWaterMark: 1 << 20})) hash.update(chunk)
  return `${algorithm}:${hash.digest('hex')}`
}

/** `sha256:…` of a text. */
export function hashText(text: string | Uint8Array): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`
}

/** Whether something is at a path (links followed). */
export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

/** Gives a path that root made to the user who will use it; anybody else owns what he makes. */
export async function giveTo(path: string, owner: Identity): Promise<void> {
  if (process.getuid?.() === 0 && owner.uid !== 0) await chown(path, owner.uid, owner.gid)
}

/** Makes a folder and its missing parents; every one that is new belongs to `owner`. */
export async function makeOwned(path: string, owner: Identity): Promise<void> {
  // One by one: Node's own `recursive` says ENOENT where a file system is read-only.
  const make = async (parents: boolean): Promise<void> => {
    try {
      await mkdir(path)
      await giveTo(path, owner)
    } catch (error) {
      if (errorCode(error) === 'EEXIST' && (await stat(path)).isDirectory()) return
      if (errorCode(error) !== 'ENOENT' || !parents || dirname(path) === path) throw error
      await makeOwned(dirname(path), owner)
      await make(false)
    }
  }
  await make(true)
}
