/**
 * One blob of a registry into a file: taken up again where it broke off, asked for again when the registry limits how
 * often one may ask, or fails for a moment.
 */
import {createHash, type Hash} from 'node:crypto'
import {constants, createReadStream} from 'node:fs'
import {type FileHandle, open, rm} from 'node:fs/promises'
import {setTimeout as sleep} from 'node:timers/promises'
import type {Descriptor} from '../images/manifest.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import {errorCode} from './files.js'
import {type Client, RegistryError} from './registry.js'

/** A registry that sends nothing for so long is taken for dead. */
const SILENCE_MS = 60_000
const MOST_TRIES = 6
const FIRST_PAUSE_MS = 250
/** A registry may ask for more patience than people have. */
const LONGEST_PAUSE_MS = 60_000

/** What is in the file, as far as it goes. */
interface Progress {
  readonly handle: FileHandle
  hash: Hash
  bytes: number
}

/** Where the part that was sent starts; undefined when the answer is no part of the blob. */
function startOfAnswer(response: Response): number | undefined {
  if (response.status !== 206) return 0
  const start = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1]
  return start === undefined ? undefined : Number(start)
}

/** Waits as the registry asks, else longer each time. */
function pauseBefore(attempt: number, error: unknown): number {
  const asked = error instanceof RegistryError ? error.retryAfter : undefined
  return Math.min(asked === undefined ? FIRST_PAUSE_MS * 2 ** attempt : asked * 1000, LONGEST_PAUSE_MS)
}

/** Whether asking once more may help: not where the registry said no, nor where our own disk did. */
function passes(error: unknown): boolean {
  if (error instanceof RegistryError) return error.status === 429 || error.status >= 500
  if (error instanceof SifstageError) return false
  return !/^(ENOSPC|EDQUOT|EACCES|EPERM|EROFS|ENOTDIR|ENOENT|EIO)$/.test(errorCode(error) ?? '')
}

/** One request, from where the file ends. */
async function request(client: Client, blob: Descriptor, at: Progress, heard: (bytes: number) => void, signal: AbortSignal) {
  const silence = new AbortController()
  let timer = setTimeout(() => silence.abort(), SILENCE_MS)
  const [algorithm = 'sha256'] = blob.digest.split(':')
  const before = at.bytes
  try {
    const response = await client.open(`blobs/${blob.digest}`, '*/*', AbortSignal.any([signal, silence.signal]), at.bytes)
    if (startOfAnswer(response) !== at.bytes) {
      // It sends all of it again.
      at.hash = createHash(algorithm)
      at.bytes = 0
      if (startOfAnswer(response) !== 0) throw new Error('it sent another part than was asked for')
    }
    for await (const chunk of response.body ?? []) {
      clearTimeout(timer)
      timer = setTimeout(() => silence.abort(), SILENCE_MS)
      if (at.bytes + chunk.length > blob.size)
        throw new SifstageError(
          ExitCode.failed,
          `${client.name.registry} sent more than the ${blob.size} bytes of ${blob.digest}`,
          'Try again; a proxy between may change what it hands on.',
        )
      // At its place, so that a second process at the same file could only write the same there.
      await at.handle.write(chunk, 0, chunk.length, at.bytes)
      at.hash.update(chunk)
      at.bytes += chunk.length
      heard(chunk.length)
    }
    if (at.bytes === blob.size) return
    // A line that ends early may go on where it ended; what has no more is something else.
    const short = `${client.name.registry} sent ${at.bytes} bytes of the ${blob.size} of ${blob.digest}`
    throw at.bytes > before
      ? new Error(short)
      : new SifstageError(ExitCode.failed, short, 'Try again; a proxy between may cut off what it hands on.')
  } catch (error) {
    if (silence.signal.aborted) throw new Error(`nothing came for ${SILENCE_MS / 1000} s`)
    throw error
  } finally {
    clearTimeout(timer)
  }
}

/** What an earlier attempt, perhaps of a killed process, has left in the file. */
async function takeUp(file: string, blob: Descriptor): Promise<Progress> {
  const [algorithm = 'sha256'] = blob.digest.split(':')
  const hash = createHash(algorithm)
  let bytes = 0
  const handle = await open(file, constants.O_RDWR | constants.O_CREAT, 0o644)
  const {size} = await handle.stat()
  if (size > blob.size) await handle.truncate(0)
  else if (size > 0) {
    for await (const chunk of createReadStream(file, {highWaterMark: 1 << 20, end: size - 1})) {
      hash.update(chunk)
      bytes += chunk.length
    }
  }
  return {handle, hash, bytes}
}

/**
 * Fetches a blob into a file, which is on disk, and what its digest says, when this ends well. What came before a
 * failure stays in the file for the next time.
 * @param heard told of each piece, in bytes
 */
export async function downloadBlob(
  client: Client,
  blob: Descriptor,
  file: string,
  heard: (bytes: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const [algorithm = 'sha256'] = blob.digest.split(':')
  const at = await takeUp(file, blob)
  try {
    heard(at.bytes)
    const tookUp = at.bytes > 0
    for (let attempt = 0; at.bytes < blob.size; attempt += 1) {
      const before = at.bytes
      try {
        await request(client, blob, at, heard, signal)
      } catch (error) {
        signal.throwIfAborted()
        // As long as something comes it goes on.
        if (at.bytes > before) attempt = 0
        if (attempt + 1 >= MOST_TRIES || !passes(error)) throw error
        await sleep(pauseBefore(attempt, error), undefined, {signal})
      }
    }
    const found = `${algorithm}:${at.hash.digest('hex')}`
    if (found !== blob.digest) {
      // Perhaps only what was there was damaged: a power cut leaves zeros.
      if (tookUp) {
        await rm(file, {force: true})
        return await downloadBlob(client, blob, file, heard, signal)
      }
      throw new SifstageError(
        ExitCode.failed,
        `${client.name.registry} sent ${found} for ${blob.digest}`,
        'Try again; a proxy between may change what it hands on.',
      )
    }
    await at.handle.sync()
  } catch (error) {
    // Nothing to go on with, or nothing that could become right.
    if (at.bytes === 0 || error instanceof SifstageError || (error instanceof RegistryError && error.status === 416))
      await rm(file, {force: true})
    throw error
  } finally {
    await at.handle.close()
  }
}
