/** `build`: check, build stage by stage, verify after each, write OUT. */
import {availableParallelism} from 'node:os'
import {build} from '../build/build.js'
import {demandsOf} from '../build/demands.js'
import type {BuildPorts, BuildRequest, BuildResult, Failure, StageReport} from '../build/request.js'
import {arrange} from '../checks/arrange.js'
import {exitCodeOf, hostArchitecture, type Loaded, loadInput} from '../library/input.js'
import {holdLocked} from '../library/locks.js'
import type {BuildingFlags, EverywhereFlags} from '../library/options.js'
import {parseSize, showSize} from '../library/quantities.js'
import {defaultOutput, outputRequest} from '../library/target-file.js'
import {buildRequest, openWorkshop} from '../library/workshop.js'
import type {ArtifactReport} from '../model/artifact.js'
import {type Diagnostic, diagnosticJson} from '../model/diagnostic.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import type {OutputRequest} from '../model/outputs.js'
import type {Sink} from '../model/ports.js'
import {neededStages} from '../plan/graph.js'
import {renderDiagnostics} from '../reports/text.js'
import {fileError, leftBeside, writeWhole} from '../system/files.js'
import {dryRun} from './dry-run.js'
import type {Outcome} from './outcome.js'
import {printable} from './progress.js'

export type BuildFlags = EverywhereFlags &
  BuildingFlags & {
    readonly output?: string | undefined
    readonly jobs?: number | undefined
    readonly checkpoints: 'auto' | 'always' | 'off'
    readonly 'store-to'?: string | undefined
    readonly 'cache-from'?: readonly string[] | undefined
    readonly 'cache-to'?: string | undefined
    readonly 'mksquashfs-args'?: string | undefined
    readonly 'on-failure': 'clean' | 'keep'
    readonly 'keep-going': boolean
    readonly 'dry-run': boolean
    readonly 'metadata-file'?: string | undefined
    readonly force: boolean
    readonly secret?: readonly string[] | undefined
    readonly sign: boolean
  }

export interface BuildSurroundings {
  readonly sink: Sink
  readonly signal: AbortSignal
  readonly colour: boolean
}

export function artifactJson(report: ArtifactReport): object {
  const {diagnostics, ...rest} = report
  return {...rest, ...(diagnostics.length === 0 ? {} : {diagnostics: diagnostics.map(diagnosticJson)})}
}

function stageJson(report: StageReport): object {
  return {
    name: report.name,
    status: report.status,
    ...(report.key === undefined ? {} : {key: report.key}),
    ...(report.digest === undefined ? {} : {digest: report.digest}),
    ...(report.seconds === undefined ? {} : {seconds: report.seconds}),
    artifacts: report.artifacts.map(artifactJson),
  }
}

interface DocumentParts {
  readonly engine?: {readonly name: string; readonly version: string}
  readonly result?: BuildResult
  /** Those of the result that are shown: without the images that copies take files from, unless one failed. */
  readonly stages?: readonly StageReport[]
  readonly diagnostics: readonly Diagnostic[]
  readonly status: 'ok' | 'failed'
}

function documentOf(parts: DocumentParts): object {
  const {result} = parts
  return {
    version: 1,
    status: parts.status,
    ...(parts.engine === undefined ? {} : {engine: parts.engine}),
    ...(result?.output === undefined ? {} : {output: result.output}),
    stages: (parts.stages ?? result?.stages ?? []).map(stageJson),
    diagnostics: parts.diagnostics.map(diagnosticJson),
    seconds: result?.seconds ?? 0,
  }
}

/** An engine's last words, set off from ours. */
function quoted(failure: Failure): string {
  if (failure.tail.length === 0) return ''
  const lines = failure.tail.map(line => `    ${printable(line)}`).join('\n')
  return `  the engine's last lines:\n${lines}\n${failure.log === undefined ? '' : `  whole log: ${failure.log}\n`}`
}

function size(bytes: number): string {
  return bytes < 1 << 20 ? `${Math.ceil(bytes / 1024)} kB` : `${(bytes / (1 << 20)).toFixed(1)} MB`
}

function stopped(loaded: Loaded, colour: boolean): Outcome {
  return {
    exitCode: exitCodeOf(loaded.diagnostics),
    document: documentOf({diagnostics: loaded.diagnostics, status: 'failed'}),
    text: '',
    messages: `${renderDiagnostics(loaded.diagnostics, {source: loaded, colour})}Nothing was built.\n`,
  }
}

/** Findings of the build in plan order: artifacts that are not as they must be, and stages that failed. */
function findings(result: BuildResult): Diagnostic[] {
  const found = result.stages.flatMap(stage => [
    ...stage.artifacts.flatMap(each => each.diagnostics),
    ...(stage.failure === undefined ? [] : [stage.failure.diagnostic]),
  ])
  return result.outputFailure === undefined ? found : [...found, result.outputFailure.diagnostic]
}

/** The code of the first failed stage in plan order. */
function codeOf(result: BuildResult): ExitCode {
  const first = result.stages.find(stage => stage.status === 'failed')
  if (first !== undefined) return first.failure?.exitCode ?? ExitCode.wrong
  return result.outputFailure?.exitCode ?? (result.output === undefined ? ExitCode.failed : ExitCode.done)
}

/**
 * Carries out `build`.
 * @throws SifstageError, or the signal's reason when stopped
 */
export async function runBuild(input: string | undefined, flags: BuildFlags, around: BuildSurroundings): Promise<Outcome> {
  refuseMissing(flags)
  let loaded = await loadInput(input, flags, 'build')
  const budget = process.env['SIFSTAGE_CACHE_SIZE'] || loaded.settings.cacheSize
  const most = budget === undefined ? undefined : parseSize('the setting cache-size', budget)
  const errors = loaded.diagnostics.some(each => each.severity === 'error')
  if (errors || loaded.description === undefined) return stopped(loaded, around.colour)
  const output = await outputRequest(flags.output ?? defaultOutput(loaded.input), flags['mksquashfs-args'], flags.force)
  const {ports, engines, scratch, secrets, finish, close} = await openWorkshop(
    flags,
    loaded,
    around.sink,
    around.signal,
    flags['dry-run'] ? 'looks' : 'builds',
    output.kind,
  )
  const engine = {name: engines.main.engine.name, version: engines.main.version}
  try {
    const request = await buildRequest(loaded, flags, {
      jobs: flags.jobs ?? loaded.settings.jobs ?? Math.min(4, availableParallelism()),
      checkpoints: flags.checkpoints,
      keepGoing: flags['keep-going'],
      keepFailed: flags['on-failure'] === 'keep',
      output,
      delivers: stage => isTree(output.kind) && engines.of(stage).engine.kind === 'image',
    })
    await holdLocked(request, loaded.pins, ports.bases, around.signal)
    refuseCacheMounts(request)
    refuseUnknown(request, ports)
    refusePlatform(request, ports)
    const unmet = demandsOf(request.description, request.target, secrets.ids, request.options.cacheMounts)
    loaded = {...loaded, diagnostics: arrange([...loaded.diagnostics, ...unmet], loaded.source)}
    if (exitCodeOf(loaded.diagnostics) !== ExitCode.done) return stopped(loaded, around.colour)
    if (!flags['dry-run']) {
      await scratch.sweep()
      // An engine of the build has been looked at already.
      if ('name' in output && !engines.has(output.kind)) await ports.out.receivers[output.kind].check(around.signal)
      else for (const left of await leftBeside(output.path)) await scratch.discard(left)
    }
    if (flags['dry-run']) return await dryRun(request, engines.main, ports, loaded, around.signal)
    const result = await build(request, ports, around.signal)
    await finish()
    around.signal.throwIfAborted()
    const diagnostics = [...loaded.diagnostics, ...findings(result)]
    const exitCode = codeOf(result)
    const stages = result.stages.filter(stage => stage.index < request.visible || stage.status === 'failed')
    const document = documentOf({engine, result, stages, diagnostics, status: exitCode === ExitCode.done ? 'ok' : 'failed'})
    if (flags['metadata-file'] !== undefined) await writeMetadata(flags['metadata-file'], document)
    const failures = [...result.stages.map(stage => stage.failure), result.outputFailure].filter(failure => failure !== undefined)
    const notRun = result.stages.filter(stage => stage.status === 'not-run').map(stage => stage.name)
    const messages = [
      renderDiagnostics(diagnostics, {source: loaded, colour: around.colour}),
      ...failures.map(quoted),
      notRun.length === 0 ? '' : `not run: ${notRun.join(', ')}\n`,
      exitCode === ExitCode.done ? '' : `${flags.output ?? defaultOutput(loaded.input)} was not written.\n`,
    ].join('')
    const written =
      result.output === undefined
        ? ''
        : `${flags.output ?? defaultOutput(loaded.input)}  ${size(result.output.bytes)}  ${result.output.digest}\n`
    return {exitCode, document, text: written, messages}
  } finally {
    // Before scratch, which may be kept.
    secrets.close()
    await scratch.close()
    await close()
    if (most !== undefined && !flags['dry-run']) await fitBudget(most, ports, around.sink)
  }
}

/** Keeps the store within what it may take, by the setting cache-size. It never fails a build. */
async function fitBudget(most: number, {store, identity}: BuildPorts, sink: Sink): Promise<void> {
  const note = (severity: 'info' | 'warning', text: string) => sink.emit({event: 'note', severity, text})
  try {
    const {enforceBudget} = await import('../stores/retention.js')
    const pruned = await enforceBudget(store.folder, most, identity)
    if (pruned === undefined) return
    const gone = showSize(pruned.bytesBefore - pruned.bytesAfter)
    note(
      'info',
      `the store is kept to ${showSize(most)}: ${gone} that was not used for longest is removed, ${showSize(pruned.bytesAfter)} left`,
    )
  } catch (error) {
    note('warning', `the store could not be kept to ${showSize(most)}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** `--cache-mount` is for those who cannot write it down. */
function refuseCacheMounts({options, description, target}: BuildRequest): void {
  const stages = neededStages(description, target).map(index => description.stages[index])
  if (options.cacheMounts.length > 0 && !stages.some(stage => stage?.rules === 'def'))
    throw new SifstageError(
      ExitCode.usage,
      `--cache-mount ${options.cacheMounts[0]}: no stage of ${description.file} is one of a definition file`,
      'In a Dockerfile write RUN --mount=type=cache,target=TARGET, in YAML `mounts:` of the step',
    )
}

/** Engines that make trees run what they build as it is. */
function refusePlatform({architecture, description, target}: BuildRequest, {engineOf}: BuildPorts): void {
  if (architecture === hostArchitecture) return
  for (const index of neededStages(description, target)) {
    const stage = description.stages[index]
    const engine = stage === undefined ? undefined : engineOf(stage).engine
    if (engine?.kind !== 'tree') continue
    throw new SifstageError(
      ExitCode.noEngine,
      `--platform linux/${architecture}: ${engine.name} builds for the machine that it runs on alone (linux/${hostArchitecture})`,
      'Build it on such a machine, or with docker, podman or buildah: --engine docker -o NAME.oci.tar',
    )
  }
}

/** Options that mean nothing to any engine of the build. */
function refuseUnknown({options, description, target}: BuildRequest, {engineOf}: BuildPorts): void {
  const stages = neededStages(description, target).flatMap(index => description.stages[index] ?? [])
  const engines = stages.filter(stage => !stage.delivers).map(stage => engineOf(stage).engine)
  const [first] = engines
  if (first?.kind !== 'image' || engines.some(({kind}) => kind === 'tree')) return
  const [unknown] = first.unknownOptions(options)
  if (unknown !== undefined)
    throw new SifstageError(
      ExitCode.usage,
      `${unknown}: ${first.name} has no such thing when it builds`,
      'Leave it out, or build with --engine apptainer.',
    )
}

/** What the command line promises and this version cannot do: said before anything is read, never ignored. */
function refuseMissing(flags: BuildFlags): void {
  if (flags.sign)
    throw new SifstageError(
      ExitCode.usage,
      '--sign: this version of sifstage does not sign images',
      'Sign it afterwards: apptainer sign IMAGE.sif',
    )
}

/** Whether OUT is what engines that make trees give. */
function isTree(kind: OutputRequest['kind']): boolean {
  return kind === 'sif' || kind === 'sandbox'
}

async function writeMetadata(file: string, document: object): Promise<void> {
  try {
    await writeWhole(file, `${JSON.stringify(document, undefined, 2)}\n`)
  } catch (error) {
    throw fileError(`--metadata-file ${file} cannot be written`, error)
  }
}

/** The document of a build that could not even begin. */
export function failedBuildDocument(diagnostic: Diagnostic): object {
  return documentOf({diagnostics: [diagnostic], status: 'failed'})
}
