/** Shows what was read in a few words, so that a test reads as a table. */
import {readDockerfile} from '../../../src/formats/dockerfile/read.js'
import type {CopyOrigin, Description, Stage, Step} from '../../../src/model/description.js'
import type {Diagnostic} from '../../../src/model/diagnostic.js'
import type {ContextFiles, FileKind, ReadResult} from '../../../src/model/format.js'
import {showTemplate} from '../../../src/model/template.js'

export function read(text: string, buildArgs: Record<string, string> = {}): ReadResult {
  return readDockerfile('Dockerfile', text, {buildArgs: new Map(Object.entries(buildArgs)), architecture: 'amd64'})
}

export function readWell(text: string, buildArgs: Record<string, string> = {}): Description {
  const result = read(text, buildArgs)
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
export function steps(text: string, buildArgs: Record<string, string> = {}): string[] {
  return readWell(text, buildArgs).stages.flatMap(showStage)
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
    case 'run':
      return step.command.kind === 'shell'
        ? `run ${JSON.stringify(step.command.text)}`
        : `run ${JSON.stringify(step.command.kind === 'exec' ? step.command.argv : step.command.text)}`
    case 'copy':
      return `copy ${showOrigin(step.from)}${step.sources.map(source => showTemplate(source.path)).join(' ')} > ${showTemplate(step.destination?.path ?? [])}`
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
      return `${JSON.stringify(origin.files.map(file => file.text))} `
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
    link: () => undefined,
    environment: new Map(),
  }
}
