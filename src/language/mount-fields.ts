/** The keys of one `RUN --mount` and their checks (K128; frontend/dockerfile/instructions/commands_runmount.go). */

import {plainText, type Template} from '../model/template.js'
import {didYouMean} from './distance.js'

const mountTypes = ['bind', 'cache', 'tmpfs', 'secret', 'ssh'] as const
const sharingModes = ['shared', 'private', 'locked'] as const
const keys = [
  'type',
  'from',
  'source',
  'src',
  'target',
  'dst',
  'destination',
  'readonly',
  'ro',
  'readwrite',
  'rw',
  'id',
  'sharing',
  'size',
  'required',
  'mode',
  'uid',
  'gid',
  'env',
]

export interface MountFields {
  type: (typeof mountTypes)[number]
  from?: string
  source?: Template
  target?: Template
  id?: Template
  sharing?: (typeof sharingModes)[number]
  readOnly?: boolean
  required?: boolean
  size?: number
  mode?: number
  uid?: number
  gid?: number
  env?: string
}

export interface MountTrouble {
  readonly kind: 'problem' | 'open'
  readonly message: string
  readonly hint?: string
}

/** Takes one field into `mount`. `expand` fills in variables; undefined after a problem that it has reported. */
export function takeField(
  mount: MountFields,
  field: string,
  expand: (text: string) => Template | undefined,
): MountTrouble | undefined {
  const equals = field.indexOf('=')
  const key = (equals === -1 ? field : field.slice(0, equals)).toLowerCase()
  if (equals === -1) return takeSwitch(mount, key, field)
  const value = field.slice(equals + 1)
  if (key === 'from') {
    if (/\$./s.test(value)) {
      const hint = 'Define a stage with FROM, which may use an ARG from above the first FROM, and name that stage.'
      return problem("'from' doesn't support variable expansion, define alias stage instead", hint)
    }
    mount.from = value
    return undefined
  }
  const template = expand(value)
  if (template === undefined) return undefined
  switch (key) {
    case 'source':
    case 'src':
      mount.source = template
      return undefined
    case 'target':
    case 'dst':
    case 'destination':
      mount.target = template
      return undefined
    case 'id':
      mount.id = template
      return undefined
    default:
      break
  }
  const text = plainText(template)
  if (text === undefined)
    return {kind: 'open', message: `${field} needs a variable of the base image, and nobody could look at the image yet.`}
  return takeText(mount, key, text, field)
}

function takeSwitch(mount: MountFields, key: string, field: string): MountTrouble | undefined {
  switch (key) {
    case 'readonly':
    case 'ro':
      mount.readOnly = true
      return undefined
    case 'readwrite':
    case 'rw':
      mount.readOnly = false
      return undefined
    case 'required':
      return takeText(mount, key, 'true', field)
    default: {
      const near = didYouMean(key, keys)
      return problem(
        `invalid field '${field}' must be a key=value pair`,
        near === undefined ? 'Write KEY=VALUE, with a comma between two of them.' : `Did you mean ${near}=…?`,
      )
    }
  }
}

function takeText(mount: MountFields, key: string, value: string, field: string): MountTrouble | undefined {
  switch (key) {
    case 'type': {
      const type = mountTypes.find(known => known === value.toLowerCase())
      if (type === undefined) return problem(`unsupported mount type ${JSON.stringify(value)}`, suggest(value, mountTypes))
      mount.type = type
      return undefined
    }
    case 'sharing': {
      const sharing = sharingModes.find(known => known === value.toLowerCase())
      if (sharing === undefined)
        return problem(`unsupported sharing value ${JSON.stringify(value)}`, suggest(value, sharingModes))
      mount.sharing = sharing
      return undefined
    }
    case 'readonly':
    case 'ro':
    case 'readwrite':
    case 'rw': {
      const truth = goBoolean(value)
      if (truth === undefined) return problem(`invalid value for ${key}: ${value}`, 'Write true or false.')
      mount.readOnly = key.startsWith('reado') || key === 'ro' ? truth : !truth
      return undefined
    }
    case 'required': {
      if (mount.type !== 'secret' && mount.type !== 'ssh') return unexpected(key, mount)
      const truth = goBoolean(value)
      if (truth === undefined) return problem(`invalid value for ${key}: ${value}`, 'Write true or false.')
      mount.required = truth
      return undefined
    }
    case 'size': {
      if (mount.type !== 'tmpfs') return unexpected(key, mount)
      const size = bytes(value)
      if (size === undefined) return problem(`invalid value for ${key}: ${value}`, 'Write a number of bytes, or 512m, 2g.')
      mount.size = size
      return undefined
    }
    case 'mode': {
      if (!/^[0-7]+$/.test(value)) return problem(`invalid value ${value} for mode`, 'Write it in octal, such as 0755.')
      mount.mode = Number.parseInt(value, 8)
      return undefined
    }
    case 'uid':
    case 'gid': {
      if (!/^\d{1,10}$/.test(value)) return problem(`invalid value ${value} for ${key}`, 'Write a number.')
      mount[key] = Number(value)
      return undefined
    }
    case 'env':
      mount.env = value
      return undefined
    default:
      return problem(`unexpected key '${key}' in '${field}'`, suggest(key, keys))
  }
}

function unexpected(key: string, mount: MountFields): MountTrouble {
  return problem(`unexpected key '${key}' for mount type '${mount.type}'`, 'The type of the mount has to stand before it.')
}

function suggest(word: string, known: readonly string[]): string {
  const near = didYouMean(word, known)
  return near === undefined ? `It can be ${known.join(', ')}.` : `Did you mean ${near}?`
}

function problem(message: string, hint?: string): MountTrouble {
  return hint === undefined ? {kind: 'problem', message} : {kind: 'problem', message, hint}
}

/** What does not go together, once all fields are known. */
export function mountTrouble(mount: MountFields): MountTrouble | undefined {
  const {type} = mount
  if (type === 'bind' || type === 'tmpfs') {
    const key = (['mode', 'uid', 'gid'] as const).find(each => mount[each] !== undefined)
    if (key !== undefined) return problem(`${key} not allowed for "${type}" type mounts`, 'Leave it out.')
  }
  if (type === 'secret') {
    if ((mount.from ?? '') !== '') return problem('secret mount should not have a from', 'A secret comes from the command line.')
    if (mount.sharing !== undefined) return problem('secret mount should not define sharing', 'Leave it out.')
    if (isEmpty(mount.source) && isEmpty(mount.target) && isEmpty(mount.id))
      return problem('invalid secret mount. one of source, target required', 'Give it an id: --mount=type=secret,id=NAME.')
    if (!isEmpty(mount.source) && !isEmpty(mount.id)) return problem("both source and id can't be set", 'Keep the id.')
  }
  if (type === 'ssh' && !isEmpty(mount.source)) return problem('source not supported for SSH mounts', 'Leave it out.')
  if (mount.sharing !== undefined && type !== 'cache')
    return problem(`invalid cache sharing set for ${type} mount`, 'Only a cache is shared.')
  return undefined
}

export function isEmpty(template: Template | undefined): boolean {
  return template === undefined || plainText(template) === ''
}

/** Go's strconv.ParseBool. */
function goBoolean(text: string): boolean | undefined {
  if (/^(1|t|T|TRUE|true|True)$/.test(text)) return true
  return /^(0|f|F|FALSE|false|False)$/.test(text) ? false : undefined
}

/** `64m`, `1.5 GiB`: github.com/docker/go-units, RAMInBytes. */
function bytes(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?) ?([kmgtp])?i?b?$/i.exec(text)
  if (match === null) return undefined
  const power = ['', 'k', 'm', 'g', 't', 'p'].indexOf((match[2] ?? '').toLowerCase())
  return Math.floor(Number(match[1]) * 1024 ** power)
}
