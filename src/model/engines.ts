/** The engines by name, and what is known of one that builds images of its own. */
import type {Mapping} from './ports.js'

/** Turn a stage into a folder, which is packed into the store. */
const TREE_ENGINES = ['apptainer', 'singularity'] as const
/** Build a stage as an image in their own storage. */
const IMAGE_ENGINES = ['docker', 'podman', 'buildah'] as const

export type TreeEngineName = (typeof TREE_ENGINES)[number]
export type ImageEngineName = (typeof IMAGE_ENGINES)[number]
export type EngineName = TreeEngineName | ImageEngineName

export const ENGINE_NAMES = [...TREE_ENGINES, ...IMAGE_ENGINES] as const

/** Whether a text names an engine. */
export function isEngineName(text: string): text is EngineName {
  return ENGINE_NAMES.some(name => name === text)
}

/** Whether a text names an engine that keeps images itself. */
export function isImageEngineName(text: string): text is ImageEngineName {
  return IMAGE_ENGINES.some(name => name === text)
}

/** What was found out about an engine that builds images, as far as it decides how it is called. */
export interface ImageEngineFacts {
  readonly name: ImageEngineName
  /** The program's path. */
  readonly path: string
  /** Of the program: docker's client, podman, buildah. */
  readonly version: string
  /** Docker's daemon; undefined where the program itself builds. */
  readonly serverVersion: string | undefined
  readonly buildx: string | undefined
  /** Docker: the builder that keeps images where the daemon sees them, whichever one is in use. */
  readonly builder: string | undefined
  /** `containerd`, or the storage driver's own name: `overlay2`, `overlay`, `vfs`. */
  readonly storage: string
  /** Owners in images are not those of the machine. */
  readonly rootless: boolean
  readonly mapping: Mapping
  /** podman and buildah: how a RUN works here. `default` is what the program does by itself. */
  readonly isolation: 'default' | 'chroot'
  /** Here-documents are understood. */
  readonly heredocs: boolean
  /** Docker: OCI archives and caches in a registry can be written, for which its old image store is not enough. */
  readonly exports: boolean
}
