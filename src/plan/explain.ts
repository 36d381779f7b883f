/** Why a stage is built anew: what it was made of the last time, beside what it is made of now. */
import type {Change, HostEntry, MadeOf} from '../model/history.js'
import type {ImageEntry, ImageTree} from '../model/image.js'
import type {KeyPart} from '../model/record.js'

/** Files of one copy that are named. */
const NAMED = 3

/** How an artifact came out otherwise; undefined where the old one is not known any more. */
export type ArtifactDifference = (stage: string, path: string) => string | undefined

/** A line number in a part's name is for people. */
function plainName(name: string): string {
  return name.replace(/, line \d+/, '')
}

/** Parts by name; the second of a name is told apart, so that copies with the same sources are. */
function byName(parts: readonly KeyPart[]): Map<string, KeyPart> {
  const found = new Map<string, KeyPart>()
  for (const part of parts) {
    const name = plainName(part.name)
    let own = name
    for (let number = 2; found.has(own); number += 1) own = `${name} (${number})`
    found.set(own, part)
  }
  return found
}

function short(text: string, most = 60): string {
  const line = text.trim()
  return line.length > most ? `${line.slice(0, most - 1)}…` : line
}

function shortDigest(value: string): string {
  return value.replace(/^(sha256:[0-9a-f]{12})[0-9a-f]+/, '$1…')
}

/** The first line that differs, with its number in the input. */
export function textChange(before: string, now: string, firstLine: number): Change {
  const [old, fresh] = [before.split('\n'), now.split('\n')]
  let at = 0
  while (at < old.length && at < fresh.length && old[at] === fresh[at]) at += 1
  const [was, is] = [old[at], fresh[at]]
  const line = firstLine + at
  const what =
    is === undefined
      ? `ends before "${short(was ?? '')}"`
      : was === undefined
        ? `new: "${short(is)}"`
        : `was "${short(was)}", is "${short(is)}"`
  return {kind: 'line', name: `line ${line}`, line, what}
}

/** What became of files that a copy takes. */
export function fileChanges(before: readonly HostEntry[], now: readonly HostEntry[]): Change[] {
  const old = new Map(before.map(each => [each.path, each] as const))
  const fresh = new Map(now.map(each => [each.path, each] as const))
  const changed: Change[] = []
  const add = (name: string, what: string) => changed.push({kind: 'file', name, what})
  for (const [path, {kind, mode, content}] of fresh) {
    const was = old.get(path)
    if (was === undefined) add(path, 'new')
    else if (was.kind !== kind) add(path, `was a ${was.kind}, is a ${kind}`)
    else if (was.content !== content) add(path, kind === 'symlink' ? 'leads elsewhere' : 'its content')
    else if (was.mode !== mode) add(path, `its mode was ${was.mode}, is ${mode}`)
  }
  for (const path of old.keys()) if (!fresh.has(path)) add(path, 'gone')
  if (changed.length <= NAMED) return changed
  const more = changed.length - NAMED
  return [
    ...changed.slice(0, NAMED),
    {kind: 'file', name: `${more} more`, what: more === 1 ? 'has changed too' : 'have changed too'},
  ]
}

/** How one entry of an image differs from another. */
function entryDifference(was: ImageEntry, is: ImageEntry): string | undefined {
  if (was.kind !== is.kind) return `was a ${was.kind}, is a ${is.kind}`
  if (was.digest !== is.digest || was.size !== is.size) return 'has other content'
  if (was.link !== is.link) return `leads to ${is.link ?? ''}, not to ${was.link ?? ''}`
  if (was.kind !== 'symlink' && was.mode !== is.mode) return `has mode ${is.mode.toString(8)}, not ${was.mode.toString(8)}`
  if (was.uid !== is.uid || was.gid !== is.gid) return `belongs to ${is.uid}:${is.gid}, not to ${was.uid}:${was.gid}`
  return was.capabilities === is.capabilities ? undefined : 'has other capabilities'
}

/** The first path below some that came out otherwise. */
export function treeDifference(before: ImageTree, now: ImageTree, paths: readonly string[]): string | undefined {
  const entries = (tree: ImageTree) => {
    const found = new Map<string, ImageEntry>()
    for (const path of paths) {
      const at = tree.resolve(path)
      if (at.kind !== 'found') continue
      for (const link of at.through) {
        const entry = tree.lookup(link)
        if (entry !== undefined) found.set(link, entry)
      }
      for (const entry of tree.below(at.entry.path)) found.set(entry.path, entry)
    }
    return found
  }
  const [old, fresh] = [entries(before), entries(now)]
  for (const path of [...new Set([...old.keys(), ...fresh.keys()])].sort()) {
    const [was, is] = [old.get(path), fresh.get(path)]
    if (was === undefined) return `${path} is new`
    if (is === undefined) return `${path} is gone`
    const what = entryDifference(was, is)
    if (what !== undefined) return `${path} ${what}`
  }
  return undefined
}

interface StepValue {
  readonly kind?: unknown
  readonly name?: unknown
}

function stepValue(part: KeyPart | undefined): StepValue {
  try {
    const parsed: unknown = JSON.parse(part?.value ?? '{}')
    return typeof parsed === 'object' && parsed !== null ? parsed : {}
  } catch {
    return {}
  }
}

/** Steps from the first that differs on; later ones may only have moved. */
function stepChange(was: KeyPart | undefined, is: KeyPart | undefined): Change {
  const part = is ?? was
  const line = Number(/, line (\d+)/.exec(part?.name ?? '')?.[1] ?? 0)
  const {kind, name} = stepValue(part)
  const where = line === 0 || is === undefined ? {} : {line}
  if (kind === 'arg' && was !== undefined && is !== undefined && stepValue(was).name === name)
    return {kind: 'argument', name: String(name), ...where, what: 'another value'}
  const what = was === undefined ? 'new' : is === undefined ? 'gone' : 'reads otherwise'
  return {kind: 'step', name: part?.name ?? '', ...where, what}
}

/** Options by the flags that people know. */
const FLAGS = new Map([
  ['binds', '--bind'],
  ['nv', '--nv'],
  ['rocm', '--rocm'],
  ['fixPerms', '--fix-perms'],
  ['overrideLabels', '--override-labels'],
  ['shareTmp', '--share-tmp'],
  ['cacheMounts', '--cache-mount'],
  ['extra', '--engine-arg'],
])

/** What an option is set to, in words. */
function settingWords(value: unknown): string {
  if (value === undefined || value === false || (Array.isArray(value) && value.length === 0)) return 'not given'
  return value === true ? 'given' : short(Array.isArray(value) ? value.join(' ') : JSON.stringify(value))
}

/** Options by name, where both are JSON objects. */
function optionChanges(was: string, is: string): Change[] {
  const read = (text: string): Record<string, unknown> => {
    try {
      const parsed: unknown = JSON.parse(text)
      return typeof parsed === 'object' && parsed !== null ? Object.fromEntries(Object.entries(parsed)) : {}
    } catch {
      return {}
    }
  }
  const [old, fresh] = [read(was), read(is)]
  return [...new Set([...Object.keys(old), ...Object.keys(fresh)])].sort().flatMap((name): Change[] => {
    if (JSON.stringify(old[name]) === JSON.stringify(fresh[name])) return []
    return [
      {kind: 'option', name: FLAGS.get(name) ?? name, what: `was ${settingWords(old[name])}, is ${settingWords(fresh[name])}`},
    ]
  })
}

/** Names of what differs in two JSON objects. */
function differingKeys(was: string, is: string): string[] {
  return optionChanges(was, is).map(each => each.name)
}

function argumentChanges(before: MadeOf, now: MadeOf): Change[] {
  const names = [...new Set([...Object.keys(before.buildArguments), ...Object.keys(now.buildArguments)])].sort()
  return names.flatMap((name): Change[] => {
    const [was, is] = [before.buildArguments[name], now.buildArguments[name]]
    if (was === is) return []
    return [
      {kind: 'argument', name, what: was === undefined ? 'given now' : is === undefined ? 'not given any more' : 'another value'},
    ]
  })
}

function partChanges(
  name: string,
  was: KeyPart | undefined,
  is: KeyPart | undefined,
  before: MadeOf,
  now: MadeOf,
  artifact: ArtifactDifference,
): Change[] {
  if (name === 'base') {
    // Of a parent stage its labels stand behind the digest.
    const [old, ...oldLabels] = (was?.value ?? '').split(' ')
    const [fresh, ...freshLabels] = (is?.value ?? '').split(' ')
    const other = before.base === now.base ? '' : ` (it was ${before.base})`
    const labels = oldLabels.join(' ') === freshLabels.join(' ') ? '' : ', with other labels'
    const digests = old === fresh ? 'the same files' : `was ${shortDigest(old ?? '')}, is ${shortDigest(fresh ?? '')}`
    return [{kind: 'base', name: now.base, what: `${digests}${labels}${other}`}]
  }
  if (name === 'inherited' && was !== undefined && is !== undefined)
    return [
      {
        kind: 'other',
        name: 'what it begins with',
        what: 'variables, arguments, folder or user of its base or parents have changed',
      },
    ]
  if (name === 'settings' && was !== undefined && is !== undefined)
    return [{kind: 'other', name: 'settings of the image', what: `changed: ${differingKeys(was.value, is.value).join(', ')}`}]
  if (name === 'text of the stage' && was !== undefined && is !== undefined) return [textChange(was.value, is.value, now.line)]
  if (name === 'engine options' && was !== undefined && is !== undefined) return optionChanges(was.value, is.value)
  if (name === 'test')
    return [{kind: 'option', name: '%test', what: `was ${was?.value ?? 'not there'}, is ${is?.value ?? 'not there'}`}]
  if (name.startsWith('host files ')) {
    const files = fileChanges(before.host.get(name) ?? [], now.host.get(name) ?? [])
    if (files.length > 0 && was !== undefined && is !== undefined && before.host.has(name)) return files
    return [
      {
        kind: 'file',
        name: name.slice('host files '.length),
        what: was === undefined ? 'is copied now' : is === undefined ? 'is copied no more' : 'has changed',
      },
    ]
  }
  const made = /^artifact (.+) of (.+?)( \(\d+\))?$/s.exec(name)
  if (made !== null) {
    const [, path = '', from = ''] = made
    const what =
      was === undefined ? 'is taken now' : is === undefined ? 'is taken no more' : (artifact(from, path) ?? 'came out otherwise')
    return [{kind: 'artifact', name: path, from, what}]
  }
  const what =
    was === undefined
      ? 'new'
      : is === undefined
        ? 'gone'
        : `was ${short(shortDigest(was.value))}, is ${short(shortDigest(is.value))}`
  return [{kind: 'other', name, what}]
}

/** All that differs, in the order of the key. Empty when the two are of one key. */
export function changesOf(before: MadeOf, now: MadeOf, artifact: ArtifactDifference = () => undefined): Change[] {
  const [old, fresh] = [byName(before.parts), byName(now.parts)]
  const names = [...new Set([...fresh.keys(), ...old.keys()])]
  const differing = names.filter(name => old.get(name)?.value !== fresh.get(name)?.value)
  // What was inserted moves all that comes after it: the first step tells.
  const [firstStep] = differing.filter(name => /^step \d+ /.test(name))
  const changes = differing.flatMap((name): Change[] => {
    if (!/^step \d+ /.test(name)) return partChanges(name, old.get(name), fresh.get(name), before, now, artifact)
    return name === firstStep ? [stepChange(old.get(name), fresh.get(name))] : []
  })
  // An argument by itself is in no key: only where what it was put into has changed.
  const texts = changes.some(({kind}) => kind === 'line' || kind === 'step' || kind === 'base')
  return texts && !changes.some(({kind}) => kind === 'argument') ? [...argumentChanges(before, now), ...changes] : changes
}

/** A change in a few words. */
export function changeWords({kind, name, line, from, what}: Change): string {
  const at = line === undefined || kind === 'line' ? '' : ` (line ${line})`
  switch (kind) {
    case 'file':
      return `${name}: ${what}`
    case 'argument':
      return `build argument ${name}${at}: ${what}`
    case 'line':
      return `${name}: ${what}`
    case 'step':
      return `${name}: ${what}`
    case 'base':
      return `base ${name}: ${what}`
    case 'option':
      return `option ${name}: ${what}`
    case 'artifact':
      return `${name} of ${from ?? ''}: ${what}`
    case 'other':
      return `${name}: ${what}`
  }
}
