/** A mount of one RUN out of its fields, with what they leave open (K128, K129). */
import {isEmpty, type MountFields, type MountTrouble, mountTrouble} from '../../language/mount-fields.js'
import {absolutePath} from '../../language/paths.js'
import {joinTemplates} from '../../language/templates.js'
import type {BindMount, Mount} from '../../model/description.js'
import type {Span} from '../../model/span.js'
import {literal, plainText, showTemplate, type Template} from '../../model/template.js'
import {joinPath} from './template-paths.js'

/** Finds what a mount names; undefined after a problem, which is reported. */
type FindOrigin = (from: string) => BindMount['from'] | undefined

/** A mount out of its fields, or what is wrong with them. Undefined after a problem that is reported already. */
export function makeMount(
  fields: MountFields,
  span: Span,
  workdir: Template,
  find: FindOrigin,
): Mount | MountTrouble | undefined {
  const trouble = mountTrouble(fields)
  if (trouble !== undefined) return trouble
  const {type, uid = 0, gid = 0, required = false} = fields
  switch (type) {
    case 'secret': {
      const id = showTemplate(firstOf(fields.id, fields.source) ?? baseName(fields.target ?? []))
      const given = isEmpty(fields.target) ? undefined : joinPath(workdir, fields.target ?? [])
      const target = given ?? (fields.env === undefined ? [`/run/secrets/${showTemplate(baseName([id]))}`] : undefined)
      const env = fields.env === undefined ? {} : {env: fields.env}
      return {kind: 'secret', span, id, target, ...env, required, uid, gid, mode: fields.mode ?? 0o400}
    }
    case 'ssh': {
      const id = isEmpty(fields.id) ? 'default' : showTemplate(fields.id ?? [])
      const target = isEmpty(fields.target) ? undefined : joinPath(workdir, fields.target ?? [])
      return {kind: 'ssh', span, id, target, required}
    }
    case 'bind':
    case 'cache':
    case 'tmpfs':
      return makeFolder({...fields, type}, span, joinPath(workdir, fields.target ?? []), find)
  }
}

function makeFolder(
  fields: MountFields & {readonly type: 'bind' | 'cache' | 'tmpfs'},
  span: Span,
  target: Template,
  find: FindOrigin,
): Mount | MountTrouble | undefined {
  if (plainText(target) === '/')
    return {kind: 'problem', message: 'invalid mount target "/"', hint: 'Name a folder as the target.'}
  const nothing = fields.from === 'scratch'
  // An empty folder for this command alone: what is written to a bind mount is dropped as well.
  if (fields.type === 'tmpfs' || (fields.type === 'bind' && nothing))
    return {kind: 'tmpfs', span, target, ...(fields.size === undefined ? {} : {size: fields.size})}
  const named = nothing || (fields.from ?? '') === '' ? undefined : fields.from
  const from = named === undefined ? undefined : find(named)
  if (named !== undefined && from === undefined) return undefined
  const source = rooted(fields.source ?? [])
  if (fields.type === 'bind')
    return {kind: 'bind', span, from: from ?? {kind: 'context'}, source, target, writable: fields.readOnly === false}
  return {
    kind: 'cache',
    span,
    id: isEmpty(fields.id) ? cacheId(fields.target ?? target) : showTemplate(fields.id ?? []),
    target,
    sharing: fields.sharing ?? 'shared',
    ...(from === undefined ? {} : {from, source}),
    uid: fields.uid ?? 0,
    gid: fields.gid ?? 0,
    mode: fields.mode ?? 0o755,
    readOnly: fields.readOnly === true,
  }
}

/** The content of a cache without an id belongs to its target as it was written (path.Clean). */
function cacheId(target: Template): string {
  const text = plainText(target)
  return text === undefined ? showTemplate(target) : (plainText(joinPath(['.'], [text])) ?? text)
}

function rooted(path: Template): Template {
  const text = plainText(path)
  if (text !== undefined) return [absolutePath('/', text)]
  const [first, ...rest] = path
  if (typeof first !== 'string') return path
  return joinTemplates(literal(`/${first.replace(/^(\.?\/)+/, '')}`), rest)
}

function firstOf(...templates: readonly (Template | undefined)[]): Template | undefined {
  return templates.find(template => !isEmpty(template))
}

function baseName(path: Template): Template {
  const last = path.at(-1)
  if (typeof last !== 'string') return path
  const name = last.replace(/\/+$/, '')
  const slash = name.lastIndexOf('/')
  return slash === -1 ? [...path.slice(0, -1), name] : [name.slice(slash + 1)]
}
