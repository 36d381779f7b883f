/**
 * Keys: what goes INTO a stage (design section 5). Each part has a name, so that a changed key can be explained.
 * Never in a key: times, host names, folders of the machine, proxies, secrets.
 */
import {createHash} from 'node:crypto'
import type {CopyOrigin, Mount, Stage, Step} from '../model/description.js'
import type {EngineOptions, Inherited, Mapping, StageWork} from '../model/ports.js'
import type {KeyPart} from '../model/record.js'

/** Goes up when our own scripts make something else of the same description. */
const SCRIPT_FORMAT = 3

/** JSON with sorted keys, so that equal values have equal texts; spans and comments say nothing about the image, and what is known of its base is in the base's digest. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (key, each: unknown) => {
    if (key === 'span' || key === 'nameSpan' || key === 'comment' || key === 'known') return undefined
    if (each instanceof Map) return [...each].sort(([a], [b]) => (String(a) < String(b) ? -1 : 1))
    if (typeof each === 'object' && each !== null && !Array.isArray(each)) {
      return Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
    }
    return each
  })
}

export interface KeyInput {
  readonly stage: Stage
  readonly engine: {readonly name: string; readonly generation: number}
  readonly architecture: string
  readonly mapping: Mapping
  readonly options: EngineOptions
  /** Digest of the base for the platform, or of the parent stage. */
  readonly base: string
  /** For each copy from the host: a name for it and the digest of what it takes. */
  readonly host: readonly KeyPart[]
  /** For each artifact of another stage or image: a name for it and its digest. */
  readonly artifacts: readonly KeyPart[]
  readonly inherited: Inherited
  readonly start: StageWork['start']
  readonly keepCwd: boolean
}

/** What a docker step does, without what only says where it stands. Steps that change nothing by themselves stay: later ones see them. */
function stepValue(step: Step): unknown {
  // The content of what is copied is in the key by itself; a stage's index is only its place in the file.
  const origin = (from: CopyOrigin | undefined) => (from?.kind === 'stage' ? {kind: from.kind, name: from.name} : from)
  if (step.kind === 'copy') {
    // What the copied thing has to be is judged at every build.
    const {expect: _, ...rest} = step
    return {...rest, from: origin(step.from)}
  }
  if (step.kind !== 'run' || step.mounts === undefined) return step
  return {...step, mounts: step.mounts.flatMap(mount => mountValue(mount, origin))}
}

/** Content of a cache is no part of what a command says; of a secret only its name is (K128). */
function mountValue(mount: Mount, origin: (from: CopyOrigin | undefined) => unknown): unknown[] {
  return mount.kind === 'bind' || mount.kind === 'cache' ? [{...mount, from: origin(mount.from)}] : [mount]
}

/** What holds for a stage from its beginning. */
function surroundings(input: Omit<KeyInput, 'host' | 'artifacts' | 'start' | 'keepCwd'>): KeyPart[] {
  const {notest: _, shareTmp, noHttps: __, cacheMounts, ...image} = input.options
  // Commands of docker's rules say themselves what they mount.
  const kept = input.stage.rules === 'def' && cacheMounts.length > 0 ? {cacheMounts} : {}
  return [
    {name: 'script format', value: String(SCRIPT_FORMAT)},
    {name: 'engine', value: `${input.engine.name} ${input.engine.generation}`},
    {name: 'platform', value: `linux/${input.architecture}`},
    {name: 'id mapping', value: input.mapping},
    {name: 'base', value: input.base},
    {name: 'engine options', value: canonical({...image, shareTmp, ...kept})},
  ]
}

/** A step by itself; a line number in a part's name is for people. */
function stepPart(step: Step, index: number): KeyPart {
  return {name: `step ${index + 1} (${step.kind}, line ${step.span.start.line})`, value: canonical(stepValue(step))}
}

/** The ingredients of a stage's key, in order. */
export function keyParts(input: KeyInput): KeyPart[] {
  const {stage, options} = input
  const hasTest = (stage.settings.test?.text.trim() ?? '') !== ''
  const parts: KeyPart[] = [
    ...surroundings(input),
    ...(hasTest ? [{name: 'test', value: options.notest ? 'not run' : 'run'}] : []),
  ]
  if (stage.definition !== undefined) parts.push({name: 'text of the stage', value: stage.definition.text})
  else {
    parts.push(...stage.steps.map(stepPart))
    parts.push({name: 'settings', value: canonical(stage.settings)})
    parts.push({name: 'inherited', value: canonical({inherited: input.inherited, start: input.start, keepCwd: input.keepCwd})})
  }
  return [...parts, ...input.host, ...input.artifacts]
}

/**
 * Keys of the points inside a stage of docker's rules: what went in up to each of its steps. What is said only for
 * the finished image (settings, start) is in none of them.
 * @param taken for each step what it takes from elsewhere
 * @returns one for each step: the tree as it is after that step
 */
export function checkpointKeys(
  input: Omit<KeyInput, 'host' | 'artifacts' | 'start' | 'keepCwd'>,
  taken: readonly (readonly KeyPart[])[],
): string[] {
  const {inherited} = input
  let key = keyOf([{name: 'checkpoint', value: '1'}, ...surroundings(input), {name: 'inherited', value: canonical({inherited})}])
  return input.stage.steps.map((step, index) => {
    key = keyOf([{name: 'before', value: key}, stepPart(step, index), ...(taken[index] ?? [])])
    return key
  })
}

/** `sha256:…` of the parts. A line number in a part's name is for people: it is not hashed. */
export function keyOf(parts: readonly KeyPart[]): string {
  const hash = createHash('sha256')
  for (const {name, value} of parts) hash.update(`${JSON.stringify([name.replace(/, line \d+/, ''), value])}\n`)
  return `sha256:${hash.digest('hex')}`
}
