/** Opens files of an image that lies as a folder on this machine: never one outside it, never one that would block. */
import {constants} from 'node:fs'
import {type FileHandle, open, readlink, realpath} from 'node:fs/promises'
import {join} from 'node:path'
import {refused} from './limits.js'
import {encodeName} from './names.js'

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

/** Why a file could not be opened, in words. */
export function openTrouble(shown: string, error: unknown): Error {
  switch (codeOf(error)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return refused(`${shown} is missing`, error)
    case 'EACCES':
    case 'EPERM':
      return refused(`${shown} cannot be read: permission denied`, error)
    case 'ELOOP':
      return refused(`${shown} is a link`, error)
    default:
      return refused(`${shown} cannot be read: ${error instanceof Error ? error.message : String(error)}`, error)
  }
}

/**
 * Opens a file by a path that holds no link. FIFOs and devices are not waited for; what was opened is looked at, so
 * that a link put there meanwhile leads nowhere.
 * @param folder without a link in it, as `realpath` gives it
 */
export async function openBelow(folder: string, path: string): Promise<FileHandle> {
  const bytes = encodeName(`${folder === '/' ? '' : folder}${path}`)
  const handle = await open(bytes, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    if (!(await handle.stat()).isFile()) throw refused(`${path} is no regular file`)
    const real = await readlink(`/proc/self/fd/${handle.fd}`, 'buffer').catch(() => bytes)
    if (!real.equals(bytes)) throw refused(`${path} is reached through a link`)
    return handle
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** Opens a file of a folder, links in it followed as long as they stay in it. */
export async function openInside(folder: string, name: string): Promise<FileHandle> {
  try {
    const root = await realpath(folder)
    const real = await realpath(join(root, name))
    if (!real.startsWith(root === '/' ? '/' : `${root}/`)) throw refused(`${name} is a link that leads out of the folder`)
    return await openBelow(root, real.slice(root === '/' ? 0 : root.length))
  } catch (error) {
    throw codeOf(error) === '' ? error : openTrouble(name, error)
  }
}

/** A file's bytes from a place on, so many of them; `close`: the file is closed at the end, however that comes. */
export async function* readRange(handle: FileHandle, at: number, bytes: number, close: boolean): AsyncGenerator<Uint8Array> {
  const piece = 1 << 16
  let missing = bytes
  try {
    while (missing > 0) {
      const {bytesRead, buffer} = await handle.read(
        Buffer.allocUnsafe(Math.min(piece, missing)),
        0,
        Math.min(piece, missing),
        at + bytes - missing,
      )
      if (bytesRead === 0) throw refused('it is cut short')
      missing -= bytesRead
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    if (close) await handle.close()
  }
}
