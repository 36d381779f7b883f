/** `report`: what a build came to, stage by stage, and what is in an image. Starts no engine and builds nothing. */
import {stat} from 'node:fs/promises'
import type {PreviewedStage} from '../build/preview.js'
import {artifactIn} from '../build/verify.js'
import {inspectImage} from '../inspection/inspect.js'
import {treeSize} from '../inspection/sizes.js'
import {tuningOf} from '../inspection/tuning.js'
import type {BuildAccount} from '../model/account.js'
import type {Description, Stage} from '../model/description.js'
import type {Diagnostic} from '../model/diagnostic.js'
import {ExitCode} from '../model/errors.js'
import type {Image, ImageTree} from '../model/image.js'
import type {PlanStage} from '../model/plan.js'
import type {Identity} from '../model/ports.js'
import type {Report, ReportedArtifact, ReportedImage, ReportedStage, Saved} from '../model/report.js'
import {startOf} from '../model/span.js'
import type {KeptStage} from '../model/store.js'
import {artifactsOf, neededStages, resolveTarget} from '../plan/graph.js'
import {storedImage} from '../system/stored-image.js'
import {lastBuild} from './build-account.js'
import {hostDiagnostics, thisHost} from './host.js'
import {storageName} from './image-opener.js'
import {exitCodeOf, hostArchitecture, type InputSource, type Loaded, loadInput} from './input.js'
import {looksLikeImage} from './looks-like-image.js'
import {openImage} from './open-image.js'
import type {ReportOptions} from './options.js'
import {planOf} from './plan.js'
import {baseOf, previews} from './previews.js'
import {loadSettings, type Settings} from './settings.js'
import {identityOf, storeFolder} from './store-folder.js'

/** What a report came to. */
export interface Reported {
  /** Missing for an image alone. */
  readonly input?: Loaded
  readonly exitCode: ExitCode
  readonly report: Report
  /** The stages that the target needs, as a plan has them. */
  readonly stages: readonly PlanStage[]
  /** The last build of this input and target, or why nothing is known of one; missing where nothing could be built. */
  readonly lastBuild?: BuildAccount | string
}

/** What the store and the description say of the stages that the target needs. */
interface StagesPart {
  readonly stages: ReportedStage[]
  readonly artifacts: ReportedArtifact[]
  /** Digests of files that stages hand on: where the final image has them, they are of interest. */
  readonly digests: Set<string>
  readonly trees: Map<number, ImageTree>
}

function stageOf(stage: Stage, preview: PreviewedStage | undefined, tree: ImageTree | undefined): ReportedStage {
  const size = tree === undefined ? undefined : treeSize(tree.below('/'))
  const record = preview?.stored?.record
  return {
    name: stage.name,
    base: baseOf(stage.base),
    cached: preview?.cached ?? false,
    ...(preview?.why === undefined ? {} : {why: preview.why}),
    ...(preview?.key === undefined ? {} : {key: preview.key}),
    ...(size === undefined ? {} : {bytes: size.bytes, files: size.files}),
    ...(record === undefined ? {} : {imageBytes: imageBytes(record), seconds: record.seconds, engine: record.engine}),
  }
}

/** Bytes that an image takes up where it is kept. */
function imageBytes(record: KeptStage['record']): number {
  return 'image' in record ? record.image.bytes : record.bytes
}

/** The image of a finished stage, from the store or from the engine that keeps it. */
async function builtImage(stored: KeptStage, job: Job): Promise<Image> {
  const {record} = stored
  if (stored.kind === 'held') return openGiven(`${storageName(record.engine.name)}:${stored.record.name}`, job)
  return storedImage(stored, await stored.tree(), {shown: record.stage, environment: process.env, signal: job.signal})
}

async function treeOf(stored: KeptStage, job: Job): Promise<ImageTree> {
  if (stored.kind === 'tree') return stored.tree()
  const image = await builtImage(stored, job)
  await image.close()
  return image.tree
}

async function stagesPart(
  description: Description,
  needed: readonly number[],
  found: ReadonlyMap<number, PreviewedStage>,
  environment: ReadonlyMap<string, string>,
  job: Job,
): Promise<StagesPart> {
  const part: StagesPart = {stages: [], artifacts: [], digests: new Set(), trees: new Map()}
  const wanted = artifactsOf(description, needed)
  for (const index of needed) {
    const stage = description.stages[index]
    if (stage === undefined) continue
    const preview = found.get(index)
    const tree = preview?.stored && (await treeOf(preview.stored, job))
    if (tree !== undefined) part.trees.set(index, tree)
    part.stages.push(stageOf(stage, preview, tree))
    for (const artifact of wanted.get(index) ?? []) {
      if (tree === undefined) {
        part.artifacts.push({stage: stage.name, path: artifact.path, wantedBy: artifact.wantedBy, matches: []})
        continue
      }
      const {matches, kind, bytes} = artifactIn(artifact, tree, environment)
      part.artifacts.push({stage: stage.name, path: artifact.path, wantedBy: artifact.wantedBy, matches, kind, bytes})
      for (const match of matches) addDigests(tree, match, part.digests)
    }
  }
  return part
}

function addDigests(tree: ImageTree, path: string, digests: Set<string>): void {
  const at = tree.resolve(path)
  if (at.kind !== 'found') return
  for (const {digest, size} of tree.below(at.entry.path)) if (digest !== undefined && size > 0) digests.add(digest)
}

/** Undefined where a stage is missing: a sum without it would say nothing. */
function savedBy(stages: readonly ReportedStage[], finalBytes: number): Saved | undefined {
  if (stages.length < 2 || stages.some(each => each.bytes === undefined)) return undefined
  const sizes = stages.map(each => ({stage: each.name, bytes: each.bytes ?? 0}))
  const largest = sizes.reduce((a, b) => (b.bytes > a.bytes ? b : a))
  return {finalBytes, largest, sumBytes: sizes.reduce((sum, each) => sum + each.bytes, 0)}
}

/** What the verb works with. */
interface Job {
  readonly flags: ReportOptions
  readonly identity: Identity
  readonly store: string
  readonly signal: AbortSignal
}

function jobOf(flags: ReportOptions, settings: Settings, signal: AbortSignal): Job {
  const identity = identityOf(flags.runAs ?? settings.runAs)
  return {flags, identity, store: storeFolder(flags.cacheDir ?? settings.cacheDir, identity, process.env), signal}
}

function openGiven(image: string, {identity, flags, signal, store}: Job): Promise<Image> {
  return openImage(image, {
    architecture: hostArchitecture,
    identity,
    environment: process.env,
    signal,
    noHttps: flags.noHttps ?? false,
    offline: flags.offline,
    store,
  })
}

/** Size of the file that an image is in; undefined for a folder or an image of a registry. */
async function fileBytes(image: string): Promise<number | undefined> {
  const stats = await stat(image).catch(() => undefined)
  return stats?.isFile() === true ? stats.size : undefined
}

/** Everything about one image, and what on this machine does not suit it. */
async function imagePart(
  image: Image,
  about: Omit<ReportedImage, 'findings' | 'sections'>,
  digests: ReadonlySet<string>,
  input: string,
  {flags, signal}: Job,
): Promise<{image: ReportedImage; bytes: number; diagnostics: Diagnostic[]}> {
  try {
    const {findings, sections} = await inspectImage(image, {artifacts: digests, signal})
    const diagnostics = flags.againstHost ? hostDiagnostics(findings, await thisHost(process.env, signal), input) : []
    return {image: {...about, findings, sections}, bytes: findings.sizes.bytes, diagnostics}
  } finally {
    await image.close()
  }
}

async function givenPart(name: string, digests: ReadonlySet<string>, input: string, job: Job) {
  const bytes = await fileBytes(name)
  return imagePart(
    await openGiven(name, job),
    {name, from: 'image', ...(bytes === undefined ? {} : {fileBytes: bytes})},
    digests,
    input,
    job,
  )
}

async function storedPart(stage: Stage, stored: KeptStage, digests: ReadonlySet<string>, input: string, job: Job) {
  const about = {name: stage.name, from: 'store', fileBytes: imageBytes(stored.record)} as const
  return imagePart(await builtImage(stored, job), about, digests, input, job)
}

async function reportImage(name: string, flags: ReportOptions, signal: AbortSignal): Promise<Reported> {
  const job = jobOf(flags, await loadSettings(process.cwd(), process.env), signal)
  const {image, diagnostics} = await givenPart(name, new Set(), name, job)
  return {exitCode: exitCodeOf(diagnostics), report: {stages: [], artifacts: [], tuning: [], image, diagnostics}, stages: []}
}

/** Findings for a report that lacks something. */
function note(input: string, rule: string, message: string, hint: string): Diagnostic {
  return {rule, severity: 'info', message, hint, span: startOf(input)}
}

/** What pictures of a report show besides. */
async function around(
  loaded: Loaded,
  description: Description,
  target: Stage,
  found: ReadonlyMap<number, PreviewedStage>,
  {store}: Job,
): Promise<Pick<Reported, 'stages' | 'lastBuild'>> {
  return {
    stages: planOf(loaded, description, target, found, []).stages,
    lastBuild: await lastBuild(store, loaded.input, target.name),
  }
}

/**
 * Reports on the stages of INPUT, or on an image alone where INPUT is one.
 * @throws SifstageError (2) for options that cannot be carried out and images that cannot be read
 */
export async function runReport(input: InputSource | undefined, flags: ReportOptions, signal: AbortSignal): Promise<Reported> {
  const {image} = flags
  if (typeof input === 'string' && image === undefined && flags.from === undefined && (await looksLikeImage(input)))
    return reportImage(input, flags, signal)
  const loaded = await loadInput(input, flags, 'build')
  const {description} = loaded
  const target = description === undefined ? undefined : resolveTarget(description, flags.target)
  // What the context lacks says nothing about stages that were built.
  const reading = loaded.diagnostics.filter(each => !each.rule.startsWith('context-path'))
  if (description === undefined || target === undefined || target.kind === 'unknown' || exitCodeOf(reading) !== ExitCode.done) {
    const failed: Report = {input: loaded.input, stages: [], artifacts: [], tuning: [], diagnostics: reading}
    const wanted = target?.kind === 'found' ? target.stage : undefined
    if (description === undefined || wanted === undefined)
      return {input: loaded, exitCode: exitCodeOf(reading), report: failed, stages: []}
    return {
      input: loaded,
      exitCode: exitCodeOf(reading),
      report: {...failed, target: wanted.name},
      ...(await around(loaded, description, wanted, new Map(), jobOf(flags, loaded.settings, signal))),
    }
  }
  const job = jobOf(flags, loaded.settings, signal)
  const needed = neededStages(description, target.stage.index)
  const {found, notes} = await previews(loaded, flags, signal)
  const part = await stagesPart(description, needed, found, loaded.context.environment, job)
  const {tuning, diagnostics} = tuningOf(needed.flatMap(index => description.stages[index] ?? []))
  const stored = found.get(target.stage.index)?.stored
  const looked =
    image !== undefined
      ? await givenPart(image, part.digests, loaded.input, job)
      : stored === undefined
        ? undefined
        : await storedPart(target.stage, stored, part.digests, loaded.input, job)
  const saved = looked === undefined ? undefined : savedBy(part.stages, looked.bytes)
  const missing = part.stages.filter(each => !each.cached).map(each => each.name)
  const report: Report = {
    input: loaded.input,
    target: target.stage.name,
    stages: part.stages,
    artifacts: part.artifacts,
    tuning,
    ...(saved === undefined ? {} : {saved}),
    ...(looked === undefined ? {} : {image: looked.image}),
    diagnostics: [
      ...reading,
      ...notes,
      ...diagnostics,
      ...(looked?.diagnostics ?? []),
      ...(missing.length === 0
        ? []
        : [
            note(
              loaded.input,
              'stage-not-stored',
              `the store has no image of ${missing.join(', ')} as the description is now`,
              image === undefined
                ? `Build it first: sifstage build ${loaded.input}`
                : 'Sizes and times are those of a build: run sifstage build with the same flags.',
            ),
          ]),
    ],
  }
  return {
    input: loaded,
    exitCode: exitCodeOf(report.diagnostics),
    report,
    ...(await around(loaded, description, target.stage, found, job)),
  }
}
