/** `plan`: stages, order, keys, what is cached and why not. Runs no engine. */
import type {PreviewedStage} from '../build/preview.js'
import {copiesOf} from '../language/stage-copies.js'
import {exitCodeOf, type Loaded, loadInput} from '../library/input.js'
import type {BuildingFlags, EverywhereFlags} from '../library/options.js'
import {baseOf, previews} from '../library/previews.js'
import type {CopyStep, Description, Stage} from '../model/description.js'
import type {Diagnostic} from '../model/diagnostic.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import type {Plan, PlanCopy, PlanStage} from '../model/plan.js'
import {showImageReference} from '../model/reference.js'
import {showTemplate} from '../model/template.js'
import {changeWords} from '../plan/explain.js'
import {artifactsOf, findStage, neededDirectly, neededStages, resolveTarget, waves} from '../plan/graph.js'
import {planReports} from '../reports/index.js'
import {planDocument} from '../reports/json.js'
import {explainText} from '../reports/plan-text.js'
import {renderDiagnostics} from '../reports/text.js'
import type {Outcome} from './outcome.js'

export type PlanFlags = EverywhereFlags &
  BuildingFlags & {readonly format: 'text' | 'json' | 'mermaid' | 'dot'; readonly explain?: string | undefined}

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

/** The plan without keys: all that the input alone tells. */
function planOf(
  loaded: Loaded,
  description: Description,
  target: Stage,
  previews: ReadonlyMap<number, PreviewedStage>,
  diagnostics: readonly Diagnostic[],
): Plan {
  const needed = neededStages(description, target.index)
  const artifacts = artifactsOf(description, needed)
  const name = (index: number) => description.stages[index]?.name ?? ''
  return {
    input: loaded.input,
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

export function failedPlanDocument(finding: Diagnostic): object {
  return planDocument({input: finding.span.file, target: '', stages: [], order: [], diagnostics: [finding]})
}

/** @throws SifstageError (2) when there is no such stage */
function explainedStage(description: Description, wanted: string): Stage {
  const stage = findStage(description, wanted)
  if (stage !== undefined) return stage
  throw new SifstageError(
    ExitCode.usage,
    `--explain ${wanted}: there is no such stage`,
    `The stages are: ${description.stages.map(each => each.name).join(', ')}`,
  )
}

function explanation(plan: Plan, stage: Stage): string {
  const planned = plan.stages.find(each => each.index === stage.index)
  return planned === undefined ? `${stage.name}: ${plan.target} does not need it\n` : explainText(planned, changeWords)
}

export async function runPlan(
  input: string | undefined,
  flags: PlanFlags,
  colour: boolean,
  signal: AbortSignal,
): Promise<Outcome> {
  const loaded = await loadInput(input, flags, 'build', 'plan')
  const {description} = loaded
  const target = description === undefined ? undefined : resolveTarget(description, flags.target)
  const exitCode = exitCodeOf(loaded.diagnostics)
  const messages = (diagnostics: readonly Diagnostic[]) => renderDiagnostics(diagnostics, {source: loaded, colour})
  if (description === undefined || target === undefined || target.kind === 'unknown' || exitCode !== ExitCode.done) {
    const plan: Plan =
      description === undefined || target === undefined || target.kind === 'unknown'
        ? {input: loaded.input, target: flags.target ?? '', stages: [], order: [], diagnostics: loaded.diagnostics}
        : planOf(loaded, description, target.stage, new Map(), loaded.diagnostics)
    return {exitCode, document: planDocument(plan), text: '', messages: messages(loaded.diagnostics)}
  }
  const explained = flags.explain === undefined ? undefined : explainedStage(description, flags.explain)
  const {found, notes} = await previews(loaded, flags, signal, true)
  const diagnostics = [...loaded.diagnostics, ...notes]
  const plan = planOf(loaded, description, target.stage, found, diagnostics)
  return {
    exitCode,
    document: planDocument(plan),
    text: explained === undefined ? (await planReports[flags.format]())(plan) : explanation(plan, explained),
    messages: messages(diagnostics),
  }
}
