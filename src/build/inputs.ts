/** What goes into one stage, resolved: its base, its host files, its artifacts; and so its key. */

import {contextAt} from '../language/context.js'
import {parseIgnore} from '../language/ignore.js'
import {copiesOf, copiesOfStep} from '../language/stage-copies.js'
import {showBase} from '../model/base-name.js'
import type {CopyStep, Stage} from '../model/description.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import type {HostEntry, MadeOf} from '../model/history.js'
import type {ResolvedBase, StageBase} from '../model/ports.js'
import type {KeyPart} from '../model/record.js'
import type {KeptStage} from '../model/store.js'
import {showTemplate} from '../model/template.js'
import {artifactPath} from '../plan/graph.js'
import {canonical, checkpointKeys, keyOf, keyParts} from '../plan/keys.js'
import {hostDigest} from './context.js'
import {type Beginning, beginningOf} from './inherit.js'
import {type BuildPorts, type BuildRequest, optionsOf} from './request.js'
import {type Fill, filling} from './variables.js'

/** A stage that others build on, when it is done. */
export interface Done {
  readonly stored: KeptStage | undefined
  /** Digest of each artifact by its path: what the keys of later stages hold. */
  readonly artifacts: ReadonlyMap<string, string>
}

export interface StageInputs {
  readonly base: StageBase
  readonly resolved: ResolvedBase
  readonly beginning: Beginning
  /** Undefined when something that goes in has no digest: then nothing is stored and nothing reused. */
  readonly key: string | undefined
  readonly parts: readonly KeyPart[]
  /** For whoever tells later why it was built anew. */
  readonly made: MadeOf
  /** For each step of a stage of docker's rules: the key of the tree as it is after it; empty where there is no key. */
  readonly checkpoints: readonly string[]
  /** Why there is no key. */
  readonly whyNoKey: string | undefined
}

/** `%pre` and `%setup` may read and write anything on the host. */
function hostStep(stage: Stage): string | undefined {
  for (const step of stage.steps) {
    if (step.kind === 'run' && step.where === 'host') return `%${step.section?.name ?? 'setup'}`
  }
  return undefined
}

/** Labels that differ from build to build of the same stage (D120). */
const OF_THE_BUILD = /^org\.label-schema\.(build-date|usage\.(apptainer|singularity)\.version)$/

/** The labels of an image, those of its own base and parents included, as the engine told them. */
function inheritedLabels(stored: KeptStage): unknown {
  // Those of an engine's image are in its own digest.
  if (stored.kind === 'held') return []
  const {record} = stored
  const inspect: {data?: {attributes?: {labels?: Record<string, string>}}} = JSON.parse(record.inspect ?? '{}')
  return Object.entries(inspect.data?.attributes?.labels ?? {}).filter(([name]) => !OF_THE_BUILD.test(name))
}

async function baseOf(
  stage: Stage,
  done: ReadonlyMap<number, Done>,
  request: BuildRequest,
  ports: BuildPorts,
  signal: AbortSignal,
): Promise<{base: StageBase; resolved: ResolvedBase}> {
  if (stage.base.kind === 'stage') {
    const parent = stage.base.index === undefined ? undefined : done.get(stage.base.index)?.stored
    if (parent === undefined) throw new Error(`stage ${stage.name} was started before its parent`)
    return {
      base: {kind: 'stage'},
      // Labels are not in the digest of a tree (their file holds the build's date), but a child inherits them.
      resolved: {
        digest: `${parent.record.digest} ${canonical(inheritedLabels(parent))}`,
        pinned: undefined,
        config: parent.record.ociConfig,
        notes: [],
      },
    }
  }
  const resolved = await ports.bases.resolve(stage.base, request.context.root, signal)
  switch (stage.base.kind) {
    case 'image':
      return {base: {kind: 'image', ...stage.base.reference, pinned: resolved.pinned}, resolved}
    case 'local':
      return {
        base: {
          kind: 'local',
          reference: {agent: stage.base.reference.agent, path: resolved.path ?? stage.base.reference.path},
          moved: resolved.moved ?? false,
        },
        resolved,
      }
    case 'scratch':
      return {base: {kind: 'scratch'}, resolved}
    case 'mirror':
      return {base: {kind: 'mirror'}, resolved}
  }
}

/** A name for a copy in a key: what was asked for, never where it lies. */
function copyName(step: CopyStep): string {
  return step.sources.map(source => showTemplate(source.path)).join(' ')
}

/** What one copy brings into a key. */
interface Taken {
  /** What a copy from the host takes, entry by entry. */
  readonly entries?: readonly HostEntry[]
  readonly host: readonly KeyPart[]
  readonly artifacts: readonly KeyPart[]
  /** Why its content has no digest. */
  readonly unknown?: string
}

/** What copies are looked up with. */
interface Taking {
  readonly stage: Stage
  readonly done: ReadonlyMap<number, Done>
  readonly request: BuildRequest
  readonly ports: BuildPorts
  readonly signal: AbortSignal
  readonly fill: Fill
}

async function takenBy(step: CopyStep, {stage, done, request, ports, signal, fill}: Taking): Promise<Taken> {
  const {from} = step
  const fromHost = (name: string, value: string): Taken => ({host: [{name, value}], artifacts: []})
  switch (from.kind) {
    case 'context': {
      const ignore = request.ignore === undefined ? undefined : parseIgnore(request.ignore)
      const entries: HostEntry[] = []
      // A missing file only warns where a %setup may make it, and then there is no key anyway.
      const digest = await hostDigest(step, contextAt(request.context, ignore, from), fill, each => entries.push(each))
      return {...fromHost(`host files ${copyName(step)}`, digest), entries}
    }
    case 'url': {
      const {digests, modified} = await ports.remote.download(from.url, from.checksum, signal)
      return fromHost(`download ${from.url}`, `${digests['sha256']} ${modified}`)
    }
    case 'git':
      return fromHost(`commit of ${from.repository}`, await ports.remote.commitOf(from, signal))
    case 'stage': {
      const {name, index} = from
      if (index === undefined)
        throw new SifstageError(
          ExitCode.wrong,
          `stage "${stage.name}" copies from "${name}", which is no stage`,
          'Name one of the stages above it.',
        )
      const producer = done.get(index)
      const artifacts: KeyPart[] = []
      let unknown: string | undefined
      for (const source of step.sources) {
        const path = artifactPath(source)
        const digest = producer?.artifacts.get(path)
        artifacts.push({name: `artifact ${path} of ${name}`, value: digest ?? 'unknown'})
        // With the metadata comes the whole definition, which the engine keeps (D122).
        if (path === '/' || path.startsWith('/.singularity.d'))
          artifacts.push({name: 'text of the definition', value: request.description.text})
        if (digest === undefined) unknown ??= `${path} of ${name} is not there yet`
      }
      return {host: [], artifacts, ...(unknown === undefined ? {} : {unknown})}
    }
    case 'inline':
    case 'image':
      return {host: [], artifacts: []}
  }
}

function producersOf(stage: Stage, done: ReadonlyMap<number, Done>): Record<string, string> {
  const keys = copiesOf(stage).flatMap(({from}) => {
    const key = from.kind === 'stage' && from.index !== undefined ? done.get(from.index)?.stored?.record.key : undefined
    return key === undefined || from.kind !== 'stage' ? [] : [[from.name, key] as const]
  })
  return Object.fromEntries(keys)
}

/** As the key's parts are told apart: the second copy of the same sources has a number. */
function entriesByName(taken: readonly Taken[]): Map<string, readonly HostEntry[]> {
  const found = new Map<string, readonly HostEntry[]>()
  for (const {host, entries} of taken) {
    const name = host[0]?.name
    if (name === undefined || entries === undefined) continue
    let own = name
    for (let number = 2; found.has(own); number += 1) own = `${name} (${number})`
    found.set(own, entries)
  }
  return found
}

/**
 * Resolves a stage whose needs are done.
 * @throws SifstageError when a base or a host file cannot be read
 */
export async function stageInputs(
  stage: Stage,
  done: ReadonlyMap<number, Done>,
  request: BuildRequest,
  ports: BuildPorts,
  signal: AbortSignal,
): Promise<StageInputs> {
  const {base, resolved} = await baseOf(stage, done, request, ports, signal)
  const beginning = beginningOf(request.description, stage, resolved.config)
  const taking: Taking = {stage, done, request, ports, signal, fill: filling(beginning.inherited)}
  const taken: Taken[][] = []
  for (const step of stage.steps) {
    const each: Taken[] = []
    for (const copy of copiesOfStep(step)) each.push(await takenBy(copy, taking))
    taken.push(each)
  }
  const onHost = hostStep(stage)
  const whyNoKey =
    (resolved.digest === undefined ? 'its base has no digest' : undefined) ??
    (onHost === undefined || request.cacheHostSteps ? undefined : `its ${onHost} runs on the host, where it may read anything`) ??
    (request.options.shareTmp ? "--share-tmp lets it see the host's /tmp" : undefined) ??
    taken.flat().find(each => each.unknown !== undefined)?.unknown
  const engine = ports.engineOf(stage)
  const before = {
    stage,
    engine: engine.engine,
    architecture: request.architecture,
    mapping: engine.mapping,
    options: optionsOf(stage, request, ports),
    base: resolved.digest ?? 'unknown',
    inherited: beginning.inherited,
  }
  const parts = keyParts({
    ...before,
    host: taken.flat().flatMap(each => each.host),
    artifacts: taken.flat().flatMap(each => each.artifacts),
    start: beginning.start,
    keepCwd: request.keepCwd,
  })
  const known = whyNoKey === undefined
  const key = known ? keyOf(parts) : undefined
  const checkpoints =
    known && stage.rules === 'docker' && engine.engine.kind === 'tree'
      ? checkpointKeys(
          before,
          taken.map(list => list.flatMap(each => [...each.host, ...each.artifacts])),
        )
      : []
  const made: MadeOf = {
    key: key ?? '',
    parts,
    base: showBase(stage.base),
    line: stage.span.start.line,
    buildArguments: request.buildArguments,
    producers: producersOf(stage, done),
    host: entriesByName(taken.flat()),
  }
  return {base, resolved, beginning, parts, made, key, checkpoints, whyNoKey}
}
