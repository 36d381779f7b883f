/**
 * Which stage needs which, in what order they can be built, and what each has to hand over.
 * Nothing here recurses: an input may hold a chain of any length.
 */
import {copiesOf} from '../language/stage-copies.js'
import {dependenciesFirst, needsOf} from '../language/stages.js'
import type {CopySource, CopyStep, Description, Stage} from '../model/description.js'
import type {Span} from '../model/span.js'
import {showTemplate} from '../model/template.js'

/** One stage needs another: to start from it, or to copy or mount something out of it. */
export interface Need {
  readonly kind: 'base' | 'copy'
  /** Index of the stage that is needed. */
  readonly index: number
  /** Where the input says so. */
  readonly span: Span
}

/** What a stage needs, in the order of its text. Names that mean no stage are not in it: checks report those. */
function needsAt(stage: Stage): Need[] {
  const needs: Need[] = []
  if (stage.base.kind === 'stage' && stage.base.index !== undefined) {
    needs.push({kind: 'base', index: stage.base.index, span: stage.base.span})
  }
  for (const step of copiesOf(stage)) {
    if (step.from.kind !== 'stage' || step.from.index === undefined) continue
    needs.push({kind: 'copy', index: step.from.index, span: step.from.span})
  }
  return needs
}

/** Indexes of the stages that a stage needs directly, without itself, each once, in the order of its text. */
export function neededDirectly(stage: Stage): number[] {
  const indexes = new Set(needsOf(stage))
  indexes.delete(stage.index)
  return [...indexes]
}

/** Indexes of the target and of all that it needs, in the order of the input (K75; D48 for a definition file's target). */
export function neededStages(description: Description, target: number): number[] {
  return dependenciesFirst(description, target)
    .map(stage => stage.index)
    .sort((a, b) => a - b)
}

/**
 * The needed stages in waves: those of one wave may run side by side, once all waves before it are done.
 * Stages on a cycle, and those that need one, can never run and are in no wave; `stage-cycle` reports them.
 */
export function waves(description: Description, target: number): number[][] {
  const needed = neededStages(description, target)
  const inside = new Set(needed)
  const waiting = new Map<number, number>()
  const users = new Map<number, number[]>()
  for (const index of needed) {
    const stage = description.stages[index]
    const needs = stage === undefined ? [] : neededDirectly(stage).filter(other => inside.has(other))
    waiting.set(index, needs.length)
    for (const other of needs) users.set(other, [...(users.get(other) ?? []), index])
  }
  const result: number[][] = []
  let wave = needed.filter(index => waiting.get(index) === 0)
  while (wave.length > 0) {
    result.push(wave)
    const next: number[] = []
    for (const user of wave.flatMap(index => users.get(index) ?? [])) {
      const left = (waiting.get(user) ?? 0) - 1
      waiting.set(user, left)
      if (left === 0) next.push(user)
    }
    wave = next.sort((a, b) => a - b)
  }
  return result
}

/** A path that other stages copy out of a stage. */
export interface Artifact {
  /** Absolute and clean; a pattern stays as written, a variable that only the base knows shows as `${NAME}`. */
  readonly path: string
  /** Names of the stages that copy it, in the order of the input. */
  readonly wantedBy: readonly string[]
  /** Every copy that asks for it. */
  readonly requests: readonly ArtifactRequest[]
}

export interface ArtifactRequest {
  readonly stage: Stage
  readonly step: CopyStep
  readonly source: CopySource
}

/**
 * What the stages named by `needed` take out of each other, by index of the stage it is taken from.
 * A copy from the stage itself hands nothing over.
 */
export function artifactsOf(description: Description, needed: readonly number[]): Map<number, Artifact[]> {
  const requests = new Map<number, Map<string, ArtifactRequest[]>>()
  for (const index of needed) {
    const stage = description.stages[index]
    if (stage === undefined) continue
    for (const step of copiesOf(stage)) {
      if (step.from.kind !== 'stage') continue
      if (step.from.index === undefined || step.from.index === index) continue
      const paths = requests.get(step.from.index) ?? new Map<string, ArtifactRequest[]>()
      requests.set(step.from.index, paths)
      for (const source of step.sources) {
        const path = artifactPath(source)
        const list = paths.get(path) ?? []
        list.push({stage, step, source})
        paths.set(path, list)
      }
    }
  }
  const result = new Map<number, Artifact[]>()
  for (const [index, paths] of requests) {
    const artifacts: Artifact[] = []
    for (const [path, list] of paths) {
      artifacts.push({path, wantedBy: [...new Set(list.map(request => request.stage.name))], requests: list})
    }
    result.set(index, artifacts)
  }
  return result
}

/** Sources in a stage start at its root, whatever its folder (K82, D88). */
export function artifactPath(source: CopySource): string {
  const parts: string[] = []
  for (const part of showTemplate(source.path).split('/')) {
    if (part === '' || part === '.') continue
    if (part === '..') parts.pop()
    else parts.push(part)
  }
  return `/${parts.join('/')}`
}

/** A way round: every stage needs the one after it, the last needs the first. */
export type Cycle = readonly {readonly stage: Stage; readonly need: Need}[]

/**
 * One cycle for each knot of stages that need each other, the shortest through its first stage.
 * A stage that copies from itself is no cycle here: there is a finding of its own for it.
 */
export function findCycles(description: Description): Cycle[] {
  const needs = description.stages.map(stage => needsAt(stage).filter(need => need.kind === 'base' || need.index !== stage.index))
  const cycles: Cycle[] = []
  for (const knot of knots(needs.map(list => list.map(need => need.index)))) {
    const first = knot.reduce((a, b) => Math.min(a, b))
    const path = shortestWayRound(needs, first, new Set(knot))
    if (path === undefined) continue
    cycles.push(
      path.flatMap(({index, need}) => {
        const stage = description.stages[index]
        return stage === undefined ? [] : [{stage, need}]
      }),
    )
  }
  return cycles.sort((a, b) => (a[0]?.stage.index ?? 0) - (b[0]?.stage.index ?? 0))
}

/** Breadth first from `start` back to `start`, inside the knot only. */
function shortestWayRound(
  needs: readonly (readonly Need[])[],
  start: number,
  knot: ReadonlySet<number>,
): {index: number; need: Need}[] | undefined {
  const cameBy = new Map<number, {index: number; need: Need}>()
  const queue = [start]
  for (let at = 0; at < queue.length; at += 1) {
    const index = queue[at] ?? start
    for (const need of needs[index] ?? []) {
      if (need.index === start) {
        const path = [{index, need}]
        for (let back = cameBy.get(index); back !== undefined; back = cameBy.get(back.index)) path.push(back)
        return path.reverse()
      }
      if (!knot.has(need.index) || cameBy.has(need.index)) continue
      cameBy.set(need.index, {index, need})
      queue.push(need.index)
    }
  }
  return undefined
}

/** Strongly connected components that hold a cycle (Tarjan), with a stack of our own. */
function knots(edges: readonly (readonly number[])[]): number[][] {
  const order = new Map<number, number>()
  const low = new Map<number, number>()
  const onPath = new Set<number>()
  const path: number[] = []
  const found: number[][] = []
  const enter = (index: number) => {
    order.set(index, order.size)
    low.set(index, order.get(index) ?? 0)
    path.push(index)
    onPath.add(index)
    return {index, next: 0}
  }
  const lower = (index: number, to: number | undefined) => low.set(index, Math.min(low.get(index) ?? 0, to ?? Infinity))
  for (let root = 0; root < edges.length; root += 1) {
    if (order.has(root)) continue
    const calls = [enter(root)]
    for (let call = calls.at(-1); call !== undefined; call = calls.at(-1)) {
      const other = edges[call.index]?.[call.next]
      if (other !== undefined) {
        call.next += 1
        if (edges[other] === undefined) continue
        if (!order.has(other)) calls.push(enter(other))
        else if (onPath.has(other)) lower(call.index, order.get(other))
        continue
      }
      calls.pop()
      const caller = calls.at(-1)
      if (caller !== undefined) lower(caller.index, low.get(call.index))
      if (low.get(call.index) !== order.get(call.index)) continue
      const knot = path.splice(path.lastIndexOf(call.index))
      for (const index of knot) onPath.delete(index)
      if (knot.length > 1 || edges[call.index]?.includes(call.index) === true) found.push(knot)
    }
  }
  return found
}

/** The stage whose image is wanted, or the name that means none. `span` is where the input says it. */
export type Target =
  | {readonly kind: 'found'; readonly stage: Stage}
  | {readonly kind: 'unknown'; readonly name: string; readonly span: Span | undefined}

/** `text` is what the command line asks for; without it the input's own target counts, else its last stage. */
export function resolveTarget(description: Description, text: string | undefined): Target {
  const named = text === undefined ? description.target : {name: text, span: undefined}
  if (named === undefined) {
    const last = description.stages.at(-1)
    return last === undefined ? {kind: 'unknown', name: '', span: undefined} : {kind: 'found', stage: last}
  }
  const stage = findStage(description, named.name)
  return stage === undefined ? {kind: 'unknown', name: named.name, span: named.span} : {kind: 'found', stage}
}

/** A stage by name, or by its number from 0. Dockerfile names ignore case (K68). */
export function findStage(description: Description, name: string): Stage | undefined {
  const wanted = description.format === 'dockerfile' ? name.toLowerCase() : name
  const byName = description.stages.find(stage => stage.name === wanted)
  if (byName !== undefined) return byName
  return /^\d{1,9}$/.test(name) ? description.stages[Number(name)] : undefined
}
