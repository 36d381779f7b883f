/** Which layout a store has: an older one is recognized and never misread, a newer one left alone. */
import {readFile} from 'node:fs/promises'
import {join} from 'node:path'
import {ExitCode, SifstageError} from '../model/errors.js'
import type {Identity} from '../model/ports.js'
import {fileError, giveTo, makeOwned, writeWhole} from '../system/files.js'
import {STORE_VERSION} from './entry.js'

const FILE = 'store.json'

/** The version that a store says it has; undefined where nothing was written yet, or by the first version. */
async function versionOf(folder: string): Promise<number | undefined> {
  try {
    const parsed: {version?: unknown} = JSON.parse(await readFile(join(folder, FILE), 'utf8'))
    return typeof parsed.version === 'number' ? parsed.version : undefined
  } catch {
    return undefined
  }
}

/** @throws SifstageError (2) for a store of a newer version */
export async function refuseNewer(folder: string): Promise<number | undefined> {
  const version = await versionOf(folder)
  if (version !== undefined && version > STORE_VERSION)
    throw new SifstageError(
      ExitCode.usage,
      `the store ${folder} was written by a newer sifstage (its version is ${version}, this program knows ${STORE_VERSION})`,
      'Use a newer sifstage, or another store: --cache-dir DIR',
    )
  return version
}

/**
 * Makes a store ready for writing. What an older version left in it is not touched, and not read: its records say
 * which version they are.
 * @throws SifstageError (2) for a store of a newer version, or one that cannot be written
 */
export async function prepareStore(folder: string, owner: Identity): Promise<void> {
  if ((await refuseNewer(folder)) === STORE_VERSION) return
  try {
    await makeOwned(folder, owner)
    await writeWhole(join(folder, FILE), `${JSON.stringify({version: STORE_VERSION})}\n`)
    await giveTo(join(folder, FILE), owner)
  } catch (error) {
    throw fileError(`the store ${folder} cannot be written`, error, 'Name another store: --cache-dir DIR')
  }
}
