/** Writes a description in YAML. What it cannot say is refused, never left out. */
import {Document, isScalar} from 'yaml'
import {dependenciesFirst} from '../../language/stages.js'
import type {ArgStep, Description, Stage} from '../../model/description.js'
import type {WriteOptions, WriteResult} from '../../model/format.js'
import {plainText} from '../../model/template.js'
import {inBaseOrder} from './base-order.js'
import {escaped} from './escape.js'
import {comment, map, text, texts, type Value, words} from './nodes.js'
import {writeDefinitionStage} from './write-definition.js'
import {writeDockerStage} from './write-stage.js'
import {type StageEnd, Writing} from './writing.js'

export function writeYaml(description: Description, options: WriteOptions): WriteResult {
  const stages = dependenciesFirst(description, options.target).toSorted((a, b) => a.index - b.index)
  const writing = new Writing(description, options)
  const args = commonArguments(stages)
  const written = writeStages(writing, stages, args)
  if (writing.diagnostics.some(found => found.severity === 'error')) return {diagnostics: writing.diagnostics}

  const stageMap = map(stages.map((stage, i) => [stage.name, written[i]] as const))
  stageMap.items.forEach((pair, i) => {
    if (!isScalar(pair.key)) return
    comment(pair.key, stages[i]?.comment)
    if (i > 0) pair.key.spaceBefore = true
  })
  const target = description.stages[options.target]
  const document = new Document()
  document.contents = map([
    ['sifstage', document.createNode(1)],
    [
      'args',
      args.length === 0
        ? undefined
        : texts(args.map(({name, value}) => [name, value === undefined ? null : escaped(value)] as const)),
    ],
    ['stages', stageMap],
    ['runtime-libraries', description.runtimeLibraries && words(description.runtimeLibraries)],
    ['target', target === undefined || target === stages.at(-1) ? undefined : text(target.name)],
  ])
  return {text: document.toString({lineWidth: 0, flowCollectionPadding: false}), diagnostics: writing.diagnostics}
}

/** Parents first, since a child goes on with their shell and variables; handed back in the order of the input. */
function writeStages(writing: Writing, stages: readonly Stage[], args: readonly ArgStep[]): (Value | undefined)[] {
  const place = new Map(stages.map((stage, i) => [stage.index, i] as const))
  const parents = stages.map(({base}) => (base.kind === 'stage' && base.index !== undefined ? place.get(base.index) : undefined))
  const ends = new Map<number, StageEnd>()
  const written: (Value | undefined)[] = stages.map(() => undefined)
  const names = new Set<string>()
  for (const stage of stages) {
    if (names.has(stage.name))
      writing.refuse(
        stage,
        'duplicate-stage',
        stage.nameSpan,
        `Two stages are called ${JSON.stringify(stage.name)}, and in YAML a name stands once.`,
        'Give each stage a name of its own.',
      )
    names.add(stage.name)
  }
  for (const i of inBaseOrder(parents.map(parent => (parent === undefined ? [] : [parent])))) {
    const stage = stages[i]
    if (stage === undefined) continue
    if (stage.rules === 'def') {
      written[i] = writeDefinitionStage(writing, stage)
      continue
    }
    const parent = parents[i]
    const {value, end} = writeDockerStage(writing, stage, args.length, parent === undefined ? undefined : ends.get(parent))
    written[i] = value
    ends.set(i, end)
  }
  return written
}

/** Arguments that every stage declares first, alike: those are `args` of the whole description. */
function commonArguments(stages: readonly Stage[]): ArgStep[] {
  const leading = stages.filter(stage => stage.rules === 'docker').map(leadingArguments)
  const [first, ...others] = leading
  if (first === undefined) return []
  const different = first.findIndex((argument, i) => others.some(other => !isSame(argument, other[i])))
  const common = different === -1 ? first : first.slice(0, different)
  // Declared again further down, it would get the common value there instead of none.
  const again = common.findIndex(({name}) =>
    stages.some(stage => stage.steps.filter(step => step.kind === 'arg' && step.name === name).length > 1),
  )
  return again === -1 ? common : common.slice(0, again)
}

function leadingArguments(stage: Stage): ArgStep[] {
  const found: ArgStep[] = []
  for (const step of stage.steps) {
    if (step.kind !== 'arg' || (step.value !== undefined && plainText(step.value) === undefined)) break
    found.push(step)
  }
  return found
}

function isSame(one: ArgStep, other: ArgStep | undefined): boolean {
  if (other === undefined || one.name !== other.name) return false
  const [a, b] = [one.value && plainText(one.value), other.value && plainText(other.value)]
  return a === b
}
