/** Runs one stage, alone, in its own folder of scratch, and publishes what came out (design section 6, 4–5). */
import {createHash} from 'node:crypto'
import {createWriteStream, mkdirSync, rmSync, type WriteStream} from 'node:fs'
import {chmod, readFile, stat as statFile, writeFile} from 'node:fs/promises'
import {join, resolve} from 'node:path'
import {treeDigest} from '../images/digest.js'
import type {CacheMount, Description, Stage} from '../model/description.js'
import {ExitCode, ImageNotKept, SifstageError} from '../model/errors.js'
import type {ImageFacts, ImageTree} from '../model/image.js'
import type {CommandResult, StageBase, StageCommand, StageScript} from '../model/ports.js'
import type {StageRecord} from '../model/record.js'
import type {StoredStage} from '../model/store.js'
import {hashFile} from '../system/files.js'
import {Checkpoints} from './checkpoints.js'
import type {Done, StageInputs} from './inputs.js'
import {layIncoming, layPlacements} from './lay.js'
import {cacheMountsOf, keptFolders, layMounts} from './mounts.js'
import {readableFolder} from './readable.js'
import type {BuildPorts, BuildRequest} from './request.js'
import {filling} from './variables.js'

/** A command of a stage failed: the engine's words, and what they mean. */
export class StageFailure extends Error {
  constructor(
    readonly command: StageCommand,
    readonly exitCode: number | undefined,
    readonly tail: readonly string[],
    readonly log: string,
  ) {
    super(`${command.title} failed`)
  }
}

export interface RanStage {
  readonly stored: StoredStage
  /** The tree as the engine left it, still in scratch. */
  readonly root: string
}

async function writeScript(script: StageScript, ports: BuildPorts): Promise<void> {
  for (const {path, mode} of script.folders) {
    await ports.scratch.folder(path)
    await chmod(path, mode)
  }
  for (const {path, text, mode} of script.files) {
    await writeFile(path, text, {mode})
    await chmod(path, mode)
    await ports.scratch.give(path)
  }
}

interface PreparedStage {
  readonly script: StageScript
  readonly root: string
}

/** What a stage is run with. */
export interface StageRun {
  readonly stage: Stage
  readonly inputs: StageInputs
  readonly done: ReadonlyMap<number, Done>
  readonly request: BuildRequest
  readonly ports: BuildPorts
  readonly signal: AbortSignal
}

/** Only commands of docker's rules are started by the launcher. */
function runsCommands(stage: Stage): boolean {
  return stage.rules === 'docker' && stage.steps.some(step => step.kind === 'run')
}

/** The base with our own copy of its image. */
async function suppliedBase({stage, inputs, ports, signal}: StageRun, folder: string): Promise<StageBase> {
  const {base, resolved} = inputs
  const supplied = await ports.bases.supply(stage.base, resolved, join(folder, 'base'), signal)
  return base.kind === 'image' && supplied !== undefined ? {...base, supplied} : base
}

/**
 * The image of the stage that this one starts from, at its root.
 * @throws ImageNotKept
 */
async function layParent({stage, done, ports, signal}: StageRun, root: string): Promise<void> {
  if (stage.base.kind !== 'stage' || stage.base.index === undefined) return
  const parent = done.get(stage.base.index)?.stored
  if (parent === undefined) throw new Error(`stage ${stage.name} was started before its parent`)
  const image = await parent.image(signal)
  if (image === undefined) throw new ImageNotKept(parent.record.key)
  // From the store by an open file, which the engine's user may not be able to reach by its name.
  await ports.images.unpack(image, root, undefined, signal)
}

/** Lays everything ready for a stage and asks the engine what to run. */
async function prepareStage(
  run: StageRun,
  folder: string,
  packing: Promise<void>[],
  caches: ReadonlyMap<CacheMount, string>,
): Promise<PreparedStage> {
  const {stage, inputs, request, ports, signal} = run
  const root = join(folder, 'rootfs')
  await layParent(run, root)
  const laying = {...run, folder, packing, fill: filling(inputs.beginning.inherited)}
  const incoming = await layIncoming(laying)
  const secrets = ports.secrets.ids.size === 0 ? undefined : await ports.secrets.folders()
  const script = ports.engine.engine.script({
    stage,
    description: request.description,
    base: await suppliedBase(run, folder),
    rebased: request.rebased.has(stage.index),
    folder,
    root,
    // In the order of the text, for the stubs of a definition file.
    incoming: [...incoming].sort(([a], [b]) => a - b).map(([, each]) => each),
    placements: await layPlacements(incoming, laying),
    ...(await layMounts(incoming, caches, secrets, laying)),
    keptFolders: keptFolders(stage, caches),
    launcher: runsCommands(stage) ? await ports.launcher(join(folder, 'launcher')) : undefined,
    secrets,
    cwd: await readableFolder(stage, folder, request, ports, signal),
    mapping: ports.mapping,
    options: request.options,
    ...inputs.beginning,
    keepCwd: request.keepCwd,
    keepFailed: request.keepFailed,
  })
  await writeScript(script, ports)
  return {script, root}
}

/** Runs one command, its output to the log and the sink. */
async function runCommand(run: StageRun, command: StageCommand, log: WriteStream): Promise<CommandResult> {
  const {stage, ports, signal} = run
  const {sink} = ports
  const {engine} = ports.engine
  const begun = ports.now()
  if (!command.quiet)
    sink.emit({
      event: 'step-start',
      stage: stage.name,
      title: command.title,
      ...(command.step === undefined ? {} : {line: command.step.span.start.line}),
    })
  if (!command.quiet) log.write(`# ${command.title}\n`)
  const result = await ports.runner.run(
    command,
    text => {
      if (engine.isNoise(text)) return
      log.write(`${text}\n`)
      sink.emit({event: 'step-log', stage: stage.name, text})
    },
    signal,
  )
  const ok = result.exitCode === 0
  if (!command.quiet)
    sink.emit({event: 'step-end', stage: stage.name, title: command.title, seconds: (ports.now() - begun) / 1000, ok})
  return result
}

/** Runs the commands in order, to the first that fails. */
async function runCommands(run: StageRun, commands: readonly StageCommand[], logFile: string, log: WriteStream): Promise<void> {
  for (const [at, command] of commands.entries()) {
    const result = await runCommand(run, command, log)
    if (result.exitCode === 0) continue
    // What tidies up behind it, so that a tree that is kept holds nothing of ours.
    for (const after of commands.slice(at + 1).filter(each => each.always && each.step === command.step))
      await runCommand(run, after, log)
    const tail = result.tail.filter(line => !run.ports.engine.engine.isNoise(line))
    throw new StageFailure(command, result.exitCode, tail, logFile)
  }
}

/** The commands of each step, in order, and those before the first and behind the last. */
function byStep(stage: Stage, commands: readonly StageCommand[]) {
  const has = (command: StageCommand) => command.step !== undefined
  const first = commands.findIndex(has)
  const last = commands.findLastIndex(has)
  if (first === -1) return {before: commands, steps: [], after: []}
  const steps = stage.steps
    .map((step, index) => ({index, commands: commands.filter(command => command.step === step)}))
    .filter(each => each.commands.length > 0)
  return {before: commands.slice(0, first), steps, after: commands.slice(last + 1)}
}

/**
 * Runs a stage's script: one whose steps may be left out goes on from the furthest point that an earlier build came to.
 * @returns seconds that the work took, those of earlier builds included
 */
async function runScript(run: StageRun, {script, root}: PreparedStage, folder: string, logFile: string): Promise<number> {
  const {ports, stage} = run
  const log = createWriteStream(logFile)
  log.on('error', () => {})
  const started = ports.now()
  const seconds = () => (ports.now() - started) / 1000
  try {
    if (!script.resumable) {
      await runCommands(run, script.commands, logFile, log)
      return seconds()
    }
    const {before, steps, after} = byStep(stage, script.commands)
    await runCommands(run, before, logFile, log)
    const points = new Checkpoints({...run, folder, root})
    const done = await points.restore()
    const beside = points.seconds
    await points.begin()
    for (const {index, commands} of steps.filter(each => each.index >= done)) {
      const begun = ports.now()
      await runCommands(run, commands, logFile, log)
      await points.after(index, (ports.now() - begun) / 1000)
    }
    await runCommands(run, after, logFile, log)
    return seconds() + beside
  } finally {
    log.end()
  }
}

/**
 * Runs a stage and publishes its image, listing and record.
 * @throws StageFailure, SifstageError, ImageNotKept before anything has run
 */
export async function runStage(run: StageRun): Promise<RanStage> {
  const {stage, ports, request} = run
  const logFile = await logPath(ports.store.folder, stage, request.description)
  const waiting = (id: string) =>
    ports.sink.emit({
      event: 'note',
      stage: stage.name,
      severity: 'info',
      text: `waiting for the cache ${id}, which another stage uses`,
    })
  const folder = await ports.scratch.folder(`stage-${stage.index}`)
  const packing: Promise<void>[] = []
  try {
    const {root, seconds} = await ports.caches.use(
      cacheMountsOf(stage, request.options.cacheMounts),
      waiting,
      run.signal,
      async caches => {
        const prepared = await prepareStage(run, folder, packing, caches)
        return {root: prepared.root, seconds: await runScript(run, prepared, folder, logFile)}
      },
    )
    return {stored: await publish(run, folder, root, seconds), root}
  } catch (error) {
    // Nothing has run: what was laid ready is in the way of the next attempt.
    if (error instanceof ImageNotKept) {
      await Promise.allSettled(packing)
      await ports.scratch.discard(folder)
    }
    throw error
  } finally {
    await Promise.all(packing)
  }
}

async function publish(run: StageRun, folder: string, root: string, seconds: number): Promise<StoredStage> {
  const {stage, inputs, ports, signal} = run
  const {engine, version} = ports.engine
  const image = join(folder, 'image.sqfs')
  const listing = join(folder, 'listing.jsonl')
  // Side by side: both read the whole tree, and each keeps about one core busy.
  const packing = ports.images.pack(root, image, undefined, signal)
  const [inventory] = await Promise.allSettled([ports.images.inventory(root, signal), packing])
  await packing
  if (inventory.status === 'rejected') throw inventory.reason
  const tree = inventory.value
  const listingDigest = await ports.store.writeListing(listing, tree)
  const inspect = await readFile(join(folder, 'inspect.json'), 'utf8').catch(() => undefined)
  const {config} = inputs.resolved
  const record: StageRecord = {
    version: 2,
    key: inputs.key ?? '',
    parts: inputs.parts,
    stage: stage.name,
    digest: treeDigest(tree),
    image: {file: 'image.sqfs', offset: 0, bytes: await sizeOf(image), digest: await hashFile(image)},
    listing: {file: 'listing.jsonl', digest: listingDigest},
    engine: {name: engine.name, version},
    treeBytes: bytesOf(tree),
    seconds,
    created: new Date(ports.now()).toISOString(),
    ...(config === undefined ? {} : {ociConfig: config}),
    ...(inspect === undefined ? {} : {inspect}),
  }
  if (inputs.key !== undefined) return ports.store.put(inputs.key, {image, listing}, record)
  // Without a key it is of this build alone.
  const facts: ImageFacts = {
    load: async () => new Map(),
    save: async () => {},
    loadTexts: async () => new Map(),
    saveTexts: async () => {},
  }
  return {record, facts, tree: async () => tree, image: async () => ({path: image, offset: 0})}
}

/** Bytes of the files of a tree. */
function bytesOf(tree: ImageTree): number {
  let bytes = 0
  for (const {size} of tree.below('/')) bytes += size
  return bytes
}

async function sizeOf(file: string): Promise<number> {
  return (await statFile(file)).size
}

/** The log of a stage's last run; kept in the store, so that its path can be told after a failure. */
async function logPath(store: string, stage: Stage, description: Description): Promise<string> {
  const folder = join(store, 'logs')
  const safe = `${description.file.replace(/^.*\//, '')}-${stage.name}`.replace(/[^\w.-]/g, '_').slice(0, 100)
  // Many projects have a Dockerfile with a stage of that name.
  const input = createHash('sha256')
    .update(JSON.stringify([resolve(description.file), stage.name]))
    .digest('hex')
  const file = join(folder, `${safe}-${input.slice(0, 8)}.log`)
  try {
    mkdirSync(folder, {recursive: true})
    // Perhaps of another user, who may not be written over but replaced.
    rmSync(file, {force: true})
  } catch (error) {
    throw new SifstageError(
      ExitCode.usage,
      `the store ${store} cannot be written: ${error instanceof Error ? error.message : String(error)}`,
      'Name another store: --cache-dir DIR',
    )
  }
  return file
}
