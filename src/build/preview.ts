/** What would be done: keys, what the store has, and scripts with names in the place of folders. Runs no engine. */
import {copiesOf} from '../language/stage-copies.js'
import type {CopySource, Mount, Stage} from '../model/description.js'
import type {Change} from '../model/history.js'
import type {PlacedSource} from '../model/operations.js'
import type {ImageEngine, Mounted, StageBase, StageScript} from '../model/ports.js'
import type {KeptStage} from '../model/store.js'
import {showTemplate} from '../model/template.js'
import {artifactsOf, neededStages, waves} from '../plan/graph.js'
import {dockerfileOf, imageName, secretIds} from './image-stage.js'
import {type Done, type StageInputs, stageInputs} from './inputs.js'
import {mountsOf} from './mounts.js'
import {type BuildPorts, type BuildRequest, isFresh, optionsOf} from './request.js'
import {findStage, treeOf} from './trees.js'
import {artifactDigestOf} from './verify.js'
import {whyBuilt} from './why.js'

export interface PreviewedStage {
  readonly stage: Stage
  /** Undefined while something that goes into it is not known before the build. */
  readonly key: string | undefined
  readonly cached: boolean
  /** What the store has of it. */
  readonly stored: KeptStage | undefined
  /** Why it would run. */
  readonly why: string | undefined
  /** What of it has changed since it was last built. */
  readonly changes: readonly Change[]
  readonly script: StageScript
}

function shownSource(source: CopySource): PlacedSource {
  const path = showTemplate(source.path)
  return {kind: 'tree', from: `$SCRATCH/${path}`, name: path.replace(/^.*\//, '')}
}

function shownMount(mount: Mount, secrets: ReadonlySet<string>): (readonly [Mount, Mounted])[] {
  switch (mount.kind) {
    case 'bind':
      return [[mount, {from: `$SCRATCH/${showTemplate(mount.source)}`, kind: 'folder'}]]
    case 'cache':
      return [[mount, {from: `$STORE/caches/${mount.id}`, kind: 'folder'}]]
    case 'secret':
      return secrets.has(mount.id) ? [[mount, {from: `$SECRETS/given/${mount.id}`, kind: 'file'}]] : []
    case 'tmpfs':
    case 'ssh':
      return []
  }
}

/** Our copy of an image is laid ready when the stage runs. */
function shownBase(base: StageBase, index: number): StageBase {
  if (base.kind !== 'image' || base.pinned === undefined || base.transport !== 'docker') return base
  return {...base, supplied: {agent: 'oci', path: `$SCRATCH/stage-${index}/base`}}
}

/** The same for an engine that makes images. */
function shownImageScript(
  engine: ImageEngine,
  stage: Stage,
  inputs: StageInputs | undefined,
  request: BuildRequest,
  ports: BuildPorts,
): StageScript {
  const {file, needs} = dockerfileOf(stage, request.description, inputs?.resolved.pinned, ports, engine.heredocs)
  const image = (key: string | undefined) => (key === undefined ? '$IMAGE' : imageName(key))
  return engine.script({
    stage,
    dockerfile: file,
    contexts: new Map([...needs.values()].map(name => [name, `$IMAGE_OF_${name.toUpperCase().replace(/\W/g, '_')}`])),
    ignore: stage.rules === 'docker' ? request.ignore : undefined,
    folder: `$SCRATCH/stage-${stage.index}`,
    cwd: request.context.root,
    image: image(inputs?.key),
    architecture: request.architecture,
    options: optionsOf(stage, request, ports),
    secrets: ports.secrets.ids.size === 0 ? undefined : {given: '$SECRETS/given', copies: '$SECRETS/copies'},
    secretIds: secretIds(stage, ports.secrets.ids),
    layers: ports.imageCache.layers(stage.name),
    noCache: isFresh(request, stage.name),
    isForeign: request.architecture !== ports.architecture,
  })
}

/** What would be run, with names in the place of folders. */
function shownScript(stage: Stage, inputs: StageInputs | undefined, request: BuildRequest, ports: BuildPorts): StageScript {
  const {engine} = ports.engineOf(stage)
  const {description} = request
  const {index} = stage
  if (engine.kind === 'image') return shownImageScript(engine, stage, inputs, request, ports)
  return engine.script({
    stage,
    description,
    base: inputs === undefined ? {kind: 'stage'} : shownBase(inputs.base, index),
    rebased: request.rebased.has(index),
    folder: `$SCRATCH/stage-${index}`,
    root: `$SCRATCH/stage-${index}/rootfs`,
    incoming: [
      ...new Map(
        copiesOf(stage).flatMap(step =>
          step.from.kind === 'stage' && step.from.index !== undefined
            ? [
                [
                  step.from.index,
                  {name: step.from.name, folder: `$SCRATCH/stage-${index}/from-${step.from.index}`, withMetadata: false},
                ] as const,
              ]
            : [],
        ),
      ).values(),
    ],
    placements: new Map(
      stage.steps.flatMap(step => (step.kind === 'copy' ? [[step, step.sources.map(shownSource)] as const] : [])),
    ),
    mounted: new Map(mountsOf(stage).flatMap(({mount}) => shownMount(mount, ports.secrets.ids))),
    cacheContent: new Map(),
    keptFolders: request.options.cacheMounts.map(target => ({from: `$STORE/caches${target}`, target})),
    launcher: {folder: '$SCRATCH/launcher', program: (name, at) => [`${at}/${name}`]},
    secrets: ports.secrets.ids.size === 0 ? undefined : {given: '$SECRETS/given', copies: '$SECRETS/copies'},
    cwd: request.context.root,
    mapping: ports.mapping,
    options: optionsOf(stage, request, ports),
    inherited: inputs?.beginning.inherited ?? {
      base: new Map(),
      baseKnown: false,
      env: new Map(),
      args: new Map(),
      workdir: '/',
      workdirSet: false,
      baseFolder: undefined,
      user: '',
    },
    start: inputs?.beginning.start ?? {entrypoint: undefined, cmd: undefined},
    keepCwd: request.keepCwd,
    keepFailed: request.keepFailed,
  })
}

/** The stages in the order of the plan, as far as the store knows what comes out of each. */
export async function previewBuild(request: BuildRequest, ports: BuildPorts, signal: AbortSignal): Promise<PreviewedStage[]> {
  const {description, target} = request
  const done = new Map<number, Done>()
  const artifacts = artifactsOf(description, neededStages(description, target))
  const previewed: PreviewedStage[] = []
  for (const index of waves(description, target).flat()) {
    const stage = description.stages[index]
    if (stage === undefined) continue
    const parentKnown =
      stage.base.kind !== 'stage' || (stage.base.index !== undefined && done.get(stage.base.index)?.stored !== undefined)
    let inputs: StageInputs | undefined
    if (parentKnown) inputs = await stageInputs(stage, done, request, ports, signal)
    const {key} = inputs ?? {}
    const stored = key === undefined || isFresh(request, stage.name) ? undefined : await findStage(stage, key, ports, signal)
    if (stored !== undefined) {
      const paths = (artifacts.get(index) ?? []).map(({path}) => path)
      const tree = await treeOf(stored, paths, {ports, signal})
      const digests = (artifacts.get(index) ?? []).map(
        artifact => [artifact.path, artifactDigestOf(artifact, tree, request.context.environment)] as const,
      )
      done.set(index, {
        stored,
        artifacts: new Map(digests.flatMap(([path, digest]) => (digest === undefined ? [] : [[path, digest] as const]))),
      })
    }
    const script = shownScript(stage, inputs, request, ports)
    const found =
      stored !== undefined
        ? {why: undefined, changes: []}
        : inputs === undefined
          ? {why: 'its parent is not built yet', changes: []}
          : await whyBuilt({stage: stage.name, inputs, done, artifacts, request, ports, signal})
    previewed.push({stage, key: inputs?.key, cached: stored !== undefined, stored, ...found, script})
  }
  return previewed
}
