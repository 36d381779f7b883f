/** `cache`: what the store keeps, thinned out, checked. */
import {readdir, readFile, rm} from 'node:fs/promises'
import {join} from 'node:path'
import {parseAge, parseSize, showSize} from '../library/quantities.js'
import {loadSettings} from '../library/settings.js'
import {identityOf, storeFolder} from '../library/store-folder.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import type {Identity} from '../model/ports.js'
import {checkUp} from '../stores/check-up.js'
import {activityOn, type ItemKind, type StoreItem, takeInventory} from '../stores/inventory.js'
import {prune, type Removal, type RetentionOptions} from '../stores/retention.js'
import {refuseNewer} from '../stores/version.js'
import {errorCode, exists} from '../system/files.js'
import type {KeptStage} from '../system/lazy-scratch.js'
import {removeTree} from '../system/scratch.js'
import type {Outcome} from './outcome.js'

export interface CacheFlags {
  readonly 'cache-dir'?: string | undefined
  readonly 'run-as'?: string | undefined
  readonly json: boolean
}

/** A folder that is not there has no names; what is no folder is told by undefined. */
function notMissing(error: unknown): string[] | undefined {
  return errorCode(error) === 'ENOENT' ? [] : undefined
}

async function open(flags: CacheFlags): Promise<{readonly folder: string; readonly identity: Identity}> {
  const settings = await loadSettings(process.cwd(), process.env)
  const identity = identityOf(flags['run-as'] ?? settings.runAs)
  const folder = storeFolder(flags['cache-dir'] ?? settings.cacheDir, identity, process.env)
  const version = await refuseNewer(folder)
  // Nothing there is no store yet; anything else that is none was hardly meant.
  const names = version === undefined ? await readdir(folder).catch(notMissing) : []
  if (names === undefined || (names.length > 0 && !names.includes('stages') && !names.includes('bases')))
    throw new SifstageError(ExitCode.usage, `${folder} is no store of sifstage`, 'Look at --cache-dir and SIFSTAGE_CACHE_DIR')
  if (names.length === 0 && version === undefined && flags['cache-dir'] !== undefined && !(await exists(folder)))
    throw new SifstageError(ExitCode.usage, `there is no store at ${folder}`, 'Look at --cache-dir; a build makes one')
  return {folder, identity}
}

function count(number: number, what: string, more: string): string {
  return `${number} ${number === 1 ? what : more}`
}

function time(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(0, 16).replace('T', ' ')
}

/** Columns as wide as their widest cell; the numbers in `right` are set to the right. */
function columns(rows: readonly (readonly string[])[], right: ReadonlySet<number>): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map(row => row[i]?.length ?? 0)))
  return rows
    .map(row => row.map((cell, i) => (right.has(i) ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0))).join('  '))
    .map(line => `${line.trimEnd()}\n`)
    .join('')
}

function itemJson(item: StoreItem, folder: string): object {
  const hex = item.name.replace(/^.*\//, '')
  return {
    kind: item.kind,
    key: item.kind === 'cache' ? hex : `sha256:${hex}`,
    ...(item.stages[0] === undefined ? {} : {stage: item.stages[0]}),
    bytes: item.bytes,
    ...(item.kind === 'stage' ? {imageBytes: item.imageBytes} : {}),
    ...(item.inEngine === undefined ? {} : {inEngine: item.inEngine}),
    lastUsed: new Date(item.used).toISOString(),
    path: join(folder, item.paths[0] ?? item.name),
    usedBy: item.stages,
    heldBy: item.heldBy,
    old: item.old,
  }
}

function remark(item: StoreItem): string {
  return [
    ...(item.old ? ['old format, never read'] : []),
    ...(item.kind === 'stage' && !item.old && item.image === undefined ? ['without its image'] : []),
    ...(item.inEngine === undefined ? [] : [`its image is in ${item.inEngine.engine}`]),
    ...item.heldBy.map(who => `in use: ${who}`),
  ].join(', ')
}

function totals(items: readonly StoreItem[]): {readonly kind: ItemKind; readonly entries: number; readonly bytes: number}[] {
  const kinds = [...new Set(items.map(item => item.kind))]
  return kinds.map(kind => {
    const those = items.filter(item => item.kind === kind)
    return {kind, entries: those.length, bytes: those.reduce((sum, item) => sum + item.bytes, 0)}
  })
}

export async function runCacheList(flags: CacheFlags): Promise<Outcome> {
  const {folder, identity} = await open(flags)
  const items = await takeInventory(folder, identity, await activityOn(folder))
  const bytes = items.reduce((sum, item) => sum + item.bytes, 0)
  const sums = totals(items)
  const rows = items.map(item => [
    item.kind,
    item.stages.join(' '),
    showSize(item.bytes),
    time(item.used),
    item.name.replace(/^.*\//, '').slice(0, 12),
    remark(item),
  ])
  const table = columns([['kind', 'stage', 'size', 'last used', 'key', ''], ...rows], new Set([2]))
  const sumTable = columns(
    sums.map(each => [each.kind, count(each.entries, 'entry', 'entries'), showSize(each.bytes)]),
    new Set([1, 2]),
  )
  return {
    exitCode: ExitCode.done,
    document: {version: 1, folder, bytes, totals: sums, entries: items.map(item => itemJson(item, folder))},
    text: `${items.length === 0 ? '' : `${table}\n${sumTable}`}${folder}: ${count(items.length, 'entry', 'entries')}, ${showSize(bytes)}\n`,
    messages: '',
  }
}

export interface PruneFlags extends CacheFlags {
  readonly all: boolean
  readonly days?: number | undefined
  readonly 'max-size'?: string | undefined
  readonly 'older-than'?: string | undefined
  readonly 'dry-run': boolean
}

/** Days without use after which things go when nothing else is asked for. */
const DAYS = 30

function retentionOf(flags: PruneFlags): Omit<RetentionOptions, 'owner'> {
  if (flags.days !== undefined && flags['older-than'] !== undefined)
    throw new SifstageError(ExitCode.usage, '--days and --older-than say the same', 'Leave --days out.')
  const age = flags['older-than'] === undefined ? undefined : parseAge('--older-than', flags['older-than'])
  const days = flags.days ?? (age === undefined && flags['max-size'] === undefined && !flags.all ? DAYS : undefined)
  const unusedFor = age ?? (days === undefined ? undefined : days * 86_400_000)
  return {
    all: flags.all,
    dryRun: flags['dry-run'],
    ...(unusedFor === undefined ? {} : {unusedFor}),
    ...(flags['max-size'] === undefined ? {} : {most: parseSize('--max-size', flags['max-size'])}),
  }
}

/** Trees that failed builds left for `sifstage shell`. */
async function pruneKept(folder: string, identity: Identity, dryRun: boolean): Promise<number> {
  const notes = join(folder, 'kept')
  let found = 0
  for (const name of await readdir(notes).catch(() => [])) {
    try {
      const kept: KeptStage = JSON.parse(await readFile(join(notes, name), 'utf8'))
      if (kept.version === 1 && /\/sifstage-kept-\w+$/.test(kept.scratch)) {
        if (!dryRun) await removeTree(kept.scratch, identity, kept.mapping)
        found += 1
      }
    } catch {
      // No note of ours.
    }
    if (!dryRun) await rm(join(notes, name), {force: true})
  }
  return found
}

/** Takes the names away that stages have in the storages of engines, and the images with them; gives back what stays. */
async function removeFromEngines(removed: readonly Removal[], identity: Identity): Promise<string[]> {
  const images = removed.flatMap(({item, part}) => (part === 'whole' && item.inEngine !== undefined ? [item.inEngine] : []))
  if (images.length === 0) return []
  const [{engineStorage}, {findProgram}, {isImageEngineName}] = await Promise.all([
    import('../system/engine-storage.js'),
    import('../probes/programs.js'),
    import('../model/engines.js'),
  ])
  const left: string[] = []
  for (const {engine, name} of images) {
    const path = isImageEngineName(engine) ? findProgram(engine, process.env['PATH'] ?? '') : undefined
    if (path === undefined || !isImageEngineName(engine)) left.push(`${name} stays in ${engine}, which is not here\n`)
    else
      await engineStorage({engine, path, identity, environment: process.env, noHttps: false, explain: () => undefined}).remove(
        name,
      )
  }
  return left
}

/** One line for each thing that goes; an image that goes with its entry is not told twice. */
function removals(removed: readonly Removal[]): string {
  const whole = new Set(removed.filter(each => each.part === 'whole').map(each => each.item))
  const told = removed.filter(each => each.part === 'whole' || !whole.has(each.item))
  const rows = told.map(({item, part, bytes}) => [
    `  ${item.kind}`,
    item.stages.join(' '),
    showSize(part === 'image' ? bytes : item.bytes),
    time(item.used),
    part === 'image' ? 'the image; record and listing stay' : item.old ? 'old format' : '',
  ])
  return columns(rows, new Set([2]))
}

export async function runCachePrune(flags: PruneFlags): Promise<Outcome> {
  const options = retentionOf(flags)
  const {folder, identity} = await open(flags)
  const {removed, held, bytesBefore, bytesAfter} = await prune(folder, {owner: identity, ...options})
  const kept = await pruneKept(folder, identity, flags['dry-run'])
  const left = flags['dry-run'] ? [] : await removeFromEngines(removed, identity)
  const entries = new Set(removed.filter(each => each.part === 'whole').map(each => each.item)).size
  const images = new Set(removed.map(each => each.item)).size - entries
  const bytes = bytesBefore - bytesAfter
  const what = [
    ...(entries > 0 || images === 0 ? [count(entries, 'entry', 'entries')] : []),
    ...(images > 0 ? [`${count(images, 'image', 'images')} of stages`] : []),
    ...(kept > 0 ? [count(kept, 'kept tree', 'kept trees')] : []),
  ].join(' and ')
  const verb = flags['dry-run'] ? 'would remove' : 'removed'
  const stays = held.map(item => `${item.kind} ${item.stages.join(' ')} stays, in use: ${item.heldBy.join('; ') || 'a build'}\n`)
  return {
    exitCode: ExitCode.done,
    document: {
      version: 1,
      folder,
      dryRun: flags['dry-run'],
      removed: entries,
      removedImages: images,
      bytes,
      bytesLeft: bytesAfter,
      keptTrees: kept,
      entries: removed.map(each => ({...itemJson(each.item, folder), part: each.part, bytes: each.bytes})),
      held: held.map(item => itemJson(item, folder)),
    },
    text: `${flags['dry-run'] ? removals(removed) : ''}${verb} ${what} (${showSize(bytes)}) from ${folder}; ${showSize(bytesAfter)} ${flags['dry-run'] ? 'would stay' : 'left'}\n`,
    messages: [...stays, ...left].join(''),
  }
}

/** Reads everything again and compares it with its digest; what is damaged is dropped. */
export async function runCacheVerify(flags: CacheFlags, signal: AbortSignal): Promise<Outcome> {
  const {folder, identity} = await open(flags)
  const {looked, foreign, damaged} = await checkUp(folder, identity, signal)
  return {
    exitCode: damaged.length === 0 ? ExitCode.done : ExitCode.wrong,
    document: {version: 1, folder, entries: looked, otherVersions: foreign, damaged},
    text: `${folder}: ${count(looked, 'entry', 'entries')}, ${damaged.length} damaged${foreign === 0 ? '' : `, ${foreign} of another version (not read)`}\n`,
    messages: damaged.map(each => `${each}\n`).join(''),
  }
}
