/**
 * sifstage as a library: what the command line does, as functions.
 *
 * Each takes INPUT (a file's name, or a text with a name) and the flags of its verb by their names in camelCase, and
 * works in the folder and environment of the process. What is wrong with the input is in the result's `diagnostics`, and
 * `exitCode` says what the command line would end with; a call that cannot be carried out throws a `SifstageError`.
 * Nothing is printed, and only what a call needs is loaded.
 */
import type {BuildSurroundings, Built, DryRun} from './library/build.js'
import type {Pruned, StoreContent, StoreKey, StoreVerdict} from './library/cache.js'
import type {Checked} from './library/check.js'
import type {Configuration} from './library/configuration.js'
import type {Converted} from './library/convert.js'
import type {Examined} from './library/doctor.js'
import type {FoundEngines} from './library/engines.js'
import type {FormatOptions, Formatted} from './library/format.js'
import type {Imported} from './library/import.js'
import type {Initialized, InitOptions} from './library/init.js'
import type {Loaded as Input, InputSource} from './library/input.js'
import type {Locked} from './library/lock.js'
import type {
  BuildingOptions,
  BuildOptions,
  ConvertOptions,
  ImportOptions,
  InputOptions,
  LockVerbOptions,
  PruneOptions,
  ReportOptions,
  ShellOptions,
  StoreOptions,
  VerifyOptions,
} from './library/options.js'
import type {Planned, Why} from './library/plan.js'
import type {Reported} from './library/report.js'
import type {FoundRule, Rule} from './library/rules.js'
import type {Shell} from './library/shell.js'
import type {Template} from './library/templates.js'
import type {Verified} from './library/verify.js'
import type {Versions} from './library/versions.js'
import type {FormatName} from './model/description.js'

export type {Failure, StageReport} from './build/request.js'
export type {BuildSurroundings, Built, DryRun} from './library/build.js'
export type {Pruned, StoreContent, StoreKey, StoreVerdict} from './library/cache.js'
export type {Checked} from './library/check.js'
export type {Configuration, SettingOrigin, SettingRow, SettingValue} from './library/configuration.js'
export type {Converted} from './library/convert.js'
export type {Examined} from './library/doctor.js'
export type {FoundEngines} from './library/engines.js'
export type {FormatOptions, Formatted} from './library/format.js'
export type {Imported} from './library/import.js'
export type {Initialized, InitOptions} from './library/init.js'
export type {InputSource, Loaded as Input} from './library/input.js'
export type {LockEntry, Locked} from './library/lock.js'
export type * from './library/options.js'
export type {Planned, Why} from './library/plan.js'
export type {Reported} from './library/report.js'
export type {FoundRule, Rule} from './library/rules.js'
export type {Shell} from './library/shell.js'
export type {Template} from './library/templates.js'
export type {Verified} from './library/verify.js'
export type {Versions} from './library/versions.js'
export type {BuildAccount} from './model/account.js'
export type {ArtifactReport} from './model/artifact.js'
export type {Description, FormatName, Stage} from './model/description.js'
export {type Diagnostic, diagnosticJson, summarize} from './model/diagnostic.js'
export {ExitCode, SifstageError} from './model/errors.js'
export type {CheckStatus, MachineCheck} from './model/machine-check.js'
export type {Plan} from './model/plan.js'
export type {BuildEvent, EngineStatus, Sink} from './model/ports.js'
export type {StoreItem} from './stores/inventory.js'
export type {Removal} from './stores/retention.js'

/** What stops a call; a call that was stopped rejects with the signal's reason. */
interface Stoppable {
  readonly signal?: AbortSignal
}

function signalOf({signal}: Stoppable): AbortSignal {
  return signal ?? new AbortController().signal
}

/** Events go nowhere unless somebody wants them. */
function around({sink, signal}: Partial<BuildSurroundings>): BuildSurroundings {
  return {sink: sink ?? {emit() {}}, signal: signalOf(signal === undefined ? {} : {signal})}
}

/**
 * Reads INPUT into the shared description, and finds what must not be wrong whatever is done with it.
 * `description` is missing when the text cannot be read; `diagnostics` then says why.
 * @param input left out: the only candidate in the current folder
 * @throws SifstageError (2) for options that cannot be carried out
 */
export async function read(input?: InputSource, options: InputOptions = {}): Promise<Input> {
  return (await import('./library/input.js')).loadInput(input, options)
}

/**
 * Everything that can be known before a build: all rules.
 * @throws SifstageError (2) for options that cannot be carried out
 */
export async function check(input?: InputSource, options: InputOptions = {}): Promise<Checked> {
  return (await import('./library/check.js')).runCheck(input, options)
}

/**
 * The stages that the target needs, in which order, with their keys and what of them is in the store. Runs no engine.
 * @throws SifstageError (2) for options that cannot be carried out
 */
export async function plan(
  input?: InputSource,
  options: InputOptions & BuildingOptions = {},
  stop: Stoppable = {},
): Promise<Planned> {
  return (await import('./library/plan.js')).runPlan(input, options, signalOf(stop))
}

/**
 * Why a stage of a plan would run.
 * @param stage its name, or its number from 0
 * @throws SifstageError (2) when there is no such stage
 */
export async function why(planned: Planned, stage: string): Promise<Why> {
  return (await import('./library/plan.js')).whyStage(planned, stage)
}

/**
 * Checks, builds stage by stage, verifies after each, writes OUT.
 * @param surroundings where events go as it runs, and what stops it
 * @throws SifstageError (2 for options that cannot be carried out, 4 without a usable engine, 5 for a store that fails)
 */
export async function build(
  input?: InputSource,
  options: BuildOptions = {},
  surroundings: Partial<BuildSurroundings> = {},
): Promise<Built> {
  return (await import('./library/build.js')).runBuild(input, options, around(surroundings))
}

/**
 * What the last build came to, stage by stage, and what is in its image; or in an image alone, where INPUT is one. Builds
 * nothing.
 * @throws SifstageError (2) for options that cannot be carried out and images that cannot be read
 */
export async function report(input?: InputSource, options: ReportOptions = {}, stop: Stoppable = {}): Promise<Reported> {
  return (await import('./library/report.js')).runReport(input, options, signalOf(stop))
}

/**
 * The files and commands of each stage as `build` would use them; runs and keeps nothing.
 * @throws SifstageError as `build`
 */
export async function dryRun(
  input?: InputSource,
  options: BuildOptions = {},
  surroundings: Partial<BuildSurroundings> = {},
): Promise<DryRun> {
  return (await import('./library/build.js')).runDryRun(input, options, around(surroundings))
}

/**
 * The same description in another language, as text or written to `options.output`.
 * @throws SifstageError (2) for options that cannot be carried out and files that cannot be written
 */
export async function convert(input: InputSource | undefined, options: ConvertOptions): Promise<Converted> {
  return (await import('./library/convert.js')).runConvert(input, options)
}

/**
 * Looks for what later stages copy from a stage in an image that exists, and judges it.
 * @param image a path, or a name with its prefix (`docker://REF`)
 * @throws SifstageError (2) for options that cannot be carried out and images that cannot be read
 */
export async function verify(
  input: InputSource | undefined,
  image: string,
  options: VerifyOptions,
  stop: Stoppable = {},
): Promise<Verified> {
  return (await import('./library/verify.js')).runVerify(input, image, options, signalOf(stop))
}

/**
 * Writes the lock file of an input's bases beside it, or with `check` says whether it is up to date.
 * @param refs bases to ask for again, with `update`; without any, all
 * @throws SifstageError (2 for options that cannot be carried out, 5 for a registry that cannot be asked)
 */
export async function lock(
  input: InputSource | undefined,
  refs: readonly string[] = [],
  options: LockVerbOptions = {},
  stop: Stoppable = {},
): Promise<Locked> {
  return (await import('./library/lock.js')).runLock(input, refs, options, signalOf(stop))
}

/**
 * Links Dockerfiles and definition files by the images that they make, to one description.
 * @param files files and folders; the current folder without any
 * @throws SifstageError (2) for options that cannot be carried out and files that cannot be read or written
 */
export async function importFiles(files: readonly string[] = [], options: ImportOptions = {}): Promise<Imported> {
  return (await import('./library/import.js')).runImport(files, options)
}

/**
 * Makes the image of a stage ready to be entered.
 * @throws SifstageError when there is no image of the stage
 */
export async function shell(
  input: InputSource | undefined,
  options: ShellOptions,
  surroundings: Partial<BuildSurroundings> & {readonly terminal?: boolean} = {},
): Promise<Shell> {
  const {terminal = false} = surroundings
  return (await import('./library/shell.js')).runShell(input, options, {...around(surroundings), terminal})
}

/** Which engines are here, what works, and what to do about what does not. Tries each. */
export async function engines(options: StoreOptions = {}): Promise<FoundEngines> {
  return (await import('./library/engines.js')).findEngines(options)
}

/** What on this machine makes builds fail or crawl. Tries folders and engines; nothing of it stays changed. */
export async function doctor(options: StoreOptions = {}): Promise<Examined> {
  return (await import('./library/doctor.js')).examine(options)
}

/** Versions of the engines and tools here; asks each program once, and tries nothing. */
export async function versions(options: {readonly patience?: number} = {}): Promise<Versions> {
  return (await import('./library/versions.js')).versions(options.patience)
}

/** The store. Each throws a `SifstageError` (2) for a folder that is none. */
export const cache = {
  async list(options: StoreOptions = {}): Promise<StoreContent> {
    return (await import('./library/cache.js')).listStore(options)
  },
  async prune(options: PruneOptions = {}): Promise<Pruned> {
    return (await import('./library/cache.js')).pruneStore(options)
  },
  /** Reads everything again and compares it with its digest; what is damaged is dropped. */
  async verify(options: StoreOptions = {}, stop: Stoppable = {}): Promise<StoreVerdict> {
    return (await import('./library/cache.js')).verifyStore(options, signalOf(stop))
  },
  /** The key that signs what is sent to a registry, made first where there is none. */
  async key(file?: string): Promise<StoreKey> {
    return (await import('./library/cache.js')).ownKey(file)
  },
}

/** Every rule that findings can have, with examples. */
export async function rules(): Promise<readonly Rule[]> {
  return (await import('./library/rules.js')).allRules()
}

/** A rule by its name, or the one that may be meant. */
export async function explain(name: string): Promise<FoundRule> {
  return (await import('./library/rules.js')).ruleNamed(name)
}

/**
 * The JSON Schema of YAML descriptions, as text.
 * @param file written to, where one is named
 * @throws SifstageError (2) when it cannot be written
 */
export async function schema(file?: string): Promise<string> {
  const {schemaText, writeSchema} = await import('./library/schema.js')
  if (file !== undefined) await writeSchema(file)
  return schemaText()
}

/**
 * Definition files and YAML descriptions laid out as people agree on, meaning and comments kept; written in place.
 * @param files left out: the only candidate in the current folder
 * @throws SifstageError (2) when a file cannot be written
 */
export async function format(files: readonly InputSource[] = [], options: FormatOptions = {}): Promise<readonly Formatted[]> {
  return (await import('./library/format.js')).formatFiles(files, options)
}

/** Working examples of a build in several stages. */
export const init = {
  async templates(): Promise<readonly Template[]> {
    return (await import('./library/templates.js')).templates()
  },
  /** What a project may be called, and what one in that folder is if nobody says it. */
  async names(folder: string): Promise<{isName(text: string): boolean; suggested: string | undefined}> {
    const {isProjectName, projectName} = await import('./library/templates.js')
    return {isName: isProjectName, suggested: projectName(folder)}
  },
  /** Writes one, all of its files or none. @throws SifstageError (2) for what cannot be written, and over what is there */
  async write(folder: string, options: InitOptions): Promise<Initialized> {
    return (await import('./library/init.js')).initialize(folder, options)
  },
}

/** Every setting as it holds in the current folder, and who says so. @throws SifstageError (2) for a wrong file */
export async function configuration(): Promise<Configuration> {
  return (await import('./library/configuration.js')).configuration(process.cwd(), process.env)
}

/** The names of an input's stages, as far as they can be told from a text that somebody may still be writing. */
export async function stageNames(input?: string, from?: FormatName): Promise<readonly string[]> {
  return (await import('./library/stage-names.js')).stageNamesOf(input, from)
}
