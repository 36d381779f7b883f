/** `cache`: what the library says of the store, for people and programs. */
import {join} from 'node:path'
import {cache, ExitCode, type PruneOptions, type Removal, type StoreItem, type StoreOptions} from '../index.js'
import {showSize} from '../model/quantities.js'
import type {Outcome} from './outcome.js'

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

function totals(
  items: readonly StoreItem[],
): {readonly kind: StoreItem['kind']; readonly entries: number; readonly bytes: number}[] {
  const kinds = [...new Set(items.map(item => item.kind))]
  return kinds.map(kind => {
    const those = items.filter(item => item.kind === kind)
    return {kind, entries: those.length, bytes: those.reduce((sum, item) => sum + item.bytes, 0)}
  })
}

export async function runCacheList(options: StoreOptions): Promise<Outcome> {
  const {folder, items} = await cache.list(options)
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

export async function runCachePrune(options: PruneOptions): Promise<Outcome> {
  const {folder, dryRun, removed, held, bytesBefore, bytesAfter, keptTrees: kept, left} = await cache.prune(options)
  const entries = new Set(removed.filter(each => each.part === 'whole').map(each => each.item)).size
  const images = new Set(removed.map(each => each.item)).size - entries
  const bytes = bytesBefore - bytesAfter
  const what = [
    ...(entries > 0 || images === 0 ? [count(entries, 'entry', 'entries')] : []),
    ...(images > 0 ? [`${count(images, 'image', 'images')} of stages`] : []),
    ...(kept > 0 ? [count(kept, 'kept tree', 'kept trees')] : []),
  ].join(' and ')
  const verb = dryRun ? 'would remove' : 'removed'
  const stays = held.map(item => `${item.kind} ${item.stages.join(' ')} stays, in use: ${item.heldBy.join('; ') || 'a build'}\n`)
  return {
    exitCode: ExitCode.done,
    document: {
      version: 1,
      folder,
      dryRun,
      removed: entries,
      removedImages: images,
      bytes,
      bytesLeft: bytesAfter,
      keptTrees: kept,
      entries: removed.map(each => ({...itemJson(each.item, folder), part: each.part, bytes: each.bytes})),
      held: held.map(item => itemJson(item, folder)),
    },
    text: `${dryRun ? removals(removed) : ''}${verb} ${what} (${showSize(bytes)}) from ${folder}; ${showSize(bytesAfter)} ${dryRun ? 'would stay' : 'left'}\n`,
    messages: [...stays, ...left.map(each => `${each}\n`)].join(''),
  }
}

export async function runCacheVerify(options: StoreOptions, signal: AbortSignal): Promise<Outcome> {
  const {folder, entries, foreign, damaged} = await cache.verify(options, {signal})
  return {
    exitCode: damaged.length === 0 ? ExitCode.done : ExitCode.wrong,
    document: {version: 1, folder, entries, otherVersions: foreign, damaged},
    text: `${folder}: ${count(entries, 'entry', 'entries')}, ${damaged.length} damaged${foreign === 0 ? '' : `, ${foreign} of another version (not read)`}\n`,
    messages: damaged.map(each => `${each}\n`).join(''),
  }
}

/** Prints the public key. */
export async function runCacheKey({key}: {readonly key?: string | undefined}): Promise<Outcome> {
  const {file, publicKey, made} = await cache.key(key)
  return {
    exitCode: ExitCode.done,
    document: {version: 1, file, publicKey, made},
    text: `${publicKey}\n`,
    messages: made
      ? `${file} was made: it signs what --store-to sends to a registry, and is yours alone. Others believe it with --store-trust and the line below.\n`
      : '',
  }
}
