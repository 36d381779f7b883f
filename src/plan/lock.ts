/**
 * The lock file: which bytes the bases of an input are, so that it builds the same tomorrow and on every machine.
 * Text in, text out; where the file lies, and who is asked, is decided elsewhere.
 */
import type {Base, Description} from '../model/description.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import type {Pins} from '../model/ports.js'
import {normalizeReference, showImageReference} from '../model/reference.js'
import type {Span} from '../model/span.js'

const VERSION = 1
const DIGEST = /^sha256:[0-9a-f]{64}$/
const PLATFORM = /^[a-z0-9]+\/[a-z0-9_]+$/
const DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/

export interface Lock {
  /** By reference in its one spelling: platform to digest. */
  readonly images: ReadonlyMap<string, ReadonlyMap<string, string>>
  /** By path as the input writes it: digest of the content. */
  readonly local: ReadonlyMap<string, string>
  /** By all that a header says of a base that package tools make: when it was locked. */
  readonly mirrors: ReadonlyMap<string, string>
}

export const emptyLock: Lock = {images: new Map(), local: new Map(), mirrors: new Map()}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function damaged(file: string, what: string): SifstageError {
  return new SifstageError(
    ExitCode.usage,
    `the lock file ${file} cannot be used: ${what}`,
    'Bring back the one that was committed, or write it anew: remove it, and run sifstage lock INPUT',
  )
}

function mapOf<T>(
  value: unknown,
  file: string,
  what: string,
  read: (value: unknown, name: string) => T | undefined,
): Map<string, T> {
  if (value === undefined) return new Map()
  if (!isRecord(value)) throw damaged(file, `its "${what}" is no object`)
  return new Map(
    Object.entries(value).map(([name, each]) => {
      const found = read(each, name)
      if (found === undefined)
        throw damaged(file, `in its "${what}", ${JSON.stringify(name.slice(0, 100))} has ${JSON.stringify(each)?.slice(0, 100)}`)
      return [name, found]
    }),
  )
}

function matching(pattern: RegExp): (value: unknown) => string | undefined {
  return value => (typeof value === 'string' && pattern.test(value) ? value : undefined)
}

/** @throws SifstageError (2) for what is no lock file of a version that we know */
export function parseLock(text: string, file: string): Lock {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (error) {
    throw damaged(file, `it is no JSON (${error instanceof Error ? error.message : String(error)})`)
  }
  if (!isRecord(parsed)) throw damaged(file, 'it is no JSON object')
  const version = parsed['version']
  if (version !== VERSION)
    throw damaged(
      file,
      typeof version === 'number' && version > VERSION
        ? `it is of version ${version}, and this sifstage knows ${VERSION}: use a newer one`
        : 'it names no version that sifstage knows',
    )
  return {
    images: mapOf(parsed['images'], file, 'images', value => {
      if (!isRecord(value)) return undefined
      const platforms = Object.entries(value)
      if (!platforms.every(([name, digest]) => PLATFORM.test(name) && matching(DIGEST)(digest) !== undefined)) return undefined
      return new Map(platforms.map(([name, digest]) => [name, String(digest)]))
    }),
    local: mapOf(parsed['local'], file, 'local', matching(DIGEST)),
    mirrors: mapOf(parsed['mirrors'], file, 'mirrors', matching(DATE)),
  }
}

function sorted<T>(map: ReadonlyMap<string, T>): [string, T][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1))
}

/** The file's text: sorted, so that a difference shows what changed and nothing else. */
export function printLock({images, local, mirrors}: Lock): string {
  const document = {
    version: VERSION,
    ...(images.size === 0
      ? {}
      : {images: Object.fromEntries(sorted(images).map(([name, each]) => [name, Object.fromEntries(sorted(each))]))}),
    ...(local.size === 0 ? {} : {local: Object.fromEntries(sorted(local))}),
    ...(mirrors.size === 0 ? {} : {mirrors: Object.fromEntries(sorted(mirrors))}),
  }
  return `${JSON.stringify(document, undefined, 2)}\n`
}

/** A base or foreign image that can be locked. */
export interface Lockable {
  readonly kind: 'image' | 'local' | 'mirror'
  /** Its name in the lock file. */
  readonly name: string
  readonly base: Extract<Base, {kind: 'image' | 'local' | 'mirror'}>
  readonly span: Span
  readonly stage: string
}

function lockableOf(base: Base): Pick<Lockable, 'kind' | 'name' | 'base'> | undefined {
  switch (base.kind) {
    case 'image':
      return {kind: 'image', name: normalizeReference(showImageReference(base.reference)), base}
    case 'local':
      return {kind: 'local', name: base.reference.path, base}
    case 'mirror':
      return {kind: 'mirror', name: base.header, base}
    default:
      return undefined
  }
}

/**
 * What a lock file of a description holds, each once.
 * @param description with foreign images as stages (`withForeignImages`) behind the `visible` ones
 * @param rebased stages whose base `--base` put there: a path of the command line is nobody else's
 * @param stages indexes of those that are meant
 */
export function lockables(
  description: Description,
  visible: number,
  rebased: ReadonlySet<number>,
  stages: readonly number[],
): Lockable[] {
  const found = new Map<string, Lockable>()
  for (const index of stages) {
    const stage = description.stages[index]
    const lockable = stage === undefined ? undefined : lockableOf(stage.base)
    if (stage === undefined || lockable === undefined) continue
    if (lockable.kind === 'local' && (rebased.has(index) || index >= visible)) continue
    const key = `${lockable.kind} ${lockable.name}`
    if (!found.has(key)) found.set(key, {...lockable, span: stage.base.span, stage: stage.name})
  }
  return [...found.values()]
}

/** What a lock has of a base for a platform. */
export function lockedAs(lock: Lock, {kind, name}: Pick<Lockable, 'kind' | 'name'>, platform: string): string | undefined {
  switch (kind) {
    case 'image':
      return lock.images.get(name)?.get(platform)
    case 'local':
      return lock.local.get(name)
    case 'mirror':
      return lock.mirrors.get(name)
  }
}

/** The lock with one entry more, or another in its place. */
export function withEntry(lock: Lock, {kind, name}: Pick<Lockable, 'kind' | 'name'>, platform: string, value: string): Lock {
  switch (kind) {
    case 'image':
      return {...lock, images: new Map(lock.images).set(name, new Map(lock.images.get(name)).set(platform, value))}
    case 'local':
      return {...lock, local: new Map(lock.local).set(name, value)}
    case 'mirror':
      return {...lock, mirrors: new Map(lock.mirrors).set(name, value)}
  }
}

/** The lock without what no base of the input is any more. */
export function onlyUsed(lock: Lock, used: readonly Pick<Lockable, 'kind' | 'name'>[]): Lock {
  const names = (kind: Lockable['kind']) => new Set(used.filter(each => each.kind === kind).map(each => each.name))
  const keep = <T>(map: ReadonlyMap<string, T>, kind: Lockable['kind']) => {
    const wanted = names(kind)
    return new Map([...map].filter(([name]) => wanted.has(name)))
  }
  return {images: keep(lock.images, 'image'), local: keep(lock.local, 'local'), mirrors: keep(lock.mirrors, 'mirror')}
}

/** The lock as those see it who resolve bases. */
export function pinsOf(lock: Lock, file: string, strict: boolean, platform: string): Pins {
  return {
    file,
    strict,
    image: reference => lock.images.get(normalizeReference(showImageReference(reference)))?.get(platform),
    local: path => lock.local.get(path),
    mirror: header => lock.mirrors.get(header),
  }
}
