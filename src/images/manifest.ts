/** From an index or a manifest to the layers of the image for a platform (OCI image specification, and docker's of the same shape). */
import {createHash} from 'node:crypto'
import {refused} from './limits.js'

/** Largest JSON document that is read; registries refuse manifests beyond 4 MiB. */
export const LARGEST_DOCUMENT = 4 << 20
/** An index in an index in an index: nobody nests deeper. */
const DEEPEST = 4
const INDEX = /^application\/vnd\.(oci\.image\.index\.v1|docker\.distribution\.manifest\.list\.v2)\+json$/
const LAYER =
  /^application\/vnd\.(oci\.image\.layer\.(nondistributable\.)?v1\.tar(\+gzip|\+zstd)?|docker\.image\.rootfs\.(diff|foreign\.diff)\.tar(\.gzip|\.zstd)?)$/
const CONFIG = /^application\/vnd\.(oci\.image\.config\.v1|docker\.container\.image\.v1)\+json$/

export interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
  readonly annotations: Readonly<Record<string, unknown>>
  readonly platform: {readonly os: string; readonly architecture: string} | undefined
}

export interface ImageManifest {
  /** Of the manifest itself; undefined where it was not asked for by digest. */
  readonly digest: string | undefined
  /** The blob of its configuration. */
  readonly configuration: Descriptor
  readonly layers: readonly Descriptor[]
  /** In Go's words, as the image says it. */
  readonly architecture: string | undefined
  /** The `config` object of the image's configuration, as JSON text. */
  readonly config: string | undefined
}

export interface Choice {
  /** In Go's words. */
  readonly architecture: string
  /** Name (`org.opencontainers.image.ref.name`) or digest of the wanted one. */
  readonly name?: string | undefined
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** A JSON document. @throws SifstageError when it is none, or too large */
export function parseDocument(bytes: Buffer, what: string): Record<string, unknown> {
  if (bytes.length > LARGEST_DOCUMENT) throw refused(`${what} has ${bytes.length} bytes, and ${LARGEST_DOCUMENT} are the most`)
  try {
    const parsed: unknown = JSON.parse(bytes.toString('utf8'))
    if (isRecord(parsed)) return parsed
  } catch {
    // Said below.
  }
  throw refused(`${what} is no JSON object`)
}

/** Only digests that can be checked, and that can name a file without leading anywhere. */
export function isDigest(value: string): boolean {
  return /^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/.test(value)
}

function descriptorOf(value: unknown, what: string): Descriptor {
  if (!isRecord(value)) throw refused(`${what} is damaged`)
  const digest = text(value['digest'])
  const size = value['size']
  if (!isDigest(digest)) throw refused(`${what} has no digest that can be checked: ${JSON.stringify(digest.slice(0, 100))}`)
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) throw refused(`${what} has a damaged size`)
  const platform = isRecord(value['platform']) ? value['platform'] : undefined
  return {
    mediaType: text(value['mediaType']),
    digest,
    size,
    annotations: isRecord(value['annotations']) ? value['annotations'] : {},
    platform: platform && {os: text(platform['os']), architecture: text(platform['architecture'])},
  }
}

function list(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw refused(`${what} is damaged`)
  return value
}

function nameOf(descriptor: Descriptor): string {
  return text(descriptor.annotations['org.opencontainers.image.ref.name'])
}

/** The entry of an index that is meant. */
function chosen(index: Record<string, unknown>, {architecture, name}: Choice): Descriptor {
  const all = list(index['manifests'], 'its index').map(each => descriptorOf(each, 'an entry of its index'))
  const named = name === undefined ? all : all.filter(each => each.digest === name || nameOf(each) === name)
  const names = [...new Set(all.map(nameOf))].filter(each => each !== '').sort()
  if (named.length === 0)
    throw refused(
      name === undefined
        ? 'its index is empty'
        : `it has no image ${name}${names.length === 0 ? '' : ` (it has ${names.join(', ')})`}`,
    )
  const isOurs = ({platform}: Descriptor) => platform?.os === 'linux' && platform.architecture === architecture
  const ours = named.filter(isOurs)
  // Without a platform it may still be ours: the configuration tells. `unknown` are attestations.
  const fits = ours.length > 0 ? ours : named.filter(each => each.platform === undefined)
  const [first] = fits
  if (first === undefined && named.length === 1 && named[0] !== undefined && name !== undefined) return named[0]
  if (first === undefined)
    throw refused(
      `it has no image for linux/${architecture}, but for ${named.map(({platform}) => `${platform?.os}/${platform?.architecture}`).join(', ')}`,
    )
  if (fits.some(each => each.digest !== first.digest) && new Set(fits.map(nameOf)).size > 1)
    throw refused(`it has several images, and none is named: ${names.join(', ')}`)
  return first
}

/** Holds a document against the descriptor that names it. */
function verified(bytes: Buffer, {digest, size}: Descriptor, what: string): Buffer {
  const [algorithm = '', hex = ''] = digest.split(':')
  if (bytes.length !== size) throw refused(`${what} has ${bytes.length} bytes, not ${size}`)
  if (createHash(algorithm).update(bytes).digest('hex') !== hex) throw refused(`${what} is not what its digest says`)
  return bytes
}

/**
 * Follows an index to the manifest for a platform, and reads that and its configuration.
 * @param top an index or a manifest, read already
 * @param read gets a small blob; its size and digest are checked here
 * @throws SifstageError when something is missing, damaged or too deep
 */
export async function chooseImage(
  top: Record<string, unknown>,
  choice: Choice,
  read: (descriptor: Descriptor) => Promise<Buffer>,
): Promise<ImageManifest> {
  let document = top
  let digest: string | undefined
  let name = choice.name
  for (let depth = 0; Array.isArray(document['manifests']); depth += 1) {
    if (depth === DEEPEST) throw refused(`its indexes are nested more than ${DEEPEST} deep`)
    const descriptor = chosen(document, {architecture: choice.architecture, name})
    // Within what was named, the platform decides.
    name = undefined
    digest = descriptor.digest
    const what = INDEX.test(descriptor.mediaType) ? 'an index in it' : 'its manifest'
    if (descriptor.size > LARGEST_DOCUMENT) throw refused(`${what} has ${descriptor.size} bytes`)
    document = parseDocument(verified(await read(descriptor), descriptor, what), what)
  }
  if (document['schemaVersion'] !== 2) throw refused('its manifest is of a version that sifstage does not know')
  const config = descriptorOf(document['config'], 'the configuration in its manifest')
  if (!CONFIG.test(config.mediaType))
    throw refused(
      /sif/.test(config.mediaType)
        ? 'it holds a SIF file, not the layers of an image'
        : `it is no image: its configuration is ${JSON.stringify(config.mediaType.slice(0, 100))}`,
    )
  const layers = list(document['layers'], 'the list of layers').map(each => descriptorOf(each, 'a layer of its manifest'))
  for (const {mediaType} of layers) {
    if (!LAYER.test(mediaType)) throw refused(`it has a layer of an unknown type: ${JSON.stringify(mediaType.slice(0, 100))}`)
  }
  if (config.size > LARGEST_DOCUMENT) throw refused(`its configuration has ${config.size} bytes`)
  const facts = configFacts(verified(await read(config), config, 'its configuration'))
  return {digest, configuration: config, layers, architecture: facts.architecture, config: facts.config}
}

/** What an image's configuration says. `diffIds` are the digests of its layers as plain tar. */
export function configFacts(bytes: Buffer): {
  readonly architecture: string | undefined
  readonly config: string | undefined
  readonly diffIds: readonly string[]
} {
  const parsed = parseDocument(bytes, 'its configuration')
  const rootfs = isRecord(parsed['rootfs']) ? parsed['rootfs'] : {}
  const ids = Array.isArray(rootfs['diff_ids']) ? rootfs['diff_ids'].map(text) : []
  return {
    architecture: text(parsed['architecture']) || undefined,
    config: isRecord(parsed['config']) ? JSON.stringify(parsed['config']) : undefined,
    diffIds: ids.every(isDigest) ? ids : [],
  }
}
