/** Lays ready what the mounts of a stage's commands show (K128). */
import {join} from 'node:path'
import {contextAt} from '../language/context.js'
import {parseIgnore} from '../language/ignore.js'
import {mountedCopy} from '../language/stage-copies.js'
import type {BindMount, CacheMount, Mount, RunStep, Stage} from '../model/description.js'
import type {Incoming, Mounted} from '../model/ports.js'
import type {SecretFolders} from '../model/supplies.js'
import {laidKind, layContext} from './context.js'
import type {Laying} from './lay.js'
import {producerTree} from './trees.js'

/** Each mount of a stage with the command that it belongs to. */
export function mountsOf(stage: Stage): {readonly step: RunStep; readonly mount: Mount}[] {
  return stage.steps.flatMap(step => (step.kind === 'run' ? (step.mounts ?? []).map(mount => ({step, mount})) : []))
}

/** @param kept places that a definition file's commands are to see a kept folder at */
export function cacheMountsOf(stage: Stage, kept: readonly string[]): CacheMount[] {
  if (stage.rules === 'def') return kept.map(target => keptFolder(stage, target))
  return mountsOf(stage).flatMap(({mount}) => (mount.kind === 'cache' ? [mount] : []))
}

/** As a Dockerfile's `--mount=type=cache,target=TARGET` (K128). */
function keptFolder({span}: Stage, target: string): CacheMount {
  const own = {uid: 0, gid: 0, mode: 0o755, readOnly: false}
  return {kind: 'cache', id: target, target: [target], sharing: 'shared', span, ...own}
}

/** The folders of `cacheMountsOf` for a definition file's stage. */
export function keptFolders(stage: Stage, caches: ReadonlyMap<CacheMount, string>): {from: string; target: string}[] {
  if (stage.rules !== 'def') return []
  return [...caches].map(([mount, from]) => ({from, target: mount.target.join('')}))
}

export interface LaidMounts {
  readonly mounted: Map<Mount, Mounted>
  readonly cacheContent: Map<Mount, string>
}

/** Where a mount's source lies; undefined when it has none or nothing is there. */
async function laySource(
  step: RunStep,
  mount: BindMount | CacheMount,
  number: number,
  incoming: ReadonlyMap<number, Incoming>,
  laying: Laying,
): Promise<string | undefined> {
  const [copy] = mountedCopy(step, mount)
  if (copy === undefined) return undefined
  const {from} = copy
  const fill = laying.fill
  const {request, ports} = laying
  switch (from.kind) {
    case 'context': {
      const place = contextAt(request.context, request.ignore === undefined ? undefined : parseIgnore(request.ignore), from)
      const folder = await ports.scratch.folder(join(laying.folder, `context-${number}`))
      const [laid] = await layContext(copy, place, fill, folder)
      await ports.scratch.give(folder)
      return laid?.from
    }
    case 'stage': {
      const laid = from.index === undefined ? undefined : incoming.get(from.index)
      const tree = from.index === undefined ? undefined : await producerTree(laying.stage, from.index, laying)
      const resolved = tree?.resolve(fill(copy.sources[0]?.path ?? []))
      return laid === undefined || resolved?.kind !== 'found' ? undefined : join(laid.folder, resolved.entry.path)
    }
    case 'image':
    case 'inline':
    case 'url':
    case 'git':
      throw new Error(`a mount from ${from.kind} was not made a stage`)
  }
}

/** @param caches folder of each cache mount */
export async function layMounts(
  incoming: ReadonlyMap<number, Incoming>,
  caches: ReadonlyMap<CacheMount, string>,
  secrets: SecretFolders | undefined,
  laying: Laying,
): Promise<LaidMounts> {
  const mounted = new Map<Mount, Mounted>()
  const cacheContent = new Map<Mount, string>()
  for (const [number, {step, mount}] of mountsOf(laying.stage).entries()) {
    switch (mount.kind) {
      case 'bind': {
        const from = await laySource(step, mount, number, incoming, laying)
        if (from !== undefined) mounted.set(mount, {from, kind: laidKind(from)})
        break
      }
      case 'cache': {
        const from = caches.get(mount)
        if (from !== undefined) mounted.set(mount, {from, kind: 'folder'})
        const content = await laySource(step, mount, number, incoming, laying)
        if (content !== undefined) cacheContent.set(mount, content)
        break
      }
      case 'secret':
        if (secrets !== undefined && laying.ports.secrets.ids.has(mount.id))
          mounted.set(mount, {from: join(secrets.given, mount.id), kind: 'file'})
        break
      case 'tmpfs':
      case 'ssh':
        break
    }
  }
  return {mounted, cacheContent}
}
