/** Shows what was read in a few words, so that a test reads as a table. */
import {readDockerfile} from '../../../src/formats/dockerfile/read.js'
import type {CopyOrigin, Description, Mount, Stage, Step} from '../../../src/model/description.js'
import type {Diagnostic} from '../../../src/model/diagnostic.js'
import type {ContextFiles, FileKind, ReadOptions, ReadResult} from '../../../src/model/format.js'
import {showTemplate, type Template} from '../../../src/model/template.js'

export function read(
  text: string,
  buildArgs: Record<string, string> = {},
  more: Pick<ReadOptions, 'configs' | 'target'> = {},
): ReadResult {
  return readDockerfile('Dockerfile', text, {buildArgs: new Map(Object.entries(buildArgs)), architecture: 'amd64', ...more})
}

export function readWell(
  text: string,
  buildArgs: Record<string, string> = {},
  more: Pick<ReadOptions, 'configs' | 'target'> = {},
): Description {
  const result = read(text, buildArgs, more)
  if (result.description === undefined) throw new Error(result.diagnostics.map(showDiagnostic).join('\n'))
  return result.description
}

/** `2:5 syntax: message`. */
export function showDiagnostic(diagnostic: Diagnostic): string {
  const {line, column} = diagnostic.span.start
  return `${line}:${column} ${diagnostic.rule}: ${diagnostic.message}`
}

export function problems(text: string, buildArgs: Record<string, string> = {}): string[] {
  return read(text, buildArgs).diagnostics.map(showDiagnostic)
}

/** The steps of all stages, one a line. */
export function steps(
  text: string,
  buildArgs: Record<string, string> = {},
  more: Pick<ReadOptions, 'configs' | 'target'> = {},
): string[] {
  return readWell(text, buildArgs, more).stages.flatMap(showStage)
}

function showStage(stage: Stage): string[] {
  const {base} = stage
  const shown =
    base.kind === 'image'
      ? base.reference.name
      : base.kind === 'stage'
        ? `stage ${base.index}`
        : base.kind === 'scratch'
          ? 'scratch'
          : '?'
  return [`FROM ${shown}${stage.named ? ` AS ${stage.name}` : ''}`, ...stage.steps.map(showStep)]
}

function showStep(step: Step): string {
  switch (step.kind) {
    case 'run': {
      const flags = [
        ...(step.mounts ?? []).map(mount => `${showMount(mount)} `),
        step.network === undefined ? '' : `network=${step.network} `,
        step.insecure === true ? 'insecure ' : '',
      ].join('')
      const {command} = step
      const named = command.kind === 'file' ? `${command.name}: ` : ''
      return `run ${flags}${named}${JSON.stringify(command.kind === 'exec' ? command.argv : command.text)}`
    }
    case 'copy': {
      const flags = [
        step.link === true ? 'link ' : '',
        step.parents === true ? 'parents ' : '',
        ...(step.exclude ?? []).map(pattern => `not ${pattern} `),
        step.unpack === undefined ? '' : `unpack=${step.unpack} `,
        step.chown === undefined ? '' : `chown=${showTemplate(step.chown)} `,
        step.chmod === undefined ? '' : `chmod=${showTemplate(step.chmod)} `,
      ].join('')
      const sources = step.sources.map(source => showTemplate(source.path)).join(' ')
      return `copy ${flags}${showOrigin(step.from)}${sources} > ${showTemplate(step.destination?.path ?? [])}`
    }
    case 'env':
      return `env ${step.variables.map(({name, value}) => `${name}=${showTemplate(value)}`).join(' | ')}`
    case 'arg':
      return `arg ${step.name}${step.value === undefined ? '' : `=${showTemplate(step.value)}`}`
    case 'workdir':
      return `workdir ${showTemplate(step.path)}`
    case 'user':
      return `user ${showTemplate(step.user)}`
  }
}

function showOrigin(origin: CopyOrigin): string {
  switch (origin.kind) {
    case 'context':
      return ''
    case 'stage':
      return `[stage ${origin.index ?? `${origin.name}?`}] `
    case 'image':
      return `[image ${origin.reference.name}] `
    case 'inline':
      return `${JSON.stringify(origin.files.map(file => showTemplate(file.text)))} `
    case 'url':
      return `[url ${origin.url}${origin.checksum === undefined ? '' : ` ${origin.checksum}`}] `
    case 'git': {
      const {repository, ref = '', folder = '', checksum = '', keepGitDir, submodules} = origin
      const flags = `${keepGitDir ? ' keep-git-dir' : ''}${submodules ? '' : ' no submodules'}${checksum === '' ? '' : ` ${checksum}`}`
      return `[git ${repository}#${ref}:${folder}${flags}] `
    }
  }
}

function showMount(mount: Mount): string {
  const path = (template: Template | undefined) => (template === undefined ? '' : showTemplate(template))
  switch (mount.kind) {
    case 'bind':
      return `<bind ${showOrigin(mount.from)}${path(mount.source)} > ${path(mount.target)}${mount.writable ? ' rw' : ''}>`
    case 'cache': {
      const from = mount.from === undefined ? '' : `${showOrigin(mount.from)}${path(mount.source)} > `
      const owner = `${mount.uid}:${mount.gid} ${mount.mode.toString(8)}`
      return `<cache ${mount.id} ${from}${path(mount.target)} ${mount.sharing} ${owner}${mount.readOnly ? ' ro' : ''}>`
    }
    case 'tmpfs':
      return `<tmpfs ${path(mount.target)}${mount.size === undefined ? '' : ` ${mount.size}`}>`
    case 'secret': {
      const owner = `${mount.uid}:${mount.gid} ${mount.mode.toString(8)}`
      const env = mount.env === undefined ? '' : ` $${mount.env}`
      return `<secret ${mount.id} ${path(mount.target)}${env} ${owner}${mount.required ? ' required' : ''}>`
    }
    case 'ssh':
      return `<ssh ${mount.id} ${path(mount.target)}${mount.required ? ' required' : ''}>`
  }
}

/** A context of the files named; a name ending in `/` is a folder. */
export function contextOf(...names: readonly string[]): ContextFiles {
  const kind = (path: string): FileKind | undefined =>
    names.includes(path)
      ? 'file'
      : names.some(name => name === `${path}/` || name.startsWith(`${path}/`))
        ? 'directory'
        : undefined
  return {
    root: '/context',
    kind,
    kindFollowed: kind,
    names: () => [],
    text: () => undefined,
    mode: () => undefined,
    head: () => undefined,
    link: () => undefined,
    environment: new Map(),
  }
}
