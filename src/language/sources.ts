/** What the source of a copy means in an image: by Apptainer's rules or by docker's. */
import type {CopySource, CopyStep} from '../model/description.js'
import type {FileKind} from '../model/format.js'
import type {EntryKind, ImageTree} from '../model/image.js'
import {baseName, folderOf, joinPath} from '../model/paths.js'
import {showTemplate} from '../model/template.js'
import {hasWildcard, parseGlob} from './globs.js'
import {expandStageSource, type PathTree} from './hostpaths.js'
import {parseIgnore} from './ignore.js'
import {absolutePath, joinWritten} from './paths.js'

export type MatchedSource =
  | {readonly kind: 'matched'; readonly paths: readonly string[]}
  | {readonly kind: 'refused'; readonly reason: string}

function fileKind(kind: EntryKind): FileKind {
  return kind === 'file' || kind === 'directory' || kind === 'symlink' ? kind : 'other'
}

/** An image as the pattern rules look at a tree: as `lstat`, `stat` and `readdir` would. */
function imagePaths(tree: ImageTree): PathTree {
  return {
    kind(path) {
      const clean = absolutePath('/', path)
      const parent = tree.resolve(folderOf(clean))
      if (parent.kind !== 'found') return undefined
      const entry = clean === '/' ? parent.entry : tree.lookup(joinPath(parent.entry.path, baseName(clean)))
      return entry === undefined ? undefined : fileKind(entry.kind)
    },
    kindFollowed(path) {
      const found = tree.resolve(path)
      return found.kind === 'found' ? fileKind(found.entry.kind) : undefined
    },
    names(path) {
      const found = tree.resolve(path)
      return found.kind === 'found' ? tree.list(found.entry.path) : []
    },
  }
}

/**
 * The paths that a docker pattern matches in a tree, level by level: wildcards do not cross `/` (K84, K85).
 * `pattern` is rooted or relative; the paths come out alike. A bad pattern is refused.
 */
export function expandGlob(pattern: string, tree: PathTree): MatchedSource {
  if (!hasWildcard(pattern)) return {kind: 'matched', paths: [pattern]}
  const rooted = pattern.startsWith('/')
  let found: string[] = [rooted ? '/' : '']
  for (const segment of pattern.split('/').filter(part => part !== '')) {
    const glob = parseGlob(segment)
    if (glob.kind === 'bad') return {kind: 'refused', reason: glob.message}
    found =
      glob.kind === 'literal'
        ? found.map(folder => joinWritten(folder, glob.path)).filter(path => tree.kind(path) !== undefined)
        : found.flatMap(folder =>
            tree
              .names(folder === '' ? '.' : folder)
              .filter(name => glob.matches(name))
              .map(name => joinWritten(folder, name)),
          )
  }
  return {kind: 'matched', paths: found}
}

/** Folders that nobody means by a pattern are not searched for ever. */
const MOST_FOLDERS = 100_000

/**
 * The paths that a source of `--parents` matches: `**` is any number of folders, and what lies in a match comes along
 * without being named (K101). `pattern` is rooted or relative; the paths come out alike.
 */
export function expandParents(pattern: string, tree: PathTree): MatchedSource {
  if (!hasWildcard(pattern)) return {kind: 'matched', paths: [pattern]}
  const segments = pattern.split('/').filter(part => part !== '')
  const prefix = segments.slice(0, segments.findIndex(hasWildcard)).join('/')
  const parsed = parseIgnore(pattern)
  const [problem] = parsed.problems
  if (problem !== undefined) return {kind: 'refused', reason: problem.message}
  const found: string[] = []
  const open = [prefix]
  for (let looked = 0; open.length > 0 && looked < MOST_FOLDERS; looked += 1) {
    const folder = open.pop() ?? ''
    const inner: string[] = []
    for (const name of tree.names(folder === '' ? (pattern.startsWith('/') ? '/' : '.') : rootedAs(pattern, folder))) {
      const path = folder === '' ? name : `${folder}/${name}`
      if (parsed.hides(path).hidden) found.push(path)
      else if (tree.kind(rootedAs(pattern, path)) === 'directory') inner.push(path)
    }
    open.push(...inner.reverse())
  }
  return {kind: 'matched', paths: found.sort().map(path => rootedAs(pattern, path))}
}

function rootedAs(pattern: string, path: string): string {
  return pattern.startsWith('/') ? `/${path}` : path
}

/**
 * A source of `--parents` in two: what stands before `/./` is the folder that paths start from, the rest keeps its
 * folders below the destination (K101).
 */
export function splitParents(source: string): {readonly from: string; readonly path: string} {
  const at = source.indexOf('/./')
  return at === -1 ? {from: '', path: source} : {from: source.slice(0, at), path: source.slice(at + 3)}
}

/** The paths that a copy's source means in an image; a plain path is given back whether it is there or not. */
export function matchSource(
  step: Pick<CopyStep, 'rules' | 'parents'>,
  source: CopySource,
  tree: ImageTree,
  environment: ReadonlyMap<string, string>,
): MatchedSource {
  const text = showTemplate(source.path)
  if (step.parents) return expandParents(absolutePath('/', text), imagePaths(tree))
  if (step.rules === 'docker') return expandGlob(absolutePath('/', text), imagePaths(tree))
  const expansion = expandStageSource(text, imagePaths(tree), environment)
  return 'refused' in expansion ? {kind: 'refused', reason: expansion.refused} : {kind: 'matched', paths: expansion.matches}
}
