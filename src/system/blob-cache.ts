/**
 * Blobs of images as registries keep them, by digest, in a folder of the store (`blobs/sha256/HEX`, as in an OCI
 * layout). Each is fetched once, whoever wants it at the same time: other stages, other builds, other machines.
 */
import {createHash} from 'node:crypto'
import {readFile, rename, rm, stat, utimes} from 'node:fs/promises'
import {basename, dirname, join} from 'node:path'
import {type Descriptor, isDigest, LARGEST_DOCUMENT} from '../images/manifest.js'
import {blobName} from '../images/picked.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import type {Identity} from '../model/ports.js'
import type {Store} from '../model/store.js'
import {downloadBlob} from './blob-download.js'
import {errorCode, exists, fileError, giveTo, hashFile, makeOwned, writeWhole} from './files.js'
import {type Client, RegistryError, reasonOf} from './registry.js'

export interface BlobCacheOptions {
  /** The store's folder. */
  readonly folder: string
  /** Who owns what is new in it. */
  readonly owner: Identity
  /** Lets one process at a time fetch a blob. Without it each fetches for itself: nothing is damaged by that. */
  readonly locked?: Store['locked'] | undefined
}

export interface BlobCache {
  /**
   * The file of a blob that is there and what its digest says; a damaged one is removed. Read whole once a process.
   */
  find(blob: Pick<Descriptor, 'digest'> & {readonly size?: number}): Promise<string | undefined>
  /** A small blob of the cache. */
  document(digest: string): Promise<Buffer | undefined>
  /** Keeps a small blob. A store that cannot be written only costs the memory. */
  keep(digest: string, content: Buffer): Promise<void>
  /**
   * The file of a blob, fetched when it is not there.
   * @param line the repository that has it; asked for only when it has to be fetched
   * @throws SifstageError (5) when the registry fails, or sends something else
   */
  file(line: () => Promise<Client>, blob: Descriptor, heard: (bytes: number) => void, signal: AbortSignal): Promise<string>
}

export function blobCache({folder, owner, locked}: BlobCacheOptions): BlobCache {
  const running = new Map<string, Promise<string>>()
  /** Read whole by this process. */
  const verified = new Set<string>()

  const place = (digest: string) => {
    if (!isDigest(digest)) throw new Error(`${digest} is no digest`)
    return join(folder, blobName(digest))
  }

  async function find({digest, size}: Parameters<BlobCache['find']>[0]): Promise<string | undefined> {
    const file = place(digest)
    const stats = await stat(file).catch(() => undefined)
    if (stats?.isFile() !== true) return undefined
    const sound = (size === undefined || stats.size === size) && (verified.has(digest) || (await isWhole(file, digest)))
    if (!sound) {
      await rm(file, {force: true})
      return undefined
    }
    verified.add(digest)
    const now = new Date()
    // `cache prune` goes by last use.
    await utimes(file, now, now).catch(() => {})
    return file
  }

  async function fetched(
    line: () => Promise<Client>,
    blob: Descriptor,
    heard: (bytes: number) => void,
    signal: AbortSignal,
  ): Promise<string> {
    const file = place(blob.digest)
    // A name that the next process knows, so that it goes on where a killed one ended.
    const partial = join(dirname(file), `.${basename(file)}.partial`)
    const client = await line()
    try {
      await makeOwned(dirname(file), owner)
      await downloadBlob(client, blob, partial, heard, signal)
      await giveTo(partial, owner)
      await rename(partial, file).catch(async error => {
        // Another process fetched it at the same time, and was faster.
        if (errorCode(error) !== 'ENOENT' || !(await exists(file))) throw error
      })
      verified.add(blob.digest)
      return file
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof SifstageError) throw error
      if (/^(ENOSPC|EDQUOT|EACCES|EPERM|EROFS|ENOTDIR)$/.test(errorCode(error) ?? ''))
        throw fileError(`the store ${folder} cannot be written`, error, 'Name another store: --cache-dir DIR')
      throw new SifstageError(
        ExitCode.failed,
        `${client.name.registry}: ${blob.digest} cannot be fetched: ${error instanceof RegistryError ? error.message : reasonOf(error)}`,
        'Look at the network and try again: what has come is kept.',
      )
    }
  }

  async function obtain(
    line: () => Promise<Client>,
    blob: Descriptor,
    heard: (bytes: number) => void,
    signal: AbortSignal,
  ): Promise<string> {
    const there = await find(blob)
    if (there !== undefined) {
      heard(blob.size)
      return there
    }
    if (locked === undefined) return fetched(line, blob, heard, signal)
    return locked(
      `blob-${blob.digest.replace(':', '-')}`,
      () => {},
      signal,
      async () => {
        const meanwhile = await find(blob)
        if (meanwhile === undefined) return fetched(line, blob, heard, signal)
        heard(blob.size)
        return meanwhile
      },
    )
  }

  return {
    find,
    async document(digest) {
      const file = await find({digest}).catch(() => undefined)
      if (file === undefined || (await stat(file)).size > LARGEST_DOCUMENT) return undefined
      return readFile(file)
    },
    async keep(digest, content) {
      try {
        const file = place(digest)
        if (await exists(file)) return
        await makeOwned(dirname(file), owner)
        await writeWhole(file, content)
        await giveTo(file, owner)
      } catch {
        // See above.
      }
    },
    async file(line, blob, heard, signal) {
      const known = running.get(blob.digest)
      if (known !== undefined) {
        const file = await known
        heard(blob.size)
        return file
      }
      const work = obtain(line, blob, heard, signal)
      running.set(blob.digest, work)
      try {
        return await work
      } finally {
        running.delete(blob.digest)
      }
    },
  }
}

async function isWhole(file: string, digest: string): Promise<boolean> {
  if (digest.startsWith('sha256:')) return (await hashFile(file)) === digest
  const [algorithm = '', hex] = digest.split(':')
  const hash = createHash(algorithm)
  hash.update(await readFile(file))
  return hash.digest('hex') === hex
}
