/** The configuration of a base image: the `config` object of an OCI image as JSON text, wherever the image lies. */
import {readFile, stat} from 'node:fs/promises'
import {join} from 'node:path'
import {readObject, readSif} from '../images/sif.js'
import type {ImageReference, LocalReference} from '../model/reference.js'
import {resolveImage} from './registry.js'

export interface ConfigOptions {
  readonly architecture: string
  readonly environment: NodeJS.ProcessEnv
  readonly signal: AbortSignal
}

/**
 * What a registry has of an image. Undefined where it has none, or the transport has no way to ask.
 * @throws RegistryError
 */
export async function remoteConfig(reference: ImageReference, options: ConfigOptions): Promise<string | undefined> {
  if (reference.transport !== 'docker') return undefined
  return (await resolveImage(reference.name, {...options, noHttps: false})).config
}

/** What a local image has, if that costs little to find out: an OCI layout, or a SIF that Apptainer made of an OCI image. */
export async function localConfig(reference: LocalReference, path: string): Promise<string | undefined> {
  if (reference.agent === 'oci') return layoutConfig(path)
  if (reference.agent !== 'localimage') return undefined
  try {
    if (!(await stat(path)).isFile()) return undefined
    return await readObject(path, await readSif(path), 'oci-config.json')
  } catch {
    // Not a SIF.
    return undefined
  }
}

/** The configuration of the first image in an OCI layout. */
export async function layoutConfig(path: string): Promise<string | undefined> {
  const read = async (file: string): Promise<unknown> => JSON.parse(await readFile(join(path, file), 'utf8'))
  const blob = (descriptor: unknown) => {
    const digest = isRecord(descriptor) ? text(descriptor['digest']) : undefined
    return digest === undefined ? undefined : `blobs/${digest.replace(':', '/')}`
  }
  try {
    const index = await read('index.json')
    const manifests = isRecord(index) && Array.isArray(index['manifests']) ? index['manifests'] : []
    const manifest = await read(blob(manifests[0]) ?? '')
    const config = isRecord(manifest) ? await read(blob(manifest['config']) ?? '') : undefined
    return isRecord(config) && isRecord(config['config']) ? JSON.stringify(config['config']) : undefined
  } catch {
    return undefined
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
