/** A stage whose engine makes a folder with its tree, which is packed and kept in the store. */
import {readFile, stat as statFile} from 'node:fs/promises'
import {join} from 'node:path'
import {treeDigest} from '../images/digest.js'
import type {CacheMount, Stage} from '../model/description.js'
import {ImageNotKept} from '../model/errors.js'
import type {ImageTree} from '../model/image.js'
import type {StageLog} from '../model/log.js'
import type {StageBase, StageCommand, StageScript, TreeEngine} from '../model/ports.js'
import type {StageRecord} from '../model/record.js'
import type {LocalReference} from '../model/reference.js'
import type {HeldStage, StoredStage} from '../model/store.js'
import {hashFile} from '../system/files.js'
import {Checkpoints} from './checkpoints.js'
import {runCommands, type StageRun, withLog, writeScript} from './commands.js'
import {layIncoming, layPlacements} from './lay.js'
import {cacheMountsOf, keptFolders, layMounts} from './mounts.js'
import {nothingKept} from './nothing-kept.js'
import {readableFolder} from './readable.js'
import {optionsOf} from './request.js'
import {storageWith} from './trees.js'
import {filling} from './variables.js'

interface PreparedStage {
  readonly script: StageScript
  readonly root: string
}

/** Only commands of docker's rules are started by the launcher. */
function runsCommands(stage: Stage): boolean {
  return stage.rules === 'docker' && stage.steps.some(step => step.kind === 'run')
}

/** The base with our own copy of its image. */
async function suppliedBase({stage, inputs, done, ports, signal}: StageRun, folder: string): Promise<StageBase> {
  const {base, resolved} = inputs
  const parent = base.kind === 'stage' && stage.base.kind === 'stage' ? done.get(stage.base.index ?? -1)?.stored : undefined
  if (parent?.kind === 'held') return {kind: 'local', reference: await savedImage(parent, folder, ports, signal), moved: true}
  if (stage.base.kind === 'image') ports.sink.emit({event: 'activity', stage: stage.name, text: 'fetching its base'})
  const supplied = await ports.bases.supply(stage.base, resolved, join(folder, 'base'), signal)
  return base.kind === 'image' && supplied !== undefined ? {...base, supplied} : base
}

/**
 * The image of a stage that another engine keeps, as an archive to start from.
 * @throws ImageNotKept
 */
async function savedImage(
  stored: HeldStage,
  folder: string,
  ports: StageRun['ports'],
  signal: AbortSignal,
): Promise<LocalReference> {
  const storage = await storageWith(stored, ports, signal)
  const path = join(folder, 'parent.docker.tar')
  await storage.save(stored.record.name, 'docker', path, signal)
  await ports.scratch.give(path)
  return {agent: 'docker-archive', path}
}

/**
 * The image of the stage that this one starts from, at its root.
 * @throws ImageNotKept
 */
async function layParent({stage, done, ports, signal}: StageRun, root: string): Promise<void> {
  if (stage.base.kind !== 'stage' || stage.base.index === undefined) return
  const parent = done.get(stage.base.index)?.stored
  if (parent === undefined) throw new Error(`stage ${stage.name} was started before its parent`)
  if (parent.kind === 'held') return
  const image = await parent.image(signal)
  if (image === undefined) throw new ImageNotKept(parent.record.key)
  ports.sink.emit({event: 'activity', stage: stage.name, text: `unpacking stage ${stage.base.name}`})
  // From the store by an open file, which the engine's user may not be able to reach by its name.
  await ports.images.unpack(image, root, undefined, signal)
}

/** Lays everything ready for a stage and asks the engine what to run. */
async function prepareStage(
  run: StageRun,
  engine: TreeEngine,
  folder: string,
  packing: Promise<void>[],
  caches: ReadonlyMap<CacheMount, string>,
): Promise<PreparedStage> {
  const {stage, inputs, request, ports, signal} = run
  const root = join(folder, 'rootfs')
  await layParent(run, root)
  const laying = {...run, folder, packing, fill: filling(inputs.beginning.inherited)}
  ports.sink.emit({event: 'activity', stage: stage.name, text: 'laying ready what it copies'})
  const incoming = await layIncoming(laying)
  const secrets = ports.secrets.ids.size === 0 ? undefined : await ports.secrets.folders()
  const script = engine.script({
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
    options: optionsOf(stage, request, ports),
    ...inputs.beginning,
    keepCwd: request.keepCwd,
    keepFailed: request.keepFailed,
  })
  await writeScript(script, ports)
  return {script, root}
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
async function runScript(run: StageRun, {script, root}: PreparedStage, folder: string, log: StageLog): Promise<number> {
  const {ports, stage} = run
  const started = ports.now()
  const seconds = () => (ports.now() - started) / 1000
  if (!script.resumable) {
    await runCommands(run, script.commands, log)
    return seconds()
  }
  const {before, steps, after} = byStep(stage, script.commands)
  await runCommands(run, before, log)
  const points = new Checkpoints({...run, folder, root})
  const done = await points.restore()
  const beside = points.seconds
  const left = steps.filter(each => each.index >= done)
  // Where nothing is left to run there is no point to save either, and no reason to look at the tree.
  if (left.length > 0) await points.begin()
  for (const {index, commands} of left) {
    const begun = ports.now()
    await runCommands(run, commands, log)
    await points.after(index, (ports.now() - begun) / 1000)
  }
  await runCommands(run, after, log)
  return seconds() + beside
}

/**
 * Runs a stage and publishes its image, listing and record.
 * @throws StageFailure, SifstageError, ImageNotKept before anything has run
 */
export async function runTreeStage(
  run: StageRun,
  engine: TreeEngine,
): Promise<{readonly stored: StoredStage; readonly root: string; readonly ran: true}> {
  const {stage, ports, request} = run
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
        const prepared = await prepareStage(run, engine, folder, packing, caches)
        return {root: prepared.root, seconds: await withLog(run, log => runScript(run, prepared, folder, log))}
      },
    )
    return {stored: await publish(run, folder, root, seconds), root, ran: true}
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
  const {engine, version} = ports.engineOf(stage)
  const image = join(folder, 'image.sqfs')
  const listing = join(folder, 'listing.jsonl')
  ports.sink.emit({event: 'activity', stage: stage.name, text: 'packing its image'})
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
  return {kind: 'tree', record, facts: nothingKept, tree: async () => tree, image: async () => ({path: image, offset: 0})}
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
