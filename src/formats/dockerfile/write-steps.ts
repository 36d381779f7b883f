/** Steps and settings that follow docker's rules, as instructions. */
import {nearest} from '../../language/distance.js'
import type {CopyStep, Stage, Step} from '../../model/description.js'
import type {Span} from '../../model/span.js'
import {plainText, type Template} from '../../model/template.js'
import {imageText} from './write-base.js'
import {writeDefinitionCopy, writeDefinitionRun} from './write-definition.js'
import {copyWord, writeCommand, writeEnv, writeInline, writtenPair} from './write-parts.js'
import {quotedWord, wordList} from './write-words.js'
import {refuseLineBreak, type StageState, type Writing, written} from './writing.js'

export function writeStep(writing: Writing, stage: Stage, state: StageState, step: Step): void {
  switch (step.kind) {
    case 'run':
      if (step.rules === 'def') writeDefinitionRun(writing, stage, state, step)
      else writeCommand(writing, stage, state, 'RUN', step.command, step.span)
      return
    case 'copy':
      if (step.rules === 'def') writeDefinitionCopy(writing, stage, step)
      else writeCopy(writing, stage, state, step)
      return
    case 'env':
      writeEnv(writing, stage, state, step.variables, step.span)
      return
    case 'arg':
      writeArg(writing, stage, state, step.name, step.value, step.span)
      return
    case 'workdir':
      writeValue(writing, stage, state, 'WORKDIR', step.path, step.span)
      return
    case 'user':
      writeValue(writing, stage, state, 'USER', step.user, step.span)
  }
}

/** Labels and variables of the finished image, then what it runs. */
export function writeSettings(writing: Writing, stage: Stage, state: StageState): void {
  const {settings} = stage
  for (const variable of settings.env ?? []) writeEnv(writing, stage, state, [variable], variable.span)
  for (const {name, value, span} of settings.labels ?? []) {
    const pair = writtenPair(writing, stage, state, name, value, span)
    if (pair !== undefined) writing.lines.push(`LABEL ${pair}`)
  }
  for (const [name, setting] of [
    ['ENTRYPOINT', settings.entrypoint],
    ['CMD', settings.cmd],
  ] as const) {
    if (setting !== undefined) writeCommand(writing, stage, state, name, setting.value, setting.span)
  }
}

function writeArg(
  writing: Writing,
  stage: Stage,
  state: StageState,
  name: string,
  value: Template | undefined,
  span: Span,
): void {
  if (value === undefined) {
    writing.lines.push(`ARG ${quotedWord([name]) ?? name}`)
    return
  }
  const pair = writtenPair(writing, stage, state, name, value, span)
  state.variables.set(name, value)
  if (pair !== undefined) writing.lines.push(`ARG ${pair}`)
}

function writeValue(
  writing: Writing,
  stage: Stage,
  state: StageState,
  name: 'WORKDIR' | 'USER',
  value: Template,
  span: Span,
): void {
  const relative = written(writing, stage, state, value, span)
  if (relative === undefined) return
  const word = quotedWord(relative)
  if (word === undefined) refuseLineBreak(writing, stage, span, name)
  else writing.lines.push(`${name} ${word}`)
}

function writeCopy(writing: Writing, stage: Stage, state: StageState, step: CopyStep): void {
  const destination = step.destination && copyWord(writing, stage, state, step.destination.path, step.destination.span)
  const flags = copyFlags(writing, stage, state, step)
  if (destination === undefined || flags === undefined) return
  if (step.from.kind === 'inline') {
    for (const file of step.from.files)
      writeInline(writing, stage, flags, {name: file.name, text: plainText(file.text) ?? ''}, destination, step.span)
    return
  }
  const sources = step.sources.map(source => copyWord(writing, stage, state, source.path, source.span))
  if (sources.every(source => source !== undefined)) writing.lines.push(`COPY ${flags}${wordList([...sources, destination])}`)
}

/** What COPY --from would take for a stage, or for the misspelt name of one (K71). */
function isStageOfCopy(writing: Writing, name: string): boolean {
  return /^[0-9]+$/.test(name) || (!/[/:.@]/.test(name) && nearest(name, writing.names.values()) !== undefined)
}

/** `--from`, `--chown`, `--chmod`, each with a blank behind it. */
function copyFlags(writing: Writing, stage: Stage, state: StageState, step: CopyStep): string | undefined {
  const {from} = step
  let flags = ''
  if (from.kind === 'stage') {
    const name = from.index === undefined ? undefined : writing.names.get(from.index)
    if (name === undefined) {
      writing.refuse(
        stage,
        'copy-from-unknown-stage',
        from.span,
        `There is no stage ${from.name} to copy from.`,
        'Name a stage that is there.',
      )
      return undefined
    }
    flags += `--from=${name} `
  }
  if (from.kind === 'image') {
    const image = imageText(writing, stage, from.reference, from.span, name => isStageOfCopy(writing, name))
    if (image === undefined) return undefined
    flags += `--from=${image} `
  }
  for (const [name, value] of [
    ['chown', step.chown],
    ['chmod', step.chmod],
  ] as const) {
    const word = value && copyWord(writing, stage, state, value, step.span)
    if (value !== undefined && word === undefined) return undefined
    // A flag is unquoted once before its value is expanded, so its backslashes are doubled.
    if (word !== undefined) flags += `--${name}=${word.replace(/[\\"'\s]/g, '\\$&')} `
  }
  return flags
}
