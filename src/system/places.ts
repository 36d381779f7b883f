/** Puts OUT at its place in the file system. */
import {chmod, chown, rename, rm, stat} from 'node:fs/promises'
import type {Places} from '../model/outputs.js'
import {besideName, copyWhole, errorCode, exists, fileError, hashFile, publishFile} from './files.js'

export const places: Places = {
  async write(path, make) {
    const beside = besideName(path)
    try {
      const made = await make(beside)
      // As any file that the caller makes.
      await chmod(beside, 0o666 & ~process.umask())
      await publishFile(beside, path)
      return made
    } catch (error) {
      throw errorCode(error) === undefined || errorCode(error) === 'ABORT_ERR' ? error : cannot(path, error)
    } finally {
      await rm(beside, {force: true})
    }
  },

  async copy(from, path) {
    try {
      await copyWhole(from, path)
      // A copy can take over the owner of its source, which is the engine's user; OUT belongs to the caller.
      await chown(path, process.getuid?.() ?? -1, process.getgid?.() ?? -1)
    } catch (error) {
      throw cannot(path, error)
    }
  },

  beside: besideName,

  async swap(folder, path) {
    const old = await exists(path)
    const aside = `${besideName(path)}.old`
    if (old) await rename(path, aside)
    await rename(folder, path)
    return old ? aside : undefined
  },

  remove: file => rm(file, {force: true}),

  facts: async file => ({digest: await hashFile(file), bytes: (await stat(file)).size}),
}

function cannot(path: string, error: unknown): Error {
  return fileError(`${path} cannot be written`, error)
}
