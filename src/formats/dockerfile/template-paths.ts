/** Paths that may have an open part: only what is known of them can be cleaned. */
import {absolutePath, cleanPath, rootedPath} from '../../language/paths.js'
import {joinTemplates} from '../../language/templates.js'
import type {Base} from '../../model/description.js'
import {plainText, type Template} from '../../model/template.js'

/**
 * Where the first relative path of a stage starts: the working folder of its base (K121). Where nobody knows it it is
 * `.`, and paths that start there stay relative to the folder of their own step, as they were written.
 */
export function startFolder(base: Base): Template {
  if (base.kind === 'scratch' || base.kind === 'stage') return ['/']
  const config = base.kind === 'mirror' ? undefined : base.config
  return config === undefined ? ['.'] : [absolutePath('/', config.workdir)]
}

/** The folder after a WORKDIR of this path: one that started at an unknown folder is as unknown. */
export function folderAfter(path: Template): Template {
  const [first] = path
  return typeof first === 'string' && !first.startsWith('/') ? ['.'] : path
}

/** A destination; `/` at its end means a directory, as do `.` and nothing at all (K83). */
export function destinationPath(workdir: Template, path: Template): Template {
  const text = plainText(path)
  const joined = joinPath(workdir, path)
  if (text === undefined || !/(^|\/)\.?$/.test(text)) return joined
  const folder = plainText(joined)
  return folder === '/' ? joined : joinTemplates(joined, ['/'])
}

/**
 * A path that starts at a folder, absolute where the folder is. Where a part of it is open its text is left as it is;
 * one that starts with a variable may be absolute itself.
 */
export function joinPath(folder: Template, path: Template): Template {
  const plainFolder = plainText(folder)
  const plainPath = plainText(path)
  if (plainPath?.startsWith('/')) return [absolutePath('/', plainPath)]
  if (plainPath !== undefined && plainFolder !== undefined) {
    return [plainFolder.startsWith('/') ? absolutePath(plainFolder, plainPath) : cleanPath(`${plainFolder}/${plainPath}`)]
  }
  const first = path[0]
  if (typeof first === 'object' || first?.startsWith('/') === true) return path
  if (plainPath !== undefined && cleanPath(plainPath) === '.') return folder
  const rest = plainPath === undefined ? path : [cleanPath(plainPath)]
  if (plainFolder === '.') return rest
  return joinTemplates(folder, plainFolder === '/' ? [] : ['/'], rest)
}

/**
 * K81: a source in the context cannot leave it. K82: one in a stage or an image starts at its root. Where a `pivot`
 * counts, a `/./` marks where the path that is kept begins (K101).
 */
export function sourcePath(path: Template, from: 'context' | 'image', pivot: boolean): Template {
  const text = plainText(path)
  if (text !== undefined) {
    const clean = (part: string) => (from === 'context' ? rootedPath(part) : absolutePath('/', part))
    const at = pivot ? text.indexOf('/./') : -1
    if (at === -1) return [clean(text)]
    const folder = clean(text.slice(0, at))
    return [`${folder === '/' ? '' : folder}/./${rootedPath(text.slice(at + 3))}`]
  }
  const [first, ...rest] = path
  if (typeof first !== 'string') return path
  const stripped = first.replace(/^(\.?\/)+/, '')
  return joinTemplates([from === 'context' ? stripped : `/${stripped}`], rest)
}
