/** An image at a registry, read without an engine: its layers are fetched once into the store and read there. */
import {createHash} from 'node:crypto'
import {rm} from 'node:fs/promises'
import {type Limits, namingImage, refused} from '../images/limits.js'
import {chooseImage, type Descriptor, type ImageManifest, isDigest, parseDocument} from '../images/manifest.js'
import {layoutFiles} from '../images/oci.js'
import {blobName, pickedImage} from '../images/picked.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import type {Image} from '../model/image.js'
import type {Identity} from '../model/ports.js'
import {cachedBlob} from './blob-cache.js'
import {hashFile} from './files.js'
import {type Client, MANIFESTS, RegistryError, withRepository} from './registry.js'

export interface FetchOptions {
  /** In Go's words. */
  readonly architecture: string
  readonly noHttps: boolean
  readonly environment: NodeJS.ProcessEnv
  readonly signal: AbortSignal
  /** Keeps the layers: `FOLDER/blobs/sha256/HEX`. */
  readonly folder: string
  /** Who owns what is new in it. */
  readonly owner: Identity
  readonly limits?: Limits
}

/** The manifest for the platform; what was asked for by digest is held against it. */
async function manifestOf(client: Client, version: string, architecture: string): Promise<ImageManifest> {
  const top = Buffer.from((await client.get(`manifests/${version}`, MANIFESTS)).body)
  if (isDigest(version)) {
    const [algorithm = 'sha256', hex] = version.split(':')
    if (createHash(algorithm).update(top).digest('hex') !== hex) throw refused('its manifest is not what its digest says')
  }
  const read = async ({digest, mediaType}: Descriptor) =>
    Buffer.from(
      (await client.get(/manifest|index/.test(mediaType) ? `manifests/${digest}` : `blobs/${digest}`, `${MANIFESTS}, */*`)).body,
    )
  return chooseImage(parseDocument(top, 'its manifest'), {architecture}, read)
}

/** Removes the files that are not what their digests say; whether there were any. */
async function dropDamaged(layers: readonly Descriptor[], files: readonly string[]): Promise<boolean> {
  let found = false
  for (const [i, {digest}] of layers.entries()) {
    const file = files[i]
    if (file === undefined || !digest.startsWith('sha256:') || (await hashFile(file)) === digest) continue
    await rm(file, {force: true})
    found = true
  }
  return found
}

/**
 * The image of a docker reference (`debian:12`, without `docker://`). Its layers stay in the folder, for the contents
 * and for the next time.
 * @throws SifstageError (2) when there is no such image or it is damaged, (5) when the registry fails
 */
export async function fetchImage(reference: string, options: FetchOptions): Promise<Image> {
  const {architecture, signal, folder, owner} = options
  const shown = `docker://${reference}`
  const fetched = () =>
    withRepository(reference, options, async (client, version) => {
      const manifest = await manifestOf(client, version, architecture)
      const files: string[] = []
      for (const layer of manifest.layers) files.push(await cachedBlob(client, layer, folder, owner, signal))
      return {manifest, files}
    })
  const opened = ({layers, ...facts}: ImageManifest) =>
    pickedImage(
      {...facts, layers: layers.map(({digest, size}) => ({name: blobName(digest), digest, size}))},
      layoutFiles(folder),
      {shown, architecture, signal, limits: options.limits},
    )
  try {
    const {manifest, files} = await fetched()
    try {
      return await opened(manifest)
    } catch (error) {
      signal.throwIfAborted()
      if (!(await dropDamaged(manifest.layers, files))) throw error
    }
    // What the store kept was damaged: once more, from the registry.
    return await opened((await fetched()).manifest)
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof RegistryError)) throw namingImage(shown, error)
    throw new SifstageError(
      error.absent ? ExitCode.usage : ExitCode.failed,
      `the image ${shown} cannot be fetched: ${error.message}`,
      error.absent
        ? 'Look at its name and tag; log in if it is private (apptainer registry login).'
        : 'Look at the network and proxy settings.',
    )
  }
}
