/** Opens an image, wherever it lies and in whatever form: told by its prefix, else by what lies at the path. */
import {type FileHandle, open, stat} from 'node:fs/promises'
import {resolve} from 'node:path'
import {type ArchiveForm, archiveImage} from '../images/archive-file.js'
import {type Passage, streamedImage} from '../images/archive-stream.js'
import {readRange} from '../images/host-file.js'
import {namingImage} from '../images/limits.js'
import {layoutImage} from '../images/oci.js'
import type {LayeredOptions} from '../images/picked.js'
import {isSif, primaryPartition, readObject, readSif, SifError} from '../images/sif.js'
import {compressionOf, startsWithTarHeader, tarBlock} from '../model/archive.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import type {Image} from '../model/image.js'
import type {Identity} from '../model/ports.js'
import type {BlobCache} from '../system/blob-cache.js'
import {containersImage} from '../system/containers-image.js'
import {dockerImage} from '../system/docker-image.js'
import {engineEnvironment} from '../system/environment.js'
import {fetchImage} from '../system/fetch-image.js'
import {exists, fileError} from '../system/files.js'
import {asUser, insideNamespace, mappingOf} from '../system/identity.js'
import {sandboxImage} from '../system/sandbox-image.js'
import {squashfsImage} from '../system/squashfs-image.js'

export interface OpenOptions {
  /** In Go's words: which image of several platforms is meant. */
  readonly architecture: string
  /** Whose subordinate owners and containers are meant. */
  readonly identity: Identity
  readonly environment: NodeJS.ProcessEnv
  readonly signal: AbortSignal
  readonly noHttps: boolean
  /** The store's folder, for the layers of a registry. */
  readonly store: string
  /** Its blobs, where others fetch the same. */
  readonly blobs?: BlobCache | undefined
  readonly offline?: boolean | undefined
  readonly tell?: ((text: string) => void) | undefined
}

const FORMS =
  'Name a sandbox folder, a .sif or squashfs file, an OCI layout, an oci or docker archive, or docker://REF, docker-daemon:NAME, containers-storage:NAME.'

/** A sandbox folder: root reads everything as it is; an ordinary user sees subordinate owners in the namespace only. */
function folderImage(shown: string, path: string, options: OpenOptions): Promise<Image> {
  const {identity, environment, signal} = options
  const inside = process.getuid?.() === 0 ? [] : [...asUser(identity), ...insideNamespace(mappingOf(identity, false))]
  return sandboxImage(path, {shown, inside, env: {...engineEnvironment(environment, identity), LC_ALL: 'C'}, signal})
}

async function sifImage(shown: string, path: string, {environment, signal}: OpenOptions): Promise<Image> {
  try {
    const sif = await readSif(path)
    const {offset} = primaryPartition(sif)
    const config = await readObject(path, sif, 'oci-config.json')
    return await squashfsImage(path, offset, {shown, environment, signal, architecture: sif.architecture, config})
  } catch (error) {
    if (!(error instanceof SifError)) throw error
    throw new SifstageError(
      ExitCode.usage,
      `the image ${shown} cannot be read: ${error.message}`,
      'It may be cut short, damaged, or of a form that sifstage does not know.',
    )
  }
}

/** Bytes of a file that tell its form. */
async function startOf(handle: FileHandle): Promise<Buffer> {
  const {buffer, bytesRead} = await handle.read(Buffer.alloc(tarBlock), 0, tarBlock, 0)
  return buffer.subarray(0, bytesRead)
}

async function fileImage(
  path: string,
  form: ArchiveForm | undefined,
  layered: LayeredOptions,
  options: OpenOptions,
): Promise<Image> {
  const {shown, signal} = layered
  const handle = await open(path, 'r')
  let kept = false
  try {
    const start = await startOf(handle)
    if (startsWithTarHeader(start)) {
      kept = true
      return await archiveImage(handle, form, layered)
    }
    if (compressionOf(start) !== 'none') {
      const passage: Passage = async use => {
        const again = await open(path, 'r')
        await use(readRange(again, 0, (await again.stat()).size, true))
      }
      return await streamedImage(passage, form, layered)
    }
    if (form === undefined && isSif(start)) return await sifImage(shown, path, options)
    if (form === undefined && start.subarray(0, 4).toString('latin1') === 'hsqs')
      return await squashfsImage(path, 0, {shown, environment: options.environment, signal})
  } finally {
    if (!kept) await handle.close()
  }
  throw new SifstageError(
    ExitCode.usage,
    `${shown} is ${form === undefined ? 'no image that sifstage knows' : `no ${form}`}`,
    FORMS,
  )
}

/** Splits `folder:tag`, `folder@sha256:…` and `archive.tar:name` where nothing lies at the whole. */
async function splitName(text: string): Promise<{readonly path: string; readonly name: string | undefined}> {
  if (await exists(text)) return {path: text, name: undefined}
  const at = /^(.+)@(sha256:[0-9a-f]{64})$/s.exec(text)
  if (at && (await exists(at[1] ?? ''))) return {path: at[1] ?? '', name: at[2]}
  // The name itself may hold colons.
  for (let colon = text.indexOf(':'); colon !== -1; colon = text.indexOf(':', colon + 1)) {
    const path = text.slice(0, colon)
    if (colon > 0 && (await exists(path))) return {path, name: text.slice(colon + 1) || undefined}
  }
  return {path: text, name: undefined}
}

async function localImage(
  shown: string,
  text: string,
  form: 'oci' | ArchiveForm | undefined,
  options: OpenOptions,
): Promise<Image> {
  const {path: written, name} = await splitName(text)
  const path = resolve(written)
  const layered = {shown, architecture: options.architecture, signal: options.signal, name}
  try {
    const stats = await stat(path)
    if (stats.isDirectory()) {
      if (form === 'oci' || (form === undefined && (await exists(resolve(path, 'oci-layout')))))
        return await layoutImage(path, layered)
      if (form === undefined && name === undefined) return await folderImage(shown, path, options)
    } else if (stats.isFile() && form !== 'oci') return await fileImage(path, form, layered, options)
  } catch (error) {
    options.signal.throwIfAborted()
    if (error instanceof SifstageError) throw namingImage(shown, error)
    throw error instanceof Error && 'code' in error ? fileError(`the image ${shown} cannot be read`, error) : error
  }
  throw new SifstageError(ExitCode.usage, `${shown} is ${form === undefined ? 'no image' : `no ${form}`}`, FORMS)
}

/**
 * Opens an image for reading. Whoever opens one closes it.
 * @throws SifstageError (2) for what cannot be read or is no image, (4) when a tool or an engine is missing,
 * (5) when a registry fails
 */
export async function openImage(image: string, options: OpenOptions): Promise<Image> {
  const match = /^(docker|docker-daemon|containers-storage|oci|oci-archive|docker-archive|oras|library|shub):(\/\/)?(.*)$/s.exec(
    image,
  )
  const [, prefix = '', slashes = '', name = ''] = match ?? []
  const {architecture, identity, environment, signal} = options
  const engine = {shown: image, architecture, identity, environment, signal}
  switch (prefix) {
    case '':
      return localImage(image, image, undefined, options)
    case 'oci':
    case 'oci-archive':
    case 'docker-archive':
      // A path: two slashes belong to it.
      return localImage(image, `${slashes}${name}`, prefix, options)
    case 'docker':
      return fetchImage(name, {...options, folder: options.store, owner: identity}, options.blobs)
    case 'docker-daemon':
      return dockerImage(name, engine)
    case 'containers-storage':
      return containersImage(name, engine)
    default:
      throw new SifstageError(
        ExitCode.usage,
        `${image}: sifstage cannot read images from ${prefix}`,
        `Pull it first: apptainer pull ${image}`,
      )
  }
}
