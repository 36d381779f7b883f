/**
 * A stage whose engine makes an image in its own storage. The store gets its record alone; what the engine keeps is
 * named by the stage's key, and what it needs of other stages is named to it as images.
 */
import {randomBytes} from 'node:crypto'
import {dependenciesFirst} from '../language/stages.js'
import type {Description, Stage} from '../model/description.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import type {StageFile} from '../model/format.js'
import type {ImageEngine} from '../model/ports.js'
import type {HeldRecord} from '../model/record.js'
import type {HeldStage} from '../model/store.js'
import {runCommands, type StageRun, withLog, writeScript} from './commands.js'
import {mountsOf} from './mounts.js'
import {nothingKept} from './nothing-kept.js'
import {treeImage} from './outputs/tree-image.js'
import {type BuildPorts, isFresh, optionsOf} from './request.js'
import type {RanStage} from './stage.js'
import {storageWith} from './trees.js'

/** What the images of stages are called in the storage of an engine, a tag for each key. */
const IMAGES = 'localhost/sifstage/stage'

/** The image of a key; one of no key is of one build alone. */
export function imageName(key: string | undefined): string {
  return `${IMAGES}:${key === undefined || key === '' ? `once-${randomBytes(8).toString('hex')}` : key.replace(/^sha256:/, '')}`
}

/** The description with the base of one stage as its key names it: what was looked up is what is built from. */
function withPinnedBase(stage: Stage, description: Description, pinned: string | undefined): Description {
  if (stage.base.kind !== 'image' || stage.base.reference.transport !== 'docker' || pinned === undefined) return description
  const base = {...stage.base, reference: {transport: 'docker', name: pinned}}
  return {
    ...description,
    stages: description.stages.map(each => (each.index === stage.index ? {...each, base} : each)),
  }
}

/**
 * The stage alone as a Dockerfile, and how it names the stages that it needs.
 * @throws SifstageError (3) for what a Dockerfile cannot say
 */
export function dockerfileOf(
  stage: Stage,
  whole: Description,
  pinned: string | undefined,
  ports: Pick<BuildPorts, 'dockerfiles'>,
  heredocs: boolean,
): {readonly file: StageFile; readonly needs: ReadonlyMap<number, string>; readonly remarks: readonly string[]} {
  const description = withPinnedBase(stage, whole, pinned)
  const {files, diagnostics} = ports.dockerfiles(description, stage.index, heredocs)
  const refused = diagnostics.find(each => each.severity === 'error')
  if (files === undefined || refused !== undefined)
    throw new SifstageError(
      ExitCode.unfaithful,
      `a Dockerfile cannot say this stage: ${refused?.message ?? 'it has no words for it'}`,
      refused?.hint,
    )
  const stages = dependenciesFirst(description, stage.index)
  const file = files.at(-1)
  if (file === undefined || files.length !== stages.length) throw new Error(`stage ${stage.name} was not written`)
  const wanted = new Set(file.needs)
  const needs = new Map<number, string>()
  for (const [at, {name}] of files.entries()) {
    const index = stages[at]?.index
    if (index !== undefined && wanted.has(name)) needs.set(index, name)
  }
  return {file, needs, remarks: diagnostics.map(({message, rule}) => `${message} [${rule}]`)}
}

/**
 * The name that a finished stage has in the storage of the engine: it is brought there if another one made it.
 * @throws ImageNotKept
 */
async function bringImage(index: number, engine: ImageEngine, run: StageRun): Promise<string> {
  const stored = run.done.get(index)?.stored
  if (stored === undefined) throw new Error(`stage ${run.stage.name} was started before its parent`)
  const storage = run.ports.storage(engine.name)
  const {record} = stored
  if (stored.kind === 'held' && record.engine.name === engine.name) {
    await storageWith(stored, run.ports, run.signal)
    return stored.record.name
  }
  const name = imageName(record.key)
  // One that was brought there before.
  if (record.key !== '' && (await storage.find(name, run.signal)) !== undefined) return name
  const {request, ports, signal} = run
  const text = `the image of stage "${record.stage}" is brought from ${record.engine.name} to ${engine.name}`
  ports.sink.emit({event: 'note', stage: run.stage.name, severity: 'info', text})
  const folder = `stage-${run.stage.index}/from-${index}`
  const file = `${await ports.scratch.folder(folder)}/image.docker.tar`
  if (stored.kind === 'held') {
    const other = await storageWith(stored, ports, signal)
    await other.save(stored.record.name, 'docker', file, signal)
  } else
    await treeImage({stored, root: undefined, folder}, {...request, target: index}, ports, signal).archive(file, 'docker', [name])
  await ports.scratch.give(file)
  await storage.load(file, name, signal)
  await ports.scratch.discard(await ports.scratch.folder(folder))
  return name
}

/** Ids of the secrets that were given and that a stage sees. */
export function secretIds(stage: Stage, given: ReadonlySet<string>): string[] {
  const asked = mountsOf(stage).flatMap(({mount}) => (mount.kind === 'secret' ? [mount.id] : []))
  return [...new Set(asked)].filter(id => given.has(id))
}

/** A stage of this build alone. */
function unkept(record: HeldRecord): HeldStage {
  return {kind: 'held', record, facts: nothingKept, known: {load: async () => undefined, save: async () => {}}}
}

/** Lays the stage's Dockerfile ready and has the engine build it. */
async function buildImage(run: StageRun, engine: ImageEngine, image: string): Promise<void> {
  const {stage, inputs, request, ports} = run
  const folder = await ports.scratch.folder(`stage-${stage.index}`)
  if (stage.rules === 'def' && ports.secrets.ids.size > 0)
    throw new SifstageError(
      ExitCode.unfaithful,
      `--secret: ${engine.name} shows the commands of a definition file no secrets`,
      'Build this stage with Apptainer, or write it as a Dockerfile with RUN --mount=type=secret.',
    )
  const {file, needs, remarks} = dockerfileOf(stage, request.description, inputs.resolved.pinned, ports, engine.heredocs)
  for (const text of remarks) ports.sink.emit({event: 'note', stage: stage.name, severity: 'warning', text})
  const contexts = new Map<string, string>()
  for (const [index, name] of needs) contexts.set(name, await bringImage(index, engine, run))
  const script = engine.script({
    stage,
    dockerfile: file,
    contexts,
    ignore: stage.rules === 'docker' ? request.ignore : undefined,
    folder,
    cwd: request.context.root,
    image,
    architecture: request.architecture,
    options: optionsOf(stage, request, ports),
    secrets: ports.secrets.ids.size === 0 ? undefined : await ports.secrets.folders(),
    secretIds: secretIds(stage, ports.secrets.ids),
    layers: ports.imageCache.layers(stage.name),
    noCache: isFresh(request, stage.name),
    isForeign: request.architecture !== ports.architecture,
  })
  await writeScript(script, ports)
  const storage = ports.storage(engine.name)
  const before = await storage.containers(run.signal)
  try {
    await withLog(run, log => runCommands(run, script.commands, log))
  } catch (error) {
    const left = await storage.clear(before)
    const text = `${left} containers of the build may be left, which another build of ${engine.name} may work in (${engine.name} rm)`
    if (left > 0) ports.sink.emit({event: 'note', stage: stage.name, severity: 'warning', text})
    throw error
  }
}

/** Fetches the image of the stage's key from where others left it; tells whether it was there. */
async function takeImage({stage, inputs, request, ports}: StageRun, engine: ImageEngine, image: string): Promise<boolean> {
  if (inputs.key === undefined || isFresh(request, stage.name)) return false
  const from = await ports.imageCache.take(ports.storage(engine.name), inputs.key, image)
  if (from !== undefined)
    ports.sink.emit({event: 'note', stage: stage.name, severity: 'info', text: `its image is taken from ${from}`})
  return from !== undefined
}

/**
 * Runs a stage and publishes its record, or takes its image from where others left it.
 * @throws StageFailure, SifstageError, ImageNotKept before anything has run
 */
export async function runImageStage(run: StageRun, engine: ImageEngine): Promise<RanStage> {
  const {stage, inputs, ports, signal} = run
  const storage = ports.storage(engine.name)
  const image = imageName(inputs.key)
  const started = ports.now()
  const taken = await takeImage(run, engine, image)
  if (!taken) await buildImage(run, engine, image)
  const found = await storage.find(image, signal)
  if (found === undefined)
    throw new SifstageError(
      ExitCode.failed,
      `${engine.name} built the stage, but does not have its image ${image}`,
      'Something else may have removed it meanwhile: build again.',
    )
  const record: HeldRecord = {
    version: 2,
    key: inputs.key ?? '',
    parts: inputs.parts,
    stage: stage.name,
    engine: {name: engine.name, version: ports.engineOf(stage).version},
    digest: found.id,
    name: image,
    bytes: found.bytes,
    seconds: (ports.now() - started) / 1000,
    created: new Date(ports.now()).toISOString(),
    ociConfig: found.config,
  }
  if (inputs.key === undefined) return {stored: unkept(record), root: undefined, ran: !taken}
  const stored = await ports.store.putHeld(inputs.key, record)
  return {stored, root: undefined, ran: !taken}
}
