/** A layer as it is stored, turned into the tar stream inside it; digests and sizes are held on the way. */
import {createHash} from 'node:crypto'
import {Readable} from 'node:stream'
import {pipeline} from 'node:stream/promises'
import * as zlib from 'node:zlib'
import {compressionOf} from '../model/archive.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import {type Budget, refused} from './limits.js'

/** Larger pieces are no faster, and wait longer to be collected. */
const PIECE = 1 << 16

/** Hands a stream on, and holds it against its digest at its end. */
export async function* checked(
  stream: AsyncIterable<Uint8Array>,
  digest: string | undefined,
  what: string,
): AsyncGenerator<Uint8Array> {
  if (digest === undefined) {
    yield* stream
    return
  }
  const [algorithm = '', hex = ''] = digest.split(':')
  const hash = createHash(algorithm)
  for await (const chunk of stream) {
    hash.update(chunk)
    yield chunk
  }
  const found = hash.digest('hex')
  if (found !== hex) throw refused(`${what} is not what its digest says: ${digest} expected, ${algorithm}:${found} found`)
}

/** Hands a stream on; its size and digest are known when it has ended. */
export function hashing(stream: AsyncIterable<Uint8Array>): {
  readonly stream: AsyncGenerator<Uint8Array>
  size(): number
  digest(): string
} {
  const hash = createHash('sha256')
  let size = 0
  async function* through(): AsyncGenerator<Uint8Array> {
    for await (const chunk of stream) {
      hash.update(chunk)
      size += chunk.length
      yield chunk
    }
  }
  return {stream: through(), size: () => size, digest: () => `sha256:${hash.digest('hex')}`}
}

/** Puts the first piece back before the rest. */
async function* withHead(head: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (head.length > 0) yield head
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value
}

/** At least `count` bytes from the start of a stream, if it has them. */
async function headOf(iterator: AsyncIterator<Uint8Array>, count: number): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  let have = 0
  while (have < count) {
    const next = await iterator.next()
    if (next.done === true) break
    pieces.push(next.value)
    have += next.value.length
  }
  return Buffer.concat(pieces)
}

function decoder(compression: 'gzip' | 'zstd') {
  if (compression === 'gzip') return zlib.createGunzip({chunkSize: PIECE})
  // Node has learned zstd only in its later versions.
  if (zlib.createZstdDecompress) return zlib.createZstdDecompress({chunkSize: PIECE})
  throw new SifstageError(
    ExitCode.noEngine,
    `it has a layer that is compressed with zstd, which Node ${process.versions.node} cannot read`,
    'Start sifstage with Node 22.15 or newer.',
  )
}

/**
 * The content of a gzip or zstd stream, told by its first bytes whatever its media type says; anything else as it is.
 * Use it to its end, or `return()` it: both end the decoder.
 * @throws SifstageError when it is damaged or grows beyond the budget
 */
export async function* unpacked(stream: AsyncIterable<Uint8Array>, budget: Budget): AsyncGenerator<Uint8Array> {
  const source = stream[Symbol.asyncIterator]()
  try {
    const head = await headOf(source, 6)
    const compression = compressionOf(head)
    if (compression === 'bzip2' || compression === 'xz')
      throw refused(`it is compressed with ${compression}, which no engine reads`)
    const whole = withHead(head, source)
    for await (const chunk of compression === 'none' ? whole : decoded(whole, compression)) {
      budget.unpacked(chunk.length)
      yield chunk
    }
  } finally {
    // Closes a file that was not read to its end.
    await source.return?.()
  }
}

async function* decoded(stored: AsyncGenerator<Uint8Array>, compression: 'gzip' | 'zstd'): AsyncGenerator<Uint8Array> {
  const unpack = decoder(compression)
  let trouble: unknown
  const feeding = pipeline(Readable.from(stored, {objectMode: false, highWaterMark: PIECE}), unpack).catch((error: unknown) => {
    trouble = error
  })
  try {
    for await (const chunk of unpack) if (Buffer.isBuffer(chunk)) yield chunk
    await feeding
    if (trouble !== undefined) throw trouble
  } catch (error) {
    if (error instanceof SifstageError) throw error
    if (trouble instanceof SifstageError) throw trouble
    throw refused(`its ${compression} data is cut short or damaged`, error)
  } finally {
    unpack.destroy()
    await feeding
  }
}
