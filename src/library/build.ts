/** `build`: checks, builds stage by stage, verifies after each, writes OUT. */
import {availableParallelism} from 'node:os'
import {build} from '../build/build.js'
import {demandsOf} from '../build/demands.js'
import type {BuildPorts, BuildRequest, BuildResult, Failure, StageReport} from '../build/request.js'
import {arrange} from '../checks/arrange.js'
import type {Diagnostic} from '../model/diagnostic.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import type {OutputRequest} from '../model/outputs.js'
import type {Sink} from '../model/ports.js'
import {showSize} from '../model/quantities.js'
import {neededStages} from '../plan/graph.js'
import {leftBeside} from '../system/files.js'
import {AccountBook} from './build-account.js'
import {type EngineName, planned, type Script} from './dry-run.js'
import {exitCodeOf, hostArchitecture, type InputSource, type Loaded, loadInput} from './input.js'
import {holdLocked} from './locks.js'
import type {BuildOptions} from './options.js'
import {parseSize} from './quantities.js'
import {defaultOutput, outputRequest} from './target-file.js'
import {buildRequest, openWorkshop} from './workshop.js'

/** Where events go, and what stops it. */
export interface BuildSurroundings {
  readonly sink: Sink
  readonly signal: AbortSignal
}

/** What a build came to. */
export interface Built {
  readonly input: Loaded
  readonly status: 'ok' | 'failed'
  readonly exitCode: ExitCode
  /** OUT as it was named. */
  readonly out: string
  /** The target's; missing when nothing was begun. */
  readonly engine?: EngineName
  /** What was written; its `path` is absolute. */
  readonly output?: NonNullable<BuildResult['output']>
  /** The needed stages in plan order; empty when nothing was begun. */
  readonly stages: readonly StageReport[]
  readonly diagnostics: readonly Diagnostic[]
  /** What went wrong with stages and OUT, with the engine's last lines. */
  readonly failures: readonly Failure[]
  readonly seconds: number
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

function stopped(input: Loaded, out: string): Built {
  return {
    input,
    out,
    status: 'failed',
    exitCode: exitCodeOf(input.diagnostics),
    stages: [],
    diagnostics: input.diagnostics,
    failures: [],
    seconds: 0,
  }
}

/** A build that is ready to begin, or that an input's findings stopped. */
type Ready =
  | {readonly stopped: Loaded; readonly out: string}
  | {
      readonly stopped?: undefined
      readonly out: string
      readonly loaded: Loaded
      readonly request: BuildRequest
      readonly ports: BuildPorts
      readonly engine: EngineName
      prepare(): Promise<void>
      finish(): Promise<void>
      /** What the build gave back, and all that was found: for its account. */
      note(result: BuildResult, diagnostics: readonly Diagnostic[]): void
    }

/** Reads, checks, opens engine, store and scratch, hands them over, and closes them however it ends. */
async function opened<Result>(
  input: InputSource | undefined,
  options: BuildOptions,
  {sink, signal}: BuildSurroundings,
  purpose: 'looks' | 'builds',
  work: (ready: Ready) => Promise<Result>,
): Promise<Result> {
  let loaded = await loadInput(input, {...options, locked: options.locked ?? false}, 'build')
  const budget = process.env['SIFSTAGE_CACHE_SIZE'] || loaded.settings.cacheSize
  const most = budget === undefined ? undefined : parseSize('the setting cache-size', budget)
  const out = options.output ?? defaultOutput(loaded.input)
  const errors = loaded.diagnostics.some(each => each.severity === 'error')
  if (errors || loaded.description === undefined) return work({stopped: loaded, out})
  const output = await outputRequest(out, options.mksquashfsArgs, options.force ?? false)
  const book = new AccountBook(sink)
  const {ports, engines, scratch, secrets, finish, close} = await openWorkshop(
    options,
    loaded,
    book.sink,
    signal,
    purpose,
    output.kind,
  )
  const engine = {name: engines.main.engine.name, version: engines.main.version}
  try {
    const request = await buildRequest(loaded, options, {
      jobs: options.jobs ?? loaded.settings.jobs ?? Math.min(4, availableParallelism()),
      checkpoints: options.checkpoints ?? 'auto',
      keepGoing: options.keepGoing ?? false,
      keepFailed: options.onFailure === 'keep',
      output,
      delivers: stage => isTree(output.kind) && engines.of(stage).engine.kind === 'image',
    })
    await holdLocked(request, loaded.pins, ports.bases, signal)
    refuseCacheMounts(request)
    refuseUnknown(request, ports)
    refusePlatform(request, ports)
    const unmet = demandsOf(request.description, request.target, secrets.ids, request.options.cacheMounts)
    loaded = {...loaded, diagnostics: arrange([...loaded.diagnostics, ...unmet], loaded.source)}
    if (exitCodeOf(loaded.diagnostics) !== ExitCode.done) return await work({stopped: loaded, out})
    const prepare = async () => {
      await scratch.sweep()
      // An engine of the build has been looked at already.
      if ('name' in output && !engines.has(output.kind)) await ports.out.receivers[output.kind].check(signal)
      else for (const left of await leftBeside(output.path)) await scratch.discard(left)
    }
    const note = book.done.bind(book)
    return await work({out, loaded, request, ports, engine, prepare, finish, note})
  } finally {
    // Before scratch, which may be kept.
    secrets.close()
    await book.close({loaded, target: options.target, engine, folder: ports.store.folder, owner: ports.identity})
    await scratch.close()
    await close()
    if (most !== undefined && purpose === 'builds') await fitBudget(most, ports, sink)
  }
}

/**
 * Carries out `build`.
 * @throws SifstageError, or the signal's reason when stopped
 */
export async function runBuild(input: InputSource | undefined, options: BuildOptions, around: BuildSurroundings): Promise<Built> {
  return opened(input, options, around, 'builds', async ready => {
    if (ready.stopped !== undefined) return stopped(ready.stopped, ready.out)
    const {loaded, out, request, ports, engine} = ready
    await ready.prepare()
    const result = await build(request, ports, around.signal)
    await ready.finish()
    around.signal.throwIfAborted()
    const diagnostics = [...loaded.diagnostics, ...findings(result)]
    ready.note(result, diagnostics)
    const exitCode = codeOf(result)
    const failures = [...result.stages.map(stage => stage.failure), result.outputFailure]
    return {
      input: loaded,
      out,
      status: exitCode === ExitCode.done ? 'ok' : 'failed',
      exitCode,
      engine,
      ...(result.output === undefined ? {} : {output: result.output}),
      // Without the images that copies take files from, unless one failed.
      stages: result.stages.filter(stage => stage.index < request.visible || stage.status === 'failed'),
      diagnostics,
      failures: failures.filter(failure => failure !== undefined),
      seconds: result.seconds,
    }
  })
}

/** What a build would do. */
export interface DryRun {
  readonly input: Loaded
  readonly exitCode: ExitCode
  readonly engine?: EngineName
  readonly stages: readonly Script[]
}

/**
 * The files and commands of each stage, in the order of the plan. Nothing is run and nothing kept.
 * @throws SifstageError, or the signal's reason when stopped
 */
export async function runDryRun(
  input: InputSource | undefined,
  options: BuildOptions,
  around: BuildSurroundings,
): Promise<DryRun> {
  return opened(input, options, around, 'looks', async ready => {
    if (ready.stopped !== undefined) return {input: ready.stopped, exitCode: exitCodeOf(ready.stopped.diagnostics), stages: []}
    const {loaded, request, ports, engine} = ready
    return {input: loaded, exitCode: ExitCode.done, engine, stages: await planned(request, ports, around.signal)}
  })
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

/** Whether OUT is what engines that make trees give. */
function isTree(kind: OutputRequest['kind']): boolean {
  return kind === 'sif' || kind === 'sandbox'
}
