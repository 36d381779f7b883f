/** Opens the images that a build judges: stages of the store, and bases wherever they lie. */
import {resolve} from 'node:path'
import {emptyImage} from '../images/overlay.js'
import type {Base} from '../model/description.js'
import type {Image} from '../model/image.js'
import type {EngineImages, Identity, ImageOpener, ResolvedBase} from '../model/ports.js'
import type {LocalReference} from '../model/reference.js'
import type {BlobCache} from '../system/blob-cache.js'
import {storedImage} from '../system/stored-image.js'

export interface OpenerOptions {
  /** In Go's words. */
  readonly architecture: string
  readonly identity: Identity
  readonly noHttps: boolean
  /** The store's folder, which keeps the layers of bases. */
  readonly store: string
  readonly blobs?: BlobCache | undefined
  readonly offline?: boolean | undefined
  readonly tell?: ((text: string) => void) | undefined
  readonly signal: AbortSignal
  /** The storages of the engines that are at work. */
  readonly storage?: ((engine: string) => EngineImages) | undefined
}

/** How images in the storage of an engine are named: podman and buildah share theirs. */
export function storageName(engine: string): 'docker-daemon' | 'containers-storage' {
  return engine === 'docker' ? 'docker-daemon' : 'containers-storage'
}

/** How the command line names a local image of a kind. */
function nameOf({agent}: LocalReference, path: string): string {
  return agent === 'localimage' ? path : `${agent}:${path}`
}

/** The name of a base as an image to open; undefined for one that is made while the stage is built. */
function baseName(base: Base, resolved: Pick<ResolvedBase, 'pinned' | 'path'>, cwd: string): string | undefined {
  switch (base.kind) {
    case 'image':
      if (base.reference.transport === 'docker') return `docker://${resolved.pinned ?? base.reference.name}`
      return base.reference.transport === 'docker-daemon' ? `docker-daemon:${base.reference.name}` : undefined
    case 'local':
      return nameOf(base.reference, resolved.path ?? resolve(cwd, base.reference.path))
    default:
      return undefined
  }
}

export function imageOpener(options: OpenerOptions): ImageOpener {
  return {
    async stored(stage) {
      return storedImage(stage, await stage.tree(), {
        shown: `of stage ${stage.record.stage}`,
        environment: process.env,
        signal: options.signal,
        architecture: options.architecture,
      })
    },

    async held(stage, paths, signal) {
      const {heldImage} = await import('../system/held-image.js')
      const {name, digest, engine} = stage.record
      return heldImage(stage, paths, {
        environment: process.env,
        signal,
        isThere: async () => (await options.storage?.(engine.name).find(name, signal))?.id === digest,
        openWhole: async id => {
          const {openImage} = await import('./open-image.js')
          return openImage(`${storageName(engine.name)}:${id}`, {...options, environment: process.env, signal})
        },
      })
    },

    async base(base, resolved, cwd, signal): Promise<Image | undefined> {
      if (base.kind === 'scratch') return emptyImage
      const name = baseName(base, resolved, cwd)
      if (name === undefined) return undefined
      // Most builds open no base: nothing of it is loaded for them.
      const {openImage} = await import('./open-image.js')
      const image = await openImage(name, {...options, environment: process.env, signal})
      return resolved.config === undefined ? image : withConfig(image, resolved.config)
    },
  }
}

/** The configuration that the registry gave counts, wherever the tree comes from. */
function withConfig(image: Image, config: string): Image {
  return {
    tree: image.tree,
    ...(image.architecture === undefined ? {} : {architecture: image.architecture}),
    config,
    contents: (paths, visit, signal) => image.contents(paths, visit, signal),
    close: () => image.close(),
  }
}
