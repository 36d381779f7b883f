/** `RUN --mount` (K72, K74, K128, K129). */
import {parseCsvLine} from '../../language/csv.js'
import {absolutePath} from '../../language/paths.js'
import {joinTemplates} from '../../language/templates.js'
import type {BindMount, Mount} from '../../model/description.js'
import type {Span} from '../../model/span.js'
import {literal, plainText, showTemplate, type Template} from '../../model/template.js'
import {type Word, wordSpan} from './arguments.js'
import {isEmpty, type MountFields, mountTrouble, takeField} from './mount-fields.js'
import {namedOrigin} from './origins.js'
import {expand, type OpenStage, type Reading, remark} from './reading.js'
import {joinPath} from './template-paths.js'

/** Undefined after a problem, which is reported. */
export function readMount(reading: Reading, stage: OpenStage, flag: Word): Mount | undefined {
  const span = wordSpan(flag)
  const wrong = (message: string, hint?: string): undefined => {
    reading.problems.syntax(span, message, hint)
    return undefined
  }
  const line = parseCsvLine(flag.text)
  if (line.kind === 'problem') return wrong(`failed to parse csv mounts: ${line.message}`, 'Write --mount=type=TYPE,KEY=VALUE,….')
  const fields: MountFields = {type: 'bind'}
  const expanded = (text: string) => expand(reading, {...flag, text}, stage.scope.lookup)
  const before = reading.problems.failed
  for (const field of line.fields) {
    const trouble = takeField(fields, field, expanded)
    if (trouble === undefined) continue
    if (trouble.kind === 'problem') return wrong(trouble.message, trouble.hint)
    const hint = 'Give the variable a value with ENV or ARG first.'
    remark(reading, stage, 'base-variable-needed', 'error', span, trouble.message, hint)
    return undefined
  }
  if (reading.problems.failed && !before) return undefined
  const trouble = mountTrouble(fields)
  if (trouble !== undefined) return wrong(trouble.message, trouble.hint)
  return makeMount(reading, stage, fields, span)
}

function makeMount(reading: Reading, stage: OpenStage, fields: MountFields, span: Span): Mount | undefined {
  const {type, uid = 0, gid = 0, required = false} = fields
  switch (type) {
    case 'secret': {
      const id = showTemplate(firstOf(fields.id, fields.source) ?? baseName(fields.target ?? []))
      const given = isEmpty(fields.target) ? undefined : joinPath(stage.workdir, fields.target ?? [])
      const target = given ?? (fields.env === undefined ? [`/run/secrets/${showTemplate(baseName([id]))}`] : undefined)
      const env = fields.env === undefined ? {} : {env: fields.env}
      return {kind: 'secret', span, id, target, ...env, required, uid, gid, mode: fields.mode ?? 0o400}
    }
    case 'ssh': {
      const id = isEmpty(fields.id) ? 'default' : showTemplate(fields.id ?? [])
      const target = isEmpty(fields.target) ? undefined : joinPath(stage.workdir, fields.target ?? [])
      return {kind: 'ssh', span, id, target, required}
    }
    case 'bind':
    case 'cache':
    case 'tmpfs':
      return makeFolder(reading, stage, {...fields, type}, span)
  }
}

function makeFolder(
  reading: Reading,
  stage: OpenStage,
  fields: MountFields & {readonly type: 'bind' | 'cache' | 'tmpfs'},
  span: Span,
): Mount | undefined {
  const target = joinPath(stage.workdir, fields.target ?? [])
  if (plainText(target) === '/') {
    reading.problems.syntax(span, 'invalid mount target "/"', 'Name the folder: target=/FOLDER.')
    return undefined
  }
  const nothing = fields.from === 'scratch' && !reading.lastNamed.has('scratch')
  // An empty folder for this command alone: what is written to a bind mount is dropped as well.
  if (fields.type === 'tmpfs' || (fields.type === 'bind' && nothing))
    return {kind: 'tmpfs', span, target, ...(fields.size === undefined ? {} : {size: fields.size})}
  const from = nothing ? undefined : readFrom(reading, fields.from ?? '', span)
  if (from === 'problem') return undefined
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

/** K72: names and images, no indexes. */
function readFrom(reading: Reading, text: string, span: Span): BindMount['from'] | undefined | 'problem' {
  if (text === '') return undefined
  if (/^[0-9]+$/.test(text)) return {kind: 'stage', name: text, index: undefined, span}
  return namedOrigin(reading, text, span) ?? 'problem'
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
