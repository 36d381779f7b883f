/** What goes into one stage, resolved: its base, its host files, its artifacts; and so its key. */
import {contextAt} from '../language/context.js'
import {parseIgnore} from '../language/ignore.js'
import {copiesOf} from '../language/stage-copies.js'
import type {CopyStep, Stage} from '../model/description.js'
import {SifstageError} from '../model/errors.js'
import type {ResolvedBase, StageBase, StoredStage} from '../model/ports.js'
import type {KeyPart, StageRecord} from '../model/record.js'
import {showTemplate} from '../model/template.js'
import {artifactPath} from '../plan/graph.js'
import {canonical, keyOf, keyParts} from '../plan/keys.js'
import {hostDigest} from './context.js'
import {type Beginning, beginningOf} from './inherit.js'
import type {BuildPorts, BuildRequest} from './request.js'
import {filling} from './variables.js'

/** A stage that others build on, when it is done. */
export interface Done {
  readonly stored: StoredStage | undefined
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
function inheritedLabels(record: StageRecord): unknown {
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
      base: {kind: 'stage', image: parent.image},
      // Labels are not in the digest of a tree (their file holds the build's date), but a child inherits them.
      resolved: {
        digest: `${parent.record.digest} ${canonical(inheritedLabels(parent.record))}`,
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
  const ignore = request.ignore === undefined ? undefined : parseIgnore(request.ignore)
  const host: KeyPart[] = []
  const artifacts: KeyPart[] = []
  let whyNoKey = resolved.digest === undefined ? 'its base has no digest' : undefined
  const onHost = hostStep(stage)
  if (onHost !== undefined) whyNoKey ??= `its ${onHost} runs on the host, where it may read anything`
  if (request.options.shareTmp) whyNoKey ??= "--share-tmp lets it see the host's /tmp"
  const fill = filling(beginning.inherited)
  for (const step of copiesOf(stage)) {
    if (step.from.kind === 'context') {
      // A missing file only warns where a %setup may make it, and then there is no key anyway.
      const value = await hostDigest(step, contextAt(request.context, ignore, step.from), fill)
      host.push({name: `host files ${copyName(step)}`, value})
    } else if (step.from.kind === 'url') {
      const {digests, modified} = await ports.remote.download(step.from.url, step.from.checksum, signal)
      host.push({name: `download ${step.from.url}`, value: `${digests['sha256']} ${modified}`})
    } else if (step.from.kind === 'git') {
      host.push({name: `commit of ${step.from.repository}`, value: await ports.remote.commitOf(step.from, signal)})
    } else if (step.from.kind === 'stage') {
      const {name, index} = step.from
      if (index === undefined) throw new SifstageError(1, `stage "${stage.name}" copies from "${name}", which is no stage`)
      const producer = done.get(index)
      for (const source of step.sources) {
        const path = artifactPath(source)
        const digest = producer?.artifacts.get(path)
        artifacts.push({name: `artifact ${path} of ${name}`, value: digest ?? 'unknown'})
        // With the metadata comes the whole definition, which the engine keeps (D122).
        if (path === '/' || path.startsWith('/.singularity.d'))
          artifacts.push({name: 'text of the definition', value: request.description.text})
        if (digest === undefined) whyNoKey ??= `${path} of ${name} has no digest`
      }
    }
  }
  const parts = keyParts({
    stage,
    engine: ports.engine.engine,
    architecture: request.architecture,
    mapping: ports.mapping,
    options: request.options,
    base: resolved.digest ?? 'unknown',
    host,
    artifacts,
    inherited: beginning.inherited,
    start: beginning.start,
    keepCwd: request.keepCwd,
  })
  return {base, resolved, beginning, parts, key: whyNoKey === undefined ? keyOf(parts) : undefined, whyNoKey}
}
