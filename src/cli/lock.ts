/** `lock`: which bytes the bases of an input are, written beside it. */

import {exitCodeOf, loadInput} from '../library/input.js'
import {readLockFile} from '../library/locks.js'
import type {EverywhereFlags} from '../library/options.js'
import {identityOf, storeFolder} from '../library/store-folder.js'
import type {Diagnostic} from '../model/diagnostic.js'
import {diagnosticJson} from '../model/diagnostic.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import {normalizeReference} from '../model/reference.js'
import {withForeignImages} from '../plan/bases.js'
import {neededStages, resolveTarget} from '../plan/graph.js'
import {type Lock, type Lockable, lockables, lockedAs, onlyUsed, printLock, withEntry} from '../plan/lock.js'
import {renderDiagnostics} from '../reports/text.js'
import {visible} from '../reports/visible.js'
import {exists} from '../system/files.js'
import {localBases} from '../system/local-bases.js'
import {writeLockText} from '../system/lock-file.js'
import {isAskable, references} from '../system/references.js'
import {RegistryError} from '../system/registry.js'
import type {Outcome} from './outcome.js'

export type LockVerbFlags = EverywhereFlags & {
  readonly 'cache-dir'?: string | undefined
  readonly 'run-as'?: string | undefined
  readonly 'no-https': boolean
  readonly 'lock-file'?: string | undefined
  readonly update: boolean
  readonly check: boolean
}

/** What became of an entry; with `--check` nothing does. */
type Change = 'kept' | 'added' | 'updated' | 'missing' | 'differs'

interface Entry {
  readonly lockable: Lockable
  readonly change: Change
  /** What the file has of it from now on. */
  readonly value: string | undefined
}

interface Surroundings {
  readonly flags: LockVerbFlags
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

function documentOf(
  input: string,
  file: string | null,
  entries: readonly Entry[],
  written: boolean,
  diagnostics: readonly Diagnostic[],
): object {
  return {
    version: 1,
    input,
    file,
    written,
    entries: entries.map(({lockable: {kind, name}, change, value}) => ({
      kind,
      name,
      change,
      ...(value === undefined ? {} : kind === 'mirror' ? {date: value} : {digest: value}),
    })),
    diagnostics: diagnostics.map(diagnosticJson),
  }
}

export function failedLockDocument(finding: Diagnostic): object {
  return documentOf(finding.span.file, null, [], false, [finding])
}

function line({lockable, change, value}: Entry): string {
  return `${change.padEnd(7)}  ${visible(lockable.name.replaceAll('\n', ', '))}${value === undefined ? '' : `  ${value}`}`
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

/** @param refs bases to ask for again, with `--update`; without any, all */
export async function runLock(
  input: string | undefined,
  refs: readonly string[],
  flags: LockVerbFlags,
  colour: boolean,
  signal: AbortSignal,
): Promise<Outcome> {
  if (refs.length > 0 && !flags.update)
    throw new SifstageError(
      ExitCode.usage,
      `${refs[0]}: one INPUT is locked at a time`,
      'With --update the bases to ask for again follow INPUT.',
    )
  if (flags.update && flags.check) throw new SifstageError(ExitCode.usage, '--check changes nothing, so it goes without --update')
  // What is locked is read as it is locked; what is asked for anew may say something else.
  const {'lock-file': named, ...others} = flags
  const heed =
    flags.update || (named !== undefined && !(await exists(named)))
      ? {}
      : {locked: false, ...(named === undefined ? {} : {'lock-file': named})}
  const loaded = await loadInput(input, {...others, ...heed}, 'build')
  const target = loaded.description === undefined ? undefined : resolveTarget(loaded.description, flags.target)
  const messages = (diagnostics: readonly Diagnostic[]) => renderDiagnostics(diagnostics, {source: loaded, colour})
  // What the context lacks says nothing about bases.
  const reading = loaded.diagnostics.filter(each => !each.rule.startsWith('context-path'))
  const code = exitCodeOf(reading)
  const {file, exists: isThere, lock} = await readLockFile(loaded.input, flags['lock-file'])
  if (file === undefined) throw new SifstageError(ExitCode.usage, 'standard input has no lock file', 'Name one: --lock-file FILE')
  if (loaded.description === undefined || target === undefined || target.kind === 'unknown' || code !== ExitCode.done)
    return {exitCode: code, document: documentOf(loaded.input, file, [], false, reading), text: '', messages: messages(reading)}
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
  const identity = identityOf(flags['run-as'] ?? loaded.settings.runAs)
  const options = {
    folder: storeFolder(flags['cache-dir'] ?? loaded.settings.cacheDir, identity, process.env),
    identity,
    architecture: loaded.architecture,
    noHttps: flags['no-https'],
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
  const diagnostics = [...reading, ...found.flatMap(unlockable), ...entries.flatMap(each => differing(each, file))]
  const verdict = flags.check
    ? stale || !isThere
      ? `${file} is not up to date: sifstage lock ${loaded.input}`
      : `${file} is up to date`
    : written
      ? `${file} written`
      : `${file} is as it was`
  return {
    exitCode: flags.check && (stale || !isThere) ? ExitCode.wrong : ExitCode.done,
    document: documentOf(loaded.input, file, entries, written, diagnostics),
    text: `${[...entries.map(line), verdict].join('\n')}\n`,
    messages: messages(diagnostics),
  }
}
