/** Lays ready what a stage takes from elsewhere: artifacts of other stages, the context, the web, archives (K82–K105). */
import {join} from 'node:path'
import {contentDigest} from '../images/digest.js'
import {contextAt} from '../language/context.js'
import {engineFiles} from '../language/engine-files.js'
import {parseIgnore} from '../language/ignore.js'
import {absolutePath} from '../language/paths.js'
import {matchSource, splitParents} from '../language/sources.js'
import {copiesOf} from '../language/stage-copies.js'
import type {CopyStep, Stage, Step} from '../model/description.js'
import {ImageNotKept, SifstageError} from '../model/errors.js'
import type {ImageTree} from '../model/image.js'
import type {PlacedSource} from '../model/operations.js'
import {baseName} from '../model/paths.js'
import type {Incoming} from '../model/ports.js'
import type {HeldStage} from '../model/store.js'
import {showTemplate} from '../model/template.js'
import {laidKind, layContext, layDownload, layInline} from './context.js'
import type {Done} from './inputs.js'
import type {BuildPorts, BuildRequest} from './request.js'
import {producerTree, storageWith} from './trees.js'
import type {Fill} from './variables.js'

type TreeSource = Extract<PlacedSource, {kind: 'tree'}>

/** What laying ready works with. */
export interface Laying {
  readonly stage: Stage
  readonly done: ReadonlyMap<number, Done>
  /** The stage's folder in scratch. */
  readonly folder: string
  readonly fill: Fill
  readonly request: BuildRequest
  readonly ports: BuildPorts
  readonly signal: AbortSignal
  /** Artifacts that are being packed for the store meanwhile. */
  readonly packing: Promise<void>[]
}

/** The paths of a copy's sources in an image, links followed, and the links on the way (D144). */
function wantedPaths(step: CopyStep, tree: ImageTree, environment: ReadonlyMap<string, string>): string[] {
  return step.sources.flatMap(source => {
    const found = matchSource(step, source, tree, environment)
    if (found.kind !== 'matched') return []
    return found.paths.flatMap(match => {
      const resolved = tree.resolve(match)
      return resolved.kind === 'found' ? [resolved.entry.path, ...resolved.through] : []
    })
  })
}

/** Without those that lie in another: unsquashfs takes a folder with all in it. */
function outermost(paths: Iterable<string>, tree: ImageTree): string[] {
  const kept: string[] = []
  for (const path of [...new Set(paths)].sort()) {
    const inside = kept.some(other => tree.lookup(other)?.kind === 'directory' && (other === '/' || path.startsWith(`${other}/`)))
    if (!inside) kept.push(path)
  }
  return kept
}

async function unpack(laying: Laying, index: number, paths: readonly string[], target: string): Promise<void> {
  const {ports, signal, done} = laying
  const stored = done.get(index)?.stored
  if (stored === undefined) throw new Error(`stage ${laying.stage.name} was started before stage ${index}`)
  if (paths.length === 0) {
    await ports.scratch.folder(target)
    return
  }
  if (stored.kind === 'held') return takeOut(stored, paths, target, laying)
  // All of an image is the image itself.
  const name = paths.includes('/') ? undefined : contentDigest(await stored.tree(), paths)
  const packed = name === undefined ? undefined : await ports.store.findArtifacts(name, signal)
  if (packed !== undefined) return ports.images.unpack(packed, target, undefined, signal)
  const image = await stored.image(signal)
  if (image === undefined) throw new ImageNotKept(stored.record.key)
  await ports.images.unpack(image, target, paths.includes('/') ? undefined : paths, signal)
  if (name === undefined || stored.record.key === '') return
  const packing = packArtifacts(name, target, laying)
  // Whoever waits for it sees what went wrong.
  packing.catch(() => {})
  laying.packing.push(packing)
}

/**
 * Artifacts out of an engine's own storage.
 * @throws ImageNotKept
 */
async function takeOut(stored: HeldStage, paths: readonly string[], target: string, {ports, signal}: Laying): Promise<void> {
  const storage = await storageWith(stored, ports, signal)
  const archive = `${target}.tar`
  await storage.takeOut(stored.record.name, paths, archive, signal)
  await ports.images.extract(archive, target, signal)
  await ports.scratch.discard(archive)
}

/** Keeps what was taken by itself, so that it outlives the image. A store that is full costs only that. */
async function packArtifacts(name: string, folder: string, {ports, stage, signal}: Laying): Promise<void> {
  const file = `${folder}.sqfs`
  try {
    await ports.images.pack(folder, file, undefined, signal)
    await ports.store.putArtifacts(name, file)
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof SifstageError)) throw error
    const text = `what it copies is not kept by itself: ${error.message}`
    ports.sink.emit({event: 'note', stage: stage.name, severity: 'info', text})
  }
}

/** Unpacks what a stage copies and mounts from each earlier one into a folder of its own. */
export async function layIncoming(laying: Laying): Promise<Map<number, Incoming>> {
  const {stage, folder, request} = laying
  const incoming = new Map<number, Incoming>()
  const copies = copiesOf(stage)
  for (const step of copies) {
    if (step.from.kind !== 'stage' || step.from.index === undefined || incoming.has(step.from.index)) continue
    const {index, name} = step.from
    const tree = await producerTree(stage, index, laying)
    if (tree === undefined) throw new Error(`stage ${stage.name} was started before ${name}`)
    const wanted = copies.flatMap(each =>
      each.from.kind === 'stage' && each.from.index === index ? wantedPaths(each, tree, request.context.environment) : [],
    )
    const paths = outermost(wanted, tree).flatMap(path => (path === '/' && stage.rules === 'docker' ? ownTop(tree) : [path]))
    const target = join(folder, `from-${index}`)
    await unpack(laying, index, paths, target)
    incoming.set(index, {
      name,
      folder: target,
      withMetadata: paths.some(path => path === '/' || /^\/\.singularity\.d(\/Singularity)?$/.test(path)),
    })
  }
  return incoming
}

/** All that lies at the root of an image of its own. */
function ownTop(tree: ImageTree): string[] {
  return tree
    .list('/')
    .filter(name => !engineFiles.includes(name))
    .map(name => `/${name}`)
}

/** Paths below `top` that are left out: by `--exclude`, whole folders as one (K102), and the engine's own. */
function excluded(step: CopyStep, tree: ImageTree, top: string): string[] {
  const own = top === '/' && step.rules === 'docker' ? engineFiles : []
  return [...own, ...hiddenBy(step, tree, top).filter(path => !own.includes(path))]
}

function hiddenBy(step: CopyStep, tree: ImageTree, top: string): string[] {
  if (step.exclude === undefined) return []
  const patterns = parseIgnore(step.exclude.join('\n'))
  const start = top === '/' ? 1 : top.length + 1
  const hidden: string[] = []
  const shown = new Set<string>()
  for (const entry of tree.below(top)) {
    const path = entry.path.slice(start)
    if (path === '') continue
    if (patterns.hides(path).hidden) hidden.push(path)
    else for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) shown.add(path.slice(0, slash))
  }
  return hidden.filter(path => !shown.has(path))
}

async function layFromStage(
  step: CopyStep,
  index: number,
  incoming: ReadonlyMap<number, Incoming>,
  folder: string,
  laying: Laying,
): Promise<TreeSource[]> {
  const laid = incoming.get(index)
  const tree = await producerTree(laying.stage, index, laying)
  if (laid === undefined || tree === undefined) return []
  const {environment} = laying.request.context
  const placed: TreeSource[] = []
  for (const [number, source] of step.sources.entries()) {
    const found = matchSource(step, source, tree, environment)
    if (found.kind !== 'matched') continue
    if (step.parents) {
      // A tree of its own with what is meant and the folders above it, as they are in the stage (K101).
      const target = join(folder, String(number))
      const {from} = splitParents(showTemplate(source.path))
      const top = absolutePath('/', from)
      await unpack(laying, index, outermost(found.paths, tree), target)
      const inner = join(target, top)
      if (found.paths.length === 0) await laying.ports.scratch.folder(inner)
      placed.push({kind: 'tree', from: inner, name: '', without: excluded(step, tree, top), keepFolders: true})
      continue
    }
    for (const path of found.paths) {
      const resolved = tree.resolve(path)
      if (resolved.kind !== 'found') continue
      const {entry} = resolved
      const without = entry.kind === 'directory' ? excluded(step, tree, entry.path) : []
      placed.push({
        kind: 'tree',
        from: join(laid.folder, entry.path),
        // The copy gets the name of the link, not of what it leads to (K91).
        name: baseName(path),
        ...(without.length === 0 ? {} : {without}),
      })
    }
  }
  return placed
}

/** ADD unpacks what is an archive by its content (K103). */
async function unpacked(step: CopyStep, sources: readonly TreeSource[], folder: string, laying: Laying): Promise<PlacedSource[]> {
  if (step.unpack === undefined || step.unpack === 'never') return [...sources]
  const placed: PlacedSource[] = []
  for (const [number, source] of sources.entries()) {
    const apart =
      laidKind(source.from) === 'file'
        ? await laying.ports.archives.takeApart(source.from, join(folder, `archive-${number}`), laying.signal)
        : undefined
    placed.push(apart === undefined ? source : {kind: 'archive', ...apart})
  }
  return placed
}

/** What one copy of docker's rules takes, laid out in `folder`. */
async function laySources(
  step: CopyStep,
  incoming: ReadonlyMap<number, Incoming>,
  folder: string,
  laying: Laying,
): Promise<PlacedSource[]> {
  const {from} = step
  const {request, ports, signal} = laying
  const fill = laying.fill
  switch (from.kind) {
    case 'stage':
      return from.index === undefined ? [] : layFromStage(step, from.index, incoming, folder, laying)
    case 'inline':
      return layInline(from.files, fill, folder)
    case 'context': {
      const place = contextAt(request.context, request.ignore === undefined ? undefined : parseIgnore(request.ignore), from)
      return unpacked(step, await layContext(step, place, fill, folder), folder, laying)
    }
    case 'url': {
      const found = await ports.remote.download(from.url, from.checksum, signal)
      const file = await layDownload(found, folder)
      const name = fill(step.sources[0]?.path ?? []) || '__unnamed__'
      const source: TreeSource = {kind: 'tree', from: file, name}
      // Never by itself: only where the description says so (K104).
      return step.unpack === 'always' ? unpacked(step, [source], folder, laying) : [source]
    }
    case 'git': {
      const commit = await ports.remote.commitOf(from, signal)
      return [{kind: 'tree', from: await ports.remote.checkOut(from, commit, folder, signal), name: ''}]
    }
    case 'image':
      throw new Error(`the image ${from.reference.name} was not made a stage`)
  }
}

/** Where each source of docker's copies lies on the host. */
export async function layPlacements(
  incoming: ReadonlyMap<number, Incoming>,
  laying: Laying,
): Promise<Map<Step, readonly PlacedSource[]>> {
  const placements = new Map<Step, readonly PlacedSource[]>()
  for (const [number, step] of laying.stage.steps.entries()) {
    if (step.kind !== 'copy' || step.rules !== 'docker') continue
    const folder = join(laying.folder, `copy-${number}`)
    await laying.ports.scratch.folder(folder)
    placements.set(step, await laySources(step, incoming, folder, laying))
    // What a stage gave has owners of its own.
    if (step.from.kind !== 'stage') await laying.ports.scratch.give(folder)
  }
  return placements
}
