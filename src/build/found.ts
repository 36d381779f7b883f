/** What the copies of later stages mean in a stage's image, and which of its files may be programs. */
import {isOdd} from '../images/names.js'
import {engineFiles} from '../language/engine-files.js'
import {matchSource} from '../language/sources.js'
import type {Match} from '../model/artifact.js'
import type {CopyStep} from '../model/description.js'
import type {ImageEntry, ImageTree} from '../model/image.js'
import {baseName} from '../model/paths.js'
import type {ArtifactRequest} from '../plan/graph.js'

/** A request with what its source means in the image. */
export interface Found {
  readonly request: ArtifactRequest
  readonly matches: readonly Match[]
  readonly refused: string | undefined
}

export function lookFor(request: ArtifactRequest, tree: ImageTree, environment: ReadonlyMap<string, string>): Found {
  const found = matchSource(request.step, request.source, tree, environment)
  const matches = found.kind === 'matched' ? found.paths.map(each => ({path: each, resolution: tree.resolve(each)})) : []
  return {request, matches, refused: found.kind === 'refused' ? found.reason : undefined}
}

/** What the engine adds to the root of every image: docker's copy of a whole stage leaves it out. */
function isEnginesOwn(step: CopyStep, from: string, path: string): boolean {
  return step.rules === 'docker' && from === '/' && engineFiles.includes(path.split('/')[1] ?? '')
}

/** Anything that may be run or loaded, by its mode or name. */
function mayBeProgram(entry: ImageEntry, started: ReadonlySet<string>): boolean {
  if (entry.kind !== 'file' || isOdd(entry.path)) return false
  // What something starts is looked at whatever its mode.
  if (started.has(baseName(entry.path))) return true
  return entry.kind === 'file' && entry.size > 0 && ((entry.mode & 0o111) !== 0 || /\.so(\.|$)/.test(entry.path))
}

/** The files that a match brings along. */
export function* filesOf({request}: Found, match: Match, tree: ImageTree, started: ReadonlySet<string>): Iterable<ImageEntry> {
  if (match.resolution.kind !== 'found') return
  // A file that was named may be a program that lost its mode.
  if (match.resolution.entry.kind === 'file') yield match.resolution.entry
  else
    for (const entry of tree.below(match.resolution.entry.path))
      if (mayBeProgram(entry, started) && !isEnginesOwn(request.step, match.resolution.entry.path, entry.path)) yield entry
}
