/**
 * A stage of another file (`file:`): a Dockerfile or a definition file in the context. All stages that it needs come
 * along, under names that start with its own; places stay those of the other file.
 */
import type {Node} from 'yaml'
import {didYouMean} from '../../language/distance.js'
import {cleanPath} from '../../language/paths.js'
import {copiesOf} from '../../language/stage-copies.js'
import type {Stage} from '../../model/description.js'
import type {IncludedFile, ReadOptions} from '../../model/format.js'
import {plainText} from '../../model/template.js'
import {readDeffile} from '../deffile/read.js'
import {type Ground, groundOf, type StageEnd} from '../dockerfile/ground.js'
import {readStagesOf} from '../dockerfile/read.js'
import {readBase} from './base.js'
import {expandNode} from './expand.js'
import type {Reading} from './reading.js'
import type {IncludeInput} from './schema.js'
import {transplant} from './transplant.js'

export interface Include {
  readonly name: string
  readonly key: Node
  readonly node: Node
  readonly input: IncludeInput
}

/** A file that was looked at once, to learn which of its stages come along. */
export interface OpenInclude extends Include {
  readonly file: IncludedFile
  /** Its folder in the context, `.` for the context itself. */
  readonly folder: string
  readonly options: ReadOptions
  /** Places in the file of the stages that come along, the wanted one last. */
  readonly needed: readonly number[]
  /** Their names in this description. */
  readonly names: readonly string[]
}

/** Undefined after a problem. `taken` are names of other stages. */
export function openInclude(reading: Reading, include: Include, taken: Set<string>): OpenInclude | undefined {
  const {yaml, problems} = reading
  const {input, node, key} = include
  const place = yaml.node(['file'], node) ?? key
  const path = cleanPath(input.file)
  const refuse = (at: Node, message: string, hint: string): undefined => {
    problems.syntax(yaml.span(at), message, hint)
    return undefined
  }
  if (input.file.startsWith('/') || path === '..' || path.startsWith('../'))
    return refuse(
      place,
      `${input.file} lies outside the build context.`,
      'Move it into the context, or name a larger one: --context DIR.',
    )
  const file = reading.options.file?.(path)
  if (file === undefined)
    return refuse(
      place,
      `There is no file ${path} in the build context, or a link leads out of it.`,
      'The path is relative to the context.',
    )
  if (file.format === 'yaml')
    return refuse(
      place,
      `${path} is a description in YAML, and stages come from Dockerfiles and definition files only.`,
      'Name the file that it takes them from.',
    )
  if (file.format === 'def' && input.from !== undefined)
    return refuse(
      yaml.node(['from'], node) ?? key,
      'A definition file cannot be put on another base: its header is part of its text.',
      'Change its header, or give it a template variable and set that with args.',
    )
  const slash = path.lastIndexOf('/')
  const options = includeOptions(reading, include)
  const probe = groundOf({kind: 'scratch', span: yaml.span(place)})
  const stages = stagesOf(reading, {file, options}, input.from === undefined ? undefined : probe)
  if (stages === undefined) return undefined
  const wanted = wantedStage(
    reading,
    include,
    stages.map(({stage}) => stage),
  )
  if (wanted === undefined) return undefined
  const needed = neededFor(
    stages.map(({stage}) => stage),
    wanted,
  )
  const names = needed.map(index =>
    index === wanted ? include.name : freeName(include.name, stages[index]?.stage, taken, file.format),
  )
  return {...include, file, folder: slash === -1 ? '.' : path.slice(0, slash), options, needed, names}
}

function includeOptions(reading: Reading, {input, node}: Include): ReadOptions {
  const {yaml, options, buildArguments} = reading
  const given = yaml.inOrder(input.args ?? {}, ['args'], node).flatMap(([name, text]): [string, string][] => {
    const template = expandNode(reading, yaml.node(['args', name], node) ?? node, text, buildArguments.lookup)
    return template === undefined ? [] : [[name, plainText(template) ?? '']]
  })
  return {
    architecture: options.architecture,
    buildArgs: new Map(given),
    ...(options.configs === undefined ? {} : {configs: options.configs}),
    ...(input.stage === undefined ? {} : {target: input.stage}),
  }
}

type ReadStage = {readonly stage: Stage; readonly end: StageEnd | undefined}

/** Undefined after a problem, which is reported once: the second time the file is read as well as the first. */
function stagesOf(
  {problems}: Reading,
  {file, options}: {readonly file: IncludedFile; readonly options: ReadOptions},
  ground: Ground | undefined,
  stage?: string,
): readonly ReadStage[] | undefined {
  const read = file.format === 'dockerfile' ? dockerfileStages(file, options, ground) : definitionStages(file, options)
  const failed = read.stages.length === 0
  // Found by the first reading already, and no better known by then.
  if (stage === undefined && !failed) return read.stages
  for (const {rule, severity, span, message, hint} of read.diagnostics) {
    if (rule === 'syntax') problems.syntax(span, message, hint)
    else problems.add(rule, severity, span, message, hint, stage)
  }
  return failed ? undefined : read.stages
}

function dockerfileStages(file: IncludedFile, options: ReadOptions, ground: Ground | undefined) {
  const {stages, problems} = readStagesOf(file.name, file.text, options, ground)
  return {stages, diagnostics: problems.sorted()}
}

function definitionStages(file: IncludedFile, options: ReadOptions) {
  const {description, diagnostics} = readDeffile(file.name, file.text, options)
  return {stages: (description?.stages ?? []).map((stage): ReadStage => ({stage, end: undefined})), diagnostics}
}

function wantedStage({yaml, problems}: Reading, {input, node, key}: Include, stages: readonly Stage[]): number | undefined {
  if (input.stage === undefined) return stages.length - 1
  const wanted = input.stage.toLowerCase()
  const found = stages.findLastIndex(stage => stage.named && stage.name.toLowerCase() === wanted)
  if (found !== -1) return found
  const names = stages.filter(stage => stage.named).map(stage => stage.name)
  const near = didYouMean(input.stage, names)
  problems.syntax(
    yaml.span(yaml.node(['stage'], node) ?? key),
    `${input.file} has no stage ${JSON.stringify(input.stage)}.`,
    near !== undefined
      ? `Did you mean ${JSON.stringify(near)}?`
      : names.length === 0
        ? 'None of its stages has a name.'
        : `It has ${names.join(', ')}.`,
  )
  return undefined
}

function neededFor(stages: readonly Stage[], wanted: number): number[] {
  const needed = new Set<number>()
  const open = [wanted]
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    const stage = stages[index]
    if (stage === undefined || needed.has(index)) continue
    needed.add(index)
    if (stage.base.kind === 'stage' && stage.base.index !== undefined) open.push(stage.base.index)
    for (const {from} of copiesOf(stage)) if (from.kind === 'stage' && from.index !== undefined) open.push(from.index)
  }
  return [...needed].sort((a, b) => (a === wanted ? 1 : b === wanted ? -1 : a - b))
}

/** A definition file names its stages in its own text, so they keep their names. */
function freeName(prefix: string, stage: Stage | undefined, taken: Set<string>, format: IncludedFile['format']): string {
  const name = stage?.name ?? ''
  const first = format === 'def' ? name : `${prefix}-${name}`
  let free = first
  for (let number = 2; taken.has(free) && format !== 'def'; number += 1) free = `${first}-${number}`
  taken.add(free)
  return free
}

/**
 * Reads the stages for good and puts them into the description.
 * @param positions their places in the description, as `needed` has them
 * @param parent what the stage that they are put on leaves to them
 */
export function readInclude(
  reading: Reading,
  include: OpenInclude,
  positions: readonly number[],
  parent: StageEnd | undefined,
): {readonly stages: readonly Stage[]; readonly end: StageEnd | undefined} {
  const {yaml, problems} = reading
  const {input, node, name, key} = include
  const from = yaml.node(['from'], node) ?? key
  const base = input.from === undefined ? undefined : readBase(reading, input.from, from, name)
  const ground = base && {...groundOf(base), ...parent}
  const stages = stagesOf(reading, include, ground, name)
  if (stages === undefined) return {stages: [], end: undefined}
  const inside = new Map(include.needed.map((local, i) => [local, {index: positions[i] ?? 0, name: include.names[i] ?? ''}]))
  const moved = include.needed.flatMap(local => {
    const stage = stages[local]?.stage
    return stage === undefined ? [] : [transplant(stage, inside, include)]
  })
  if (base !== undefined && !include.needed.some(local => stages[local]?.stage.base === base))
    problems.add(
      'rebase-without-effect',
      'error',
      yaml.span(from),
      `No stage that ${JSON.stringify(name)} needs starts from what would be replaced.`,
      'Write ARG BASE_IMAGE above the first FROM of the file, and FROM $BASE_IMAGE where this base belongs.',
      name,
    )
  if (include.file.format === 'def')
    checkDefinition(
      reading,
      include,
      stages.map(({stage}) => stage),
    )
  return {stages: moved, end: stages[include.needed.at(-1) ?? 0]?.end}
}

/** The text of a definition file stays as it is: its names have to be free, and its paths to mean the same from here. */
function checkDefinition(
  {yaml, problems, indexOf}: Reading,
  {name, key, folder, needed}: OpenInclude,
  stages: readonly Stage[],
): void {
  for (const local of needed) {
    const stage = stages[local]
    if (stage === undefined) continue
    const last = local === needed.at(-1)
    if (stage.named && (last ? stage.name !== name : indexOf.has(stage.name)))
      problems.syntax(
        yaml.span(key),
        last
          ? `The stage is called ${JSON.stringify(name)} here and ${JSON.stringify(stage.name)} in its file.`
          : `Its file has a stage ${JSON.stringify(stage.name)}, which is the name of another stage here.`,
        'A definition file names its stages in its own text: change one of the two names.',
      )
    const relative = stage.steps.flatMap(step => (step.kind === 'copy' && step.from.kind === 'context' ? step.sources : []))
    const outside = relative.find(({path}) => !/^[/~$]/.test(plainText(path) ?? '/'))
    if (outside !== undefined && folder !== '.')
      problems.add(
        'included-host-path',
        'error',
        outside.span,
        `${plainText(outside.path)} is relative to the folder that the definition file is built in, which is not its own here.`,
        'Move the definition file to the top of the context, or the stage into a Dockerfile.',
        name,
      )
  }
}
