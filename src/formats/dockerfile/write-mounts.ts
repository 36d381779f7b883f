/** The flags of RUN: `--mount`, `--network`, `--security` (K128–K130). */
import type {BindMount, Mount, RunStep, Stage} from '../../model/description.js'
import type {Template} from '../../model/template.js'
import {imageText, isStageOfCopy} from './write-base.js'
import {copyWord} from './write-parts.js'
import {flagValue} from './write-words.js'
import type {StageState, Writing} from './writing.js'

/** Each with a blank behind it; undefined after a refusal. */
export function runFlags(writing: Writing, stage: Stage, state: StageState, step: RunStep): string | undefined {
  let flags = ''
  for (const mount of step.mounts ?? []) {
    const fields = mountFields(writing, stage, state, mount)
    if (fields === undefined) return undefined
    flags += `--mount=${flagValue(fields.map(csvField).join(','))} `
  }
  if (step.network !== undefined) flags += `--network=${step.network} `
  if (step.insecure === true) flags += '--security=insecure '
  return flags
}

/** A field with a comma or a quote stands in quotes, as in any list of comma-separated values. */
function csvField(field: string): string {
  return /[",]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field
}

/** What differs from BuildKit's defaults, in the order that people write. */
function mountFields(writing: Writing, stage: Stage, state: StageState, mount: Mount): string[] | undefined {
  const path = (template: Template) => copyWord(writing, stage, state, template, mount.span)
  const fields = [`type=${mount.kind}`]
  const add = (key: string, value: string | undefined, usual?: string) => {
    if (value !== undefined && value !== usual) fields.push(`${key}=${value}`)
  }
  const target = mount.target === undefined ? undefined : path(mount.target)
  if (mount.target !== undefined && target === undefined) return undefined
  switch (mount.kind) {
    case 'bind': {
      const from = originText(writing, stage, mount.from, mount)
      const source = path(mount.source)
      if (from === undefined || source === undefined) return undefined
      add('from', from, '')
      add('source', from === '' ? source.replace(/^\/(?=.)/, '') : source, '/')
      add('target', target)
      if (mount.writable) fields.push('rw')
      return fields
    }
    case 'cache': {
      const from = mount.from === undefined ? '' : originText(writing, stage, mount.from, mount)
      const source = mount.source === undefined ? '' : path(mount.source)
      if (from === undefined || source === undefined) return undefined
      add('id', escaped(mount.id), target)
      add('target', target)
      add('from', from, '')
      add('source', source, mount.source === undefined ? '' : '/')
      add('sharing', mount.sharing, 'shared')
      add('uid', String(mount.uid), '0')
      add('gid', String(mount.gid), '0')
      add('mode', octal(mount.mode), '0755')
      if (mount.readOnly) fields.push('ro')
      return fields
    }
    case 'tmpfs':
      add('target', target)
      add('size', mount.size?.toString())
      return fields
    case 'secret':
      add('id', escaped(mount.id))
      add('target', target, mount.env === undefined ? `/run/secrets/${mount.id.split('/').at(-1) ?? ''}` : undefined)
      add('env', mount.env)
      if (mount.required) fields.push('required=true')
      add('uid', String(mount.uid), '0')
      add('gid', String(mount.gid), '0')
      add('mode', octal(mount.mode), '0400')
      return fields
    case 'ssh':
      add('id', escaped(mount.id), 'default')
      add('target', target)
      if (mount.required) fields.push('required=true')
      return fields
  }
}

/** Ids are expanded as words are. */
function escaped(text: string): string {
  return text.replace(/["'$\\]/g, '\\$&')
}

function octal(mode: number): string {
  return `0${mode.toString(8)}`
}

/** The name behind `from=`; empty for the context. */
function originText(writing: Writing, stage: Stage, from: BindMount['from'], mount: Mount): string | undefined {
  switch (from.kind) {
    case 'context':
      if (from.folder === undefined) return ''
      writing.refuse(
        stage,
        'context-of-another-file',
        mount.span,
        'The context of this mount belongs to another file; one Dockerfile has one context.',
        'Write it with --to stages, or build that file on its own.',
      )
      return undefined
    case 'stage': {
      const name = from.index === undefined ? undefined : writing.names.get(from.index)
      if (name === undefined) {
        const message = `There is no stage ${from.name} to mount.`
        writing.refuse(stage, 'copy-from-unknown-stage', from.span, message, 'Name a stage that is there.')
      }
      return name
    }
    case 'image':
      return imageText(writing, stage, from.reference, from.span, name => isStageOfCopy(writing, name))
  }
}
