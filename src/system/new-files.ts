/** Several new files in a folder of a person's: all of them or none, and none over what is there unless that is wanted. */
import {lstat, mkdir, rename, rm, rmdir, writeFile} from 'node:fs/promises'
import {dirname, join} from 'node:path'
import {besideName, errorCode} from './files.js'

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
