/**
 * Asks an OCI registry which digest a reference means for a platform, and for the image's configuration
 * (OCI distribution specification; token authentication as docker's registries do it). Reads only.
 */
import {createHash} from 'node:crypto'
import {SifstageError} from '../model/errors.js'
import {type DockerName, parseDockerName} from '../model/reference.js'
import {authorization, isLoopback} from './registry-login.js'

export const MANIFESTS = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ')

/** Manifests are small; a registry that sends more is broken or hostile. */
const LARGEST_MANIFEST = 4 << 20

/** Why a registry gave no answer. `absent`: it answered that there is no such image. */
export class RegistryError extends Error {
  constructor(
    readonly absent: boolean,
    message: string,
    /** Of its answer; 0 when there was none. */
    readonly status = 0,
    /** Seconds after which it wants to be asked again. */
    readonly retryAfter?: number,
  ) {
    super(message)
  }
}

export interface ResolvedImage {
  /** `sha256:…` of the platform's manifest. */
  readonly digest: string
  /** The `config` object of the image's configuration as JSON text; undefined for an image without one (a SIF). */
  readonly config: string | undefined
}

export interface RegistryOptions {
  readonly architecture: string
  /** An image that is there for one platform alone has to be for this one. */
  readonly exact?: boolean | undefined
  readonly noHttps: boolean
  readonly environment: NodeJS.ProcessEnv
  readonly signal: AbortSignal
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** A repository at a registry that answers. */
export class Client {
  #authorization: string | undefined

  constructor(
    readonly base: string,
    readonly name: DockerName,
    readonly options: RegistryOptions,
  ) {}

  /**
   * The answer to a GET, its body unread.
   * @param from byte to begin with; a registry may send all of it nevertheless
   * @throws RegistryError for any answer but a good one
   */
  async open(path: string, accept: string, signal = this.options.signal, from = 0): Promise<Response> {
    const url = `${this.base}/v2/${this.name.repository}/${path}`
    const ask = () =>
      fetch(url, {
        signal,
        headers: {
          accept,
          ...(from === 0 ? {} : {range: `bytes=${from}-`}),
          ...(this.#authorization === undefined ? {} : {authorization: this.#authorization}),
        },
      })
    let response = await ask()
    // Also when a token has run out meanwhile.
    if (response.status === 401) {
      await response.body?.cancel()
      this.#authorization = await authorization(response.headers.get('www-authenticate') ?? '', this.name, 'pull', {
        ...this.options,
        signal,
      })
      if (this.#authorization !== undefined) response = await ask()
    }
    if (!response.ok) {
      const absent = response.status === 404 || response.status === 401 || response.status === 403
      const meaning =
        response.status === 404
          ? 'it has no such image'
          : response.status === 429
            ? 'it limits how often you may ask (429)'
            : absent
              ? `it does not give the image to you (${response.status})`
              : `it answered ${response.status}`
      const after = Number(response.headers.get('retry-after') ?? Number.NaN)
      await response.body?.cancel()
      throw new RegistryError(absent, meaning, response.status, after >= 0 ? after : undefined)
    }
    return response
  }

  /** A small document: a manifest, a configuration. */
  async get(path: string, accept: string): Promise<{readonly body: string; readonly digest: string | undefined}> {
    const response = await this.open(path, accept)
    const pieces: Uint8Array[] = []
    let bytes = Number(response.headers.get('content-length') ?? 0)
    // The length that it says may be left out, or wrong.
    if (bytes <= LARGEST_MANIFEST) bytes = 0
    for await (const piece of response.body ?? []) {
      bytes += piece.length
      if (bytes > LARGEST_MANIFEST) break
      pieces.push(piece)
    }
    if (bytes > LARGEST_MANIFEST) throw new RegistryError(false, 'its answer is too large for a manifest')
    return {
      body: Buffer.concat(pieces).toString('utf8'),
      digest: response.headers.get('docker-content-digest') ?? undefined,
    }
  }
}

/** The entry of an image index for a platform. */
function forPlatform(index: Record<string, unknown>, architecture: string): string | undefined {
  const manifests = Array.isArray(index['manifests']) ? index['manifests'].filter(isRecord) : []
  const fits = manifests.filter(
    each => isRecord(each['platform']) && each['platform']['os'] === 'linux' && each['platform']['architecture'] === architecture,
  )
  return textOf(fits[0]?.['digest'])
}

/** Gets a small document of a repository. */
type Get = (path: string, accept: string) => Promise<{readonly body: string; readonly digest: string | undefined}>

/** Documents that are kept, by digest; what is kept is what its digest says. */
export interface KeptDocuments {
  document(digest: string): Promise<Uint8Array | undefined>
  keep(digest: string, content: Buffer): Promise<void>
}

/** A getter that asks for nothing it has kept; offline it has nothing else. */
function keeping(client: Client, kept: KeptDocuments, offline: boolean): Get {
  return async (path, accept) => {
    const digest = /(sha256:[0-9a-f]{64})$/.exec(path)?.[1]
    const known = digest === undefined ? undefined : await kept.document(digest)
    if (known !== undefined) return {body: Buffer.from(known).toString('utf8'), digest}
    if (offline) throw new RegistryError(false, 'it is not asked (--offline)')
    const answer = await client.get(path, accept)
    const content = Buffer.from(answer.body)
    const found = `sha256:${createHash('sha256').update(content).digest('hex')}`
    if (digest !== undefined && found !== digest) throw new RegistryError(false, `it sent something else than ${digest}`)
    // A manifest of the first version is signed, and its digest another.
    if (found === (digest ?? answer.digest)) await kept.keep(found, content)
    return answer
  }
}

async function resolveWith(
  get: Get,
  reference: string,
  {architecture, exact}: Pick<RegistryOptions, 'architecture' | 'exact'>,
): Promise<ResolvedImage> {
  let answer = await get(`manifests/${reference}`, MANIFESTS)
  let manifest: unknown = JSON.parse(answer.body)
  let digest = answer.digest ?? (reference.startsWith('sha256:') ? reference : undefined)
  if (isRecord(manifest) && Array.isArray(manifest['manifests'])) {
    digest = forPlatform(manifest, architecture)
    if (digest === undefined) throw new RegistryError(true, `it has the image, but not for linux/${architecture}`)
    answer = await get(`manifests/${digest}`, MANIFESTS)
    manifest = JSON.parse(answer.body)
  }
  if (digest === undefined || !/^sha256:[0-9a-f]{64}$/.test(digest))
    throw new RegistryError(false, 'it gave no digest for the image')
  const configDescriptor = isRecord(manifest) && isRecord(manifest['config']) ? manifest['config'] : {}
  const configDigest = textOf(configDescriptor['digest'])
  if (
    configDigest === undefined ||
    !/^application\/vnd\.(oci\.image|docker\.container\.image)/.test(textOf(configDescriptor['mediaType']) ?? '')
  )
    return {digest, config: undefined}
  const blob: unknown = JSON.parse((await get(`blobs/${configDigest}`, '*/*')).body)
  const made = isRecord(blob) ? textOf(blob['architecture']) : undefined
  if (exact && made !== undefined && made !== architecture)
    throw new RegistryError(true, `it has the image for linux/${made} alone, not for linux/${architecture}`)
  return {digest, config: isRecord(blob) && isRecord(blob['config']) ? JSON.stringify(blob['config']) : undefined}
}

/** Reasons that fetch gives only as the cause of its error. */
export function reasonOf(error: unknown): string {
  if (error instanceof Error && error.name === 'TimeoutError') return 'it did not answer in time'
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return cause instanceof Error ? cause.message || cause.name : String(cause)
}

/** Addresses that a registry may answer at, best first. */
function linesTo(name: DockerName, noHttps: boolean): {readonly host: string; readonly bases: readonly string[]} {
  const host = name.registry === 'docker.io' ? 'registry-1.docker.io' : name.registry
  const schemes = noHttps ? ['http'] : isLoopback(host) ? ['https', 'http'] : ['https']
  return {host, bases: schemes.map(scheme => `${scheme}://${host}`)}
}

/** The repository of a reference, over the line that its registry answers on. @throws RegistryError when on none */
export async function repositoryOf(reference: string, options: RegistryOptions): Promise<Client> {
  const name = parseDockerName(reference)
  const {host, bases} = linesTo(name, options.noHttps)
  let last: unknown
  for (const base of bases) {
    try {
      const response = await fetch(`${base}/v2/`, {signal: options.signal})
      await response.body?.cancel()
      return new Client(base, name, options)
    } catch (error) {
      options.signal.throwIfAborted()
      last = error
    }
  }
  throw new RegistryError(false, `${host} cannot be reached: ${reasonOf(last)}`)
}

/**
 * Does something with the repository of a reference, over whichever line its registry answers on.
 * @throws RegistryError
 */
async function withRepository<T>(
  reference: string,
  options: RegistryOptions,
  use: (client: Client, version: string) => Promise<T>,
): Promise<T> {
  const name = parseDockerName(reference)
  const {host, bases} = linesTo(name, options.noHttps)
  let last: unknown
  for (const base of bases) {
    try {
      return await use(new Client(base, name, options), name.digest ?? name.tag ?? 'latest')
    } catch (error) {
      if (error instanceof RegistryError)
        throw new RegistryError(error.absent, `${host}: ${error.message}`, error.status, error.retryAfter)
      // Ours: the image is wrong, not the line to its registry.
      if (error instanceof SifstageError) throw error
      last = error
    }
  }
  throw new RegistryError(false, `${host} cannot be reached: ${reasonOf(last)}`)
}

/**
 * The digest of a docker or oras reference for the platform, and its configuration.
 * @param kept documents that need not be asked for; `offline`: no others are
 * @throws RegistryError
 */
export function resolveImage(
  reference: string,
  options: RegistryOptions,
  kept?: {readonly documents: KeptDocuments; readonly offline: boolean},
): Promise<ResolvedImage> {
  return withRepository(reference, options, (client, version) =>
    resolveWith(
      kept === undefined ? (path, accept) => client.get(path, accept) : keeping(client, kept.documents, kept.offline),
      version,
      options,
    ),
  )
}
