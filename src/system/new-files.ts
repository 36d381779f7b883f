/** Texts of a person's: several new ones in a folder, all of them or none, and one that is there, changed. */
import {chmod, chown, lstat, mkdir, realpath, rename, rm, rmdir, stat, writeFile} from 'node:fs/promises'
import {dirname, join} from 'node:path'
import {besideName, errorCode, publishFile} from './files.js'

export interface NewText {
  /** Below the folder, without `..`. */
  readonly path: string
  readonly text: string
}

/** Those of the paths where something lies already, a dangling link too. */
export async function alreadyThere(folder: string, paths: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(
    paths.map(path =>
      lstat(join(folder, path)).then(
        () => [path],
        // A file where a folder is needed is told by the writing.
        error => (/^(ENOENT|ENOTDIR)$/.test(errorCode(error) ?? '') ? [] : Promise.reject(error)),
      ),
    ),
  )
  return found.flat()
}

/**
 * Writes all files beside their places and then renames them in. What cannot be written leaves the folder as it was.
 * A link that lies in a file's place is replaced, never followed.
 */
export async function writeTogether(folder: string, files: readonly NewText[]): Promise<void> {
  const made: string[] = []
  const beside: {readonly from: string; readonly to: string}[] = []
  const makeFolder = async (path: string): Promise<void> => {
    try {
      await mkdir(path)
      made.push(path)
    } catch (error) {
      if (errorCode(error) === 'ENOENT' && dirname(path) !== path) {
        await makeFolder(dirname(path))
        await makeFolder(path)
      } else if (errorCode(error) !== 'EEXIST') throw error
    }
  }
  try {
    await makeFolder(folder)
    for (const {path, text} of files) {
      const to = join(folder, path)
      await makeFolder(dirname(to))
      if ((await lstat(to).catch(() => undefined))?.isDirectory()) throw Object.assign(new Error(`${to} is a folder`), {path: to})
      const from = besideName(to)
      beside.push({from, to})
      await writeFile(from, text, {flag: 'wx', flush: true})
    }
    for (const {from, to} of beside) await rename(from, to)
  } catch (error) {
    for (const {from} of beside) await rm(from, {force: true})
    // Only what is empty: what somebody else has put there meanwhile is theirs.
    for (const path of made.toReversed()) await rmdir(path).catch(() => undefined)
    throw error
  }
}

/** Puts another text into a file that is there: whole or not at all, with its mode and owner, behind links that lead to it. */
export async function replaceText(path: string, text: string): Promise<void> {
  const to = await realpath(path)
  const {mode, uid, gid} = await stat(to)
  const from = besideName(to)
  try {
    await writeFile(from, text, {flag: 'wx', mode: 0o600})
    const ours = await stat(from)
    if (ours.uid !== uid || ours.gid !== gid) await chown(from, uid, gid)
    await chmod(from, mode & 0o7777)
    await publishFile(from, to)
  } catch (error) {
    await rm(from, {force: true})
    throw error
  }
}
