/** Sources of copies, as a Dockerfile's. */
import {absolutePath, rootedPath} from '../../language/paths.js'
import {literal, plainText, type Template} from '../../model/template.js'

/** K81: a source in the context cannot leave it. K82: one in a stage or an image starts at its root. */
export function sourcePath(path: Template, from: 'context' | 'image'): Template {
  const text = plainText(path)
  if (text !== undefined) return [from === 'context' ? rootedPath(text) : absolutePath('/', text)]
  const [first, ...rest] = path
  if (typeof first !== 'string') return path
  const stripped = first.replace(/^(\.?\/)+/, '')
  return [...literal(from === 'context' ? stripped : `/${stripped}`), ...rest]
}
