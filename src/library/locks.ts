/** The lock file of an input, for the verbs that heed it. */
import type {Description} from '../model/description.js'
import type {Diagnostic} from '../model/diagnostic.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import type {BaseResolver, Pins} from '../model/ports.js'
import {neededStages} from '../plan/graph.js'
import {emptyLock, type Lock, lockables, parseLock, pinsOf} from '../plan/lock.js'
import {readLockText} from '../system/lock-file.js'
import type {LockOptions} from './options.js'

export interface LockFile {
  /** Undefined for standard input, which has nothing beside it. */
  readonly file: string | undefined
  /** Whether it is there. */
  readonly exists: boolean
  readonly lock: Lock
}

/** @throws SifstageError (2) for one that cannot be read */
export async function readLockFile(input: string, named: string | undefined): Promise<LockFile> {
  const file = named ?? (input === '-' ? undefined : `${input}.lock`)
  const text = file === undefined ? undefined : await readLockText(file)
  return {file, exists: text !== undefined, lock: text === undefined ? emptyLock : parseLock(text, file ?? '')}
}

/**
 * What the lock file says, for whoever resolves bases; undefined without one.
 * @throws SifstageError (2) for one that cannot be read, and where one was asked for and is not there
 */
export async function pinsFor(input: string, flags: LockOptions, platform: string): Promise<Pins | undefined> {
  const {file, exists, lock} = await readLockFile(input, flags.lockFile)
  if (exists) return pinsOf(lock, file ?? '', flags.locked ?? false, platform)
  if (!flags.locked && flags.lockFile === undefined) return undefined
  throw new SifstageError(
    ExitCode.usage,
    file === undefined ? '--locked: standard input has no lock file' : `there is no lock file ${file}`,
    file === undefined
      ? 'Name one: --lock-file FILE'
      : `Write it: sifstage lock ${input}${flags.lockFile === undefined ? '' : ` --lock-file ${file}`}`,
  )
}

/** What of an input bears on its lock file. */
interface Locked {
  readonly description: Description
  readonly visible: number
  readonly target: number
  readonly rebased: ReadonlySet<number>
  readonly context: {readonly root: string}
}

/** Tags that mean another image now than the one that is locked. */
export async function movedBases(
  {description, visible, target, rebased}: Locked,
  pins: Pins | undefined,
  bases: BaseResolver,
  input: string,
  signal: AbortSignal,
): Promise<Diagnostic[]> {
  if (pins === undefined) return []
  const asked = lockables(description, visible, rebased, neededStages(description, target)).map(
    async (each): Promise<Diagnostic[]> => {
      const locked = each.base.kind === 'image' ? pins.image(each.base.reference) : undefined
      const now = locked === undefined ? undefined : await bases.now(each.base, signal)
      if (now === undefined || now === locked) return []
      return [
        {
          rule: 'base-moved',
          severity: 'info',
          message: `${each.name} is locked at ${locked}; its registry has ${now} now`,
          hint: `Take that one: sifstage lock ${input} --update ${each.name}`,
          span: each.span,
          stage: each.stage,
        },
      ]
    },
  )
  return (await Promise.all(asked)).flat()
}

/** Before anything is built: what `--locked` demands of the bases that the target needs. @throws SifstageError (2) */
export async function holdLocked(
  request: Locked,
  pins: Pins | undefined,
  bases: BaseResolver,
  signal: AbortSignal,
): Promise<void> {
  if (pins === undefined || !pins.strict) return
  const {description, visible, target, rebased, context} = request
  for (const each of lockables(description, visible, rebased, neededStages(description, target))) {
    if (each.kind === 'local' && pins.local(each.name) === undefined)
      throw new SifstageError(
        ExitCode.usage,
        `${pins.file} does not lock ${each.name}, and --locked was given`,
        'Add it: sifstage lock INPUT',
      )
    // One that is locked otherwise, or not at all, is said there.
    await bases.resolve(each.base, context.root, signal)
  }
}
