/** `verify`: the artifacts of a stage against an image that exists. */
import {Destinations} from '../build/destinations.js'
import {verifyArtifacts} from '../build/verify.js'
import {arrange} from '../checks/arrange.js'
import {chainOf} from '../language/stages.js'
import type {ArtifactReport} from '../model/artifact.js'
import type {Description, Stage} from '../model/description.js'
import type {Diagnostic} from '../model/diagnostic.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import type {Image} from '../model/image.js'
import type {Pins} from '../model/ports.js'
import {artifactsOf, findStage, neededStages, resolveTarget} from '../plan/graph.js'
import {baseResolver} from '../system/bases.js'
import {againstHost} from './host.js'
import {imageOpener} from './image-opener.js'
import {exitCodeOf, type InputSource, type Loaded, loadInput} from './input.js'
import {openImage} from './open-image.js'
import type {VerifyOptions} from './options.js'
import {identityOf, storeFolder} from './store-folder.js'
import {runtimeLibraries} from './workshop.js'

export interface Verified {
  readonly input: Loaded
  readonly exitCode: ExitCode
  /** The stage's name; missing when the input is wrong. */
  readonly stage?: string
  /** What later stages copy from it, and what became of it. */
  readonly artifacts: readonly ArtifactReport[]
  readonly diagnostics: readonly Diagnostic[]
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

/**
 * Looks for what later stages copy from a stage in an image.
 * @param image a path, or a name with its prefix
 * @throws SifstageError (2) for options that cannot be carried out and images that cannot be read
 */
export async function runVerify(
  source: InputSource | undefined,
  image: string,
  options: VerifyOptions,
  signal: AbortSignal,
): Promise<Verified> {
  const input = await loadInput(source, {...options, locked: options.locked ?? false})
  // What the context holds says nothing about an image that exists.
  const reading = input.diagnostics.filter(each => !each.rule.startsWith('context-path'))
  const nothing = (exitCode: ExitCode): Verified => ({input, exitCode, artifacts: [], diagnostics: reading})
  if (input.description === undefined || reading.some(each => each.severity === 'error')) return nothing(exitCodeOf(reading))
  const {description} = input
  const stage = findStage(description, options.stage)
  if (stage === undefined)
    throw new SifstageError(
      ExitCode.usage,
      `--stage ${options.stage}: there is no such stage`,
      `The stages are: ${description.stages.map(each => each.name).join(', ')}`,
    )
  const target = resolveTarget(description, options.target)
  if (target.kind === 'unknown') return nothing(ExitCode.wrong)
  const wanted = artifactsOf(description, neededStages(description, target.stage.index)).get(stage.index) ?? []
  const identity = identityOf(options.runAs ?? input.settings.runAs)
  const open = {
    architecture: input.architecture,
    identity,
    environment: process.env,
    signal,
    noHttps: options.noHttps ?? false,
    offline: options.offline,
    pins: input.pins,
    store: storeFolder(options.cacheDir ?? input.settings.cacheDir, identity, process.env),
  }
  const opened = await openImage(image, open)
  let base: Image | undefined
  let reports: readonly ArtifactReport[]
  const notes: Diagnostic[] = []
  try {
    const [lowest = target.stage] = chainOf(description, target.stage)
    const goes = wanted.some(each => each.requests.some(({stage: consumer}) => isBelow(description, target.stage, consumer)))
    base = goes ? await baseOf(lowest, input.context.root, open) : undefined
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
            environment: input.context.environment,
            architecture: input.architecture,
            runtimeLibraries: runtimeLibraries(input),
          })
    reports = await verifyArtifacts({
      producer: stage,
      image: opened,
      artifacts: wanted,
      environment: input.context.environment,
      destinations,
      heed: found => arrange(found, input.source, input.others),
      signal,
    })
    if (options.againstHost) notes.push(...(await againstHost(opened, input.input, process.env, signal)))
  } finally {
    await opened.close()
    await base?.close()
  }
  const diagnostics = [...reading, ...notes, ...reports.flatMap(each => each.diagnostics)]
  return {input, exitCode: exitCodeOf(diagnostics), stage: stage.name, artifacts: reports, diagnostics}
}
