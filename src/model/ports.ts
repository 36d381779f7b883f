/**
 * What the build loop needs of the world, each port a handful of lines. Behaviour (limits, recording, dry run)
 * is added by wrappers with the same face.
 */
import type {Base, Command, Description, Mount, Stage, Step} from './description.js'
import type {StageFile} from './format.js'
import type {Image, ImageTree} from './image.js'
import type {Operations, PlacedSource} from './operations.js'
import type {ImageReference, LocalReference} from './reference.js'
import type {HeldStage, LayerCache, StoredStage} from './store.js'
import type {Launcher, SecretFolders} from './supplies.js'

/** Who the engine's commands run as. */
export interface Identity {
  readonly user: string
  readonly uid: number
  readonly gid: number
  readonly home: string
}

/**
 * How numeric owners inside an image relate to the host: `subuid` a real range (D75 a), `root-mapped` only the
 * user himself as 0 (D75 b), `none` real root without a namespace.
 */
export type Mapping = 'subuid' | 'root-mapped' | 'none'

/** Everything a person can set that changes how an engine runs. */
export interface EngineOptions {
  readonly binds: readonly string[]
  readonly nv: boolean
  readonly rocm: boolean
  readonly fixPerms: boolean
  readonly noHttps: boolean
  readonly notest: boolean
  readonly overrideLabels: boolean
  readonly shareTmp: boolean
  /** Places at which a definition file's commands see a folder that is kept between builds: what lies there is in no image. */
  readonly cacheMounts: readonly string[]
  readonly extra: readonly string[]
}

/** What a stage starts from, after `--base` and resolution. */
export type StageBase =
  /** `pinned` is the reference with the platform's digest where one is known. */
  | {
      readonly kind: 'image'
      readonly transport: string
      readonly name: string
      readonly pinned: string | undefined
      /** Our own copy of it; without one the engine fetches it. */
      readonly supplied?: LocalReference | undefined
    }
  /** `moved`: a copy that the engine's user can read, in the place of the one that the input names. */
  | {readonly kind: 'local'; readonly reference: LocalReference; readonly moved: boolean}
  | {readonly kind: 'scratch'}
  /** Another stage; its image lies unpacked at the root before the script runs. */
  | {readonly kind: 'stage'}
  /** Made by package tools from the definition's own header. */
  | {readonly kind: 'mirror'}

/** A file that holds one squashfs, and where in it. */
export interface PackedImage {
  readonly path: string
  readonly offset: number
}

/** Artifacts of one earlier stage (or foreign image), laid out in a folder as they lie in its image. */
export interface Incoming {
  /** The name that the copies use. */
  readonly name: string
  readonly folder: string
  /** True when the stage's own definition and metadata are among them (D151). */
  readonly withMetadata: boolean
}

/** What a mount of a command shows: a file or folder of the host. */
export interface Mounted {
  readonly from: string
  readonly kind: 'file' | 'folder'
}

export interface StageWork {
  readonly stage: Stage
  readonly description: Description
  readonly base: StageBase
  /** True when the base was replaced, so that the definition's own header does not name it. */
  readonly rebased: boolean
  readonly folder: string
  readonly root: string
  readonly incoming: readonly Incoming[]
  /** For each copy step of docker's rules: what it copies. */
  readonly placements: ReadonlyMap<Step, readonly PlacedSource[]>
  /** For each mount of docker's rules that shows files: where they lie. A secret that was not given has no entry. */
  readonly mounted: ReadonlyMap<Mount, Mounted>
  /** Where the initial content of a cache mount lies, of those that name one. */
  readonly cacheContent: ReadonlyMap<Mount, string>
  /** Undefined for a stage that runs no command of docker's rules. */
  readonly launcher: Launcher | undefined
  /** Folders that are kept between builds, as a definition file's commands see them (`--cache-mount`). */
  readonly keptFolders: readonly {readonly from: string; readonly target: string}[]
  /** Undefined when none was given. A definition file's commands see `given` as `/run/secrets`. */
  readonly secrets: SecretFolders | undefined
  /** The engine's working folder: the build context. */
  readonly cwd: string
  readonly mapping: Mapping
  readonly options: EngineOptions
  readonly inherited: Inherited
  /** What the finished image runs, parents and base included; both undefined leaves the base's run script. */
  readonly start: {readonly entrypoint: Command | undefined; readonly cmd: Command | undefined}
  readonly keepCwd: boolean
  /** Leave the tree of a failed stage where it is. */
  readonly keepFailed: boolean
}

/** What a stage of docker's rules begins with: from its parent stages and the base image's configuration (K55, K60, K76). */
export interface Inherited {
  /** Variables of the base image itself, for what only they can tell. */
  readonly base: ReadonlyMap<string, string>
  /** True when these are all that the base sets; false when its configuration is not at hand. */
  readonly baseKnown: boolean
  /** Variables that parent stages set; their images have them. */
  readonly env: ReadonlyMap<string, string>
  /** Build arguments of parent stages. */
  readonly args: ReadonlyMap<string, string>
  readonly workdir: string
  /** True when the description, not the base image, said so. */
  readonly workdirSet: boolean
  /** The folder that the base image starts in; it need not be there. */
  readonly baseFolder: string | undefined
  /** `user[:group]`, empty for root. */
  readonly user: string
}

/**
 * One command of a stage. `engine` runs as the engine's user; `caller` as whoever started us; `inside` in the id-mapped namespace, where the
 * image's owners are real; `helper` is our own program in that namespace (`src/inside`), argv being its operations file.
 */
export interface StageCommand {
  readonly kind: 'engine' | 'caller' | 'inside' | 'helper'
  readonly title: string
  readonly argv: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly step?: Step
  /** Carried out also after a command before it failed. */
  readonly always?: true
  /** Part of another command's work: no event of its own unless it says something. */
  readonly quiet?: true
}

export interface StageScript {
  /**
   * The commands of a step do nothing but change the tree: with a tree as they left it they need not be run.
   */
  readonly resumable?: true
  readonly files: readonly {readonly path: string; readonly text: string; readonly mode: number}[]
  readonly folders: readonly {readonly path: string; readonly mode: number}[]
  readonly commands: readonly StageCommand[]
}

/** What an engine can do here, and why not. */
export interface EngineStatus {
  readonly name: string
  readonly usable: boolean
  readonly version: string | undefined
  readonly path: string | undefined
  readonly mapping: Mapping | undefined
  /** What works, what does not and why, what to do: one line each. */
  readonly notes: readonly {readonly ok: boolean; readonly text: string; readonly fix?: string}[]
}

interface EngineBase {
  readonly name: string
  /** Number of a range of versions that behave alike: part of every key (design section 5). */
  readonly generation: number
  /** Lines of the engine's output that say nothing to a person, because our own options cause them. */
  isNoise(line: string): boolean
  /** What a line says has begun: a section of a definition file (`%post`), an instruction. */
  doing(line: string): string | undefined
  /** What an engine's failure means and what to do, when it is a known one. */
  explain(output: readonly string[]): {readonly message: string; readonly hint: string} | undefined
}

/** Makes a folder with the tree of an image, which we pack and keep. */
export interface TreeEngine extends EngineBase {
  readonly kind: 'tree'
  /** Turns a stage into files to write and commands to run. Runs nothing. */
  script(work: StageWork): StageScript
}

/** Makes an image in its own storage from a Dockerfile. */
export interface ImageEngine extends EngineBase {
  readonly kind: 'image'
  /** Turns a stage into files to write and commands to run; the image is named `work.image` at the end. Runs nothing. */
  script(work: ImageWork): StageScript
  /** The command that opens a shell in a throw-away container of an image. */
  shell(image: string, terminal: boolean): readonly string[]
  /** Whether it knows here-documents. */
  readonly heredocs: boolean
  /** Flags among the options that it has no notion of: they are refused, never ignored. */
  unknownOptions(options: EngineOptions): readonly string[]
}

export type Engine = TreeEngine | ImageEngine

/** What an image engine needs to know of a stage. */
export interface ImageWork {
  readonly stage: Stage
  /** The stage alone as a Dockerfile; earlier stages are named in it as in `contexts`. */
  readonly dockerfile: StageFile
  /** Names of images for the names of the Dockerfile. */
  readonly contexts: ReadonlyMap<string, string>
  /** What the ignore file of the build context says; nothing is hidden without one. */
  readonly ignore: string | undefined
  readonly folder: string
  /** The build context. */
  readonly cwd: string
  /** How the image is to be named. */
  readonly image: string
  /** In Go's words. */
  readonly architecture: string
  readonly options: EngineOptions
  readonly secrets: SecretFolders | undefined
  /** Ids of the secrets that the stage sees. */
  readonly secretIds: readonly string[]
  readonly layers: LayerCache
  /** Nothing of the engine's own cache is used. */
  readonly noCache: boolean
  /** It is not the machine's own. */
  readonly isForeign: boolean
}

export interface CommandResult {
  readonly exitCode: number | undefined
  readonly signal: string | undefined
  /** The last lines of both outputs, in the order they came. */
  readonly tail: readonly string[]
}

export interface Runner {
  /** Runs one command to its end; each line of its output goes to `onLine`, with whether the next one is written over it. Rejects only when it cannot be started or was aborted. */
  run(command: StageCommand, onLine: (line: string, isOver: boolean) => void, signal: AbortSignal): Promise<CommandResult>
}

/** A stage as a build begins. */
export interface PlannedStage {
  readonly stage: string
  /** Stages that have to be done before it. */
  readonly needs: readonly string[]
  /** Seconds that it took when it was last built. */
  readonly expected?: number
}

/** `at` is in seconds since the build began. */
export type BuildEvent = {readonly stage?: string} & (
  | {
      readonly event: 'build-start'
      readonly input: string
      readonly target: string
      readonly stages: readonly string[]
      readonly plan: readonly PlannedStage[]
    }
  | {
      readonly event: 'stage-start'
      readonly stage: string
      readonly at: number
      readonly key?: string
      readonly expected?: number
    }
  | {readonly event: 'step-start'; readonly stage: string; readonly title: string; readonly at: number; readonly line?: number}
  /** `over`: the next line is written over it, as progress bars do. */
  | {readonly event: 'step-log'; readonly stage: string; readonly text: string; readonly over?: true}
  | {
      readonly event: 'step-end'
      readonly stage: string
      readonly title: string
      readonly at: number
      readonly seconds: number
      readonly ok: boolean
    }
  | {
      readonly event: 'artifact'
      readonly stage: string
      readonly path: string
      readonly status: 'ok' | 'failed'
      readonly wantedBy: readonly string[]
    }
  | {
      readonly event: 'stage-end'
      readonly stage: string
      readonly status: 'built' | 'cached' | 'failed' | 'not-run'
      readonly at: number
      readonly seconds: number
      /** The whole output of its run, where it was run. */
      readonly log?: string
      readonly why?: string
    }
  /** What goes on besides steps. `waits`: for somebody else. Only for whoever watches. */
  | {
      readonly event: 'activity'
      readonly stage?: string
      readonly text: string
      readonly line?: number
      readonly waits?: true
    }
  | {
      readonly event: 'note'
      readonly stage?: string
      readonly severity: 'info' | 'warning'
      readonly text: string
      /** Why the stage is built anew. */
      readonly reason?: true
    }
  | {readonly event: 'build-end'; readonly status: 'ok' | 'failed'; readonly seconds: number}
)

/** Where events go: terminal, plain lines, JSON lines, nowhere. */
export interface Sink {
  emit(event: BuildEvent): void
}

/** What is known of a base before a stage runs. */
export interface ResolvedBase {
  /** `sha256:…` of the base for the platform; undefined when nobody can tell: then the stage is not cached. */
  readonly digest: string | undefined
  /** The reference with its digest, to build from exactly what the key names. */
  readonly pinned: string | undefined
  /** The `config` of an OCI image as JSON text. */
  readonly config: string | undefined
  /** Where a local base can be read by the engine's user; undefined when as written. */
  readonly path?: string
  /** True when `path` is a copy of what the input names. */
  readonly moved?: boolean
  readonly notes: readonly string[]
}

/** What a lock file says of bases. */
export interface Pins {
  /** The file as it was named. */
  readonly file: string
  /** Whether a base that is not in it is an error. */
  readonly strict: boolean
  /** Digest of an image for the platform, by its reference. */
  image(reference: ImageReference): string | undefined
  /** Digest of a local base, by its path as written. */
  local(path: string): string | undefined
  /** When the base that a header makes was locked. */
  mirror(header: string): string | undefined
}

export interface BaseResolver {
  /**
   * @throws SifstageError (2 for a local base that cannot be read, and for one that a strict lock file lacks; 5 for a
   * registry that gives no answer)
   */
  resolve(base: Base, cwd: string, signal: AbortSignal): Promise<ResolvedBase>
  /** The digest that a registry has for an image now, whatever is locked; undefined where nobody can tell. */
  now(base: Base, signal: AbortSignal): Promise<string | undefined>
  /**
   * Lays our copy of an image ready below `folder`, fetched once for all builds.
   * @returns undefined where the engine has to fetch it, or make it, itself
   * @throws SifstageError (5) when it cannot be had
   */
  supply(base: Base, resolved: ResolvedBase, folder: string, signal: AbortSignal): Promise<LocalReference | undefined>
}

/** Opens images for reading, to judge what is copied into them and out of them. */
export interface ImageOpener {
  stored(stage: StoredStage): Promise<Image>
  /**
   * @param paths what of it will be looked at: nothing else need be in the tree; undefined: all of it
   * @throws ImageNotKept where the engine does not have it any more
   */
  held(stage: HeldStage, paths: readonly string[] | undefined, signal: AbortSignal): Promise<Image>
  /**
   * Undefined for a base that cannot be read without building it: then there is no early verdict.
   * @throws SifstageError when it cannot be read now
   */
  base(base: Base, resolved: ResolvedBase, cwd: string, signal: AbortSignal): Promise<Image | undefined>
}

/** What was done to a tree between two looks at it. */
export interface TreeChanges {
  /** Paths below the root (`.` for itself) that are new or differ, sorted; each byte of a name is one character. */
  readonly changed: readonly string[]
  /** Paths that are gone or are of another kind now, each only if the folder above it is not. */
  readonly removed: readonly string[]
  /** Bytes of the changed files. */
  readonly bytes: number
}

export interface PackedChanges {
  readonly archive: string
  readonly compression: 'zstd' | 'gzip'
  readonly removed: readonly string[]
}

/** A tree as one layer of an image, in a file. */
export interface TreeLayer {
  readonly path: string
  readonly bytes: number
  readonly digest: string
  /** Digest of it without compression. */
  readonly diffId: string
}

/** Reads, packs, unpacks and removes image trees, in the namespace where their owners are real. */
export interface ImageTools {
  /** Every entry of a tree, with the content of files hashed. */
  inventory(root: string, signal: AbortSignal): Promise<ImageTree>
  /** Packs a tree into a squashfs; without arguments as stage images are packed. */
  pack(root: string, file: string, compression: readonly string[] | undefined, signal: AbortSignal): Promise<void>
  /** Unpacks paths of an image, or all of it, into a folder that is not there yet. */
  unpack(image: PackedImage, folder: string, paths: readonly string[] | undefined, signal: AbortSignal): Promise<void>
  /** Unpacks a tar archive, owners and all, into a folder that is not there yet. */
  extract(archive: string, folder: string, signal: AbortSignal): Promise<void>
  /** Writes down what a tree is, by names and times, to tell later what has changed. */
  look(root: string, file: string, signal: AbortSignal): Promise<void>
  /** What changed between two looks; undefined when that cannot be written down. */
  changes(before: string, after: string, signal: AbortSignal): Promise<TreeChanges | undefined>
  /** Packs what changed; gives back how, and what came out. */
  packChanges(
    root: string,
    changes: TreeChanges,
    archive: string,
    signal: AbortSignal,
  ): Promise<{readonly compression: 'zstd' | 'gzip'; readonly bytes: number; readonly digest: string}>
  /** Makes a tree what it was when the changes were packed; `folder` is for working files. */
  applyChanges(root: string, packed: PackedChanges, folder: string, signal: AbortSignal): Promise<void>
  /**
   * Writes a tree as the layer of an image.
   * @param options.leaveOut paths that stay behind, each with all below it; `newest`: seconds, what is newer gets this time
   */
  layer(
    root: string,
    file: string,
    options: {readonly form: 'oci' | 'docker'; readonly leaveOut: readonly string[]; readonly newest: number},
    signal: AbortSignal,
  ): Promise<TreeLayer>
  /** Changes an image tree by our helper. */
  operate(operations: Operations, folder: string, signal: AbortSignal): Promise<void>
}

/** An image in the storage of an engine. */
export interface FoundImage {
  readonly id: string
  readonly bytes: number
  /** What it says of how it runs, as JSON text. */
  readonly config: string
}

/** The storage of an image engine. Names are as the engine's own commands take them. */
export interface EngineImages {
  /** Id and size of an image; undefined when it is not there. */
  find(name: string, signal: AbortSignal): Promise<FoundImage | undefined>
  /** Gives an image another name. */
  tag(name: string, other: string, signal: AbortSignal): Promise<void>
  /** Takes a name away, and the image with it if it has no other. */
  remove(name: string): Promise<void>
  /** Writes an image as an archive that the engine's user can read. */
  save(name: string, form: 'oci' | 'docker', file: string, signal: AbortSignal): Promise<void>
  /** Takes in an archive of one image under a name. */
  load(archive: string, name: string, signal: AbortSignal): Promise<void>
  /** Fetches an image from a registry under a name; false when the registry has none. */
  pull(reference: string, name: string, signal: AbortSignal): Promise<boolean>
  push(name: string, reference: string, signal: AbortSignal): Promise<void>
  /** Containers that builds work in. */
  containers(signal: AbortSignal): Promise<readonly string[]>
  /**
   * After a build that came to no end: removes containers that are new since then, unless another build of the engine
   * may have made them. Gives back how many had to stay.
   */
  clear(before: readonly string[]): Promise<number>
  /** Writes paths of an image as they lie in it, owners and all, below a folder. */
  takeOut(name: string, paths: readonly string[], archive: string, signal: AbortSignal): Promise<void>
}
