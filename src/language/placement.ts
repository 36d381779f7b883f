/**
 * Where a copy out of an image puts what it takes: by Apptainer's rules between stages (D93–D97) or by docker's
 * (K83–K92, K101).
 */
import type {CopyStep} from '../model/description.js'
import type {ImageEntry, ImageTree} from '../model/image.js'
import {baseName, joinPath, pathParts} from '../model/paths.js'
import {isFolderMark} from './paths.js'
import {splitParents} from './sources.js'

/** One path of a copy that was matched, with the text of its source. */
export interface PlacedMatch {
  readonly path: string
  /** The source as it was written. */
  readonly source: string
  readonly entry: ImageEntry
}

export interface Placement {
  /** What is copied: an entry's own path in the image it comes from. */
  readonly from: string
  /** Where it comes to lie, links of the destination followed. */
  readonly to: string
  /** A folder whose content is put into what is there. */
  readonly merges: boolean
}

/** A path with its links followed as far as it exists; what comes after stays as written. */
function realPath(tree: ImageTree, path: string): string {
  const parts = pathParts(path)
  for (let count = parts.length; count > 0; count -= 1) {
    const found = tree.resolve(`/${parts.slice(0, count).join('/')}`)
    if (found.kind === 'found') return parts.slice(count).reduce(joinPath, found.entry.path)
    // A dangling link is followed too: its target gets made (D93).
    if (found.kind === 'missing' && count === parts.length && tree.lookup(found.at) === undefined && found.link !== undefined)
      return found.at
  }
  return `/${parts.join('/')}`
}

function isFolder(tree: ImageTree, path: string): boolean {
  const found = tree.resolve(path)
  return found.kind === 'found' && found.entry.kind === 'directory'
}

/** By Apptainer's table for copies between stages (D95, D96). */
function placeDefinition(match: PlacedMatch, destination: string | undefined, tree: ImageTree): Placement {
  const folder = match.entry.kind === 'directory'
  const from = match.entry.path
  if (destination === undefined) return {from, to: realPath(tree, match.path), merges: folder}
  const inside = () => joinPath(realPath(tree, destination), baseName(match.path))
  const into = isFolderMark(destination) || isFolder(tree, destination)
  // `d/` means the content of d, `d/.` the folder itself: the other way round than for files of the host (D96).
  if (folder && /\/$/.test(match.source)) return {from, to: realPath(tree, destination), merges: true}
  return {from, to: into ? realPath(tree, inside()) : realPath(tree, destination), merges: folder}
}

/** By docker's rules: a folder means its content (K86, K87). */
function placeDocker(match: PlacedMatch, destination: string, several: boolean, parents: boolean, tree: ImageTree): Placement {
  const from = match.entry.path
  const folder = match.entry.kind === 'directory'
  if (parents) {
    const {from: start} = splitParents(match.source)
    const below = start !== '' && match.path.startsWith(`${start}/`) ? match.path.slice(start.length) : match.path
    return {from, to: realPath(tree, `${destination}/${below}`), merges: folder}
  }
  if (folder) return {from, to: realPath(tree, destination), merges: true}
  const into = several || isFolderMark(destination) || isFolder(tree, destination)
  return {from, to: realPath(tree, into ? `${destination}/${baseName(match.path)}` : destination), merges: false}
}

/**
 * Where each match of a copy comes to lie.
 * @param destination absolute, a `/` at its end kept; undefined for the same path as the source
 * @param tree the image that is copied to, as it is before the copy
 */
export function placeMatches(
  step: CopyStep,
  matches: readonly PlacedMatch[],
  destination: string | undefined,
  tree: ImageTree,
): Placement[] {
  return matches.map(match =>
    step.rules === 'def' || destination === undefined
      ? placeDefinition(match, destination, tree)
      : placeDocker(match, destination, matches.length > 1, step.parents === true, tree),
  )
}
