/** Why a stage is built: what of it has changed since it was last made. */
import type {Change} from '../model/history.js'
import type {ImageTree} from '../model/image.js'
import {changesOf, changeWords, treeDifference} from '../plan/explain.js'
import type {Artifact} from '../plan/graph.js'
import type {Done, StageInputs} from './inputs.js'
import type {BuildPorts, BuildRequest} from './request.js'
import {artifactIn} from './verify.js'

export interface Why {
  readonly why: string
  readonly changes: readonly Change[]
}

/** Words that the person's own flag has made. */
function askedFor(stage: string, request: BuildRequest): string | undefined {
  if (request.noCacheFilter.has(stage)) return `asked for anew: --no-cache-filter ${stage}`
  return request.noCache ? 'asked for anew: --no-cache' : undefined
}

export interface Asked {
  readonly stage: string
  readonly inputs: StageInputs
  readonly done: ReadonlyMap<number, Done>
  readonly artifacts: ReadonlyMap<number, readonly Artifact[]>
  readonly request: BuildRequest
  readonly ports: BuildPorts
  readonly signal: AbortSignal
}

/** What is compared of the stages that a stage takes artifacts from. */
async function producerTrees({inputs, done, request, ports, signal}: Asked, before: Readonly<Record<string, string>>) {
  const trees = new Map<string, {readonly index: number; readonly before: ImageTree; readonly now: ImageTree}>()
  for (const [name, key] of Object.entries(inputs.made.producers)) {
    const old = before[name]
    if (old === undefined || old === key) continue
    const index = request.description.stages.findIndex(each => each.name === name)
    const now = done.get(index)?.stored
    const then = await ports.store.find(old, signal)
    // Of an engine's own image only what is asked for is known.
    if (now?.kind === 'tree' && then !== undefined) trees.set(name, {index, before: await then.tree(), now: await now.tree()})
  }
  return trees
}

/** Why a stage runs that the store does not have as it is now. */
export async function whyBuilt(asked: Asked): Promise<Why> {
  const {stage, inputs, artifacts, request, ports} = asked
  const fresh = askedFor(stage, request)
  if (fresh !== undefined) return {why: fresh, changes: []}
  if (inputs.whyNoKey !== undefined) return {why: inputs.whyNoKey, changes: []}
  const before = await ports.history.find(stage)
  if (before === undefined) return {why: 'never built here', changes: []}
  const trees = await producerTrees(asked, before.producers)
  const changes = changesOf(before, inputs.made, (from, path) => {
    const found = trees.get(from)
    const artifact = found === undefined ? undefined : artifacts.get(found.index)?.find(each => each.path === path)
    if (found === undefined || artifact === undefined) return undefined
    const matches = (tree: ImageTree) => artifactIn(artifact, tree, request.context.environment).matches
    return treeDifference(found.before, found.now, [...new Set([...matches(found.before), ...matches(found.now)])])
  })
  if (changes.length === 0) return {why: 'nothing has changed, but the store does not have it any more', changes}
  return {why: `changed since it was last built: ${changes.map(changeWords).join('; ')}`, changes}
}
