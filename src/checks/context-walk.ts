/**
 * The build context as a copy of docker's rules may see it: nothing outside is reachable, links included
 * (K89, K93). Links are followed here, one by one, and never by the system.
 */
import type {PathTree} from '../language/hostpaths.js'
import type {ContextFiles, FileKind} from '../model/format.js'
import {pathParts} from '../model/paths.js'

export type Place =
  /** `path` is where it really lies, links followed; `.` for the context itself. */
  | {readonly kind: 'found'; readonly path: string; readonly is: FileKind}
  /** `link` is the last link that was followed. */
  | {readonly kind: 'missing'; readonly path: string; readonly link: string | undefined}
  | {readonly kind: 'outside'; readonly link: string; readonly text: string}
  | {readonly kind: 'loop'; readonly link: string}

/** As many links as Linux follows in one path. */
const mostLinks = 40

/** Where a path of the context leads. `path` is relative and clean. */
export function locate(context: ContextFiles, path: string): Place {
  const open = pathParts(path).reverse()
  const at: string[] = []
  let link: string | undefined
  let links = 0
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (name === '..') {
      if (at.pop() === undefined && link !== undefined) return {kind: 'outside', link, text: context.link(link) ?? ''}
      continue
    }
    const here = [...at, name].join('/')
    const kind = context.kind(here)
    if (kind === undefined || (kind !== 'directory' && kind !== 'symlink' && open.length > 0))
      return {kind: 'missing', path: here, link}
    if (kind !== 'symlink') {
      at.push(name)
      if (open.length === 0) return {kind: 'found', path: here, is: kind}
      continue
    }
    link = here
    const text = context.link(here) ?? ''
    links += 1
    if (links > mostLinks) return {kind: 'loop', link}
    // An absolute link starts at the root of the machine, which is outside even where it comes back in.
    if (text.startsWith('/')) return {kind: 'outside', link, text}
    open.push(...pathParts(text).reverse())
  }
  return {kind: 'found', path: at.length === 0 ? '.' : at.join('/'), is: 'directory'}
}

/** The context for pattern matching, which must not look outside either. */
export function confined(context: ContextFiles): PathTree {
  const real = (path: string) => {
    const place = locate(context, path)
    return place.kind === 'found' ? place : undefined
  }
  return {
    kind(path) {
      const slash = path.lastIndexOf('/')
      const folder = real(slash === -1 ? '.' : path.slice(0, slash))
      return folder?.is === 'directory' ? context.kind(`${folder.path}/${path.slice(slash + 1)}`) : undefined
    },
    kindFollowed: path => real(path)?.is,
    names: path => {
      const folder = real(path)
      return folder?.is === 'directory' ? context.names(folder.path) : []
    },
  }
}
