/** Which layers an OCI layout or a docker archive is made of, told from its documents. */
import type {Image} from '../model/image.js'
import {type Layers, layeredImage} from './layered.js'
import {Budget, type Limits, namingImage, refused} from './limits.js'
import {type Choice, chooseImage, configFacts, isRecord, LARGEST_DOCUMENT, parseDocument} from './manifest.js'
import {checked, unpacked} from './unpacked.js'

/** Files by name, as a layout or an archive has them. */
export interface Blobs {
  /** The caller ends what it opened, by `stream` to its end or by `close`. @throws SifstageError when it is missing */
  open(name: string): Promise<{readonly size: number; stream(): AsyncGenerator<Uint8Array>; close(): Promise<void>}>
  close?(): Promise<void>
}

/** A layer as a file. */
export interface LayerFile {
  readonly name: string
  /** Of the file; a registry's descriptor says them. */
  readonly digest?: string
  readonly size?: number
  /** Of the tar inside it, where that is all that is known. */
  readonly diffId?: string
}

export interface Picked {
  readonly layers: readonly LayerFile[]
  readonly architecture: string | undefined
  readonly config: string | undefined
}

/** Options of every form that is made of layers. */
export interface LayeredOptions extends Choice {
  /** What the image is called in messages. */
  readonly shown: string
  readonly signal: AbortSignal
  readonly limits?: Limits | undefined
}

/** Gets a whole small file. */
export type Documents = (name: string) => Promise<Buffer>

/** The file that keeps a blob. */
export function blobName(digest: string): string {
  return `blobs/${digest.replace(':', '/')}`
}

/** The documents among files. */
function documentsOf(blobs: Blobs): Documents {
  return async name => {
    const {size, stream, close} = await blobs.open(name)
    if (size > LARGEST_DOCUMENT) {
      await close()
      throw refused(`${name} has ${size} bytes, and ${LARGEST_DOCUMENT} are the most`)
    }
    const pieces: Uint8Array[] = []
    for await (const piece of stream()) pieces.push(piece)
    return Buffer.concat(pieces)
  }
}

/** @throws SifstageError when the layout is damaged, or has several images and none is named */
export async function pickOci(documents: Documents, choice: Choice): Promise<Picked> {
  const index = parseDocument(await documents('index.json'), 'index.json')
  if (!Array.isArray(index['manifests'])) throw refused('its index.json lists no manifests')
  const {layers, architecture, config} = await chooseImage(index, choice, ({digest}) => documents(blobName(digest)))
  return {layers: layers.map(({digest, size}) => ({name: blobName(digest), digest, size})), architecture, config}
}

/** Every spelling of a name that `docker save` may have kept. */
function isTagged(tags: readonly unknown[], name: string): boolean {
  const tagged = /:[^/]+$/.test(name) ? name : `${name}:latest`
  return tags.some(
    tag =>
      tag === tagged || tag === `docker.io/${tagged}` || tag === `docker.io/library/${tagged}` || tag === `library/${tagged}`,
  )
}

/** @throws SifstageError when the archive is damaged, or has several images and none is named */
export async function pickDocker(documents: Documents, choice: Choice): Promise<Picked> {
  let parsed: unknown
  try {
    parsed = JSON.parse((await documents('manifest.json')).toString('utf8'))
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  if (!Array.isArray(parsed) || !parsed.every(isRecord)) throw refused('its manifest.json is no list of images')
  const tagsOf = (each: Record<string, unknown>) => (Array.isArray(each['RepoTags']) ? each['RepoTags'] : [])
  const {name} = choice
  const fits = name === undefined ? parsed : parsed.filter(each => isTagged(tagsOf(each), name))
  const [image] = fits
  const names = parsed.flatMap(tagsOf).join(', ')
  if (image === undefined) throw refused(name === undefined ? 'it holds no image' : `it has no image ${name} (it has ${names})`)
  if (fits.length > 1) throw refused(`it has several images, and none is named: ${names}`)
  const config = image['Config']
  const layers = image['Layers']
  if (typeof config !== 'string' || !Array.isArray(layers) || !layers.every(each => typeof each === 'string'))
    throw refused('its manifest.json is damaged')
  const facts = configFacts(await documents(config))
  if (facts.diffIds.length > 0 && facts.diffIds.length !== layers.length)
    throw refused(`it has ${layers.length} layers, and its configuration names ${facts.diffIds.length}`)
  return {
    layers: layers.map((layer: string, i) => {
      const diffId = facts.diffIds[i]
      return diffId === undefined ? {name: layer} : {name: layer, diffId}
    }),
    architecture: facts.architecture,
    config: facts.config,
  }
}

/** A layer's stored bytes, held against what is known of it at their end. */
function checkedLayer(stored: AsyncIterable<Uint8Array>, layer: LayerFile, budget: Budget): AsyncIterable<Uint8Array> {
  if (layer.digest !== undefined) return checked(stored, layer.digest, `its layer ${layer.name}`)
  if (layer.diffId === undefined) return stored
  return checked(unpacked(stored, budget), layer.diffId, `its layer ${layer.name}`)
}

/** Layers that are files of their own: each is opened when its turn comes. */
function fileLayers(files: readonly LayerFile[], blobs: Blobs, limits: Limits | undefined): Layers {
  return {
    count: files.length,
    async each(wanted, whole, use, signal) {
      const budget = new Budget(limits, signal)
      for (const [i, layer] of files.entries()) {
        signal.throwIfAborted()
        if (!wanted.has(i)) continue
        const {size, stream, close} = await blobs.open(layer.name)
        if (layer.size !== undefined && layer.size !== size) {
          await close()
          throw refused(`its layer ${layer.name} has ${size} bytes, not ${layer.size}`)
        }
        await use(i, whole ? checkedLayer(stream(), layer, budget) : stream())
      }
    },
    async close() {
      await blobs.close?.()
    },
  }
}

/** The image whose layers are known, each a file. */
export function pickedImage({layers, ...facts}: Picked, blobs: Blobs, options: LayeredOptions): Promise<Image> {
  return layeredImage(fileLayers(layers, blobs, options.limits), {...facts, shown: options.shown}, options.signal, options.limits)
}

/** The image of files that can be opened one by one; they are closed when it cannot be read. */
export async function blobsImage(
  blobs: Blobs,
  pick: (documents: Documents, choice: Choice) => Promise<Picked>,
  options: LayeredOptions,
): Promise<Image> {
  try {
    return await pickedImage(await pick(documentsOf(blobs), options), blobs, options)
  } catch (error) {
    await blobs.close?.()
    options.signal.throwIfAborted()
    throw namingImage(options.shown, error)
  }
}
