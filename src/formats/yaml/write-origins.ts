/** Where files come from, in YAML: origins of copies, repositories, mounts. */
import type {CopyOrigin, Mount} from '../../model/description.js'
import {showImageReference} from '../../model/reference.js'
import type {Span} from '../../model/span.js'
import type {Template} from '../../model/template.js'
import {escaped} from './escape.js'
import {map, number, text, truth, type Value} from './nodes.js'

export type PlainOrigin = Extract<CopyOrigin, {kind: 'context' | 'stage' | 'image'}>

/** What the writer of a stage knows. */
export interface Says {
  template(template: Template, span: Span): string
  stageName(name: string, index: number | undefined): string
}

export function writeOrigin(from: PlainOrigin, says: Says): Value | undefined {
  switch (from.kind) {
    case 'stage':
      return text(says.stageName(from.name, from.index))
    case 'image':
      return map([['image', text(escaped([showImageReference(from.reference)]))]], 'flow')
    case 'context':
      if (from.folder === undefined && from.ignore === undefined) return undefined
      return map(
        [
          ['folder', text(from.folder ?? '.')],
          ['ignore', from.ignore === undefined ? undefined : text(from.ignore)],
        ],
        'flow',
      )
  }
}

export function writeGit({repository, ref, folder, keepGitDir, submodules}: Extract<CopyOrigin, {kind: 'git'}>): Value {
  return map(
    [
      ['git', text(escaped([repository]))],
      ['ref', ref === undefined ? undefined : text(escaped([ref]))],
      ['folder', folder === undefined ? undefined : text(escaped([folder]))],
      ['keep-git-dir', keepGitDir ? truth(true) : undefined],
      ['submodules', submodules ? undefined : truth(false)],
    ],
    'flow',
  )
}

/** What has its default is left out. */
export function writeMount(mount: Mount, says: Says): Value {
  const path = (template: Template | undefined) => template && text(says.template(template, mount.span))
  const flag = (value: boolean) => (value ? truth(true) : undefined)
  const owner = (uid: number, gid: number, mode: number, usual: number): [string, Value | undefined][] => [
    ['uid', uid === 0 ? undefined : number(uid)],
    ['gid', gid === 0 ? undefined : number(gid)],
    ['mode', mode === usual ? undefined : text(`0${mode.toString(8)}`)],
  ]
  const from = (origin: PlainOrigin | undefined, source: Template | undefined): [string, Value | undefined][] => [
    ['from', origin && writeOrigin(origin, says)],
    ['source', source?.length === 1 && source[0] === '/' ? undefined : path(source)],
  ]
  switch (mount.kind) {
    case 'bind':
      return map(
        [
          ['type', text('bind')],
          ...from(mount.from, mount.source),
          ['target', path(mount.target)],
          ['readonly', mount.writable ? truth(false) : undefined],
        ],
        'flow',
      )
    case 'cache':
      return map(
        [
          ['type', text('cache')],
          ['id', text(escaped([mount.id]))],
          ...from(mount.from, mount.source),
          ['target', path(mount.target)],
          ['sharing', mount.sharing === 'shared' ? undefined : text(mount.sharing)],
          ['readonly', flag(mount.readOnly)],
          ...owner(mount.uid, mount.gid, mount.mode, 0o755),
        ],
        'flow',
      )
    case 'tmpfs':
      return map(
        [
          ['type', text('tmpfs')],
          ['target', path(mount.target)],
          ['size', mount.size === undefined ? undefined : number(mount.size)],
        ],
        'flow',
      )
    case 'secret':
      return map(
        [
          ['type', text('secret')],
          ['id', text(escaped([mount.id]))],
          ['target', path(mount.target)],
          ['env', mount.env === undefined ? undefined : text(mount.env)],
          ['required', flag(mount.required)],
          ...owner(mount.uid, mount.gid, mount.mode, 0o400),
        ],
        'flow',
      )
    case 'ssh':
      return map(
        [
          ['type', text('ssh')],
          ['id', mount.id === 'default' ? undefined : text(escaped([mount.id]))],
          ['target', path(mount.target)],
          ['required', flag(mount.required)],
        ],
        'flow',
      )
  }
}
