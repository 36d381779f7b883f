/** Runs one stage, alone, in its own folder of scratch, and publishes what came out (design section 6, 4–5). */
import {createWriteStream, mkdirSync, rmSync} from 'node:fs'
import {chmod, mkdir, readFile, stat as statFile, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {treeDigest} from '../images/digest.js'
import {parseIgnore} from '../language/ignore.js'
import {matchSource} from '../language/sources.js'
import {copiesOf} from '../language/stage-copies.js'
import type {CopyStep, Description, Stage, Step} from '../model/description.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import type {ImageTree} from '../model/image.js'
import type {Incoming, Placement, StageCommand, StageScript, StoredStage} from '../model/ports.js'
import type {StageRecord} from '../model/record.js'
import {hashFile} from '../system/files.js'
import {layContext} from './context.js'
import type {Done, StageInputs} from './inputs.js'
import {readableFolder} from './readable.js'
import type {BuildPorts, BuildRequest} from './request.js'

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

/** Which paths of an earlier stage a stage needs laid out: what its copies match, and the links on the way to it (D144). */
function neededPaths(stage: Stage, producer: number, tree: ImageTree, environment: ReadonlyMap<string, string>): string[] {
  const paths = new Set<string>()
  for (const step of copiesOf(stage)) {
    if (step.from.kind !== 'stage' || step.from.index !== producer) continue
    for (const source of step.sources) {
      const found = matchSource(step.rules, source, tree, environment)
      if (found.kind !== 'matched') continue
      for (const match of found.paths) {
        const resolved = tree.resolve(match)
        if (resolved.kind !== 'found') continue
        paths.add(resolved.entry.path)
        for (const link of resolved.through) paths.add(link)
      }
    }
  }
  // unsquashfs takes a folder with all in it: what lies below one needs no mention.
  const all = [...paths].sort()
  return all.filter(
    path =>
      !all.some(
        other => other !== path && tree.lookup(other)?.kind === 'directory' && (other === '/' || path.startsWith(`${other}/`)),
      ),
  )
}

/** Unpacks what a stage copies from each earlier one into a folder of its own. */
async function layIncoming(
  stage: Stage,
  done: ReadonlyMap<number, Done>,
  folder: string,
  request: BuildRequest,
  ports: BuildPorts,
  signal: AbortSignal,
): Promise<Map<number, Incoming>> {
  const incoming = new Map<number, Incoming>()
  for (const step of copiesOf(stage)) {
    if (step.from.kind !== 'stage' || step.from.index === undefined || incoming.has(step.from.index)) continue
    const {index, name} = step.from
    const stored = done.get(index)?.stored
    if (stored === undefined) throw new Error(`stage ${stage.name} was started before ${name}`)
    const paths = neededPaths(stage, index, await stored.tree(), request.context.environment)
    const target = join(folder, `from-${index}`)
    if (paths.includes('/')) await ports.images.unpack(stored.image, target, undefined, signal)
    else if (paths.length > 0) await ports.images.unpack(stored.image, target, paths, signal)
    else await ports.scratch.folder(target)
    incoming.set(index, {
      name,
      folder: target,
      withMetadata: paths.some(path => path === '/' || /^\/\.singularity\.d(\/Singularity)?$/.test(path)),
    })
  }
  return incoming
}

/** Where each source of docker's copies lies on the host. */
async function layPlacements(
  stage: Stage,
  incoming: ReadonlyMap<number, Incoming>,
  done: ReadonlyMap<number, Done>,
  folder: string,
  request: BuildRequest,
  ports: BuildPorts,
): Promise<Map<Step, Placement[]>> {
  const placements = new Map<Step, Placement[]>()
  const ignore = request.ignore === undefined ? undefined : parseIgnore(request.ignore)
  const fromStage = async (step: CopyStep, index: number): Promise<Placement[]> => {
    const laid = incoming.get(index)
    const tree = await done.get(index)?.stored?.tree()
    if (laid === undefined || tree === undefined) return []
    return step.sources.flatMap(source => {
      const found = matchSource(step.rules, source, tree, request.context.environment)
      if (found.kind !== 'matched') return []
      return found.paths.flatMap(path => {
        const resolved = tree.resolve(path)
        // The copy gets the name of the link, not of what it leads to (K91).
        return resolved.kind === 'found'
          ? [{from: join(laid.folder, resolved.entry.path), name: path.slice(path.lastIndexOf('/') + 1)}]
          : []
      })
    })
  }
  let count = 0
  for (const step of stage.steps) {
    if (step.kind !== 'copy' || step.rules !== 'docker') continue
    if (step.from.kind === 'stage') {
      if (step.from.index !== undefined) placements.set(step, await fromStage(step, step.from.index))
      continue
    }
    count += 1
    const laid = join(folder, `context-${count}`)
    await mkdir(laid, {recursive: true})
    placements.set(step, await layContext(step, request.context, ignore, laid))
    await ports.scratch.give(laid)
  }
  return placements
}

async function writeScript(script: StageScript, ports: BuildPorts): Promise<void> {
  for (const {path, mode} of script.folders) {
    await ports.scratch.folder(path)
    await chmod(path, mode)
  }
  for (const {path, text, mode} of script.files) {
    await writeFile(path, text, {mode})
    await ports.scratch.give(path)
  }
}

/** The stages that a definition file's stub recipe needs, in the order of the text. */
function inOrder(incoming: ReadonlyMap<number, Incoming>): Incoming[] {
  return [...incoming].sort(([a], [b]) => a - b).map(([, each]) => each)
}

interface PreparedStage {
  readonly script: StageScript
  readonly root: string
  readonly folder: string
}

/** Lays everything ready for a stage and asks the engine what to run. */
async function prepareStage(
  stage: Stage,
  inputs: StageInputs,
  done: ReadonlyMap<number, Done>,
  request: BuildRequest,
  ports: BuildPorts,
  signal: AbortSignal,
): Promise<PreparedStage> {
  const folder = await ports.scratch.folder(`stage-${stage.index}`)
  const root = join(folder, 'rootfs')
  // From the store by an open file, which the engine's user may not be able to reach by its name.
  if (inputs.base.kind === 'stage') await ports.images.unpack(inputs.base.image, root, undefined, signal)
  const incoming = await layIncoming(stage, done, folder, request, ports, signal)
  const placements = await layPlacements(stage, incoming, done, folder, request, ports)
  const script = ports.engine.engine.script({
    stage,
    description: request.description,
    base: inputs.base,
    rebased: request.rebased.has(stage.index),
    folder,
    root,
    incoming: inOrder(incoming),
    placements,
    cwd: await readableFolder(stage, folder, request, ports, signal),
    mapping: ports.mapping,
    options: request.options,
    ...inputs.beginning,
    keepCwd: request.keepCwd,
    keepFailed: request.keepFailed,
  })
  await writeScript(script, ports)
  return {script, root, folder}
}

/**
 * Runs a stage and publishes its image, listing and record.
 * @throws StageFailure, SifstageError
 */
export async function runStage(
  stage: Stage,
  inputs: StageInputs,
  done: ReadonlyMap<number, Done>,
  request: BuildRequest,
  ports: BuildPorts,
  signal: AbortSignal,
): Promise<RanStage> {
  const {sink} = ports
  const {engine, version} = ports.engine
  const prepared = await prepareStage(stage, inputs, done, request, ports, signal)
  const {script, root, folder} = prepared
  const logFile = await logPath(ports.store.folder, stage, request.description)
  const log = createWriteStream(logFile)
  log.on('error', () => {})
  const started = ports.now()
  try {
    for (const command of script.commands) {
      const begun = ports.now()
      sink.emit({
        event: 'step-start',
        stage: stage.name,
        title: command.title,
        ...(command.step === undefined ? {} : {line: command.step.span.start.line}),
      })
      log.write(`# ${command.title}\n`)
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
      sink.emit({event: 'step-end', stage: stage.name, title: command.title, seconds: (ports.now() - begun) / 1000, ok})
      if (!ok)
        throw new StageFailure(
          command,
          result.exitCode,
          result.tail.filter(line => !engine.isNoise(line)),
          logFile,
        )
    }
  } finally {
    log.end()
  }
  const tree = await ports.images.inventory(root, signal)
  const image = join(folder, 'image.sqfs')
  const listing = join(folder, 'listing.jsonl')
  await ports.images.pack(root, image, undefined, signal)
  const listingDigest = await ports.store.writeListing(listing, tree)
  const inspect = await readFile(join(folder, 'inspect.json'), 'utf8').catch(() => undefined)
  const {config} = inputs.resolved
  const record: StageRecord = {
    version: 1,
    key: inputs.key ?? '',
    parts: inputs.parts,
    stage: stage.name,
    digest: treeDigest(tree),
    image: {file: 'image.sqfs', offset: 0, bytes: await sizeOf(image), digest: await hashFile(image)},
    listing: {file: 'listing.jsonl', digest: listingDigest},
    engine: {name: engine.name, version},
    seconds: (ports.now() - started) / 1000,
    created: new Date(ports.now()).toISOString(),
    ...(config === undefined ? {} : {ociConfig: config}),
    ...(inspect === undefined ? {} : {inspect}),
  }
  if (inputs.key === undefined) return {stored: {record, image: {path: image, offset: 0}, tree: async () => tree}, root}
  return {stored: await ports.store.put(inputs.key, {image, listing}, record), root}
}

async function sizeOf(file: string): Promise<number> {
  return (await statFile(file)).size
}

/** The log of a stage's last run; kept in the store, so that its path can be told after a failure. */
async function logPath(store: string, stage: Stage, description: Description): Promise<string> {
  const folder = join(store, 'logs')
  const safe = `${description.file.replace(/^.*\//, '')}-${stage.name}`.replace(/[^\w.-]/g, '_').slice(0, 100)
  const file = join(folder, `${safe}.log`)
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
