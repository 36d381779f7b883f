/**
 * How an entry of the store looks in a registry: an OCI image manifest with an artifact type, one layer for each file, as
 * ORAS makes it. A signature in its annotations says who vouches for it, since a key tells what went in and not what came
 * out.
 */
import {isDigest, isRecord} from '../images/manifest.js'
import {hashText} from '../system/files.js'
import {isSigned, type Signer} from '../system/signing.js'
import {PROGRAMS, TEXTS} from './image-facts.js'

export const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json'
const EMPTY_TYPE = 'application/vnd.oci.empty.v1+json'
const TITLE = 'org.opencontainers.image.title'
const OURS = 'vnd.sifstage.store'

/** What the empty configuration of an artifact is (OCI image specification, "guidance for an empty descriptor"). */
export const EMPTY = Buffer.from('{}')

/** A manifest of ours is a few kB. */
export const LARGEST_MANIFEST = 1 << 20

export type EntryKind = 'stage' | 'artifacts'

/** Files of each kind of entry: name in the entry's folder and in the registry, media type, largest size. */
const FILES = {
  stage: [
    {name: 'record.json', mediaType: 'application/vnd.sifstage.stage.record.v2+json', largest: 16 << 20},
    {name: 'listing.jsonl', mediaType: 'application/vnd.sifstage.stage.listing.v2+jsonl', largest: 2 ** 31},
    {name: PROGRAMS, mediaType: 'application/vnd.sifstage.stage.programs.v2+json', largest: 2 ** 30},
    {name: TEXTS, mediaType: 'application/vnd.sifstage.stage.texts.v2+json', largest: 2 ** 28},
    {name: 'image.sqfs', mediaType: 'application/vnd.sifstage.stage.image.v2.squashfs', largest: 2 ** 42},
  ],
  artifacts: [{name: 'files.sqfs', mediaType: 'application/vnd.sifstage.artifacts.v2.squashfs', largest: 2 ** 42}],
} as const

/** What was read of a stage's files: an entry is whole without. */
export const FACTS = [PROGRAMS, TEXTS] as const

const ARTIFACT_TYPES: Readonly<Record<EntryKind, string>> = {
  stage: 'application/vnd.sifstage.stage.v2',
  artifacts: 'application/vnd.sifstage.artifacts.v2',
}

export interface EntryFile {
  readonly name: string
  readonly mediaType: string
  readonly digest: string
  readonly size: number
}

export interface Entry {
  readonly kind: EntryKind
  /** `sha256:…` that it is looked for by. */
  readonly key: string
  readonly files: readonly EntryFile[]
}

/** Whether a file holds facts, which may be missing. */
export function isFacts(name: string): boolean {
  return FACTS.some(each => each === name)
}

/** The tag of an entry. */
export function tagOf(kind: EntryKind, key: string): string {
  return `${kind}-${key.replace(/^sha256:/, '')}`
}

/** The media type of a file of an entry. */
export function mediaTypeOf(kind: EntryKind, name: string): string {
  return FILES[kind].find(each => each.name === name)?.mediaType ?? 'application/octet-stream'
}

/** What a signature is made over: all that the entry claims. Neither names nor types have spaces or line ends in them. */
function payloadOf({kind, key, files}: Entry): string {
  const lines = files.map(each => `file ${each.name} ${each.mediaType} ${each.digest} ${each.size}`)
  return ['sifstage store entry 2', `kind ${kind}`, `key ${key}`, ...lines, ''].join('\n')
}

/** The bytes of an entry's manifest. */
export function manifestOf(entry: Entry, signer: Signer): Buffer {
  const manifest = {
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    artifactType: ARTIFACT_TYPES[entry.kind],
    config: {mediaType: EMPTY_TYPE, digest: hashText(EMPTY), size: EMPTY.length, data: EMPTY.toString('base64')},
    layers: entry.files.map(({name, ...descriptor}) => ({...descriptor, annotations: {[TITLE]: name}})),
    annotations: {
      [`${OURS}.key`]: entry.key,
      [`${OURS}.signer`]: signer.publicLine,
      [`${OURS}.signature`]: signer.sign(payloadOf(entry)),
    },
  }
  return Buffer.from(JSON.stringify(manifest))
}

/** An entry as a registry tells it, or why it is not believed. */
export type ReadEntry = {readonly entry: Entry} | {readonly refused: string}

function fileOf(kind: EntryKind, layer: unknown): EntryFile | undefined {
  if (!isRecord(layer) || !isRecord(layer['annotations'])) return undefined
  const {mediaType, digest, size} = layer
  const known = FILES[kind].find(each => each.name === (isRecord(layer['annotations']) ? layer['annotations'][TITLE] : ''))
  if (known === undefined || known.mediaType !== mediaType) return undefined
  if (typeof digest !== 'string' || !digest.startsWith('sha256:') || !isDigest(digest)) return undefined
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0 || size > known.largest) return undefined
  return {name: known.name, mediaType: known.mediaType, digest, size}
}

/**
 * Reads a manifest that anybody may have written. Its files can only have the names that entries have, and a trusted
 * signer has to vouch for them under this very key.
 */
export function readManifest(body: Buffer, kind: EntryKind, key: string, trusted: ReadonlySet<string>): ReadEntry {
  let manifest: unknown
  try {
    manifest = JSON.parse(body.toString('utf8'))
  } catch {
    return {refused: 'its manifest is no JSON'}
  }
  if (!isRecord(manifest) || manifest['artifactType'] !== ARTIFACT_TYPES[kind] || !Array.isArray(manifest['layers']))
    return {refused: 'its manifest is not of an entry'}
  const files = manifest['layers'].slice(0, FILES[kind].length + 1).map(layer => fileOf(kind, layer))
  const names = new Set(files.map(each => each?.name))
  const complete = FILES[kind].every(({name}) => names.has(name) || isFacts(name))
  if (!complete || names.has(undefined) || names.size !== files.length) return {refused: 'its files are not those of an entry'}
  const entry: Entry = {kind, key, files: files.filter(each => each !== undefined)}
  const annotations = isRecord(manifest['annotations']) ? manifest['annotations'] : {}
  const {[`${OURS}.signer`]: signer, [`${OURS}.signature`]: signature} = annotations
  if (typeof signer !== 'string' || typeof signature !== 'string') return {refused: 'nobody signed it'}
  if (!trusted.has(signer))
    return {
      refused: `it is signed by ${/^ed25519:[\w-]{43}$/.test(signer) ? signer : 'nobody known'}, who is not trusted (--store-trust)`,
    }
  if (!isSigned(payloadOf(entry), signature, signer)) return {refused: 'its signature does not hold for this key and these files'}
  return {entry}
}
