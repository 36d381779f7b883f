/** Our copy of an image for an engine: an OCI layout of links to the store's blobs, or the SIF that a registry keeps. */
import {constants, copyFile, link, symlink, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {type Descriptor, isRecord, parseDocument} from '../images/manifest.js'
import {blobName} from '../images/picked.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import type {Identity} from '../model/ports.js'
import type {LocalReference} from '../model/reference.js'
import {blobFiles, documentOf, type Fetching, fetchError, imageManifest, topManifest} from './fetch-image.js'
import {giveTo, makeOwned} from './files.js'
import {asUser} from './identity.js'
import {capture} from './processes.js'
import {RegistryError} from './registry.js'

const SIF_LAYER = /^application\/vnd\.sylabs\.sif\.layer\.v1[.+]sif$/

/** A file of the store at another place: one name more, else a link to it, else a copy. */
async function place(file: string, to: string, identity: Identity): Promise<void> {
  try {
    return await link(file, to)
  } catch {
    // Another file system, or another owner.
  }
  const reachable = await capture([...asUser(identity), 'test', '-r', file], {cwd: '/', env: {PATH: '/usr/bin:/bin'}})
  if (reachable.exitCode === 0) return symlink(file, to)
  await copyFile(file, to, constants.COPYFILE_FICLONE)
  await giveTo(to, identity)
}

/** The one layer of a SIF in a registry. */
function sifOf(manifest: Record<string, unknown>): Descriptor | undefined {
  const layers = Array.isArray(manifest['layers']) ? manifest['layers'].filter(isRecord) : []
  const [only] = layers
  if (only === undefined || layers.length !== 1 || !SIF_LAYER.test(String(only['mediaType']))) return undefined
  const {digest, size} = only
  if (typeof digest !== 'string' || !/^sha256:[0-9a-f]{64}$/.test(digest)) return undefined
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) return undefined
  return {mediaType: '', digest, size, annotations: {}, platform: undefined}
}

async function supplySif(fetching: Fetching, digest: string, folder: string): Promise<LocalReference | undefined> {
  const sif = sifOf(parseDocument(await topManifest(fetching, digest), 'its manifest'))
  if (sif === undefined) return undefined
  const [file = ''] = await blobFiles(fetching, [sif])
  const path = join(folder, 'image.sif')
  await makeOwned(folder, fetching.options.owner)
  await place(file, path, fetching.options.owner)
  return {agent: 'localimage', path}
}

async function supplyLayout(fetching: Fetching, digest: string, folder: string): Promise<LocalReference> {
  const {owner} = fetching.options
  const {layers, configuration} = await imageManifest(fetching, digest)
  if (layers.some(({mediaType}) => /foreign|nondistributable/.test(mediaType)))
    throw new SifstageError(
      ExitCode.usage,
      'it has layers that lie elsewhere than at its registry',
      'The engine fetches it itself.',
    )
  const manifest = await topManifest(fetching, digest)
  const config = await documentOf(fetching, configuration.digest, `blobs/${configuration.digest}`)
  // The same layer may stand in an image twice.
  const blobs = [...new Map(layers.map(each => [each.digest, each] as const)).values()]
  const files = await blobFiles(fetching, blobs)
  for (const algorithm of new Set(
    [digest, configuration.digest, ...blobs.map(each => each.digest)].map(each => each.split(':')[0]),
  ))
    await makeOwned(join(folder, 'blobs', algorithm ?? ''), owner)
  for (const [i, blob] of blobs.entries()) await place(files[i] ?? '', join(folder, blobName(blob.digest)), owner)
  const mediaType = String(
    parseDocument(manifest, 'its manifest')['mediaType'] ??
      (configuration.mediaType.includes('docker')
        ? 'application/vnd.docker.distribution.manifest.v2+json'
        : 'application/vnd.oci.image.manifest.v1+json'),
  )
  const texts: readonly (readonly [string, string | Buffer])[] = [
    [blobName(digest), manifest],
    [blobName(configuration.digest), config],
    ['oci-layout', JSON.stringify({imageLayoutVersion: '1.0.0'})],
    ['index.json', JSON.stringify({schemaVersion: 2, manifests: [{mediaType, digest, size: manifest.length}]})],
  ]
  for (const [name, text] of texts) {
    await writeFile(join(folder, name), text, {mode: 0o644})
    await giveTo(join(folder, name), owner)
  }
  return {agent: 'oci', path: folder}
}

/**
 * Lays an image ready in a folder that is not there yet.
 * @param digest of the manifest for the platform
 * @returns undefined, with a note, for a form that only the engine can fetch
 * @throws SifstageError (5) when it cannot be fetched
 */
export async function supplyImage(
  fetching: Fetching,
  transport: string,
  digest: string,
  folder: string,
): Promise<LocalReference | undefined> {
  const {options, shown} = fetching
  try {
    if (transport === 'oras') return await supplySif(fetching, digest, folder)
    return await supplyLayout(fetching, digest, folder)
  } catch (error) {
    options.signal.throwIfAborted()
    if (error instanceof RegistryError) throw fetchError(shown, error)
    if (!(error instanceof SifstageError) || error.exitCode !== ExitCode.usage || options.offline) throw error
    options.tell?.(`${shown} is left to the engine to fetch: ${error.message}`)
    return undefined
  }
}
