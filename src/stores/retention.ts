/**
 * What a store keeps when there is no room for all: whole images and checkpoints go first, then what can be made or fetched
 * again, and artifacts and records last, since they cost little and spare most. What a running build relies on stays.
 */
import {lstat, mkdir, readdir, rename, rm} from 'node:fs/promises'
import {join} from 'node:path'
import type {Identity} from '../model/ports.js'
import {errorCode, fileError} from '../system/files.js'
import {mappingOf} from '../system/identity.js'
import {removeTree} from '../system/scratch.js'
import {takeAway} from './entry.js'
import {activityOn, holdersOf, type StoreItem, takeInventory} from './inventory.js'
import {type UseMarks, useMarks} from './session.js'

/** Leftovers without an owner are swept after so long: a download may take its time. */
const LEFTOVER = 86_400_000

export interface RetentionOptions {
  readonly owner: Identity
  /** Bytes on disk that may stay. */
  readonly most?: number
  /** Bytes that are wanted: so many go, of images and checkpoints alone. */
  readonly wanted?: number
  /** Milliseconds: what was not used for so long goes. */
  readonly unusedFor?: number
  readonly all?: boolean
  /** Nothing is removed. */
  readonly dryRun?: boolean
}

/** A thing that goes, or only the image of it. */
export interface Removal {
  readonly item: StoreItem
  readonly part: 'image' | 'whole'
  readonly bytes: number
}

export interface Pruned {
  readonly removed: readonly Removal[]
  /** Things that would have gone if nobody relied on them. */
  readonly held: readonly StoreItem[]
  readonly bytesBefore: number
  readonly bytesAfter: number
}

/** The round of what only costs time when it is gone. */
const IMAGES = 1

/** In which round something goes: the lowest first. */
function tierOf({item, part}: Removal): number {
  if (item.old) return 0
  if (part === 'image' || item.kind === 'checkpoint') return IMAGES
  return item.kind === 'stage' || item.kind === 'held' || item.kind === 'artifacts' ? 3 : 2
}

/** All that could go, in the order in which it goes: by tier, then least recently used first. */
function candidates(items: readonly StoreItem[]): Removal[] {
  const removals = items.flatMap((item): Removal[] => [
    ...(item.image === undefined || item.old ? [] : [{item, part: 'image', bytes: item.imageBytes} as const]),
    {item, part: 'whole', bytes: item.old ? item.bytes : item.bytes - item.imageBytes},
  ])
  return removals.sort((a, b) => tierOf(a) - tierOf(b) || a.item.used - b.item.used)
}

/** What goes, by age and by room. Pure: the same for a dry run. */
function choose(
  items: readonly StoreItem[],
  now: number,
  {most, wanted, unusedFor, all}: Pick<RetentionOptions, 'most' | 'wanted' | 'unusedFor' | 'all'>,
): {readonly removed: readonly Removal[]; readonly held: readonly StoreItem[]} {
  let bytes = items.reduce((sum, each) => sum + each.bytes, 0)
  const removed: Removal[] = []
  const held = new Set<StoreItem>()
  const order = candidates(items)
  const take = (removal: Removal) => {
    if (removal.item.heldBy.length > 0) {
      held.add(removal.item)
      return
    }
    removed.push(removal)
    bytes -= removal.bytes
  }
  const enough = wanted === undefined ? most : bytes - wanted
  const aged = (item: StoreItem) => all === true || (unusedFor !== undefined && now - item.used > unusedFor)
  for (const removal of order) if (aged(removal.item)) take(removal)
  for (const removal of order) {
    if (enough === undefined || bytes <= enough) break
    if (wanted !== undefined && tierOf(removal) > IMAGES) break
    if (!aged(removal.item)) take(removal)
  }
  return {removed, held: [...held]}
}

class Sweeper {
  readonly #mapping
  constructor(
    readonly folder: string,
    readonly owner: Identity,
    readonly uses: UseMarks,
  ) {
    this.#mapping = mappingOf(owner, false)
  }

  /** Takes paths away as a whole; puts them back when a build has begun to rely on them meanwhile. */
  async remove({item, part}: Removal): Promise<boolean> {
    const paths = part === 'image' && item.image !== undefined ? [item.image] : item.paths
    const moved: (readonly [from: string, to: string])[] = []
    if (holdersOf(item, await activityOn(this.folder)).length > 0) return false
    for (const path of paths) {
      const aside = await takeAway(this.folder, join(this.folder, path), this.owner, this.uses)
      if (aside !== undefined) moved.push([join(this.folder, path), aside])
    }
    if (holdersOf(item, await activityOn(this.folder)).length > 0) {
      // Where somebody has made it anew meanwhile, that one stays.
      for (const [from, to] of moved.reverse()) await rename(to, from).catch(() => this.clear(to))
      return false
    }
    for (const [, to] of moved) await this.clear(to)
    return true
  }

  /** Removes a tree, with files of subordinate ids in it. */
  async clear(path: string): Promise<void> {
    await rm(path, {recursive: true, force: true}).catch(() => removeTree(path, this.owner, this.#mapping))
  }

  /** What dead processes were writing; what belongs to a running one is marked, or young. */
  async leftovers(all: boolean): Promise<void> {
    const {builds, now} = await activityOn(this.folder)
    const marked = new Set(builds.flatMap(build => [...build.entries]))
    for (const name of await readdir(join(this.folder, 'partial')).catch(() => []))
      if (!marked.has(`partial/${name.replace(/\.old$/, '')}`)) await this.clear(join(this.folder, 'partial', name))
    for (const folder of ['', 'bases', 'downloads', 'blobs/sha256', 'blobs/sha512', 'locks', 'users', 'kept']) {
      for (const name of await readdir(join(this.folder, folder)).catch(() => [])) {
        if (!/^\..*\.partial$/.test(name)) continue
        const path = join(this.folder, folder, name)
        const stats = await lstat(path).catch(() => undefined)
        if (stats !== undefined && ((all && builds.length === 0) || now - stats.mtimeMs > LEFTOVER)) await this.clear(path)
      }
    }
  }

  /** Remembered answers and logs: small, and soon out of date. */
  async remembered(before: number): Promise<void> {
    for (const folder of ['bases', 'logs', 'history']) {
      for (const name of await readdir(join(this.folder, folder)).catch(() => [])) {
        const path = join(this.folder, folder, name)
        const stats = /\.(json|log|files)$/.test(name) ? await lstat(path).catch(() => undefined) : undefined
        if (stats !== undefined && stats.mtimeMs <= before) await rm(path, {force: true})
      }
    }
  }
}

/**
 * Thins a store out.
 * @throws SifstageError when the store cannot be written
 */
export async function prune(folder: string, options: RetentionOptions): Promise<Pruned> {
  const activity = await activityOn(folder)
  const items = await takeInventory(folder, options.owner, activity)
  const chosen = choose(items, activity.now, options)
  const bytesBefore = items.reduce((sum, each) => sum + each.bytes, 0)
  const result = (removed: readonly Removal[], held: readonly StoreItem[]): Pruned => ({
    removed,
    held,
    bytesBefore,
    bytesAfter: bytesBefore - removed.reduce((sum, each) => sum + each.bytes, 0),
  })
  if (options.dryRun === true) return result(chosen.removed, chosen.held)
  const uses = useMarks(folder, {owner: options.owner})
  const sweeper = new Sweeper(folder, options.owner, uses)
  const removed: Removal[] = []
  const held = [...chosen.held]
  try {
    if (items.length > 0) await mkdir(join(folder, 'partial'), {recursive: true})
    for (const removal of chosen.removed) {
      if (await sweeper.remove(removal)) removed.push(removal)
      else held.push(removal.item)
    }
    await sweeper.leftovers(options.all === true)
    const before =
      options.all === true ? Number.POSITIVE_INFINITY : activity.now - (options.unusedFor ?? Number.POSITIVE_INFINITY)
    await sweeper.remembered(before)
  } catch (error) {
    if (errorCode(error) === undefined) throw error
    throw fileError(`the store ${folder} cannot be thinned out`, error)
  } finally {
    await uses.close()
  }
  return result(removed, [...new Set(held)])
}

/** Makes room for a build that is about to start: drops images and checkpoints that were not used for longest. */
export async function makeRoom(folder: string, bytes: number, owner: Identity): Promise<Pruned> {
  return prune(folder, {owner, wanted: bytes})
}

/** Drops what was not used for longest until the store fits; undefined when it does already. For the end of a build. */
export async function enforceBudget(folder: string, bytes: number, owner: Identity): Promise<Pruned | undefined> {
  const pruned = await prune(folder, {owner, most: bytes})
  return pruned.removed.length === 0 && pruned.held.length === 0 ? undefined : pruned
}
