/** What a store holds: each thing with its size on disk, when it was used last, and by what. Reads names, times and records only. */
import type {Dirent, Stats} from 'node:fs'
import {lstat, readdir, readFile} from 'node:fs/promises'
import {join} from 'node:path'
import type {Identity} from '../model/ports.js'
import {asUser, insideNamespace, mappingOf} from '../system/identity.js'
import {capture} from '../system/processes.js'
import {type EntryKind, RECORD, STORE_VERSION} from './entry.js'
import {leaseName, liveLeases} from './leases.js'
import {type RunningBuild, runningBuilds, serverTime} from './session.js'

export type ItemKind = 'stage' | 'held' | 'artifacts' | 'checkpoint' | 'output' | 'base' | 'layer' | 'download' | 'cache'

export interface StoreItem {
  readonly kind: ItemKind
  /** Path below the store, as marks of use name it: `stages/HEX`. */
  readonly name: string
  /** Everything that belongs to it, below the store. */
  readonly paths: readonly string[]
  /** Bytes on disk. */
  readonly bytes: number
  /** Of these, the image of a stage, which may go by itself; 0 when it is not kept. */
  readonly imageBytes: number
  /** Path of that image, below the store. */
  readonly image: string | undefined
  /** The image that an engine keeps for a stage: its bytes are not in the store. */
  readonly inEngine?: {readonly engine: string; readonly name: string}
  /** Milliseconds since the epoch. */
  readonly used: number
  /** Written by an older version: never read, and the first to go. */
  readonly old: boolean
  /** Stages whose records name it; of a stage or checkpoint, its own name first. */
  readonly stages: readonly string[]
  /** What is running and relies on it, in words. */
  readonly heldBy: readonly string[]
}

const ENTRIES: readonly (readonly [EntryKind, ItemKind])[] = [
  ['stages', 'stage'],
  ['held', 'held'],
  ['artifacts', 'artifacts'],
  ['checkpoints', 'checkpoint'],
  ['outputs', 'output'],
]
/** Things of other kinds that were used so recently are left alone while any build runs: these are not marked one by one. */
const FRESH = 86_400_000

function onDisk(stats: Stats): number {
  return stats.blocks * 512
}

async function list(folder: string): Promise<Dirent[]> {
  return readdir(folder, {withFileTypes: true}).catch(() => [])
}

async function bytesBelow(path: string): Promise<number> {
  const stats = await lstat(path).catch(() => undefined)
  if (stats === undefined) return 0
  let bytes = onDisk(stats)
  if (stats.isDirectory()) for (const {name} of await list(path)) bytes += await bytesBelow(join(path, name))
  return bytes
}

/** Bytes on disk of folders whose files belong to subordinate ids: only in their namespace all of them can be seen. */
async function bytesInNamespace(paths: readonly string[], identity: Identity): Promise<Map<string, number>> {
  const argv = [...asUser(identity), ...insideNamespace(mappingOf(identity, false)), 'du', '-s', '-B1', '--', ...paths]
  const {lines} = await capture(argv, {cwd: '/', env: {PATH: '/usr/bin:/bin', LC_ALL: 'C'}})
  return new Map(lines.flatMap(line => /^(\d+)\t(.*)$/.exec(line)?.slice(1) ?? []).reduce(pairs, []))
}

function pairs(all: [string, number][], each: string, at: number, flat: readonly string[]): [string, number][] {
  if (at % 2 === 1) all.push([each, Number(flat[at - 1])])
  return all
}

interface RecordFacts {
  readonly version?: unknown
  readonly stage?: unknown
  readonly image?: {readonly file?: unknown}
  readonly engine?: {readonly name?: unknown}
  readonly name?: unknown
}

/** Where the image of a stage is that an engine keeps. */
function heldIn({engine, name}: RecordFacts): Pick<StoreItem, 'inEngine'> {
  return typeof engine?.name === 'string' && typeof name === 'string' ? {inEngine: {engine: engine.name, name}} : {}
}

/** What runs on a store. */
interface Activity {
  readonly builds: readonly RunningBuild[]
  readonly leases: ReadonlyMap<string, string>
  readonly now: number
}

/** What is running on a store right now, on any host. */
export async function activityOn(folder: string): Promise<Activity> {
  const builds = await runningBuilds(folder)
  const now = await serverTime(folder)
  return {builds, now, leases: await liveLeases(folder, now)}
}

/** Another `cache prune` only marks what it is just removing. */
function isBuild({entries}: RunningBuild): boolean {
  return [...entries].some(each => !each.startsWith('partial/'))
}

/** Who relies on an item; empty for nobody. */
export function holdersOf(item: Pick<StoreItem, 'kind' | 'name' | 'used'>, {builds, leases, now}: Activity): string[] {
  const base = item.name.replace(/^.*\//, '')
  const lease = leases.get(leaseName(base)) ?? (item.kind === 'cache' ? leases.get(leaseName(`cache-${base}`)) : undefined)
  const unmarked = item.kind === 'base' || ((item.kind === 'layer' || item.kind === 'download') && now - item.used < FRESH)
  return [
    ...(lease === undefined ? [] : [lease]),
    ...builds.filter(build => build.entries.has(item.name) || (unmarked && isBuild(build))).map(build => build.who),
  ]
}

class Inventory {
  readonly items: StoreItem[] = []
  /** Names of stages whose records name something by its digest. */
  readonly #named = new Map<string, Set<string>>()

  constructor(
    readonly folder: string,
    readonly activity: Activity,
  ) {}

  #add(item: Omit<StoreItem, 'heldBy' | 'imageBytes' | 'image' | 'old' | 'stages'> & Partial<StoreItem>): void {
    this.items.push({
      imageBytes: 0,
      image: undefined,
      old: false,
      stages: [],
      ...item,
      heldBy: holdersOf(item, this.activity),
    })
  }

  async entries(folder: EntryKind, kind: ItemKind): Promise<void> {
    for (const found of await list(join(this.folder, folder))) {
      if (!/^[0-9a-f]{64}$/.test(found.name)) continue
      const name = `${folder}/${found.name}`
      const entry = join(this.folder, name)
      const file = join(entry, RECORD)
      const stats = (await lstat(file).catch(() => undefined)) ?? (await lstat(entry).catch(() => undefined))
      if (stats === undefined) continue
      const text = await readFile(file, 'utf8').catch(() => '')
      let record: RecordFacts = {}
      try {
        record = JSON.parse(text) ?? {}
      } catch {
        // `cache verify` drops it.
      }
      const image = kind === 'stage' && typeof record.image?.file === 'string' ? `${name}/${record.image.file}` : undefined
      const kept = image === undefined ? undefined : await lstat(join(this.folder, image)).catch(() => undefined)
      const own = typeof record.stage === 'string' ? [record.stage] : []
      if (kind === 'stage' || kind === 'held') for (const stage of own) this.#note(text, found.name, stage)
      this.#add({
        kind,
        name,
        paths: [name],
        bytes: await bytesBelow(entry),
        imageBytes: kept === undefined ? 0 : onDisk(kept),
        image: kept === undefined ? undefined : image,
        used: stats.mtimeMs,
        ...(kind === 'held' ? heldIn(record) : {}),
        old: typeof record.version === 'number' && record.version < STORE_VERSION,
        stages: own,
      })
    }
  }

  /** Digests in a stage's record: of its base, of artifacts that it takes. */
  #note(record: string, own: string, stage: string): void {
    for (const [digest] of record.matchAll(/\b[0-9a-f]{64}\b/g)) {
      if (digest === own) continue
      const known = this.#named.get(digest) ?? new Set()
      this.#named.set(digest, known.add(stage))
    }
  }

  /** Files and folders that go together by the digest that their names begin with. */
  async grouped(folder: string, kind: ItemKind): Promise<void> {
    const groups = new Map<string, string[]>()
    for (const {name} of await list(join(this.folder, folder))) {
      const digest = /^([0-9a-f]{64,128})\b/.exec(name)?.[1]
      // Answers that are only remembered are too small to count.
      if (digest === undefined || (kind === 'base' && name.endsWith('.json'))) continue
      groups.set(digest, [...(groups.get(digest) ?? []), `${folder}/${name}`])
    }
    for (const [digest, paths] of groups) {
      const stats = await Promise.all(paths.map(path => lstat(join(this.folder, path)).catch(() => undefined)))
      const sizes = await Promise.all(paths.map(path => bytesBelow(join(this.folder, path))))
      this.#add({
        kind,
        name: `${folder}/${digest}`,
        // What says that the others are there goes first.
        paths: paths.sort((a, b) => Number(b.endsWith('.json')) - Number(a.endsWith('.json'))),
        bytes: sizes.reduce((sum, each) => sum + each, 0),
        used: Math.max(...stats.map(each => each?.mtimeMs ?? 0)),
      })
    }
  }

  async caches(identity: Identity): Promise<void> {
    const found = (await list(join(this.folder, 'caches'))).filter(each => each.isDirectory()).map(each => `caches/${each.name}`)
    if (found.length === 0) return
    const sizes = await bytesInNamespace(
      found.map(name => join(this.folder, name)),
      identity,
    )
    for (const name of found) {
      const used = (await lstat(join(this.folder, name)).catch(() => undefined))?.mtimeMs ?? 0
      this.#add({kind: 'cache', name, paths: [name], bytes: sizes.get(join(this.folder, name)) ?? 0, used})
    }
  }

  finished(): StoreItem[] {
    return this.items
      .map(item => ({
        ...item,
        stages: [...new Set([...item.stages, ...(this.#named.get(item.name.replace(/^.*\//, '')) ?? [])])],
      }))
      .sort((a, b) => b.used - a.used)
  }
}

/** Everything that a store holds, used last first. */
export async function takeInventory(folder: string, identity: Identity, activity: Activity): Promise<StoreItem[]> {
  const inventory = new Inventory(folder, activity)
  for (const [name, kind] of ENTRIES) await inventory.entries(name, kind)
  await inventory.grouped('bases', 'base')
  await inventory.grouped('blobs/sha256', 'layer')
  await inventory.grouped('blobs/sha512', 'layer')
  await inventory.grouped('downloads', 'download')
  await inventory.caches(identity)
  return inventory.finished()
}
