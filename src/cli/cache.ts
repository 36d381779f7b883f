/** `cache`: what the store keeps. */
import {readdir, readFile, rm, stat} from 'node:fs/promises'
import {join} from 'node:path'
import {ExitCode} from '../model/errors.js'
import type {Identity} from '../model/ports.js'
import {directoryStore, storedKeys} from '../stores/directory.js'
import {mappingOf} from '../system/identity.js'
import type {KeptStage} from '../system/lazy-scratch.js'
import {removeTree} from '../system/scratch.js'
import type {Outcome} from './outcome.js'
import {loadSettings} from './settings.js'
import {identityOf, storeFolder} from './store-folder.js'

export interface CacheFlags {
  readonly 'cache-dir'?: string | undefined
  readonly 'run-as'?: string | undefined
  readonly json: boolean
}

interface Entry {
  readonly kind: 'stage' | 'output'
  readonly key: string
  readonly stage?: string
  readonly bytes: number
  readonly lastUsed: string
  readonly path: string
}

async function open(flags: CacheFlags): Promise<{readonly folder: string; readonly identity: Identity}> {
  const settings = await loadSettings(process.cwd(), process.env)
  const identity = identityOf(flags['run-as'] ?? settings.runAs)
  return {folder: storeFolder(flags['cache-dir'] ?? settings.cacheDir, identity, process.env), identity}
}

async function bytesBelow(path: string): Promise<number> {
  let bytes = 0
  for (const name of await readdir(path).catch(() => []))
    bytes += (await stat(join(path, name)).catch(() => undefined))?.size ?? 0
  return bytes
}

async function entries(folder: string): Promise<Entry[]> {
  const found: Entry[] = []
  for (const [kind, name] of [
    ['stage', 'stages'],
    ['output', 'outputs'],
  ] as const) {
    for (const key of await storedKeys(folder, name)) {
      const path = join(folder, name, key.slice('sha256:'.length))
      const record = join(path, 'record.json')
      let stage: unknown
      try {
        const parsed: {stage?: unknown} = JSON.parse(await readFile(record, 'utf8'))
        stage = parsed.stage
      } catch {
        continue
      }
      const used = (await stat(record)).mtime.toISOString()
      found.push({kind, key, ...(typeof stage === 'string' ? {stage} : {}), bytes: await bytesBelow(path), lastUsed: used, path})
    }
  }
  return found.sort((a, b) => (a.lastUsed < b.lastUsed ? 1 : -1))
}

function megabytes(bytes: number): string {
  return `${(bytes / (1 << 20)).toFixed(1)} MB`
}

export async function runCacheList(flags: CacheFlags): Promise<Outcome> {
  const {folder} = await open(flags)
  const found = await entries(folder)
  const total = found.reduce((sum, each) => sum + each.bytes, 0)
  const lines = found.map(
    each =>
      `${each.kind.padEnd(7)} ${(each.stage ?? '').padEnd(20)} ${megabytes(each.bytes).padStart(11)}  ${each.lastUsed.slice(0, 19)}  ${each.key}`,
  )
  return {
    exitCode: ExitCode.done,
    document: {version: 1, folder, bytes: total, entries: found},
    text: `${[...lines, `${folder}: ${found.length} ${found.length === 1 ? 'entry' : 'entries'}, ${megabytes(total)}`].join('\n')}\n`,
    messages: '',
  }
}

export interface PruneFlags extends CacheFlags {
  readonly all: boolean
  readonly days: number
}

/** Trees that failed builds left for `sifstage shell`. */
async function pruneKept(folder: string, identity: Identity): Promise<number> {
  const notes = join(folder, 'kept')
  let count = 0
  for (const name of await readdir(notes).catch(() => [])) {
    try {
      const kept: KeptStage = JSON.parse(await readFile(join(notes, name), 'utf8'))
      if (kept.version === 1 && /\/sifstage-kept-\w+$/.test(kept.scratch)) {
        await removeTree(kept.scratch, identity, kept.mapping)
        count += 1
      }
    } catch {
      // No note of ours.
    }
    await rm(join(notes, name), {force: true})
  }
  return count
}

/** Downloads, layers of images, and the content of cache mounts, whose files belong to subordinate ids. */
async function pruneUnused(folder: string, identity: Identity, before: number): Promise<void> {
  for (const kind of ['downloads', 'blobs/sha256', 'blobs/sha512', 'caches']) {
    for (const name of await readdir(join(folder, kind)).catch(() => [])) {
      const path = join(folder, kind, name)
      const used = (await stat(path).catch(() => undefined))?.mtimeMs ?? Number.POSITIVE_INFINITY
      if (used < before) await removeTree(path, identity, mappingOf(identity, false))
    }
  }
}

export async function runCachePrune(flags: PruneFlags): Promise<Outcome> {
  const {folder, identity} = await open(flags)
  const before = Date.now() - flags.days * 86_400_000
  const gone = (await entries(folder)).filter(each => flags.all || Date.parse(each.lastUsed) < before)
  for (const each of gone) await rm(each.path, {recursive: true, force: true})
  // What a killed build was writing; a live one writes for minutes at most.
  for (const name of await readdir(join(folder, 'partial')).catch(() => [])) {
    const path = join(folder, 'partial', name)
    const age = Date.now() - ((await stat(path).catch(() => undefined))?.mtimeMs ?? Date.now())
    if (flags.all || age > 86_400_000) await rm(path, {recursive: true, force: true})
  }
  await pruneUnused(folder, identity, flags.all ? Number.POSITIVE_INFINITY : before)
  if (flags.all) await rm(join(folder, 'bases'), {recursive: true, force: true})
  const kept = await pruneKept(folder, identity)
  const bytes = gone.reduce((sum, each) => sum + each.bytes, 0)
  return {
    exitCode: ExitCode.done,
    document: {version: 1, folder, removed: gone.length, bytes, keptTrees: kept},
    text: `removed ${gone.length} ${gone.length === 1 ? 'entry' : 'entries'} (${megabytes(bytes)})${kept === 0 ? '' : ` and ${kept} kept ${kept === 1 ? 'tree' : 'trees'}`} from ${folder}\n`,
    messages: '',
  }
}

/** Reads every image again and compares it with its record; a damaged entry is dropped. */
export async function runCacheVerify(flags: CacheFlags): Promise<Outcome> {
  const {folder, identity} = await open(flags)
  const {signal} = new AbortController()
  const damaged: string[] = []
  const store = directoryStore(folder, {owner: identity, onDamage: text => damaged.push(text)})
  let count = 0
  for (const key of await storedKeys(folder, 'stages')) {
    count += 1
    await (await store.find(key, signal))?.image(signal)
  }
  for (const key of await storedKeys(folder, 'outputs')) {
    count += 1
    await store.findOutput(key)
  }
  return {
    exitCode: damaged.length === 0 ? ExitCode.done : ExitCode.wrong,
    document: {version: 1, folder, entries: count, damaged},
    text: `${folder}: ${count} ${count === 1 ? 'entry' : 'entries'}, ${damaged.length} damaged\n`,
    messages: damaged.map(each => `${each}\n`).join(''),
  }
}
