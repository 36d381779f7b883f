/** What the build loop is asked to do, and what it gives back. */
import type {ArtifactReport} from '../model/artifact.js'
import type {Description, Stage} from '../model/description.js'
import type {Diagnostic} from '../model/diagnostic.js'
import type {ExitCode} from '../model/errors.js'
import type {ContextFiles, StageFilesResult} from '../model/format.js'
import type {History} from '../model/history.js'
import type {StageLogs} from '../model/log.js'
import type {OutputPorts, OutputRequest} from '../model/outputs.js'
import type {
  BaseResolver,
  Engine,
  EngineImages,
  EngineOptions,
  Identity,
  ImageOpener,
  ImageTools,
  Mapping,
  Runner,
  Sink,
} from '../model/ports.js'
import type {ImageCache, Store} from '../model/store.js'
import type {Archives, Caches, Launcher, RemoteSources, Secrets} from '../model/supplies.js'

export interface BuildRequest {
  /** With foreign images as stages (`withForeignImages`) behind the `visible` ones. */
  readonly description: Description
  /** Number of stages that the input itself has. */
  readonly visible: number
  readonly target: number
  /** Indexes of stages whose base `--base` replaced. */
  readonly rebased: ReadonlySet<number>
  readonly context: ContextFiles
  /** Text of the ignore file; only docker's rules have one. */
  readonly ignore: string | undefined
  readonly architecture: string
  readonly options: EngineOptions
  readonly noCache: boolean
  /** Names of stages that are built even if the store has them. */
  readonly noCacheFilter: ReadonlySet<string>
  /** Stages with steps on the host are stored by their text. */
  readonly cacheHostSteps: boolean
  /** Digests of the values of the build arguments that were given. */
  readonly buildArguments: Readonly<Record<string, string>>
  readonly jobs: number
  /** Whether points inside stages are kept: when it is worth it, after each step, never. */
  readonly checkpoints: 'auto' | 'always' | 'off'
  readonly keepGoing: boolean
  /** Leave the tree of a failed stage for `sifstage shell`. */
  readonly keepFailed: boolean
  readonly keepCwd: boolean
  /** Patterns of libraries that the machine brings at run time. */
  readonly runtimeLibraries: readonly string[]
  /** Leaves out the findings that a comment of the input silences. */
  readonly heed: (diagnostics: readonly Diagnostic[]) => readonly Diagnostic[]
  readonly output: OutputRequest
}

/** The options that a stage is built with. */
export function optionsOf(
  stage: Stage,
  {options}: Pick<BuildRequest, 'options'>,
  ports: Pick<BuildPorts, 'engineOf'>,
): EngineOptions {
  return {...options, extra: ports.engineOf(stage).arguments}
}

/** Whether a stage is built even if the store has it. */
export function isFresh({noCache, noCacheFilter}: BuildRequest, stage: string): boolean {
  return noCache || noCacheFilter.has(stage)
}

/** Scratch as the build uses it: made when the first stage needs it. */
export interface ScratchPort {
  /** A folder of this build's scratch that the engine's user owns. */
  folder(name: string): Promise<string>
  /** Gives files that we wrote to the engine's user. */
  give(folder: string): Promise<void>
  /** Removes one folder of it, whoever owns what is in it. */
  discard(folder: string): Promise<void>
  /** Keeps the scratch after the build, for `sifstage shell`. */
  keep(stage: string, kept: {readonly root: string; readonly cwd: string}): Promise<void>
}

/** An engine as it is on this machine. */
export interface EngineHere {
  readonly engine: Engine
  readonly version: string
  readonly mapping: Mapping
  /** Options of its own that were given; those of another engine are none of its. */
  readonly arguments: readonly string[]
}

export interface BuildPorts {
  /** The engine that a stage is built with. */
  readonly engineOf: (stage: Stage) => EngineHere
  /** The storage of an image engine, by the engine's name. */
  readonly storage: (engine: string) => EngineImages
  readonly imageCache: ImageCache
  /** Of this machine, in Go's words. */
  readonly architecture: string
  /** Stages as Dockerfiles: those that the target needs, each after what it needs itself. */
  readonly dockerfiles: (description: Description, target: number, heredocs: boolean) => StageFilesResult
  readonly identity: Identity
  readonly mapping: Mapping
  readonly runner: Runner
  readonly store: Store
  readonly history: History
  readonly logs: StageLogs
  readonly bases: BaseResolver
  readonly images: ImageTools
  readonly opener: ImageOpener
  readonly archives: Archives
  readonly remote: RemoteSources
  readonly caches: Caches
  readonly secrets: Secrets
  /** Fills a folder with the launcher's programs. */
  readonly launcher: (folder: string) => Promise<Launcher>
  readonly scratch: ScratchPort
  /** Where OUT goes. */
  readonly out: OutputPorts
  /** Bytes that are free, in the store after what it can spare was removed to have so many there. */
  readonly room: (store: number) => Promise<{readonly store: number; readonly scratch: number}>
  readonly sink: Sink
  readonly now: () => number
}

export interface StageReport {
  readonly index: number
  readonly name: string
  readonly status: 'built' | 'cached' | 'failed' | 'not-run'
  readonly key: string | undefined
  readonly digest: string | undefined
  readonly seconds: number | undefined
  /** Seconds after the build began at which the stage did. */
  readonly at: number | undefined
  /** The whole output of its run, where it was run. */
  readonly log: string | undefined
  readonly artifacts: readonly ArtifactReport[]
  /** What went wrong with the stage itself, with the engine's last lines. */
  readonly failure: Failure | undefined
}

export interface Failure {
  readonly exitCode: ExitCode
  readonly diagnostic: Diagnostic
  readonly tail: readonly string[]
}

export interface BuildResult {
  readonly stages: readonly StageReport[]
  readonly output: {readonly path: string; readonly digest: string; readonly bytes: number} | undefined
  readonly outputFailure: Failure | undefined
  readonly seconds: number
}
