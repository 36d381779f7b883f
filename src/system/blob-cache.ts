/**
 * Compressed layers as registries keep them, by digest, in a folder of the store (`blobs/sha256/HEX`, as in an OCI
 * layout). They are written beside their place and renamed, so any number of processes may share the folder.
 */
import {createHash} from 'node:crypto'
import {open, rename, rm, stat, utimes} from 'node:fs/promises'
import {dirname, join} from 'node:path'
import type {Descriptor} from '../images/manifest.js'
import {blobName} from '../images/picked.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import type {Identity} from '../model/ports.js'
import {besideName, errorCode, fileError, giveTo, makeOwned} from './files.js'
import {type Client, reasonOf} from './registry.js'

/** A registry that sends nothing for so long is taken for dead. */
const SILENCE_MS = 60_000

/** The body of a blob, with an end to the patience for each piece. */
async function download(client: Client, {digest, size}: Descriptor, beside: string, signal: AbortSignal): Promise<string> {
  const silence = new AbortController()
  let timer = setTimeout(() => silence.abort(), SILENCE_MS)
  const [algorithm = 'sha256'] = digest.split(':')
  const hash = createHash(algorithm)
  let bytes = 0
  const file = await open(beside, 'wx', 0o644)
  try {
    const response = await client.open(`blobs/${digest}`, '*/*', AbortSignal.any([signal, silence.signal]))
    for await (const chunk of response.body ?? []) {
      clearTimeout(timer)
      timer = setTimeout(() => silence.abort(), SILENCE_MS)
      bytes += chunk.length
      if (bytes > size) throw new Error(`it sends more than the ${size} bytes of the blob`)
      hash.update(chunk)
      await file.writeFile(chunk)
    }
    if (bytes !== size) throw new Error(`it sent ${bytes} bytes of ${size}`)
    // A power cut must not leave a layer of zeros under a good name.
    await file.sync()
    return `${algorithm}:${hash.digest('hex')}`
  } catch (error) {
    if (silence.signal.aborted) throw new Error(`nothing came for ${SILENCE_MS / 1000} s`)
    throw error
  } finally {
    clearTimeout(timer)
    await file.close()
  }
}

/**
 * The file of a blob, fetched when it is not there. Its content is not looked at again here: whoever lists it holds
 * the digest.
 * @throws SifstageError (5) when the registry fails, or sends something else
 */
export async function cachedBlob(
  client: Client,
  blob: Descriptor,
  folder: string,
  owner: Identity,
  signal: AbortSignal,
): Promise<string> {
  const file = join(folder, blobName(blob.digest))
  const there = await stat(file).catch(() => undefined)
  if (there?.isFile() === true && there.size === blob.size) {
    const now = new Date()
    // `cache prune` goes by last use.
    await utimes(file, now, now).catch(() => {})
    return file
  }
  const beside = besideName(file)
  try {
    await makeOwned(dirname(file), owner)
    const found = await download(client, blob, beside, signal)
    if (found !== blob.digest)
      throw new SifstageError(ExitCode.failed, `${client.name.registry} sent ${found} for the layer ${blob.digest}`)
    await giveTo(beside, owner)
    await rename(beside, file)
    return file
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof SifstageError) throw error
    if (/^(ENOSPC|EDQUOT|EACCES|EPERM|EROFS|ENOTDIR)$/.test(errorCode(error) ?? ''))
      throw fileError(`the store ${folder} cannot be written`, error, 'Name another store: --cache-dir DIR')
    throw new SifstageError(
      ExitCode.failed,
      `${client.name.registry}: the layer ${blob.digest} cannot be fetched: ${reasonOf(error)}`,
      'Look at the network and try again: the layers that have come are kept.',
    )
  } finally {
    await rm(beside, {force: true})
  }
}
