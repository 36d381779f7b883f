/** Files of the build context as COPY sees them: without what `.dockerignore` hides, wildcards as a frozen list. */
import {isArchive} from '../../language/archives.js'
import {parseGlob} from '../../language/globs.js'
import {type IgnoreFile, parseIgnore} from '../../language/ignore.js'
import {cleanPath, rootedPath} from '../../language/paths.js'
import type {ContextFiles, FileKind} from '../../model/format.js'

/** More files than this are not looked through. */
const mostEntries = 200_000
/** More links than that in one path are a circle (Linux, MAXSYMLINKS). */
const mostLinks = 40

export interface ContextView {
  /** A path of this context as the build's working folder sees it. */
  prefixed(path: string): string
  /** The path that a source leads to, links followed inside the context (K91, K93). */
  resolve(path: string): ResolvedPath
  /** Paths that a source means; undefined when a pattern cannot be read. */
  expand(source: string): readonly string[] | undefined
  /** Everything in a folder that is not hidden and not excluded. */
  folder(path: string, excluded: readonly string[]): FolderView
  mode(path: string): number
  archive(path: string): 'archive' | 'compressed' | 'none'
}

export type ResolvedPath =
  | {readonly kind: 'file' | 'directory' | 'other'; readonly path: string}
  | {readonly kind: 'missing' | 'outside' | 'hidden'}

export interface FolderEntry {
  /** Relative to the folder. */
  readonly path: string
  readonly kind: FileKind
  readonly mode: number
  readonly hardLinked: boolean
}

export interface FolderView {
  /** Folders before what is in them. */
  readonly entries: readonly FolderEntry[]
  /** Paths relative to the folder that are left out, a folder for all that is in it. */
  readonly hidden: readonly string[]
}

export class TooManyFiles extends Error {}

/** @param prefix the folder that `context` is of the whole one; empty for all of it */
export function viewContext(look: ContextFiles, ignore: IgnoreFile | undefined, prefix: string): ContextView {
  const isHidden = (path: string) => path !== '.' && ignore?.hides(path).hidden === true
  return {
    prefixed: path => (prefix === '' ? path : path === '.' ? prefix : `${prefix}/${path}`),
    resolve: path => resolvePath(look, rootedPath(path), isHidden),
    expand: source => expand(look, rootedPath(source), isHidden),
    folder: (path, excluded) => folder(look, rootedPath(path), isHidden, ignore !== undefined, excluded),
    mode: path => look.mode(rootedPath(path)) ?? 0o644,
    archive: path => isArchive(look.head(rootedPath(path)) ?? new Uint8Array()),
  }
}

function resolvePath(context: ContextFiles, path: string, isHidden: (path: string) => boolean): ResolvedPath {
  let left = path.split('/').filter(part => part !== '.')
  let at = ''
  for (let links = 0; left.length > 0; ) {
    const [part = '', ...rest] = left
    const next = at === '' ? part : `${at}/${part}`
    const kind = context.kind(next)
    if (kind === undefined) return {kind: 'missing'}
    left = rest
    if (kind !== 'symlink') {
      at = next
      continue
    }
    // A link whose target is hidden is not found either (K93).
    if (isHidden(next)) return {kind: 'hidden'}
    const link = context.link(next) ?? ''
    links += 1
    if (link.startsWith('/')) return {kind: 'outside'}
    if (links > mostLinks) return {kind: 'missing'}
    const target = cleanPath(`${at === '' ? '.' : at}/${link}`)
    if (target === '..' || target.startsWith('../')) return {kind: 'outside'}
    left = [...(target === '.' ? [] : target.split('/')), ...left]
    at = ''
  }
  const found = at === '' ? '.' : at
  const kind = found === '.' ? 'directory' : context.kind(found)
  if (kind === undefined || kind === 'symlink') return {kind: 'missing'}
  if (kind !== 'directory' && isHidden(found)) return {kind: 'hidden'}
  return {kind, path: found}
}

function expand(context: ContextFiles, source: string, isHidden: (path: string) => boolean): readonly string[] | undefined {
  const glob = parseGlob(source)
  if (glob.kind === 'literal') return [source]
  if (glob.kind === 'bad') return undefined
  const depth = source.split('/').length
  const found: string[] = []
  let level = [glob.prefix]
  for (let i = glob.prefix === '' ? 0 : glob.prefix.split('/').length; i < depth; i += 1) {
    level = level.flatMap(at => context.names(at === '' ? '.' : at).map(name => (at === '' ? name : `${at}/${name}`)))
    if (level.length > mostEntries) throw new TooManyFiles()
  }
  for (const path of level) if (glob.matches(path) && !isHidden(path)) found.push(path)
  return found
}

/** Hidden folders are still looked into where something in them may be shown again (K109). */
function folder(
  context: ContextFiles,
  root: string,
  isHidden: (path: string) => boolean,
  ignores: boolean,
  excluded: readonly string[],
): FolderView {
  const excludes = excluded.length === 0 ? undefined : parseIgnore(excluded.join('\n'))
  const entries: FolderEntry[] = []
  const hidden: string[] = []
  const walk = (at: string): boolean => {
    let shown = false
    for (const name of context.names(at === '' ? root : root === '.' ? at : `${root}/${at}`)) {
      const path = at === '' ? name : `${at}/${name}`
      const full = root === '.' ? path : `${root}/${path}`
      const kind = context.kind(full) ?? 'other'
      const out = (ignores && isHidden(full)) || excludes?.hides(path).hidden === true
      if (entries.length + hidden.length > mostEntries) throw new TooManyFiles()
      const entry = {path, kind, mode: context.mode(full) ?? 0o644, hardLinked: kind === 'file' && context.hardLinks(full) > 1}
      if (kind !== 'directory') {
        if (out) hidden.push(path)
        else {
          entries.push(entry)
          shown = true
        }
        continue
      }
      const place = entries.length
      const before = hidden.length
      const inside = walk(path)
      // K111: a folder appears if something in it does, or if nothing hides it.
      if (inside || !out) {
        entries.splice(place, 0, entry)
        shown = true
      } else {
        hidden.length = before
        hidden.push(path)
      }
    }
    return shown
  }
  walk('')
  return {entries, hidden}
}
