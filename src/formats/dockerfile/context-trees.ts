/** What lies in the build context, as `cp -fLr` and COPY would see it: links followed here, kept there (D.4, K92). */
import {posix} from 'node:path'
import {cleanPath} from '../../language/paths.js'
import type {ContextFiles} from '../../model/format.js'

export type Real =
  | {readonly kind: 'file' | 'directory'; readonly path: string; readonly linked: boolean}
  /** `absolute`, or one that leads out of the context: docker finds nothing there (K93). */
  | {readonly kind: 'outside'; readonly link: string}
  | {readonly kind: 'missing' | 'other'}

/** Where a path of the context leads, links followed as inside the context. */
export function realPath(context: ContextFiles, path: string): Real {
  const waiting = path.split('/').toReversed()
  let at = ''
  let linked = false
  for (let links = 0; waiting.length > 0; ) {
    const part = waiting.pop() ?? ''
    if (part === '' || part === '.') continue
    if (part === '..') {
      if (at === '') return {kind: 'outside', link: path}
      at = at.includes('/') ? posix.dirname(at) : ''
      continue
    }
    const next = at === '' ? part : `${at}/${part}`
    if (context.kind(next) !== 'symlink') {
      at = next
      continue
    }
    const target = context.link(next) ?? ''
    links += 1
    linked = true
    if (target.startsWith('/')) return {kind: 'outside', link: next}
    if (links > 40) return {kind: 'missing'}
    waiting.push(...target.split('/').toReversed())
  }
  const kind = context.kind(at === '' ? '.' : at)
  if (kind === undefined || kind === 'symlink') return {kind: 'missing'}
  return kind === 'other' ? {kind} : {kind, path: at === '' ? '.' : at, linked}
}

export interface TreeFacts {
  /** A link anywhere below. */
  readonly links: boolean
  /** A link to something that is not below the folder itself. */
  readonly leaves: boolean
  /** A link that can't be followed in the context, or something that is neither file nor folder. */
  readonly trouble: string | undefined
  /** A mode that `cp` under umask 0002 changes: write for others, setuid, setgid. */
  readonly modes: boolean
  readonly setuid: boolean
  /** A file of another mode than 0644 or 0755. */
  readonly oddModes: boolean
  readonly folders: boolean
}

/** Looks at no more than this many entries. */
const most = 100_000

/** `folder` is a real path of the context. */
export function treeFacts(context: ContextFiles, folder: string): TreeFacts {
  let [links, leaves, modes, setuid, oddModes, folders] = [false, false, false, false, false, false]
  let trouble: string | undefined
  const waiting = [folder]
  let seen = 0
  for (let at = waiting.pop(); at !== undefined && seen < most; at = waiting.pop()) {
    for (const name of context.names(at)) {
      const path = at === '.' ? name : `${at}/${name}`
      seen += 1
      const kind = context.kind(path)
      let real = path
      if (kind === 'symlink') {
        links = true
        const found = realPath(context, path)
        if (found.kind !== 'file' && found.kind !== 'directory') {
          trouble ??= `${path} is a link that leads out of the context, or nowhere`
          continue
        }
        real = found.path
        if (found.path !== folder && !found.path.startsWith(`${folder}/`) && folder !== '.') leaves = true
        // A link to a folder above it would never end.
        if (found.kind === 'directory' && `${path}/`.startsWith(`${found.path}/`)) trouble ??= `${path} is a link into itself`
      } else if (kind !== 'file' && kind !== 'directory') trouble ??= `${path} is neither a file nor a folder`
      const mode = context.mode(real) ?? 0
      if ((mode & 0o6002) !== 0) modes = true
      if ((mode & 0o6000) !== 0) setuid = true
      if (kind === 'file' && mode !== 0o644 && mode !== 0o755) oddModes = true
      if (kind === 'directory') {
        folders = true
        waiting.push(path)
      }
    }
  }
  if (seen >= most) trouble ??= `${folder} has more than ${most} entries`
  return {links, leaves, trouble, modes, setuid, oddModes, folders}
}

/** A host path of a definition file as one of the context; undefined outside of it. */
export function inContext(context: ContextFiles, path: string): string | undefined {
  const inside = posix.isAbsolute(path) ? posix.relative(context.root, cleanPath(path)) : cleanPath(path)
  if (inside === '..' || inside.startsWith('../')) return undefined
  return inside === '' ? '.' : inside
}
