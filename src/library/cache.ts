/** `cache`: what the store keeps, thinned out, checked. */
import {readdir, readFile, rm} from 'node:fs/promises'
import {join, resolve} from 'node:path'
import {ExitCode, SifstageError} from '../model/errors.js'
import type {Identity} from '../model/ports.js'
import {checkUp} from '../stores/check-up.js'
import {activityOn, type StoreItem, takeInventory} from '../stores/inventory.js'
import {prune, type Removal, type RetentionOptions} from '../stores/retention.js'
import {refuseNewer} from '../stores/version.js'
import {errorCode, exists} from '../system/files.js'
import type {KeptStage} from '../system/lazy-scratch.js'
import {removeTree} from '../system/scratch.js'
import {keyFile, makeSigner, readSigner} from '../system/signing.js'
import type {PruneOptions, StoreOptions} from './options.js'
import {parseAge, parseSize} from './quantities.js'
import {loadSettings} from './settings.js'
import {identityOf, storeFolder} from './store-folder.js'

/** A folder that is not there has no names; what is no folder is told by undefined. */
function notMissing(error: unknown): string[] | undefined {
  return errorCode(error) === 'ENOENT' ? [] : undefined
}

async function open(flags: StoreOptions): Promise<{readonly folder: string; readonly identity: Identity}> {
  const settings = await loadSettings(process.cwd(), process.env)
  const identity = identityOf(flags.runAs ?? settings.runAs)
  const folder = storeFolder(flags.cacheDir ?? settings.cacheDir, identity, process.env)
  const version = await refuseNewer(folder)
  // Nothing there is no store yet; anything else that is none was hardly meant.
  const names = version === undefined ? await readdir(folder).catch(notMissing) : []
  if (names === undefined || (names.length > 0 && !names.includes('stages') && !names.includes('bases')))
    throw new SifstageError(
      ExitCode.usage,
      `${folder} is no store of sifstage`,
      'Name the folder of a store, or one that is empty or not there yet: --cache-dir DIR, or SIFSTAGE_CACHE_DIR.',
    )
  if (names.length === 0 && version === undefined && flags.cacheDir !== undefined && !(await exists(folder)))
    throw new SifstageError(ExitCode.usage, `there is no store at ${folder}`, 'Look at --cache-dir; a build makes one')
  return {folder, identity}
}

/** What a store holds. */
export interface StoreContent {
  readonly folder: string
  readonly items: readonly StoreItem[]
}

/** @throws SifstageError (2) for a folder that is no store */
export async function listStore(options: StoreOptions): Promise<StoreContent> {
  const {folder, identity} = await open(options)
  return {folder, items: await takeInventory(folder, identity, await activityOn(folder))}
}

/** Days without use after which things go when nothing else is asked for. */
const DAYS = 30

function retentionOf(flags: PruneOptions): Omit<RetentionOptions, 'owner'> {
  if (flags.days !== undefined && flags.olderThan !== undefined)
    throw new SifstageError(ExitCode.usage, '--days and --older-than say the same', 'Leave --days out.')
  const age = flags.olderThan === undefined ? undefined : parseAge('--older-than', flags.olderThan)
  const days = flags.days ?? (age === undefined && flags.maxSize === undefined && flags.all !== true ? DAYS : undefined)
  const unusedFor = age ?? (days === undefined ? undefined : days * 86_400_000)
  return {
    all: flags.all ?? false,
    dryRun: flags.dryRun ?? false,
    ...(unusedFor === undefined ? {} : {unusedFor}),
    ...(flags.maxSize === undefined ? {} : {most: parseSize('--max-size', flags.maxSize)}),
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

/** Takes the names away that stages have in the storages of engines, and the images with them; says what stays. */
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
    if (path === undefined || !isImageEngineName(engine)) left.push(`${name} stays in ${engine}, which is not here`)
    else
      await engineStorage({engine, path, identity, environment: process.env, noHttps: false, explain: () => undefined}).remove(
        name,
      )
  }
  return left
}

/** What was, or would be, taken out of a store. */
export interface Pruned {
  readonly folder: string
  readonly dryRun: boolean
  readonly removed: readonly Removal[]
  /** In use, and so left. */
  readonly held: readonly StoreItem[]
  readonly bytesBefore: number
  readonly bytesAfter: number
  /** Trees of failed builds. */
  readonly keptTrees: number
  /** What stays where an engine is not here any more, a line each. */
  readonly left: readonly string[]
}

/** @throws SifstageError (2) for a folder that is no store */
export async function pruneStore(options: PruneOptions): Promise<Pruned> {
  const retention = retentionOf(options)
  const {dryRun = false} = retention
  const {folder, identity} = await open(options)
  const {removed, held, bytesBefore, bytesAfter} = await prune(folder, {owner: identity, ...retention})
  const keptTrees = await pruneKept(folder, identity, dryRun)
  const left = dryRun ? [] : await removeFromEngines(removed, identity)
  return {folder, dryRun, removed, held, bytesBefore, bytesAfter, keptTrees, left}
}

/** What a store's content was worth. */
export interface StoreVerdict {
  readonly folder: string
  readonly entries: number
  /** Of other versions: not read. */
  readonly foreign: number
  /** Dropped, a line each. */
  readonly damaged: readonly string[]
}

/**
 * Reads everything again and compares it with its digest; what is damaged is dropped.
 * @throws SifstageError (2) for a folder that is no store
 */
export async function verifyStore(options: StoreOptions, signal: AbortSignal): Promise<StoreVerdict> {
  const {folder, identity} = await open(options)
  const {looked, foreign, damaged} = await checkUp(folder, identity, signal)
  return {folder, entries: looked, foreign, damaged}
}

/** The key that entries are signed with on their way to a registry. */
export interface StoreKey {
  readonly file: string
  /** A line that others name with `--store-trust`. */
  readonly publicKey: string
  /** It was not there before. */
  readonly made: boolean
}

/**
 * Our key, made first where there is none.
 * @throws SifstageError (2) for a file that cannot be the key's
 */
export async function ownKey(key: string | undefined): Promise<StoreKey> {
  const named = key ?? process.env['SIFSTAGE_STORE_KEY']
  const file = named ? resolve(named) : keyFile(process.env)
  const before = await readSigner(file)
  if (before === undefined) await makeSigner(file)
  const signer = before ?? (await readSigner(file))
  if (signer === undefined)
    throw new SifstageError(
      ExitCode.failed,
      `the key ${file} is gone again`,
      'Something else removes files there: name another place, --key FILE',
    )
  return {file, publicKey: signer.publicLine, made: before === undefined}
}
