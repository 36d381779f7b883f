/** What the source of a copy means in an image: by Apptainer's rules or by docker's. */
import type {CopySource, Rules} from '../model/description.js'
import type {FileKind} from '../model/format.js'
import type {EntryKind, ImageTree} from '../model/image.js'
import {showTemplate} from '../model/template.js'
import {hasWildcard, parseGlob} from './globs.js'
import {expandStageSource, type PathTree} from './hostpaths.js'
import {absolutePath} from './paths.js'

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
      const slash = clean.lastIndexOf('/')
      const parent = tree.resolve(clean.slice(0, slash))
      if (parent.kind !== 'found') return undefined
      const entry =
        clean === '/' ? parent.entry : tree.lookup(`${parent.entry.path === '/' ? '' : parent.entry.path}${clean.slice(slash)}`)
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
    const join = (folder: string, name: string) => (folder === '' || folder === '/' ? `${folder}${name}` : `${folder}/${name}`)
    const glob = parseGlob(segment)
    if (glob.kind === 'bad') return {kind: 'refused', reason: glob.message}
    found =
      glob.kind === 'literal'
        ? found.map(folder => join(folder, glob.path)).filter(path => tree.kind(path) !== undefined)
        : found.flatMap(folder =>
            tree
              .names(folder === '' ? '.' : folder)
              .filter(name => glob.matches(name))
              .map(name => join(folder, name)),
          )
  }
  return {kind: 'matched', paths: found}
}

/** The paths that a copy's source means in an image; a plain path is given back whether it is there or not. */
export function matchSource(
  rules: Rules,
  source: CopySource,
  tree: ImageTree,
  environment: ReadonlyMap<string, string>,
): MatchedSource {
  const text = showTemplate(source.path)
  if (rules === 'docker') return expandGlob(absolutePath('/', text), imagePaths(tree))
  const expansion = expandStageSource(text, imagePaths(tree), environment)
  return 'refused' in expansion ? {kind: 'refused', reason: expansion.refused} : {kind: 'matched', paths: expansion.matches}
}
