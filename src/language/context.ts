/** The build context that a copy means: the whole one, or a folder of it for a stage whose file lies there. */
import type {CopyOrigin} from '../model/description.js'
import type {ContextFiles} from '../model/format.js'
import {type IgnoreFile, parseIgnore} from './ignore.js'
import {rootedPath} from './paths.js'

export interface ContextPlace {
  readonly context: ContextFiles
  readonly ignore: IgnoreFile | undefined
}

/** @param ignore the ignore file of the whole context; a folder of it has its own (K106) */
export function contextAt(
  context: ContextFiles,
  ignore: IgnoreFile | undefined,
  from: Extract<CopyOrigin, {kind: 'context'}>,
): ContextPlace {
  if (from.folder === undefined && from.ignore === undefined) return {context, ignore}
  const text = from.ignore === undefined ? undefined : context.text(from.ignore)
  return {context: below(context, from.folder ?? '.'), ignore: text === undefined ? undefined : parseIgnore(text)}
}

/** A folder of the context as a context of its own. */
function below(context: ContextFiles, folder: string): ContextFiles {
  const at = (path: string) => `${folder}/${rootedPath(path)}`
  return {
    ...context,
    root: `${context.root}/${folder}`,
    kind: path => context.kind(at(path)),
    kindFollowed: path => context.kindFollowed(at(path)),
    names: path => context.names(at(path)),
    text: path => context.text(at(path)),
    mode: path => context.mode(at(path)),
    head: path => context.head(at(path)),
    link: path => context.link(at(path)),
    hardLinks: path => context.hardLinks(at(path)),
  }
}
