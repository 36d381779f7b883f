/** Digests of trees: what came OUT of a stage (design section 5). Times are never in them. */
import {createHash} from 'node:crypto'
import type {ImageEntry, ImageTree} from '../model/image.js'

/**
 * Files that differ from build to build, or hold the description's own text: two builds of one stage make the
 * same tree but for them. What labels a stage sets is part of the key of the stages that build on it.
 */
const LEFT_OUT = /^\/\.singularity\.d\/(Singularity|bootstrap_history(\/.*)?|labels\.json)$/

/** One entry as a line; `name` is the path relative to what is hashed. */
function line(entry: ImageEntry, name: string): string {
  const mode = entry.kind === 'symlink' ? '' : entry.mode.toString(8)
  return JSON.stringify([
    name,
    entry.kind,
    mode,
    entry.uid,
    entry.gid,
    entry.size,
    entry.digest ?? '',
    entry.link ?? '',
    entry.capabilities ?? '',
  ])
}

/** Digest of a whole image. */
export function treeDigest(tree: ImageTree): string {
  const hash = createHash('sha256')
  for (const entry of tree.below('/')) {
    if (!LEFT_OUT.test(entry.path)) hash.update(`${line(entry, entry.path)}\n`)
  }
  return `sha256:${hash.digest('hex')}`
}

/**
 * Digest of what a copy takes: each matched path with all below it, and the links on the way.
 * The name is the path as it was matched, since it shapes what the copy makes of it. Undefined where the tree was
 * listed without the content of its files.
 */
export function artifactDigest(tree: ImageTree, matches: readonly string[]): string | undefined {
  const hash = createHash('sha256')
  for (const match of matches) {
    hash.update(`${JSON.stringify(match)}\n`)
    const found = tree.resolve(match)
    if (found.kind !== 'found') continue
    for (const link of found.through) {
      const entry = tree.lookup(link)
      if (entry) hash.update(`${line(entry, link)}\n`)
    }
    for (const entry of tree.below(found.entry.path)) {
      if (entry.kind === 'file' && entry.digest === undefined) return undefined
      if (!LEFT_OUT.test(entry.path)) hash.update(`${line(entry, entry.path)}\n`)
    }
  }
  return `sha256:${hash.digest('hex')}`
}

/**
 * Digest of paths as they are taken out of an image: with all below them, and the folders above them. Nothing is left
 * out: trees of one digest can stand for each other. Undefined where the tree was listed without content.
 */
export function contentDigest(tree: ImageTree, paths: readonly string[]): string | undefined {
  const hash = createHash('sha256')
  const add = (entry: ImageEntry | undefined) => {
    if (entry !== undefined) hash.update(`${line(entry, entry.path)}${entry.sameAs ?? ''}\n`)
  }
  const above = new Set(['/'])
  for (const path of paths)
    for (let slash = path.indexOf('/', 1); slash !== -1; slash = path.indexOf('/', slash + 1)) above.add(path.slice(0, slash))
  for (const path of [...above].sort()) add(tree.lookup(path))
  for (const path of [...paths].sort()) {
    hash.update(`${JSON.stringify(path)}\n`)
    for (const entry of tree.below(path)) {
      if (entry.kind === 'file' && entry.digest === undefined) return undefined
      add(entry)
    }
  }
  return `sha256:${hash.digest('hex')}`
}

/** Bytes of the files that a copy takes. */
export function artifactBytes(tree: ImageTree, matches: readonly string[]): number {
  let bytes = 0
  for (const match of matches) {
    const found = tree.resolve(match)
    if (found.kind !== 'found') continue
    for (const entry of tree.below(found.entry.path)) bytes += entry.size
  }
  return bytes
}
