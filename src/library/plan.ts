/** `plan`: stages, order, keys, what is cached and why not. Runs no engine. */
import type {PreviewedStage} from '../build/preview.js'
import {copiesOf} from '../language/stage-copies.js'
import type {CopyStep, Description, Stage} from '../model/description.js'
import type {Diagnostic} from '../model/diagnostic.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import type {Plan, PlanCopy, PlanStage} from '../model/plan.js'
import {showImageReference} from '../model/reference.js'
import {showTemplate} from '../model/template.js'
import {changeWords} from '../plan/explain.js'
import {artifactsOf, findStage, neededDirectly, neededStages, resolveTarget, waves} from '../plan/graph.js'
import {exitCodeOf, type InputSource, type Loaded, loadInput} from './input.js'
import type {BuildingOptions, InputOptions} from './options.js'
import {baseOf, previews} from './previews.js'

/** Why a stage would run. */
export interface Why {
  readonly stage: string
  /** Missing where the target does not need it. */
  readonly planned?: PlanStage
  /** What has changed since it was last built, a line each. */
  readonly changes: readonly string[]
}

export interface Planned {
  readonly input: Loaded
  readonly exitCode: ExitCode
  /** Without keys, and without stages where there is no description or no such target, when the exit code is not 0. */
  readonly plan: Plan
}

function copyOf(step: CopyStep, description: Description): PlanCopy {
  const {from} = step
  const name =
    from.kind === 'stage'
      ? from.index === undefined
        ? from.name
        : (description.stages[from.index]?.name ?? from.name)
      : from.kind === 'image'
        ? showImageReference(from.reference)
        : from.kind === 'url'
          ? from.url
          : from.kind === 'git'
            ? from.repository
            : undefined
  const sources = step.sources.map(source => showTemplate(source.path))
  return {
    from: {kind: from.kind === 'url' || from.kind === 'git' ? 'inline' : from.kind, ...(name === undefined ? {} : {name})},
    sources,
    destination: step.destination === undefined ? (sources[0] ?? '') : showTemplate(step.destination.path),
    file: step.span.file,
    line: step.span.start.line,
  }
}

function stageOf(
  stage: Stage,
  description: Description,
  artifacts: PlanStage['artifacts'],
  preview: PreviewedStage | undefined,
): PlanStage {
  return {
    name: stage.name,
    index: stage.index,
    base: baseOf(stage.base),
    needs: neededDirectly(stage).flatMap(index => description.stages[index]?.name ?? []),
    copies: copiesOf(stage).map(step => copyOf(step, description)),
    artifacts,
    ...(preview?.key === undefined ? {} : {key: preview.key}),
    cached: preview?.cached ?? false,
    ...(preview?.why === undefined ? {} : {why: preview.why}),
    ...(preview === undefined || preview.changes.length === 0 ? {} : {changes: preview.changes}),
  }
}

/** @param previews what the store knows; without, it is what the input alone tells */
export function planOf(
  {input}: Loaded,
  description: Description,
  target: Stage,
  previews: ReadonlyMap<number, PreviewedStage>,
  diagnostics: readonly Diagnostic[],
): Plan {
  const needed = neededStages(description, target.index)
  const artifacts = artifactsOf(description, needed)
  const name = (index: number) => description.stages[index]?.name ?? ''
  return {
    input,
    target: target.name,
    stages: needed.flatMap(index => {
      const stage = description.stages[index]
      return stage === undefined
        ? []
        : [
            stageOf(
              stage,
              description,
              (artifacts.get(index) ?? []).map(each => ({path: each.path, wantedBy: each.wantedBy})),
              previews.get(index),
            ),
          ]
    }),
    order: waves(description, target.index).map(wave => wave.map(name)),
    diagnostics,
  }
}

/**
 * Plans a build as `build` would carry it out.
 * @throws SifstageError (2) for options that cannot be carried out
 */
export async function runPlan(
  source: InputSource | undefined,
  options: InputOptions & BuildingOptions,
  signal: AbortSignal,
): Promise<Planned> {
  const input = await loadInput(source, {...options, locked: options.locked ?? false}, 'build', 'plan')
  const {description, diagnostics} = input
  const target = description === undefined ? undefined : resolveTarget(description, options.target)
  const exitCode = exitCodeOf(diagnostics)
  if (description === undefined || target === undefined || target.kind === 'unknown')
    return {input, exitCode, plan: {input: input.input, target: options.target ?? '', stages: [], order: [], diagnostics}}
  if (exitCode !== ExitCode.done) return {input, exitCode, plan: planOf(input, description, target.stage, new Map(), diagnostics)}
  const {found, notes} = await previews(input, options, signal, true)
  return {input, exitCode, plan: planOf(input, description, target.stage, found, [...diagnostics, ...notes])}
}

/**
 * Why a stage of a plan would run.
 * @param wanted its name, or its number from 0
 * @throws SifstageError (2) when there is no such stage
 */
export function whyStage({input: {description}, plan}: Planned, wanted: string): Why {
  const stage = description === undefined ? undefined : findStage(description, wanted)
  if (stage === undefined)
    throw new SifstageError(
      ExitCode.usage,
      `--explain ${wanted}: there is no such stage`,
      `The stages are: ${description?.stages.map(each => each.name).join(', ') ?? ''}`,
    )
  const planned = plan.stages.find(each => each.index === stage.index)
  return {stage: stage.name, ...(planned === undefined ? {} : {planned}), changes: (planned?.changes ?? []).map(changeWords)}
}
