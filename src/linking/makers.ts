/** Which file makes an image that another one names. */
import {cleanPath} from '../language/paths.js'
import type {ImageUse, Survey} from '../model/chain.js'
import {type ImageName, imageFileName, imageName, pathName, sameParts} from './names.js'

/** A file of stages, and all that is known of what it makes. */
export interface StageFile {
  /** Relative to the folder that the description will lie in. */
  readonly path: string
  /** As people have it. */
  readonly name: string
  readonly format: 'dockerfile' | 'def'
  readonly survey: Survey
  /** What `--tag` says that it makes; nothing else counts then. */
  readonly flagged: readonly string[]
  /** What build scripts say that it makes. */
  readonly scripted: readonly string[]
  /** What scripts give it. */
  readonly args: ReadonlyMap<string, string>
  /** Where a script says that its copies start. */
  readonly context: string | undefined
}

export type Maker =
  | {readonly kind: 'none'; readonly pinned: boolean; readonly almost: readonly {file: StageFile; name: string}[]}
  | {readonly kind: 'one'; readonly file: StageFile; readonly by: 'flag' | 'script' | 'name'}
  | {readonly kind: 'several'; readonly files: readonly StageFile[]}

/**
 * @param self the file that names the image, which is never its own base
 * @param root what the folder is called that paths start at
 */
export function makerOf(
  use: ImageUse & {readonly image: string},
  self: StageFile | undefined,
  files: readonly StageFile[],
  root: string,
): Maker {
  const wanted = nameOf(use.image, use.isFile)
  const others = files.filter(file => file !== self)
  const flagged = others.filter(file => file.flagged.some(tag => agrees(nameOf(tag, use.isFile), wanted)))
  if (flagged.length > 0) return found(flagged, 'flag')
  const nothing = {kind: 'none', pinned: wanted.digest, almost: []} as const
  if (wanted.digest) return nothing
  // A definition file makes image files, a Dockerfile makes images.
  const format = use.isFile || /^(oras|library|shub):\/\//.test(use.image) ? 'def' : 'dockerfile'
  const able = others.filter(file => file.format === format && file.flagged.length === 0)
  const exact = able.filter(file => file.scripted.some(tag => isSame(nameOf(tag, use.isFile), wanted)))
  if (exact.length > 0) return found(exact, 'script')
  const almost: {file: StageFile; name: string}[] = []
  let best = 0
  let named: StageFile[] = []
  for (const file of able) {
    let score = 0
    for (const {text, name} of namesOf(file, use.isFile, root)) {
      const same = sameParts(name.parts, wanted.parts)
      if (same === 0) continue
      if (contradicts(name, wanted)) almost.push({file, name: text})
      else score = Math.max(score, same)
    }
    if (score > best) named = []
    if (score > 0 && score >= best) named.push(file)
    best = Math.max(best, score)
  }
  return named.length > 0 ? found(named, 'name') : {...nothing, almost}
}

function found(files: readonly StageFile[], by: 'flag' | 'script' | 'name'): Maker {
  const [file] = files
  return file !== undefined && files.length === 1 ? {kind: 'one', file, by} : {kind: 'several', files}
}

/** What a file is called, the name that is most its own first. */
export function namesOf(file: StageFile, isFile: boolean, root: string): {readonly text: string; readonly name: ImageName}[] {
  const said = file.flagged.length > 0 ? file.flagged : file.scripted
  if (said.length > 0) return said.map(text => ({text, name: nameOf(text, isFile)}))
  const parts = pathName(file.path, root)
  const joined = parts.slice(1).map((_, i) => [parts.slice(-2 - i).join('-')])
  return [parts, ...joined].map(each => ({
    text: each.join('/'),
    name: {registry: undefined, parts: each, version: undefined, digest: false},
  }))
}

function nameOf(text: string, isFile: boolean): ImageName {
  if (!isFile) return imageName(text.replace(/^(oras|library|shub):\/\//, ''))
  const parts = cleanPath(text)
    .split('/')
    .filter(part => part !== '' && part !== '.' && part !== '..')
  return {registry: undefined, parts: [...parts.slice(0, -1), imageFileName(text)], version: undefined, digest: false}
}

/** What is said has to hold; what is left out may be anything. */
function agrees(said: ImageName, wanted: ImageName): boolean {
  return sameParts(said.parts, wanted.parts) === said.parts.length && said.parts.length > 0 && !contradicts(said, wanted)
}

function contradicts(said: ImageName, wanted: ImageName): boolean {
  if (said.registry !== undefined && wanted.registry !== undefined && said.registry !== wanted.registry) return true
  return said.version !== undefined && said.version !== (wanted.version ?? 'latest')
}

function isSame(one: ImageName, other: ImageName): boolean {
  return (
    (one.registry ?? 'docker.io') === (other.registry ?? 'docker.io') &&
    one.parts.join('/') === other.parts.join('/') &&
    (one.version ?? 'latest') === (other.version ?? 'latest')
  )
}
