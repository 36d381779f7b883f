/** Files that ADD takes from the web (K104): fetched into the store, asked for again only when the server has another one. */
import {createHash} from 'node:crypto'
import {createWriteStream} from 'node:fs'
import {readFile, rename, rm, utimes} from 'node:fs/promises'
import {join} from 'node:path'
import {Readable, Transform} from 'node:stream'
import {pipeline} from 'node:stream/promises'
import type {ReadableStream} from 'node:stream/web'
import {ExitCode, SifstageError} from '../model/errors.js'
import type {Identity} from '../model/ports.js'
import type {Downloaded} from '../model/supplies.js'
import {besideName, exists, hashText, makeOwned, writeWhole} from './files.js'

/** A server that sends nothing for so long is taken for dead. */
const SILENCE_MS = 60_000
/** No file that is added to an image is larger. */
const LARGEST = 64 * 2 ** 30

interface Known extends Downloaded {
  readonly url: string
  readonly etag: string | undefined
  readonly lastModified: string | undefined
}

function trouble(url: string, what: string): SifstageError {
  return new SifstageError(
    ExitCode.failed,
    `${url} cannot be fetched: ${what}`,
    'Look at the address and the network, or download it into the build context and copy it from there.',
  )
}

/** The cause that Node's `fetch` wraps. */
function causeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return cause instanceof Error ? cause.message : String(cause)
}

export function downloads(
  store: string,
  owner: Identity,
  offline = false,
): (url: string, checksum: string | undefined, signal: AbortSignal) => Promise<Downloaded> {
  const folder = join(store, 'downloads')
  const running = new Map<string, Promise<Downloaded>>()

  async function known(file: string): Promise<Known | undefined> {
    try {
      const parsed: Known = JSON.parse(await readFile(`${file}.json`, 'utf8'))
      return (await exists(parsed.path)) ? parsed : undefined
    } catch {
      return undefined
    }
  }

  /** `cache prune` goes by last use. */
  async function used(file: string, known: Known): Promise<Known> {
    const now = new Date()
    for (const each of [known.path, `${file}.json`]) await utimes(each, now, now).catch(() => {})
    return known
  }

  async function fetchFile(url: string, checksum: string | undefined, signal: AbortSignal): Promise<Downloaded> {
    const file = join(folder, hashText(url).replace('sha256:', ''))
    await makeOwned(folder, owner)
    const before = await known(file)
    if (before !== undefined && checksum !== undefined && before.digests[checksum.split(':')[0] ?? ''] === checksum)
      return used(file, before)
    if (offline) {
      if (before !== undefined) return used(file, before)
      throw trouble(url, 'it is not in the store, and --offline asks nobody')
    }
    const silence = new AbortController()
    let timer = setTimeout(() => silence.abort(), SILENCE_MS)
    const heard = () => {
      clearTimeout(timer)
      timer = setTimeout(() => silence.abort(), SILENCE_MS)
    }
    try {
      const response = await fetch(url, {
        signal: AbortSignal.any([signal, silence.signal]),
        redirect: 'follow',
        headers: {
          // As it lies on the server: a transport compression would be undone, an archive's would not be known from it.
          'accept-encoding': 'identity',
          ...(before?.etag === undefined ? {} : {'if-none-match': before.etag}),
          ...(before?.lastModified === undefined ? {} : {'if-modified-since': before.lastModified}),
        },
      })
      if (response.status === 304 && before !== undefined) return await used(file, before)
      if (!response.ok) throw trouble(url, `the server answers ${response.status} ${response.statusText}`.trim())
      return await save(url, file, response, heard)
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof SifstageError) throw error
      throw trouble(url, silence.signal.aborted ? `nothing came for ${SILENCE_MS / 1000} s` : causeOf(error))
    } finally {
      clearTimeout(timer)
    }
  }

  async function save(url: string, file: string, response: Response, heard: () => void): Promise<Downloaded> {
    const beside = besideName(file)
    const hashes = ['sha256', 'sha384', 'sha512'].map(name => ({name, hash: createHash(name)}))
    let bytes = 0
    const watch = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        heard()
        bytes += chunk.length
        for (const {hash} of hashes) hash.update(chunk)
        done(bytes > LARGEST ? new Error(`it is larger than ${LARGEST / 2 ** 30} GB`) : null, chunk)
      },
    })
    try {
      // One edge: the web's streams and Node's have the same shape under two names.
      const body: Readable = response.body === null ? Readable.from([]) : Readable.fromWeb(response.body as ReadableStream)
      await pipeline(body, watch, createWriteStream(beside, {flags: 'wx', mode: 0o600, flush: true}))
      const modified = response.headers.get('last-modified')
      const digests = Object.fromEntries(hashes.map(({name, hash}) => [name, `${name}:${hash.digest('hex')}`]))
      const path = `${file}-${(digests['sha256'] ?? '').slice(7, 23)}`
      await rename(beside, path)
      const seconds = modified === null ? Number.NaN : Date.parse(modified) / 1000
      const found: Known = {
        url,
        path,
        digests,
        // Without a date BuildKit gives the file the epoch.
        modified: Number.isNaN(seconds) ? 0 : seconds,
        etag: response.headers.get('etag') ?? undefined,
        lastModified: modified ?? undefined,
      }
      await writeWhole(`${file}.json`, `${JSON.stringify(found)}\n`)
      return found
    } finally {
      await rm(beside, {force: true})
    }
  }

  return async (url, checksum, signal) => {
    let fetching = running.get(url)
    if (fetching === undefined) {
      fetching = fetchFile(url, checksum, signal)
      running.set(url, fetching)
    }
    const found = await fetching
    if (checksum !== undefined && !Object.values(found.digests).includes(checksum.toLowerCase()))
      throw new SifstageError(
        ExitCode.failed,
        `${url}: its checksum is ${found.digests[checksum.split(':')[0] ?? ''] ?? found.digests['sha256']}, not ${checksum}`,
        'Either the file on the server has changed, or the description names the wrong one: do not use it before you know which.',
      )
    return found
  }
}
