/** What files of stages are called, by the names of their files and by what build scripts say, and what images are called. */
import {baseName} from '../model/paths.js'

/** A name of an image in its parts. A folder of a registry and one of a disk are told by nobody: all are parts. */
export interface ImageName {
  readonly registry: string | undefined
  /** `library/` of the public registry is left out: nobody writes it. */
  readonly parts: readonly string[]
  readonly version: string | undefined
  readonly digest: boolean
}

export function imageName(text: string): ImageName {
  let rest = text.replace(/^docker(-daemon)?:\/\/|^docker-daemon:|^containers-storage:/, '')
  const at = rest.indexOf('@')
  const digest = at !== -1
  if (digest) rest = rest.slice(0, at)
  const colon = rest.lastIndexOf(':')
  const version = colon > rest.lastIndexOf('/') ? rest.slice(colon + 1) : undefined
  const parts = (version === undefined ? rest : rest.slice(0, colon)).split('/').filter(part => part !== '')
  const [first] = parts
  const hasRegistry = parts.length > 1 && first !== undefined && (/[.:]/.test(first) || first === 'localhost')
  const registry = hasRegistry ? first : undefined
  const path = hasRegistry ? parts.slice(1) : parts
  const isPublic = registry === undefined || registry === 'docker.io'
  return {
    registry,
    parts: isPublic && path[0] === 'library' && path.length > 1 ? path.slice(1) : path,
    version,
    digest,
  }
}

/** The name of an image file: its last part less `.sif`. */
export function imageFileName(path: string): string {
  return baseName(path).replace(/\.(sif|simg|img)$/, '')
}

/** How many parts of two names are the same, counted from the last. */
export function sameParts(one: readonly string[], other: readonly string[]): number {
  let count = 0
  while (count < one.length && count < other.length && one.at(-1 - count) === other.at(-1 - count)) count += 1
  return count
}

/**
 * What a file is called by its path: `deps/boost/Dockerfile` is `deps/boost`, `deps/Dockerfile.boost` and
 * `deps/boost.def` as well.
 * @param root what the folder is called that paths start at
 */
export function pathName(path: string, root: string): readonly string[] {
  const folders = path.split('/')
  const name = folders.pop() ?? ''
  const own =
    /^(?:docker|container)file\.(.+)$/i.exec(name)?.[1] ??
    /^(.+)\.(?:docker|container)file$/i.exec(name)?.[1] ??
    /^(.+)\.def$/i.exec(name)?.[1] ??
    /^(?:singularity|apptainer)\.(.+)$/i.exec(name)?.[1]
  if (own !== undefined) return [...folders, own]
  return folders.length > 0 ? folders : [root]
}

/** Whether a file of this name is looked at when a folder is named. */
export function isStageFile(name: string): boolean {
  if (/\.(dockerignore|containerignore|lock|orig|bak|swp|sif|simg|img)$|~$/i.test(name)) return false
  return (
    /^(docker|container)file(\..+)?$|\.(docker|container)file$/i.test(name) ||
    /\.def$/i.test(name) ||
    /^(Singularity|Apptainer)(\..+)?$|^Apptainerfile$/.test(name)
  )
}

/** As a name of a stage that needs no quotes anywhere. */
export function stageWord(text: string): string {
  const word = text.replaceAll(/[^\w.-]+/g, '-').replaceAll(/^[-.]+|-+$/g, '')
  return word === '' ? 'stage' : word
}
