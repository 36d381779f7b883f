/** Small images in every form, made by hand: members, layers, layouts, archives, a registry. */
import {createHash} from 'node:crypto'
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs'
import {createServer} from 'node:http'
import {join} from 'node:path'
import {buffer} from 'node:stream/consumers'
import {gzipSync, zstdCompressSync} from 'node:zlib'
import {type Headers, pack} from 'tar-stream'
import type {OpenOptions} from '../../src/library/open-image.js'
import type {Image} from '../../src/model/image.js'
import {ownIdentity} from '../../src/system/identity.js'

/** A tar member: tar-stream's header, and the content of a file. */
export interface TestMember extends Partial<Headers> {
  readonly name: string
  readonly text?: string | Buffer
}

/** A tar archive of members, as they are: nothing is checked. */
export async function tar(members: readonly TestMember[]): Promise<Buffer> {
  const packing = pack()
  for (const {text, ...header} of members) packing.entry({mode: 0o644, mtime: new Date(0), ...header}, text ?? '')
  packing.finalize()
  return buffer(packing)
}

export function sha256(bytes: Uint8Array | string): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

export type Compression = 'none' | 'gzip' | 'zstd'
const SUFFIX = {none: '', gzip: '+gzip', zstd: '+zstd'} as const

function compress(bytes: Buffer, compression: Compression): Buffer {
  if (compression === 'none') return bytes
  return compression === 'gzip' ? gzipSync(bytes) : zstdCompressSync(bytes)
}

/** Files by name, as an OCI layout or a docker archive has them. */
export type Files = Map<string, Buffer>

function addBlob(files: Files, bytes: Buffer, mediaType: string): {mediaType: string; digest: string; size: number} {
  const digest = sha256(bytes)
  files.set(`blobs/${digest.replace(':', '/')}`, bytes)
  return {mediaType, digest, size: bytes.length}
}

export function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value))
}

/** The files of an OCI layout; `change` may damage the manifest before it is named by its digest. */
export function ociFiles(
  layers: readonly Buffer[],
  compression: Compression,
  options: {architecture?: string; config?: object; name?: string; change?: (manifest: Record<string, unknown>) => void} = {},
): Files {
  const files: Files = new Map()
  const config = json({
    architecture: options.architecture ?? 'amd64',
    os: 'linux',
    config: options.config ?? {Env: ['A=b']},
    rootfs: {type: 'layers', diff_ids: layers.map(sha256)},
  })
  const manifest: Record<string, unknown> = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: addBlob(files, config, 'application/vnd.oci.image.config.v1+json'),
    layers: layers.map(layer =>
      addBlob(files, compress(layer, compression), `application/vnd.oci.image.layer.v1.tar${SUFFIX[compression]}`),
    ),
  }
  options.change?.(manifest)
  const named = addBlob(files, json(manifest), 'application/vnd.oci.image.manifest.v1+json')
  const annotations = options.name === undefined ? {} : {annotations: {'org.opencontainers.image.ref.name': options.name}}
  files.set('index.json', json({schemaVersion: 2, manifests: [{...named, ...annotations}]}))
  files.set('oci-layout', json({imageLayoutVersion: '1.0.0'}))
  return files
}

/** The files of a docker archive as podman and older Docker versions write it. */
export function dockerFiles(layers: readonly Buffer[], tags: readonly string[] = ['made/by:hand']): Files {
  const files: Files = new Map()
  const config = json({
    architecture: 'amd64',
    os: 'linux',
    config: {Env: ['A=b']},
    rootfs: {type: 'layers', diff_ids: layers.map(sha256)},
  })
  const name = `${sha256(config).slice(7)}.json`
  files.set(name, config)
  const names = layers.map(layer => `${sha256(layer).slice(7)}/layer.tar`)
  for (const [i, layer] of layers.entries()) files.set(names[i] ?? '', layer)
  files.set('manifest.json', json([{Config: name, RepoTags: tags, Layers: names}]))
  return files
}

export function writeFiles(folder: string, files: Files): string {
  for (const [name, bytes] of files) {
    mkdirSync(join(folder, name, '..'), {recursive: true})
    writeFileSync(join(folder, name), bytes)
  }
  return folder
}

/** An archive of files; the order is theirs. */
export function archive(files: Files): Promise<Buffer> {
  return tar([...files].map(([name, text]) => ({name, text})))
}

/** A registry with one image, `127.0.0.1:PORT/it:latest`; counts what is asked for. */
export async function serve(files: Files): Promise<{readonly host: string; readonly asked: string[]; close(): Promise<void>}> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    const [, kind, version = ''] = /^\/v2\/.*\/(manifests|blobs)\/(.+)$/.exec(request.url ?? '') ?? []
    asked.push(`${kind}/${version}`)
    const found = files.get(version.startsWith('sha256:') ? `blobs/${version.replace(':', '/')}` : 'index.json')
    if (kind === undefined || found === undefined) {
      response.writeHead(404).end('{}')
      return
    }
    response.writeHead(200, {'docker-content-digest': sha256(found)}).end(found)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  return {
    host: `127.0.0.1:${port}`,
    asked,
    close: () =>
      new Promise(resolve => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

/** What an image is opened with, as this user and on this machine; the layers of a registry go to `store`. */
export function openOptions(store: string, more: Partial<OpenOptions> = {}): OpenOptions {
  return {
    architecture: 'amd64',
    identity: ownIdentity(),
    environment: process.env,
    signal: new AbortController().signal,
    noHttps: false,
    store,
    ...more,
  }
}

/** An image's listing, a line an entry, as it is the same in every form; `hashes` are those of its files. */
export async function describeImage(image: Image): Promise<readonly string[]> {
  const entries = [...image.tree.below('/')]
  const hashes = new Map<string, string>()
  const paths = entries.filter(each => each.kind === 'file').map(each => each.path)
  await image.contents(
    paths,
    async (path, content) => {
      const hash = createHash('sha256')
      for await (const chunk of content) hash.update(chunk)
      hashes.set(path, hash.digest('hex'))
    },
    new AbortController().signal,
  )
  return entries.map(({path, kind, mode, uid, gid, size, link}) =>
    JSON.stringify([path, kind, mode.toString(8), uid, gid, size, link ?? '', hashes.get(path) ?? '']),
  )
}

/** The bytes of one file of an image. */
export async function contentOf(image: Image, path: string): Promise<Buffer> {
  let found = Buffer.alloc(0)
  await image.contents(
    [path],
    async (_, content) => {
      found = await buffer(content)
    },
    new AbortController().signal,
  )
  return found
}

export function read(file: string): Buffer {
  return readFileSync(file)
}
