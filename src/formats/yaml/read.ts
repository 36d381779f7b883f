/**
 * Reads a description in YAML: text → YAML → the shape of schema.ts → stages. Every error is found in one go and
 * stands at the node that it is about; one of rule `syntax` leaves no description.
 */
import type {Node} from 'yaml'
import {z} from 'zod'
import {nearest} from '../../language/distance.js'
import type {Stage} from '../../model/description.js'
import type {ReadOptions, ReadResult} from '../../model/format.js'
import {startOf} from '../../model/span.js'
import {BuildArguments} from '../dockerfile/build-arguments.js'
import type {StageEnd} from '../dockerfile/ground.js'
import {Problems} from '../dockerfile/problems.js'
import {inBaseOrder} from './base-order.js'
import {readDefinitionStage} from './definition.js'
import {type ParsedYaml, parseYaml, type YamlDocument} from './document.js'
import {expandNode} from './expand.js'
import {type OpenInclude, openInclude, readInclude} from './include.js'
import {reportIssues} from './issues.js'
import type {Reading} from './reading.js'
import {
  type DefinitionStageInput,
  definitionStageSchema,
  descriptionSchema,
  type IncludeInput,
  includeSchema,
  mountSchema,
  type StageInput,
  type StepInput,
  stageName,
  stageSchema,
  stepSchemas,
} from './schema.js'
import {readStage} from './stage.js'

export function readYaml(file: string, text: string, options: ReadOptions): ReadResult {
  const problems = new Problems()
  const parsed = parseYaml(file, text, problems)
  if (parsed === undefined) return {diagnostics: problems.sorted()}
  const {yaml} = parsed
  const top = readTop(parsed, problems)
  const raw = readRawStages(parsed, problems)
  if (top === undefined || problems.failed) return {diagnostics: problems.sorted()}

  const indexOf = new Map<string, number>()
  const reading: Reading = {
    yaml,
    problems,
    buildArguments: new BuildArguments(options),
    args: top.args ?? {},
    options,
    indexOf,
  }
  for (const [name, value] of yaml.inOrder(reading.args, ['args'])) {
    const node = yaml.node(['args', name])
    const template =
      value === null || node === undefined ? undefined : expandNode(reading, node, value, reading.buildArguments.lookup)
    reading.buildArguments.declareGlobal(name, template)
  }
  const placed = place(reading, raw)
  // Of two stages of one name the first is meant; a check refuses both.
  for (const {raw: stage, index} of placed.toReversed()) indexOf.set(stage.name, index)
  const stages = compile(reading, placed)
  if (problems.failed) return {diagnostics: problems.sorted()}
  reportUnused(file, reading)
  const target = yaml.node(['target'])
  return {
    description: {
      format: 'yaml',
      file,
      text,
      stages,
      ...(top['runtime-libraries'] === undefined ? {} : {runtimeLibraries: top['runtime-libraries']}),
      ...(top.target === undefined || target === undefined ? {} : {target: {name: top.target, span: yaml.span(target)}}),
    },
    diagnostics: problems.sorted(),
  }
}

const topSchema = descriptionSchema.extend({
  stages: z.record(z.string(), z.unknown(), {error: 'should be a map from names to stages'}),
})

function readTop({yaml, plain}: ParsedYaml, problems: Problems): z.infer<typeof topSchema> | undefined {
  const result = topSchema.safeParse(plain)
  if (result.success) {
    if (Object.keys(result.data.stages).length > 0) return result.data
    problems.syntax(
      yaml.span(yaml.key(['stages']) ?? yaml.root),
      'There are no stages.',
      'A stage is a name and what it starts from, for example "final: {from: docker://debian:12}".',
    )
    return undefined
  }
  reportIssues(result.error.issues, {
    yaml,
    problems,
    node: yaml.root,
    what: 'the description',
    keys: Object.keys(descriptionSchema.shape).filter(key => key !== '$schema'),
    key: undefined,
  })
  return undefined
}

/** A stage in the shape that the schema promises. */
export interface RawStage {
  readonly name: string
  readonly key: Node
  readonly node: Node
  readonly input:
    | {readonly rules: 'docker'; readonly stage: ShallowStage; readonly steps: readonly RawStep[]}
    | {readonly rules: 'def'; readonly stage: DefinitionStageInput}
    | {readonly rules: 'file'; readonly include: IncludeInput}
}

export type ShallowStage = Omit<StageInput, 'steps'>

export interface RawStep {
  readonly node: Node
  readonly input: StepInput
}

function readRawStages(parsed: ParsedYaml, problems: Problems): RawStage[] {
  const {yaml} = parsed
  return yaml.pairs(['stages']).flatMap(({name, key, value}) => {
    const named = stageName.safeParse(name)
    if (!named.success)
      problems.syntax(yaml.span(key), `${JSON.stringify(name)} ${named.error.issues[0]?.message ?? 'is no name'}.`)
    const node = yaml.resolved(value)
    const plain = parsed.plainOf(value)
    if (node === undefined || typeof plain !== 'object' || plain === null || Array.isArray(plain)) {
      problems.syntax(
        yaml.span(node ?? key),
        `The stage ${JSON.stringify(name)} should be a map.`,
        'Write what it starts from, for example "from: docker://debian:12".',
      )
      return []
    }
    const where = {yaml, problems, node, key, what: `the stage ${JSON.stringify(name)}`}
    if ('rules' in plain || 'definition' in plain) {
      const result = definitionStageSchema.safeParse(plain)
      if (result.success) return {name, key, node, input: {rules: 'def', stage: result.data}}
      const inner = {definition: ['header', 'sections'], from: ['stage']}
      reportIssues(result.error.issues, {...where, keys: ['rules', 'engine', 'from', 'definition'], inner})
      return []
    }
    if ('file' in plain) {
      const result = includeSchema.safeParse(plain)
      if (result.success) return {name, key, node, input: {rules: 'file', include: result.data}}
      reportIssues(result.error.issues, {...where, keys: Object.keys(includeSchema.shape), inner: {from: ['stage']}})
      return []
    }
    const result = shallowSchema.safeParse(plain)
    if (!result.success) {
      reportIssues(result.error.issues, {
        ...where,
        keys: Object.keys(stageSchema.shape),
        inner: {from: ['stage'], healthcheck: ['test', 'interval', 'timeout', 'start-period', 'start-interval', 'retries']},
      })
      return []
    }
    const {steps = [], ...stage} = result.data
    const rawSteps = steps.flatMap((step, i) => readRawStep(yaml, node, step, i, problems) ?? [])
    return {name, key, node, input: {rules: 'docker', stage, steps: rawSteps}}
  })
}

/** Steps are looked at one by one, each by the schema of its own kind, since errors then say what it lacks. */
const shallowSchema = stageSchema.extend({steps: z.array(z.unknown(), {error: 'should be a list of steps'}).optional()})

function readRawStep(yaml: YamlDocument, stage: Node, plain: unknown, i: number, problems: Problems): RawStep | undefined {
  const node = yaml.resolved(yaml.node(['steps', i], stage))
  if (node === undefined) return undefined
  const kinds = Object.keys(stepSchemas).filter(isStepKind)
  if (typeof plain !== 'object' || plain === null || Array.isArray(plain)) {
    problems.syntax(
      yaml.span(node),
      `Step ${i + 1} should be a map, such as "run: COMMAND".`,
      `The kinds of steps are ${kinds.join(', ')}.`,
    )
    return undefined
  }
  const [kind, second] = kinds.filter(one => Object.hasOwn(plain, one))
  if (kind === undefined || second !== undefined) {
    const keys = Object.keys(plain)
    const near = keys.map(key => nearest(key, kinds)).find(one => one !== undefined)
    const at = yaml.key([second ?? keys[0] ?? ''], node) ?? node
    problems.syntax(
      yaml.span(at),
      kind === undefined
        ? `Step ${i + 1} says nothing to do.`
        : `Step ${i + 1} has both "${kind}" and "${second}", and a step does one thing.`,
      kind !== undefined
        ? 'Make two steps of it.'
        : near === undefined
          ? `It needs one of ${kinds.join(', ')}.`
          : `Did you mean "${near}"?`,
    )
    return undefined
  }
  const result = stepSchemas[kind].safeParse(plain)
  if (result.success) return {node, input: result.data}
  reportIssues(result.error.issues, {
    yaml,
    problems,
    node,
    what: `the step "${kind}"`,
    keys: Object.keys(stepSchemas[kind].shape),
    inner: innerKeys,
    key: yaml.key([kind], node),
  })
  return undefined
}

/** Keys of the maps inside a step. */
const innerKeys = {
  from: ['image', 'folder', 'ignore'],
  expect: ['kind', 'executable', 'min-size', 'max-size', 'sha256', 'arch', 'libraries', 'static'],
  mounts: Object.keys(mountSchema.shape),
  add: ['git', 'ref', 'folder', 'keep-git-dir', 'submodules'],
}

function isStepKind(key: string): key is keyof typeof stepSchemas {
  return Object.hasOwn(stepSchemas, key)
}

/** A stage with its place among all stages. Those that an included one needs stand before it. */
interface PlacedStage {
  readonly raw: RawStage
  readonly index: number
  readonly include?: OpenInclude
}

function place(reading: Reading, raw: readonly RawStage[]): PlacedStage[] {
  const taken = new Set(raw.map(({name}) => name))
  let next = 0
  return raw.flatMap((stage): PlacedStage[] => {
    if (stage.input.rules !== 'file') {
      next += 1
      return [{raw: stage, index: next - 1}]
    }
    const include = openInclude(reading, {...stage, input: stage.input.include}, taken)
    if (include === undefined) return []
    next += include.needed.length
    return [{raw: stage, index: next - 1, include}]
  })
}

/** A stage is read when the one it starts from has been: it goes on with its variables, folder and shell. */
function compile(reading: Reading, placed: readonly PlacedStage[]): Stage[] {
  const placeOf = new Map(placed.map(({index}, i) => [index, i] as const))
  const parents = placed.map(({raw: {input}}) =>
    parentsOf(input).flatMap(name => placeOf.get(reading.indexOf.get(name) ?? -1) ?? []),
  )
  const ends = new Map<number, StageEnd>()
  const stages: Stage[] = []
  for (const i of inBaseOrder(parents)) {
    const stage = placed[i]
    if (stage === undefined) continue
    const read = readPlaced(reading, stage, name => ends.get(placeOf.get(reading.indexOf.get(name) ?? -1) ?? -1))
    stages.push(...read.stages.map(each => ({...each, ...engineOf(reading, stage.raw)})))
    if (read.end !== undefined) ends.set(i, read.end)
  }
  return stages.sort((a, b) => a.index - b.index)
}

/** Stages that an included one needs are built by the same engine. */
function engineOf({yaml}: Reading, {node, input}: RawStage): Pick<Stage, 'engine'> {
  const value = input.rules === 'file' ? input.include.engine : input.stage.engine
  return value === undefined ? {} : {engine: {value, span: yaml.span(yaml.node(['engine'], node) ?? node)}}
}

/** The stages that a stage may stand on, as they are named. */
function parentsOf(input: RawStage['input']): string[] {
  if (input.rules === 'file')
    return [input.include.from, ...Object.values(input.include.images ?? {})].flatMap(from =>
      typeof from === 'object' ? [from.stage] : [],
    )
  const {from} = input.stage
  return typeof from === 'object' ? [from.stage] : []
}

function readPlaced(
  reading: Reading,
  {raw, index, include}: PlacedStage,
  endOf: (stage: string) => StageEnd | undefined,
): {readonly stages: readonly Stage[]; readonly end: StageEnd | undefined} {
  const {name, key, node, input} = raw
  if (input.rules === 'def') {
    const stage = readDefinitionStage(reading, name, key, node, index, input.stage)
    return {stages: stage === undefined ? [] : [stage], end: undefined}
  }
  if (input.rules === 'docker') {
    const {from} = input.stage
    const {stage, end} = readStage(
      reading,
      {name, key, node, index, ...input},
      typeof from === 'object' ? endOf(from.stage) : undefined,
    )
    return {stages: [stage], end}
  }
  if (include === undefined) return {stages: [], end: undefined}
  const positions = include.needed.map((_, i) => index - include.needed.length + 1 + i)
  return readInclude(reading, include, positions, endOf)
}

function reportUnused(file: string, {buildArguments, problems}: Reading): void {
  for (const name of buildArguments.unused()) {
    const near = nearest(name, buildArguments.declared)
    problems.add(
      'unused-build-arg',
      'warning',
      startOf(file),
      `The description declares no build argument ${name}.`,
      near === undefined ? `Add it to "args", or leave it out.` : `Did you mean ${near}?`,
    )
  }
}
