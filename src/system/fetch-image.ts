/** An image at a registry: its documents and layers, fetched once into the store, for us to read and for an engine to build from. */
import {createHash} from 'node:crypto'
import {type Limits, namingImage, refused} from '../images/limits.js'
import {chooseImage, type Descriptor, type ImageManifest, isDigest, LARGEST_DOCUMENT, parseDocument} from '../images/manifest.js'
import {layoutFiles} from '../images/oci.js'
import {blobName, pickedImage} from '../images/picked.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import type {Image} from '../model/image.js'
import {parseDockerName} from '../model/reference.js'
import {type BlobCache, type BlobCacheOptions, blobCache} from './blob-cache.js'
import {type Client, MANIFESTS, RegistryError, repositoryOf} from './registry.js'

/** Layers that are fetched side by side. */
const SIDE_BY_SIDE = 4
/** From this many bytes on people are told how far it is. */
const LARGE = 64 << 20
const TELL_EVERY_MS = 10_000

export interface FetchOptions extends BlobCacheOptions {
  /** In Go's words. */
  readonly architecture: string
  readonly noHttps: boolean
  readonly environment: NodeJS.ProcessEnv
  readonly signal: AbortSignal
  /** Nothing is fetched: what the store lacks is an error (5). */
  readonly offline?: boolean | undefined
  /** Told how far a large image has come. */
  readonly tell?: ((text: string) => void) | undefined
  readonly limits?: Limits | undefined
}

/** An image whose blobs can be had. */
export interface Fetching {
  readonly cache: BlobCache
  readonly line: () => Promise<Client>
  readonly shown: string
  readonly options: FetchOptions
}

/** Makes ready to fetch; the registry is not asked before something is missing. */
export function fetching(reference: string, options: FetchOptions, cache = blobCache(options)): Fetching {
  let client: Promise<Client> | undefined
  const shown = `docker://${reference}`
  const line = () => {
    if (options.offline)
      throw new SifstageError(
        ExitCode.failed,
        `${shown} is not in the store, and --offline asks no registry`,
        'Build once where the registry can be reached, with the same store (--cache-dir), or use a local copy: --base REF=./base.sif',
      )
    client ??= repositoryOf(reference, options)
    return client
  }
  return {cache, line, shown, options}
}

/** A small blob, held against its digest: of the cache, else of the registry. */
export async function documentOf({cache, line}: Fetching, digest: string, path: string): Promise<Buffer> {
  const known = await cache.document(digest)
  if (known !== undefined) return known
  const content = Buffer.from((await (await line()).get(path, `${MANIFESTS}, */*`)).body)
  const [algorithm = 'sha256', hex] = digest.split(':')
  if (createHash(algorithm).update(content).digest('hex') !== hex) throw refused('its manifest is not what its digest says')
  await cache.keep(digest, content)
  return content
}

function pathOf({digest, mediaType}: Descriptor): string {
  return `${/manifest|index/.test(mediaType) ? 'manifests' : 'blobs'}/${digest}`
}

/** The manifest of a reference, as it stands at the registry; by its digest, from the cache where it is there. */
export async function topManifest(fetching: Fetching, version: string): Promise<Buffer> {
  if (isDigest(version)) return documentOf(fetching, version, `manifests/${version}`)
  return Buffer.from((await (await fetching.line()).get(`manifests/${version}`, MANIFESTS)).body)
}

/** The manifest for the platform. @throws SifstageError (2) for what is no image of layers that we can read */
export async function imageManifest(fetching: Fetching, version: string): Promise<ImageManifest> {
  const top = parseDocument(await topManifest(fetching, version), 'its manifest')
  return chooseImage(top, {architecture: fetching.options.architecture}, blob => {
    if (blob.size > LARGEST_DOCUMENT) throw refused(`a document in it has ${blob.size} bytes`)
    return documentOf(fetching, blob.digest, pathOf(blob))
  })
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`
}

/** The files of blobs, several fetched at a time. */
export async function blobFiles(
  {cache, line, shown, options}: Fetching,
  blobs: readonly Descriptor[],
  signal = options.signal,
): Promise<string[]> {
  const files: string[] = []
  const total = blobs.reduce((sum, {size}) => sum + size, 0)
  let [bytes, next, missing] = [0, 0, false]
  let told = Date.now()
  const heard = (count: number) => {
    bytes += count
    if (total < LARGE || !missing || Date.now() - told < TELL_EVERY_MS) return
    told = Date.now()
    options.tell?.(`${shown}: ${megabytes(bytes)} of ${megabytes(total)} fetched`)
  }
  const begin = () => {
    if (!missing && total >= LARGE) options.tell?.(`fetching ${shown}: ${megabytes(total)}, once for all stages and builds`)
    missing = true
    return line()
  }
  // The first failure ends the others.
  const stop = new AbortController()
  const both = AbortSignal.any([signal, stop.signal])
  const worker = async () => {
    for (let i = next++; i < blobs.length; i = next++) {
      const blob = blobs[i]
      if (blob !== undefined) files[i] = await cache.file(begin, blob, heard, both)
    }
  }
  const ended = await Promise.allSettled(
    Array.from({length: Math.min(SIDE_BY_SIDE, blobs.length)}, () =>
      worker().catch(error => {
        stop.abort(error)
        throw error
      }),
    ),
  )
  signal.throwIfAborted()
  if (stop.signal.aborted) throw stop.signal.reason
  const failed = ended.find(each => each.status === 'rejected')
  if (failed !== undefined) throw failed.reason
  return files
}

/** What a registry's failure means for the one who named the image. */
export function fetchError(shown: string, error: RegistryError): SifstageError {
  return new SifstageError(
    error.absent ? ExitCode.usage : ExitCode.failed,
    `the image ${shown} cannot be fetched: ${error.message}`,
    error.absent
      ? 'Look at its name and tag; log in if it is private (apptainer registry login).'
      : 'Look at the network and proxy settings.',
  )
}

/**
 * The image of a docker reference (`debian:12`, without `docker://`). Its layers stay in the folder, for the contents
 * and for the next time.
 * @throws SifstageError (2) when there is no such image or it is damaged, (5) when the registry fails
 */
export async function fetchImage(reference: string, options: FetchOptions, cache = blobCache(options)): Promise<Image> {
  const {architecture, signal, folder} = options
  const source = fetching(reference, options, cache)
  const {digest, tag} = parseDockerName(reference)
  try {
    const {layers, ...facts} = await imageManifest(source, digest ?? tag ?? 'latest')
    await blobFiles(source, layers)
    const named = layers.map(({digest, size}) => ({name: blobName(digest), digest, size}))
    return await pickedImage({...facts, layers: named}, layoutFiles(folder), {
      shown: source.shown,
      architecture,
      signal,
      limits: options.limits,
    })
  } catch (error) {
    signal.throwIfAborted()
    throw error instanceof RegistryError ? fetchError(source.shown, error) : namingImage(source.shown, error)
  }
}
