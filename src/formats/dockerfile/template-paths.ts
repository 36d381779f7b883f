/** Paths that may have an open part: only what is known of them can be cleaned. */
import {absolutePath, cleanPath} from '../../language/paths.js'
import {joinTemplates} from '../../language/templates.js'
import {plainText, type Template} from '../../model/template.js'

/** A destination, absolute; `/` at its end means a directory, as do `.` and nothing at all (K83). */
export function destinationPath(workdir: Template, path: Template): Template {
  const text = plainText(path)
  const absolute = joinPath(workdir, path)
  if (text === undefined || !/(^|\/)\.?$/.test(text)) return absolute
  const folder = plainText(absolute)
  return folder === '/' ? absolute : joinTemplates(absolute, ['/'])
}

/**
 * A path made absolute. Where a part of it is open its text is left as it is; one that starts with a variable
 * may be absolute itself.
 */
export function joinPath(folder: Template, path: Template): Template {
  const plainFolder = plainText(folder)
  const plainPath = plainText(path)
  if (plainPath !== undefined && (plainFolder !== undefined || plainPath.startsWith('/'))) {
    return [absolutePath(plainFolder ?? '/', plainPath)]
  }
  const first = path[0]
  if (typeof first === 'object' || first?.startsWith('/') === true) return path
  if (plainPath !== undefined && cleanPath(plainPath) === '.') return folder
  const rest = plainPath === undefined ? path : [cleanPath(plainPath)]
  return joinTemplates(folder, plainFolder === '/' ? [] : ['/'], rest)
}
