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
import {Problems} from '../dockerfile/problems.js'
import {inBaseOrder} from './base-order.js'
import {readDefinitionStage} from './definition.js'
import {type ParsedYaml, parseYaml, type YamlDocument} from './document.js'
import {expandNode} from './expand.js'
import {reportIssues} from './issues.js'
import type {OpenStage, Reading} from './reading.js'
import {
  type DefinitionStageInput,
  definitionStageSchema,
  descriptionSchema,
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

  const reading: Reading = {
    yaml,
    problems,
    buildArguments: new BuildArguments(options),
    args: top.args ?? {},
    // Of two stages of one name the first is meant; a check refuses both.
    configs: options.configs ?? new Map(),
    indexOf: new Map(raw.map(({name}, index) => [name, index] as const).toReversed()),
  }
  for (const [name, value] of yaml.inOrder(reading.args, ['args'])) {
    const node = yaml.node(['args', name])
    const template =
      value === null || node === undefined ? undefined : expandNode(reading, node, value, reading.buildArguments.lookup)
    reading.buildArguments.declareGlobal(name, template)
  }
  const stages = compile(reading, raw)
  if (problems.failed) return {diagnostics: problems.sorted()}
  reportUnused(file, reading)
  const target = yaml.node(['target'])
  return {
    description: {
      format: 'yaml',
      file,
      text,
      stages,
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
      const inner = {definition: ['header', 'sections']}
      reportIssues(result.error.issues, {...where, keys: ['rules', 'definition'], inner})
      return []
    }
    if ('file' in plain) {
      const span = yaml.span(yaml.key(['file'], node) ?? key)
      problems.add(
        'unsupported-instruction',
        'error',
        span,
        `Line ${span.start.line}: a stage from another file ("file") is not supported yet.`,
        'Write the stage out here; sifstage convert FILE --to yaml does it.',
        name,
      )
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
  from: ['image'],
  expect: ['kind', 'executable'],
  mounts: Object.keys(mountSchema.shape),
  add: ['git', 'ref', 'folder', 'keep-git-dir', 'submodules'],
}

function isStepKind(key: string): key is keyof typeof stepSchemas {
  return Object.hasOwn(stepSchemas, key)
}

/** A stage is read when the one it starts from has been: it goes on with its variables, folder and shell. */
function compile(reading: Reading, raw: readonly RawStage[]): Stage[] {
  const parents = raw.map(({input}) =>
    input.rules === 'docker' && typeof input.stage.from === 'object' ? reading.indexOf.get(input.stage.from.stage) : undefined,
  )
  const open = new Map<number, OpenStage>()
  const stages = new Map<number, Stage>()
  for (const index of inBaseOrder(parents)) {
    const stage = raw[index]
    if (stage === undefined) continue
    if (stage.input.rules === 'def') {
      const read = readDefinitionStage(reading, stage.name, stage.key, stage.node, index, stage.input.stage)
      if (read !== undefined) stages.set(index, read)
      continue
    }
    const parent = parents[index]
    const read = readStage(reading, {...stage, index, ...stage.input}, parent === undefined ? undefined : open.get(parent))
    open.set(index, read.open)
    stages.set(index, read.stage)
  }
  return raw.flatMap((_, index) => stages.get(index) ?? [])
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
