/** `verify`: the artifacts of a stage against an image that exists. */
import {verifyArtifact} from '../build/verify.js'
import type {ArtifactReport} from '../model/artifact.js'
import {type Diagnostic, diagnosticJson} from '../model/diagnostic.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import {artifactsOf, findStage, neededStages, resolveTarget} from '../plan/graph.js'
import {palette} from '../reports/palette.js'
import {renderDiagnostics} from '../reports/text.js'
import {artifactJson} from './build.js'
import type {BuildingFlags, EverywhereFlags} from './flags.js'
import {againstHost} from './host.js'
import {architecture, exitCodeOf, loadInput} from './input.js'
import {openImage} from './open-image.js'
import type {Outcome} from './outcome.js'
import {printable} from './progress.js'
import {identityOf, storeFolder} from './workshop.js'

export type VerifyFlags = EverywhereFlags & BuildingFlags & {readonly stage: string; readonly 'against-host': boolean}

function documentOf(
  input: string,
  flags: Pick<VerifyFlags, 'stage'>,
  image: string,
  artifacts: readonly ArtifactReport[],
  diagnostics: readonly Diagnostic[],
): object {
  return {
    version: 1,
    input,
    stage: flags.stage,
    image,
    artifacts: artifacts.map(artifactJson),
    diagnostics: diagnostics.map(diagnosticJson),
  }
}

export function failedVerifyDocument(flags: Pick<VerifyFlags, 'stage'>, image: string): (finding: Diagnostic) => object {
  return finding => documentOf(finding.span.file, flags, image, [], [finding])
}

export async function runVerify(
  input: string,
  image: string,
  flags: VerifyFlags,
  colour: boolean,
  signal: AbortSignal,
): Promise<Outcome> {
  const loaded = await loadInput(input, flags)
  // What the context holds says nothing about an image that exists.
  const reading = loaded.diagnostics.filter(each => !each.rule.startsWith('context-path'))
  const stop = (diagnostics: readonly Diagnostic[], exitCode: ExitCode): Outcome => ({
    exitCode,
    document: documentOf(loaded.input, flags, image, [], diagnostics),
    text: '',
    messages: renderDiagnostics(diagnostics, {source: loaded, colour}),
  })
  if (loaded.description === undefined || reading.some(each => each.severity === 'error'))
    return stop(reading, exitCodeOf(reading))
  const {description} = loaded
  const stage = findStage(description, flags.stage)
  if (stage === undefined)
    throw new SifstageError(
      ExitCode.usage,
      `--stage ${flags.stage}: there is no such stage`,
      `The stages are: ${description.stages.map(each => each.name).join(', ')}`,
    )
  const target = resolveTarget(description, flags.target)
  if (target.kind === 'unknown') return stop(reading, ExitCode.wrong)
  const wanted = artifactsOf(description, neededStages(description, target.stage.index)).get(stage.index) ?? []
  const identity = identityOf(flags['run-as'] ?? loaded.settings.runAs)
  const opened = await openImage(image, {
    architecture,
    identity,
    environment: process.env,
    signal,
    noHttps: flags['no-https'],
    store: storeFolder(flags['cache-dir'] ?? loaded.settings.cacheDir, identity, process.env),
  })
  let reports: readonly ArtifactReport[]
  let unsuited: readonly Diagnostic[] = []
  try {
    reports = wanted.map(artifact => verifyArtifact(artifact, stage, opened.tree, loaded.context.environment))
    if (flags['against-host']) unsuited = await againstHost(opened, loaded.input, process.env, signal)
  } finally {
    await opened.close()
  }
  const diagnostics = [...reading, ...reports.flatMap(each => each.diagnostics), ...unsuited]
  const colours = palette(colour)
  const lines = reports.map(each =>
    each.status === 'ok'
      ? `${colours.good('✓')} ${printable(each.path)} (${each.kind}), for ${each.wantedBy.join(', ')}`
      : `${colours.error('✗')} ${printable(each.path)}, wanted by ${each.wantedBy.join(', ')}`,
  )
  if (wanted.length === 0) lines.push(`no later stage copies anything from stage "${stage.name}"`)
  return {
    exitCode: exitCodeOf(diagnostics),
    document: documentOf(loaded.input, flags, image, reports, diagnostics),
    text: `${lines.join('\n')}\n`,
    messages: renderDiagnostics(diagnostics, {source: loaded, colour}),
  }
}
