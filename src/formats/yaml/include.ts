/**
 * A stage of another file (`file:`): a Dockerfile or a definition file in the context. All stages that it needs come
 * along, under names that start with its own; places stay those of the other file.
 */
import type {Node} from 'yaml'
import {didYouMean} from '../../language/distance.js'
import {cleanPath} from '../../language/paths.js'
import {copiesOf} from '../../language/stage-copies.js'
import type {Base, Stage} from '../../model/description.js'
import type {IncludedFile, ReadOptions} from '../../model/format.js'
import {normalizeReference} from '../../model/reference.js'
import {plainText} from '../../model/template.js'
import {readDeffile} from '../deffile/read.js'
import {type Ground, groundOf, type Replacements, type StageEnd} from '../dockerfile/ground.js'
import {readStagesOf} from '../dockerfile/read.js'
import {readBase} from './base.js'
import {expandNode} from './expand.js'
import {checkDefinition, rebased} from './included-definition.js'
import {madePaths, reportWithoutEffect, stagesForImages} from './instead.js'
import type {Reading} from './reading.js'
import {type Met, replaceCopies} from './replace-copies.js'
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
  /** The folder in the context that its copies are relative to, `.` for the context itself. */
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
  const context = input.context === undefined ? undefined : cleanPath(input.context)
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
  if (context !== undefined && (context.startsWith('/') || context === '..' || context.startsWith('../')))
    return refuse(
      yaml.node(['context'], node) ?? key,
      `${input.context} lies outside the build context.`,
      'Name a larger one: --context DIR.',
    )
  const file = reading.options.file?.(path, context)
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
      'Say which stage the image is that its header names: images: {./base.sif: {stage: base}}.',
    )
  const docker = (['copies', 'context'] as const).find(each => input[each] !== undefined)
  if (file.format === 'def' && docker !== undefined)
    return refuse(
      yaml.key([docker], node) ?? key,
      `"${docker}" is for Dockerfiles: a definition file copies as it says.`,
      'Change its %files section.',
    )
  const slash = path.lastIndexOf('/')
  const options = includeOptions(reading, include)
  const probe = groundOf({kind: 'scratch', span: yaml.span(place)})
  const images = new Map(Object.keys(input.images ?? {}).map(image => [normalizeReference(image), {ground: probe}]))
  const stages = stagesOf(reading, {file, options}, {ground: input.from === undefined ? undefined : probe, images})
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
  return {...include, file, folder: context ?? (slash === -1 ? '.' : path.slice(0, slash)), options, needed, names}
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
  instead: Replacements,
  stage?: string,
): readonly ReadStage[] | undefined {
  const read = file.format === 'dockerfile' ? dockerfileStages(file, options, instead) : definitionStages(file, options)
  const failed = read.stages.length === 0
  // Found by the first reading already, and no better known by then.
  if (stage === undefined && !failed) return read.stages
  for (const {rule, severity, span, message, hint} of read.diagnostics) {
    if (rule === 'syntax') problems.syntax(span, message, hint)
    else problems.add(rule, severity, span, message, hint, stage)
  }
  return failed ? undefined : read.stages
}

function dockerfileStages(file: IncludedFile, options: ReadOptions, instead: Replacements) {
  const {stages, problems} = readStagesOf(file.name, file.text, options, instead)
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
 * @param endOf what a stage leaves to those that are put on it
 */
export function readInclude(
  reading: Reading,
  include: OpenInclude,
  positions: readonly number[],
  endOf: (stage: string) => StageEnd | undefined,
): {readonly stages: readonly Stage[]; readonly end: StageEnd | undefined} {
  const {yaml} = reading
  const {input, node, name, key, file, needed} = include
  const from = yaml.node(['from'], node) ?? key
  const base = input.from === undefined ? undefined : readBase(reading, input.from, from, name)
  const groundFor = (base: Base): Ground => ({...groundOf(base), ...(base.kind === 'stage' ? endOf(base.name) : undefined)})
  const images = stagesForImages(reading, include)
  const instead: Replacements = {
    ground: base && groundFor(base),
    images: new Map(images.map(({image, base}) => [normalizeReference(image), {ground: groundFor(base), origin: base}])),
  }
  const read = stagesOf(reading, include, instead, name)
  if (read === undefined) return {stages: [], end: undefined}
  const made = madePaths(reading, include)
  const met: Met = {used: new Set(), patterns: []}
  const stages = read.map(({stage}) => (file.format === 'def' ? rebased(stage, images) : replaceCopies(stage, made, met)))
  const coming = needed.flatMap(local => stages[local] ?? [])
  const inside = new Map(needed.map((local, i) => [local, {index: positions[i] ?? 0, name: include.names[i] ?? ''}]))
  reportWithoutEffect(reading, include, coming, {base, images, made, met})
  if (file.format === 'def') checkDefinition(reading, include, stages)
  return {
    stages: coming.map(stage => transplant(stage, inside, include)),
    end: read[needed.at(-1) ?? 0]?.end,
  }
}
