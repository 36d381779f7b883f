/**
 * Writes an image of one layer as an archive that engines load: an OCI layout in a tar, or what `docker save` used to
 * write. The same tree, settings and date give the same bytes.
 */
import {createHash} from 'node:crypto'
import {createWriteStream} from 'node:fs'
import {type Readable, Transform} from 'node:stream'
import {pipeline} from 'node:stream/promises'
import {createGzip} from 'node:zlib'
import type {TreeLayer} from '../model/ports.js'
import {tarBytes, type WrittenMember} from './tar-writer.js'

export type ImageForm = 'oci' | 'docker'

export interface WrittenImage {
  /** In Go's words. */
  readonly architecture: string
  /** Milliseconds. */
  readonly created: number
  /** `config` of the OCI image configuration: how it runs. */
  readonly config: Readonly<Record<string, unknown>>
  readonly author?: string | undefined
  /** Names that an engine gives it when it loads it: with host and tag. */
  readonly names: readonly string[]
}

export interface WrittenArchive {
  /** `sha256:…` of the file. */
  readonly digest: string
  readonly bytes: number
}

const OCI = 'application/vnd.oci.image'

/** Counts and hashes what passes. */
class Measured extends Transform {
  bytes = 0
  readonly #hash = createHash('sha256')

  override _transform(chunk: Uint8Array, _: BufferEncoding, done: (error: null, chunk: Uint8Array) => void): void {
    this.bytes += chunk.length
    this.#hash.update(chunk)
    done(null, chunk)
  }

  get digest(): string {
    return `sha256:${this.#hash.copy().digest('hex')}`
  }
}

/** Writes the tar stream of a tree as a layer: with gzip, which every engine reads, for OCI; as it is for docker. */
export async function writeLayer(tar: Readable, path: string, form: ImageForm, signal: AbortSignal): Promise<TreeLayer> {
  const [plain, stored] = [new Measured(), new Measured()]
  const file = createWriteStream(path)
  if (form === 'docker') await pipeline(tar, plain, file, {signal})
  else await pipeline(tar, plain, createGzip({level: 6}), stored, file, {signal})
  const {bytes, digest} = form === 'docker' ? plain : stored
  return {path, bytes, digest, diffId: plain.digest}
}

function blob(bytes: Buffer): {readonly digest: string; readonly size: number} {
  return {digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`, size: bytes.length}
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value))
}

/** Seconds only: more no archive keeps. */
function dateOf(image: WrittenImage): string {
  return `${new Date(image.created).toISOString().slice(0, 19)}Z`
}

/** The OCI image configuration. */
function configuration(layer: TreeLayer, image: WrittenImage): Buffer {
  const created = dateOf(image)
  return json({
    created,
    ...(image.author === undefined ? {} : {author: image.author}),
    architecture: image.architecture,
    os: 'linux',
    config: image.config,
    rootfs: {type: 'layers', diff_ids: [layer.diffId]},
    history: [{created, created_by: 'sifstage'}],
  })
}

function ociMembers(layer: TreeLayer, image: WrittenImage): WrittenMember[] {
  const config = configuration(layer, image)
  const manifest = json({
    schemaVersion: 2,
    mediaType: `${OCI}.manifest.v1+json`,
    config: {mediaType: `${OCI}.config.v1+json`, ...blob(config)},
    layers: [{mediaType: `${OCI}.layer.v1.tar+gzip`, digest: layer.digest, size: layer.bytes}],
  })
  const described = {
    mediaType: `${OCI}.manifest.v1+json`,
    ...blob(manifest),
    platform: {architecture: image.architecture, os: 'linux'},
  }
  // podman and skopeo go by the first annotation, containerd and Docker by the second.
  const named = image.names.map(name => ({
    ...described,
    annotations: {'org.opencontainers.image.ref.name': name, 'io.containerd.image.name': name},
  }))
  const index = {
    schemaVersion: 2,
    mediaType: `${OCI}.index.v1+json`,
    manifests: named.length === 0 ? [described] : named,
  }
  const place = (digest: string) => `blobs/${digest.replace(':', '/')}`
  return [
    // First what tells a reader of streams the form.
    {name: 'oci-layout', content: json({imageLayoutVersion: '1.0.0'})},
    {name: 'index.json', content: json(index)},
    {name: 'blobs/', content: Buffer.alloc(0)},
    {name: 'blobs/sha256/', content: Buffer.alloc(0)},
    {name: place(blob(manifest).digest), content: manifest},
    {name: place(blob(config).digest), content: config},
    {name: place(layer.digest), content: layer},
  ]
}

function dockerMembers(layer: TreeLayer, image: WrittenImage): WrittenMember[] {
  const config = configuration(layer, image)
  const configName = `${blob(config).digest.slice('sha256:'.length)}.json`
  const folder = layer.diffId.slice('sha256:'.length)
  return [
    {name: 'manifest.json', content: json([{Config: configName, RepoTags: image.names, Layers: [`${folder}/layer.tar`]}])},
    {name: configName, content: config},
    {name: `${folder}/`, content: Buffer.alloc(0)},
    {name: `${folder}/layer.tar`, content: layer},
  ]
}

/**
 * Writes the archive of an image.
 * @param layer made for the same form
 */
export async function writeImageArchive(
  path: string,
  form: ImageForm,
  layer: TreeLayer,
  image: WrittenImage,
  signal: AbortSignal,
): Promise<WrittenArchive> {
  const members = form === 'oci' ? ociMembers(layer, image) : dockerMembers(layer, image)
  const measured = new Measured()
  await pipeline(tarBytes(members, Math.floor(image.created / 1000)), measured, createWriteStream(path), {signal})
  return {digest: measured.digest, bytes: measured.bytes}
}
