/** Files of the build context as COPY sees them: without what `.dockerignore` hides, wildcards as a frozen list. */
import {parseGlob} from '../../language/globs.js'
import {type IgnoreFile, parseIgnore} from '../../language/ignore.js'
import {rootedPath} from '../../language/paths.js'
import type {ContextFiles} from '../../model/format.js'

/** More files than this are not written out one by one. */
const mostFiles = 2000

export interface ContextView {
  kind(path: string): 'file' | 'directory' | undefined
  /** Paths that a source means; undefined when a pattern cannot be read or matches too much. */
  expand(source: string): readonly string[] | undefined
  /** How a folder can be copied. */
  folder(path: string): FolderCopy
}

type FolderCopy =
  /** All of it, by one line. */
  | {readonly kind: 'whole'}
  /** Only these, relative to the folder; some are hidden. */
  | {readonly kind: 'files'; readonly files: readonly string[]}
  /** It holds symlinks, which `%files` would follow (D98). */
  | {readonly kind: 'links'; readonly link: string}
  | {readonly kind: 'too-many'}

export function viewContext(context: ContextFiles, file: string): ContextView {
  const beside = `${file.slice(file.lastIndexOf('/') + 1)}.dockerignore`
  const text = context.text(beside) ?? context.text('.dockerignore')
  const ignore = text === undefined ? undefined : parseIgnore(text)
  const hidden = (path: string) => path !== '.' && ignore?.hides(path).hidden === true
  return {
    kind: path => {
      const kind = context.kindFollowed(rootedPath(path))
      return kind === 'directory' ? 'directory' : kind === undefined ? undefined : 'file'
    },
    expand: source => expand(context, rootedPath(source), hidden),
    folder: path => folder(context, rootedPath(path), ignore, hidden),
  }
}

function expand(context: ContextFiles, source: string, hidden: (path: string) => boolean): readonly string[] | undefined {
  const glob = parseGlob(source)
  if (glob.kind === 'literal') return [source]
  if (glob.kind === 'bad') return undefined
  const depth = source.split('/').length
  const found: string[] = []
  let level = [glob.prefix]
  for (let i = glob.prefix === '' ? 0 : glob.prefix.split('/').length; i < depth; i += 1) {
    level = level.flatMap(at => context.names(at === '' ? '.' : at).map(name => (at === '' ? name : `${at}/${name}`)))
    if (level.length > mostFiles * 10) return undefined
  }
  for (const path of level) if (glob.matches(path) && !hidden(path)) found.push(path)
  return found.length > mostFiles ? undefined : found
}

function folder(
  context: ContextFiles,
  root: string,
  ignore: IgnoreFile | undefined,
  hidden: (path: string) => boolean,
): FolderCopy {
  const files: string[] = []
  let skipped = false
  let seen = 0
  const open = ['']
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const path = at === '' ? root : root === '.' ? at : `${root}/${at}`
    for (const name of context.names(path)) {
      const relative = at === '' ? name : `${at}/${name}`
      const full = root === '.' ? relative : `${root}/${relative}`
      seen += 1
      if (seen > 200_000) return {kind: 'too-many'}
      const kind = context.kind(full)
      if (kind === 'directory') {
        open.push(relative)
        if (hidden(full)) skipped = true
        continue
      }
      if (hidden(full)) skipped = true
      else if (kind === 'symlink') return {kind: 'links', link: full}
      else files.push(relative)
    }
  }
  if (ignore === undefined || !skipped) return {kind: 'whole'}
  return files.length > mostFiles ? {kind: 'too-many'} : {kind: 'files', files: files.sort()}
}
