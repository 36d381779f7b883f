/** `lock`: which bytes the bases of an input are, written beside it. */
import type {Diagnostic} from '../model/diagnostic.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import {normalizeReference} from '../model/reference.js'
import {withForeignImages} from '../plan/bases.js'
import {neededStages, resolveTarget} from '../plan/graph.js'
import {type Lock, type Lockable, lockables, lockedAs, onlyUsed, printLock, withEntry} from '../plan/lock.js'
import {exists} from '../system/files.js'
import {localBases} from '../system/local-bases.js'
import {writeLockText} from '../system/lock-file.js'
import {isAskable, references} from '../system/references.js'
import {RegistryError} from '../system/registry.js'
import {exitCodeOf, type InputSource, type Loaded, loadInput} from './input.js'
import {readLockFile} from './locks.js'
import type {LockVerbOptions} from './options.js'
import {identityOf, storeFolder} from './store-folder.js'

/** What became of the lock file. */
export interface Locked {
  readonly input: Loaded
  readonly exitCode: ExitCode
  /** The lock file as it is named. */
  readonly file: string
  readonly entries: readonly LockEntry[]
  readonly written: boolean
  /** With `check`: whether nothing would change; undefined without it, or where the input is wrong. */
  readonly upToDate: boolean | undefined
  readonly diagnostics: readonly Diagnostic[]
}

/** One base. With `check` nothing becomes of it. */
export interface LockEntry {
  readonly kind: Lockable['kind']
  readonly name: string
  readonly change: 'kept' | 'added' | 'updated' | 'missing' | 'differs'
  /** What the file has of it from now on: a digest, of a package mirror a date. */
  readonly value: string | undefined
}

type Change = LockEntry['change']

interface Entry {
  readonly lockable: Lockable
  readonly change: Change
  /** What the file has of it from now on. */
  readonly value: string | undefined
}

interface Surroundings {
  readonly flags: LockVerbOptions
  readonly refs: readonly string[]
  readonly lock: Lock
  readonly platform: string
  readonly now: () => string
  /** What a base is at this moment. */
  readonly ask: (lockable: Lockable) => Promise<string>
}

function isMeant({name, kind}: Lockable, refs: readonly string[]): boolean {
  return refs.length === 0 || refs.some(ref => ref === name || (kind === 'image' && normalizeReference(ref) === name))
}

async function entryOf(lockable: Lockable, around: Surroundings): Promise<Entry> {
  const {flags, refs, lock, platform, ask, now} = around
  const before = lockedAs(lock, lockable, platform)
  const update = flags.update && isMeant(lockable, refs)
  if (flags.check && before === undefined) return {lockable, change: 'missing', value: undefined}
  // What a file is now costs nobody's patience; an image is asked for only where that is wanted.
  const asks = before === undefined || update || lockable.kind === 'local'
  const current = !asks ? before : lockable.kind === 'mirror' ? now() : await ask(lockable)
  if (before === undefined) return {lockable, change: 'added', value: current}
  if (current === before) return {lockable, change: 'kept', value: before}
  return update ? {lockable, change: 'updated', value: current} : {lockable, change: 'differs', value: before}
}

function unlockable({base, span, stage, name}: Lockable): Diagnostic[] {
  if (base.kind !== 'image' || isAskable(base.reference)) return []
  return [
    {
      rule: 'not-lockable',
      severity: 'warning',
      message: `${name} is not locked: a ${base.reference.transport} image has no digest that can be asked for`,
      hint: `Use a local copy, whose content is locked: --base ${name}=./base.sif`,
      span,
      stage,
    },
  ]
}

function differing({lockable: {name, span, stage}, change}: Entry, file: string): Diagnostic[] {
  if (change !== 'differs') return []
  return [
    {
      rule: 'base-differs',
      severity: 'warning',
      message: `${name} is not the one that ${file} locks`,
      hint: `Bring the old one back, or lock this one: sifstage lock INPUT --update ${name}`,
      span,
      stage,
    },
  ]
}

/**
 * Writes the lock file, or says what it would hold.
 * @param refs bases to ask for again, with `update`; without any, all
 * @throws SifstageError (2 for options that cannot be carried out, 5 for a registry that cannot be asked)
 */
export async function runLock(
  source: InputSource | undefined,
  refs: readonly string[],
  flags: LockVerbOptions,
  signal: AbortSignal,
): Promise<Locked> {
  if (refs.length > 0 && !flags.update)
    throw new SifstageError(
      ExitCode.usage,
      `${refs[0]}: one INPUT is locked at a time`,
      'With --update the bases to ask for again follow INPUT.',
    )
  if (flags.update && flags.check)
    throw new SifstageError(ExitCode.usage, '--check changes nothing, so it goes without --update', 'Leave one of them out.')
  // What is locked is read as it is locked; what is asked for anew may say something else.
  const {lockFile: named, ...others} = flags
  const heed =
    flags.update || (named !== undefined && !(await exists(named)))
      ? {}
      : {locked: false, ...(named === undefined ? {} : {lockFile: named})}
  const loaded = await loadInput(source, {...others, ...heed}, 'build')
  const target = loaded.description === undefined ? undefined : resolveTarget(loaded.description, flags.target)
  // What the context lacks says nothing about bases.
  const reading = loaded.diagnostics.filter(each => !each.rule.startsWith('context-path'))
  const code = exitCodeOf(reading)
  const {file, exists: isThere, lock} = await readLockFile(loaded.input, flags.lockFile)
  if (file === undefined) throw new SifstageError(ExitCode.usage, 'standard input has no lock file', 'Name one: --lock-file FILE')
  if (loaded.description === undefined || target === undefined || target.kind === 'unknown' || code !== ExitCode.done)
    return {input: loaded, exitCode: code, file, entries: [], written: false, upToDate: undefined, diagnostics: reading}
  const description = withForeignImages(loaded.description)
  const stages =
    flags.target === undefined ? description.stages.map(each => each.index) : neededStages(description, target.stage.index)
  const found = lockables(description, loaded.description.stages.length, loaded.rebased, stages)
  const unknown = refs.find(ref => !found.some(each => isMeant(each, [ref])))
  if (unknown !== undefined)
    throw new SifstageError(
      ExitCode.usage,
      `--update ${unknown}: no stage starts from it or copies from it`,
      `The bases are: ${found.map(each => each.name).join(', ')}`,
    )
  const identity = identityOf(flags.runAs ?? loaded.settings.runAs)
  const options = {
    folder: storeFolder(flags.cacheDir ?? loaded.settings.cacheDir, identity, process.env),
    identity,
    architecture: loaded.architecture,
    noHttps: flags.noHttps ?? false,
    environment: process.env,
  }
  const registries = references(options)
  const local = localBases(options)
  const ask = async ({base, name}: Lockable): Promise<string> => {
    if (base.kind === 'local') return (await local(base.reference, loaded.context.root, signal)).digest ?? ''
    if (base.kind !== 'image') throw new Error(`${name} has no digest`)
    try {
      return (await registries.ask(base.reference, signal)).digest
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof RegistryError)) throw error
      throw new SifstageError(
        ExitCode.failed,
        `${name} cannot be locked: ${error.message}`,
        error.absent
          ? 'Look at its name and tag; log in if it is private (apptainer registry login).'
          : 'Look at the network and proxy settings.',
      )
    }
  }
  const platform = `linux/${loaded.architecture}`
  const around = {flags, refs, lock, platform, ask, now: () => new Date().toISOString()}
  const can = found.filter(each => unlockable(each).length === 0)
  const entries = await Promise.all(can.map(each => entryOf(each, around)))
  // Only who asks for all anew has looked at all.
  const whole = flags.update && refs.length === 0 && flags.target === undefined
  let next = whole ? onlyUsed(lock, found) : lock
  for (const {lockable, value} of entries) if (value !== undefined) next = withEntry(next, lockable, platform, value)
  const stale = entries.some(({change}) => change === 'missing' || change === 'differs')
  const text = printLock(next)
  const written = !flags.check && (!isThere || text !== printLock(lock))
  if (written) await writeLockText(file, text)
  const upToDate = flags.check ? !stale && isThere : undefined
  return {
    input: loaded,
    exitCode: upToDate === false ? ExitCode.wrong : ExitCode.done,
    file,
    entries: entries.map(({lockable: {kind, name}, change, value}) => ({kind, name, change, value})),
    written,
    upToDate,
    diagnostics: [...reading, ...found.flatMap(unlockable), ...entries.flatMap(each => differing(each, file))],
  }
}
