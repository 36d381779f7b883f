/** Writes a description as a Dockerfile: the stages that the target needs, dependencies first, the target last (K143). */
import {dependenciesFirst, needsOf} from '../../language/stages.js'
import type {Description, Stage, Step} from '../../model/description.js'
import type {StageFilesOptions, StageFilesResult, WriteOptions, WriteResult} from '../../model/format.js'
import {INLINE, withoutHeredocs} from './without-heredocs.js'
import {parentArgument, writeBase} from './write-base.js'
import {writeDefinitionStage} from './write-definition.js'
import {writeSettings} from './write-settings.js'
import {writeInheritedArgs, writeStep} from './write-steps.js'
import {jsonArray} from './write-words.js'
import {defaultShell, type StageState, startState, Writing, writeComment} from './writing.js'

export function writeDockerfile(description: Description, options: WriteOptions): WriteResult {
  const writing = new Writing(description, options)
  const stages = startWriting(writing)
  stages.forEach((stage, place) => {
    if (place > 0) writing.lines.push('')
    writeStage(writing, stage)
  })
  if (writing.diagnostics.some(diagnostic => diagnostic.severity === 'error')) return {diagnostics: writing.diagnostics}
  return {text: `${withoutDirective(writing.lines).join('\n')}\n`, diagnostics: writing.diagnostics}
}

/** One Dockerfile a stage; the others are named contexts to it (`docker buildx build --build-context`). */
export function writeDockerfiles(description: Description, options: StageFilesOptions): StageFilesResult {
  const writing = new Writing(description, options, 'by argument')
  const files = startWriting(writing).map(stage => {
    writing.lines.length = 0
    if (options.targetAlone) writing.diagnostics.length = 0
    const {shell} = startState(writing, stage)
    writeStage(writing, stage)
    const plain =
      options.heredocs === false ? withoutHeredocs(writing.lines, shell) : {lines: writing.lines, files: [], folders: []}
    const parent = stage.base.kind === 'stage' ? writing.names.get(stage.base.index ?? -1) : undefined
    return {
      name: writing.names.get(stage.index) ?? '',
      text: `${withoutDirective(plain.lines).join('\n')}\n`,
      needs: [...new Set(needsOf(stage).flatMap(index => writing.names.get(index) ?? []))],
      ...(parent === undefined ? {} : {parent: {argument: parentArgument(parent), name: parent}}),
      ...(plain.files.length + plain.folders.length === 0
        ? {}
        : {inline: {context: INLINE, files: plain.files, folders: plain.folders}}),
    }
  })
  if (writing.diagnostics.some(diagnostic => diagnostic.severity === 'error')) return {diagnostics: writing.diagnostics}
  return {files, diagnostics: writing.diagnostics}
}

/** The stages in the order in which they are written, each with its name. */
function startWriting(writing: Writing): readonly Stage[] {
  const stages = dependenciesFirst(writing.description, writing.options.target)
  writing.written = stages
  nameStages(writing, stages)
  return stages
}

function writeStage(writing: Writing, stage: Stage): void {
  writeComment(writing, stage.comment)
  if (stage.rules === 'def' || stage.steps.some(step => step.rules === 'def')) {
    writeDefinitionStage(writing, stage)
    return
  }
  writeBase(writing, stage)
  const state = startState(writing, stage)
  writeDefaultShell(writing, stage, state)
  if (writing.parents === 'by argument') writeInheritedArgs(writing, stage, state)
  for (const step of stage.steps) {
    if (isTriggered(writing, stage, step)) {
      // Docker fires the base's triggers by itself (K77); here only what they leave behind counts.
      const {length} = writing.lines
      writeStep(writing, stage, state, step)
      writing.lines.length = length
      continue
    }
    writeComment(writing, step.comment)
    writeStep(writing, stage, state, step)
  }
  writeSettings(writing, stage, state)
  writing.ends.set(stage.index, state)
}

/** Where nobody knows the SHELL of the base, a line that says the usual one has to stay in front of the commands. */
function writeDefaultShell(writing: Writing, {base, settings}: Stage, state: StageState): void {
  const isUnknown = base.kind === 'image' && base.config === undefined
  if (!isUnknown || settings.shell === undefined || jsonArray(settings.shell.value) !== jsonArray(defaultShell)) return
  writing.lines.push(`SHELL ${jsonArray(defaultShell)}`)
  state.saidShell = true
}

/** A step that a trigger of the base's image put there: it stands at the FROM itself (K39). */
function isTriggered(writing: Writing, {base, span}: Stage, step: Step): boolean {
  const {start} = step.span
  const stands = start.line === span.start.line && start.column === span.start.column && step.span.end.line === span.start.line
  if (base.kind === 'image') return stands && base.config !== undefined && base.config.onbuild.length !== 0
  // In a file of its own a stage is an image to those that stand on it.
  if (base.kind !== 'stage' || writing.parents === 'by name') return false
  const parent = base.index === undefined ? undefined : writing.description.stages[base.index]
  return stands && (parent?.settings.onbuild?.length ?? 0) > 0
}

/** A comment at the very top must not be read as a directive (K6): an empty one in front ends their zone. */
function withoutDirective(lines: readonly string[]): readonly string[] {
  return /^#\s*(syntax|escape|check)\s*=/i.test(lines[0] ?? '') ? ['#', ...lines] : lines
}

/** Names as they are where a Dockerfile allows them; others are made fit, and kept apart (K65, K70). */
function nameStages(writing: Writing, stages: readonly Stage[]): void {
  const taken = new Set(['scratch', 'context'])
  for (const stage of stages) {
    const lower = stage.name.toLowerCase()
    const fit = /^[a-z][a-z0-9-_.]*$/.test(lower) ? lower : `stage-${stage.index}`
    let name = fit
    for (let number = 1; taken.has(name); number += 1) name = `${fit}-${number}`
    taken.add(name)
    writing.names.set(stage.index, name)
  }
}
