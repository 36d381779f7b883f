/** A lock file on disk: read with care, since it may come from anybody; written whole or not at all. */

import {constants} from 'node:fs'
import {type FileHandle, open} from 'node:fs/promises'
import {ExitCode, SifstageError} from '../model/errors.js'
import {errorCode, fileError, writeWhole} from './files.js'

/** A thousand bases with ten platforms each need less. */
const LARGEST = 4 << 20

/** @returns undefined when there is none. @throws SifstageError (2) for what cannot be one */
export async function readLockText(file: string): Promise<string | undefined> {
  let handle: FileHandle
  try {
    // A pipe would be waited for.
    handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw fileError(`the lock file ${file} cannot be read`, error)
  }
  try {
    const stats = await handle.stat()
    const trouble = stats.isFile()
      ? stats.size > LARGEST
        ? `it is larger than ${LARGEST >> 20} MB`
        : undefined
      : 'it is no file'
    if (trouble !== undefined)
      throw new SifstageError(
        ExitCode.usage,
        `the lock file ${file} cannot be used: ${trouble}`,
        'Name the file that sifstage lock has written: --lock-file FILE',
      )
    return await handle.readFile('utf8')
  } finally {
    await handle.close()
  }
}

export async function writeLockText(file: string, text: string): Promise<void> {
  try {
    await writeWhole(file, text)
  } catch (error) {
    throw fileError(`the lock file ${file} cannot be written`, error)
  }
}
