/** What would be done: keys, what the store has, and scripts with names in the place of folders. Runs no engine. */
import {copiesOf} from '../language/stage-copies.js'
import type {Stage} from '../model/description.js'
import type {StageScript} from '../model/ports.js'
import {artifactsOf, neededStages, waves} from '../plan/graph.js'
import {type Done, type StageInputs, stageInputs} from './inputs.js'
import type {BuildPorts, BuildRequest} from './request.js'
import {verifyArtifact} from './verify.js'

export interface PreviewedStage {
  readonly stage: Stage
  /** Undefined while something that goes into it is not known before the build. */
  readonly key: string | undefined
  readonly cached: boolean
  /** Why it would run. */
  readonly why: string | undefined
  readonly script: StageScript
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
    const fresh = request.noCache || request.noCacheFilter.has(stage.name)
    const stored = inputs?.key === undefined || fresh ? undefined : await ports.store.find(inputs.key)
    if (stored !== undefined) {
      const tree = await stored.tree()
      const reports = (artifacts.get(index) ?? []).map(artifact =>
        verifyArtifact(artifact, stage, tree, request.context.environment),
      )
      done.set(index, {
        stored,
        artifacts: new Map(reports.flatMap(each => (each.digest === undefined ? [] : [[each.path, each.digest] as const]))),
      })
    }
    const script = ports.engine.engine.script({
      stage,
      description,
      base: inputs?.base ?? {kind: 'stage', image: {path: '$PARENT/image.sqfs', offset: 0}},
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
        stage.steps.flatMap(step =>
          step.kind === 'copy'
            ? [
                [
                  step,
                  step.sources.map(source => ({
                    from: `$SCRATCH/${source.path.join('')}`,
                    name: source.path.join('').replace(/^.*\//, ''),
                  })),
                ] as const,
              ]
            : [],
        ),
      ),
      cwd: request.context.root,
      mapping: ports.mapping,
      options: request.options,
      inherited: inputs?.beginning.inherited ?? {
        base: new Map(),
        env: new Map(),
        args: new Map(),
        workdir: '/',
        workdirSet: false,
        user: '',
      },
      start: inputs?.beginning.start ?? {entrypoint: undefined, cmd: undefined},
      keepCwd: request.keepCwd,
      keepFailed: request.keepFailed,
    })
    const why =
      stored !== undefined
        ? undefined
        : fresh
          ? 'asked for anew'
          : inputs === undefined
            ? 'its parent is not built yet'
            : (inputs.whyNoKey ?? 'the store has nothing of this key')
    previewed.push({stage, key: inputs?.key, cached: stored !== undefined, why, script})
  }
  return previewed
}
