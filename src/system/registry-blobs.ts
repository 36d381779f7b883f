/** Blobs and manifests of a repository, there and back: whole by digest, and from where it stopped after a cut. */
import {createHash} from 'node:crypto'
import {type FileHandle, open} from 'node:fs/promises'
import {hashText} from './files.js'
import {listening, type RegistryLine, RegistryTrouble} from './registry-line.js'

/** A blob by what it is: `sha256:…` and bytes. */
export interface Blob {
  readonly digest: string
  readonly size: number
}

/** Uploads that are begun anew before it is given up. */
const BEGINNINGS = 3

/** A piece is held in memory: a registry that wants larger ones is not obeyed. */
const LARGEST_PIECE = 256 << 20

/** A time limit for so many bytes. */
function deadline(line: RegistryLine, bytes: number, signal: AbortSignal): {signal: AbortSignal; end(): void} {
  const {documentMs, slowest} = line.patience
  const late = new AbortController()
  const give = () => late.abort(new RegistryTrouble('it is too slow to be of use', false))
  // A timer takes no more than 2^31 ms.
  const timer = setTimeout(give, Math.min(2 ** 31 - 1, documentMs + (bytes / slowest) * 1000))
  return {signal: AbortSignal.any([signal, late.signal]), end: () => clearTimeout(timer)}
}

/** Bytes of the answer that lie before what we have not got yet. @throws RegistryTrouble when it is another part */
function overlap(response: Response, have: number): number {
  if (response.status !== 206) return have
  const start = Number(/^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1] ?? Number.NaN)
  if (!(start <= have)) throw new RegistryTrouble('it sent another part of the blob than it was asked for', false)
  return have - start
}

/**
 * Fetches a blob into a new file, its size and digest held; after a cut it goes on where it was.
 * @throws RegistryTrouble
 */
export async function downloadBlob(line: RegistryLine, blob: Blob, file: string, signal: AbortSignal): Promise<void> {
  const limit = deadline(line, blob.size, signal)
  const handle = await open(file, 'wx', 0o644)
  const hash = createHash('sha256')
  let have = 0
  try {
    await line.retrying(
      async () => {
        const patience = listening(line.patience.silenceMs, limit.signal)
        try {
          const headers: Record<string, string> = have === 0 ? {} : {range: `bytes=${have}-`}
          const response = await line.send('GET', line.path(`blobs/${blob.digest}`), {headers}, patience.signal)
          if (!response.ok) throw await line.trouble(response)
          let skip = overlap(response, have)
          for await (const piece of response.body ?? []) {
            patience.heard()
            const fresh = piece.subarray(skip)
            skip = Math.max(0, skip - piece.length)
            if (have + fresh.length > blob.size)
              throw new RegistryTrouble(`it sends more than the ${blob.size} bytes of ${blob.digest}`, false)
            await handle.writeFile(fresh)
            hash.update(fresh)
            have += fresh.length
          }
          if (have < blob.size) throw new RegistryTrouble(`it sent ${have} bytes of ${blob.size}`, true)
        } finally {
          patience.end()
        }
      },
      limit.signal,
      () => have,
    )
    const found = `sha256:${hash.digest('hex')}`
    if (found !== blob.digest) throw new RegistryTrouble(`it sent ${found} for ${blob.digest}`, false)
    await handle.sync()
  } finally {
    limit.end()
    await handle.close()
  }
}

/** Whether the registry has a blob, with this size and digest. */
async function hasBlob(line: RegistryLine, blob: Blob, signal: AbortSignal): Promise<boolean> {
  const response = await line.send('HEAD', line.path(`blobs/${blob.digest}`), {}, signal)
  await response.body?.cancel().catch(() => {})
  if (response.status === 404) return false
  if (!response.ok) throw await line.trouble(response)
  const length = response.headers.get('content-length')
  const digest = response.headers.get('docker-content-digest')
  return (length === null || Number(length) === blob.size) && (digest === null || digest === blob.digest)
}

/** Where an upload goes on, and how many bytes have arrived. */
interface Upload {
  location: string
  have: number
}

/** Takes the place over that an answer names (`Location`, `Range: 0-END`): it may be another one each time. */
function follow(upload: Upload, response: Response, otherwise: number): void {
  upload.location = response.headers.get('location') ?? upload.location
  const range = /^(?:bytes=)?0-(\d+)$/.exec(response.headers.get('range') ?? '')?.[1]
  // `0-0` is said of an empty upload, too: one byte that comes twice is told by the digest.
  upload.have = range === undefined ? otherwise : range === '0' ? 0 : Number(range) + 1
}

/** The upload's place with the digest that ends it. */
function closing(location: string, digest: string, line: RegistryLine): string {
  const url = new URL(location, `https://${line.host}`)
  url.searchParams.set('digest', digest)
  return /^https?:/.test(location) ? url.href : `${url.pathname}${url.search}`
}

/** Part of a blob's content, which lies in memory or in a file. */
async function readAt(content: Buffer | FileHandle, from: number, bytes: number): Promise<Buffer> {
  if (Buffer.isBuffer(content)) return content.subarray(from, from + bytes)
  const buffer = Buffer.alloc(bytes)
  let have = 0
  while (have < bytes) {
    const {bytesRead} = await content.read(buffer, have, bytes - have, from + have)
    if (bytesRead === 0) throw new Error('the file became shorter while it was sent')
    have += bytesRead
  }
  return buffer
}

/** One request of an upload; its answer has to come, and say so, in good time. */
async function sendPiece(
  line: RegistryLine,
  method: 'PATCH' | 'PUT',
  location: string,
  body: Buffer,
  from: number | undefined,
  signal: AbortSignal,
): Promise<Response> {
  // How far a request has got cannot be seen: its time is by its size.
  const patience = listening(line.patience.silenceMs + (body.length / line.patience.slowest) * 1000, signal)
  try {
    const range: Record<string, string> =
      from === undefined || body.length === 0 ? {} : {'content-range': `${from}-${from + body.length - 1}`}
    const headers = {'content-type': 'application/octet-stream', ...range}
    const response = await line.send(method, location, {headers, body}, patience.signal)
    // Nothing in it is wanted, but the connection is.
    if (response.ok) await response.arrayBuffer()
    return response
  } finally {
    patience.end()
  }
}

/** Asks how far an upload has come. @throws RegistryTrouble (not passing) when the registry does not know it any more */
async function ask(line: RegistryLine, upload: Upload, signal: AbortSignal): Promise<void> {
  const response = await line.send('GET', upload.location, {}, signal)
  if (!response.ok) throw await line.trouble(response)
  await response.body?.cancel().catch(() => {})
  follow(upload, response, 0)
}

/** Sends what is missing, piece by piece, and ends the upload. */
async function sendAll(
  line: RegistryLine,
  blob: Blob,
  content: Buffer | FileHandle,
  upload: Upload,
  chunk: number,
  signal: AbortSignal,
): Promise<void> {
  let lost = false
  await line.retrying(
    async () => {
      if (lost) await ask(line, upload, signal)
      lost = true
      while (blob.size - upload.have > chunk || (upload.have > 0 && upload.have < blob.size)) {
        const from = upload.have
        const body = await readAt(content, from, Math.min(chunk, blob.size - from))
        const response = await sendPiece(line, 'PATCH', upload.location, body, from, signal)
        if (response.status === 416) {
          await response.body?.cancel().catch(() => {})
          // It tells itself where to go on; a place that is no other would go round in circles.
          follow(upload, response, from)
          if (upload.have === from || upload.have > blob.size)
            throw new RegistryTrouble('it takes no part of the blob', false, 416)
          continue
        }
        if (response.status !== 202) throw await line.trouble(response)
        follow(upload, response, from + body.length)
        if (upload.have <= from) throw new RegistryTrouble('it takes parts of the blob and keeps none', false)
      }
      const whole = upload.have === 0 ? await readAt(content, 0, blob.size) : Buffer.alloc(0)
      const response = await sendPiece(line, 'PUT', closing(upload.location, blob.digest, line), whole, undefined, signal)
      if (response.status !== 201 && response.status !== 204) throw await line.trouble(response)
      const digest = response.headers.get('docker-content-digest')
      if (digest !== null && digest !== blob.digest)
        throw new RegistryTrouble(`it keeps ${digest} where ${blob.digest} was sent`, false)
    },
    signal,
    () => upload.have,
  )
}

/**
 * Sends content, or that of a file, as a blob, unless the registry has it: a small one in one request, a large one in pieces that go on where
 * the registry stopped.
 * @returns whether it had to be sent
 * @throws RegistryTrouble
 */
export async function uploadBlob(
  line: RegistryLine,
  blob: Blob,
  content: Buffer | string,
  signal: AbortSignal,
): Promise<boolean> {
  const opened = Buffer.isBuffer(content) ? content : await open(content, 'r')
  const limit = deadline(line, blob.size, signal)
  try {
    const there = () => {
      const patience = listening(line.patience.silenceMs, limit.signal)
      return hasBlob(line, blob, patience.signal).finally(patience.end)
    }
    if (await line.retrying(there, limit.signal)) return false
    for (let beginning = 1; ; beginning += 1) {
      try {
        const {upload, chunk} = await line.retrying(() => begin(line, limit.signal), limit.signal)
        await sendAll(line, blob, opened, upload, chunk, limit.signal)
        return true
      } catch (error) {
        limit.signal.throwIfAborted()
        const known = error instanceof RegistryTrouble ? error : undefined
        // The registry forgot the upload, or lost count: from the beginning, unless the last word was only not heard.
        if (known === undefined || beginning === BEGINNINGS || ![400, 404, 416].includes(known.status ?? 0)) throw error
        if (await line.retrying(there, limit.signal)) return true
      }
    }
  } finally {
    limit.end()
    if (!Buffer.isBuffer(opened)) await opened.close()
  }
}

/** Begins an upload: where it goes, and how large its pieces are to be. */
async function begin(line: RegistryLine, signal: AbortSignal): Promise<{upload: Upload; chunk: number}> {
  const patience = listening(line.patience.silenceMs, signal)
  try {
    const response = await line.send('POST', line.path('blobs/uploads/'), {}, patience.signal)
    if (response.status !== 202) throw await line.trouble(response)
    await response.arrayBuffer()
    const location = response.headers.get('location')
    if (location === null) throw new RegistryTrouble('it names no place for an upload', false)
    const least = Number(response.headers.get('oci-chunk-min-length') ?? 0)
    return {upload: {location, have: 0}, chunk: Math.max(line.patience.chunk, least <= LARGEST_PIECE ? least : 0)}
  } finally {
    patience.end()
  }
}

/** Publishes a manifest under a tag. @throws RegistryTrouble */
export async function putManifest(
  line: RegistryLine,
  tag: string,
  mediaType: string,
  body: Buffer,
  signal: AbortSignal,
): Promise<void> {
  await line.retrying(async () => {
    const patience = listening(line.patience.silenceMs, signal)
    try {
      const response = await line.send(
        'PUT',
        line.path(`manifests/${tag}`),
        {headers: {'content-type': mediaType}, body},
        patience.signal,
      )
      if (response.status !== 201) throw await line.trouble(response)
      await response.arrayBuffer()
      const digest = response.headers.get('docker-content-digest')
      if (digest !== null && digest !== hashText(body)) throw new RegistryTrouble(`it keeps another manifest: ${digest}`, false)
    } finally {
      patience.end()
    }
  }, signal)
}
