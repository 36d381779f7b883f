/** `verify`: the artifacts of a stage against an image that exists. */
import {Destinations} from '../build/destinations.js'
import {verifyArtifacts} from '../build/verify.js'
import {arrange} from '../checks/arrange.js'
import {chainOf} from '../language/stages.js'
import {againstHost} from '../library/host.js'
import {imageOpener} from '../library/image-opener.js'
import {exitCodeOf, loadInput} from '../library/input.js'
import {openImage} from '../library/open-image.js'
import type {BuildingFlags, EverywhereFlags} from '../library/options.js'
import {identityOf, storeFolder} from '../library/store-folder.js'
import {runtimeLibraries} from '../library/workshop.js'
import type {ArtifactReport} from '../model/artifact.js'
import type {Description, Stage} from '../model/description.js'
import {type Diagnostic, diagnosticJson} from '../model/diagnostic.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import type {Image} from '../model/image.js'
import type {Pins} from '../model/ports.js'
import {artifactsOf, findStage, neededStages, resolveTarget} from '../plan/graph.js'
import {palette} from '../reports/palette.js'
import {renderDiagnostics} from '../reports/text.js'
import {baseResolver} from '../system/bases.js'
import {artifactJson} from './build.js'
import type {Outcome} from './outcome.js'
import {printable} from './progress.js'

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

/** Whether an image stands upon a stage. */
function isBelow(description: Description, target: Stage, stage: Stage): boolean {
  return chainOf(description, target).some(each => each.index === stage.index)
}

/** The base that the artifacts go to, where it can be read. */
async function baseOf(
  stage: Stage,
  cwd: string,
  options: Parameters<typeof openImage>[1] & {readonly pins: Pins | undefined},
): Promise<Image | undefined> {
  const {signal} = options
  if (stage.base.kind === 'stage') return undefined
  try {
    const resolved = await baseResolver({...options, folder: options.store}).resolve(stage.base, cwd, signal)
    return await imageOpener(options).base(stage.base, resolved, cwd, signal)
  } catch (error) {
    signal.throwIfAborted()
    // What --locked demands is not left open.
    if (error instanceof SifstageError && !(options.pins?.strict && error.exitCode === ExitCode.usage)) return undefined
    throw error
  }
}

function baseUnknown(stage: Stage): Diagnostic {
  return {
    rule: 'destination-unknown',
    severity: 'info',
    message: `the base of stage "${stage.name}" cannot be read now, so whether the programs can run there is not told`,
    hint: 'Go on where its registry can be reached, or name a copy of it: --base REF=REPLACEMENT',
    span: stage.base.span,
    stage: stage.name,
  }
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
  const open = {
    architecture: loaded.architecture,
    identity,
    environment: process.env,
    signal,
    noHttps: flags['no-https'],
    offline: flags.offline,
    pins: loaded.pins,
    store: storeFolder(flags['cache-dir'] ?? loaded.settings.cacheDir, identity, process.env),
  }
  const opened = await openImage(image, open)
  let base: Image | undefined
  let reports: readonly ArtifactReport[]
  const notes: Diagnostic[] = []
  try {
    const [lowest = target.stage] = chainOf(description, target.stage)
    const goes = wanted.some(each => each.requests.some(({stage: consumer}) => isBelow(description, target.stage, consumer)))
    base = goes ? await baseOf(lowest, loaded.context.root, open) : undefined
    if (goes && base === undefined) notes.push(baseUnknown(lowest))
    const destinations =
      base === undefined
        ? undefined
        : new Destinations({
            description,
            target: target.stage,
            images: {
              stage: async index => (index === stage.index ? opened : undefined),
              base: async () => base,
            },
            environment: loaded.context.environment,
            architecture: loaded.architecture,
            runtimeLibraries: runtimeLibraries(loaded),
          })
    reports = await verifyArtifacts({
      producer: stage,
      image: opened,
      artifacts: wanted,
      environment: loaded.context.environment,
      destinations,
      heed: found => arrange(found, loaded.source, loaded.others),
      signal,
    })
    if (flags['against-host']) notes.push(...(await againstHost(opened, loaded.input, process.env, signal)))
  } finally {
    await opened.close()
    await base?.close()
  }
  const diagnostics = [...reading, ...notes, ...reports.flatMap(each => each.diagnostics)]
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
