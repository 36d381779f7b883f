/** Writes a description as a Dockerfile: the stages that the target needs, dependencies first, the target last (K143). */
import type {Description, Stage} from '../../model/description.js'
import type {WriteOptions, WriteResult} from '../../model/format.js'
import {writeBase} from './write-base.js'
import {writeRuntimeScripts} from './write-definition.js'
import {writeSettings, writeStep} from './write-steps.js'
import {defaultShell, Writing} from './writing.js'

export function writeDockerfile(description: Description, options: WriteOptions): WriteResult {
  const writing = new Writing(description, options)
  const stages = neededStages(description, options.target)
  nameStages(writing, stages)
  stages.forEach((stage, place) => {
    if (place > 0) writing.lines.push('')
    writeStage(writing, stage)
  })
  if (writing.diagnostics.some(diagnostic => diagnostic.severity === 'error')) return {diagnostics: writing.diagnostics}
  return {text: `${withoutDirective(writing.lines).join('\n')}\n`, diagnostics: writing.diagnostics}
}

function writeStage(writing: Writing, stage: Stage): void {
  writeComment(writing, stage.comment)
  writeBase(writing, stage)
  const parent = stage.base.kind === 'stage' && stage.base.index !== undefined ? writing.ends.get(stage.base.index) : undefined
  const state = {variables: new Map(parent?.variables), shell: parent?.shell ?? defaultShell}
  for (const step of stage.steps) {
    writeComment(writing, step.comment)
    writeStep(writing, stage, state, step)
  }
  const runscript = writeRuntimeScripts(writing, stage, state)
  writeSettings(writing, stage, state)
  if (runscript !== undefined) writing.lines.push(`ENTRYPOINT ["${runscript}"]`)
  writing.ends.set(stage.index, state)
}

function writeComment(writing: Writing, comment: readonly string[] | undefined): void {
  for (const line of comment ?? []) writing.lines.push(`# ${line.replace(/[\r\n]+/g, ' ')}`)
}

/** A comment at the very top must not be read as a directive (K6): an empty one in front ends their zone. */
function withoutDirective(lines: readonly string[]): readonly string[] {
  return /^#\s*(syntax|escape|check)\s*=/i.test(lines[0] ?? '') ? ['#', ...lines] : lines
}

/** The target and what it needs, each after what it needs itself. */
function neededStages(description: Description, target: number): Stage[] {
  const ordered = new Set<Stage>()
  const visiting = new Set<number>()
  const waiting: {index: number; left: boolean}[] = [{index: target, left: false}]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const stage = description.stages[next.index]
    if (stage === undefined) continue
    if (next.left) {
      ordered.add(stage)
      continue
    }
    // Cycles are for the checks to report.
    if (visiting.has(next.index)) continue
    visiting.add(next.index)
    waiting.push({index: next.index, left: true})
    for (const index of needs(stage).toReversed()) waiting.push({index, left: false})
  }
  return [...ordered]
}

function needs(stage: Stage): number[] {
  const found: number[] = []
  if (stage.base.kind === 'stage' && stage.base.index !== undefined) found.push(stage.base.index)
  for (const step of stage.steps) {
    if (step.kind === 'copy' && step.from.kind === 'stage' && step.from.index !== undefined) found.push(step.from.index)
  }
  return found
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
