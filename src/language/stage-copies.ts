/**
 * Everything that a stage takes from elsewhere, as copies: its copy steps, and the mounts of its commands that show
 * another stage, an image or the context (a bind mount is a copy whose destination is its target).
 */
import type {CopyOrigin, CopyStep, Mount, RunStep, Stage, Step} from '../model/description.js'

export function copiesOf(stage: Stage): CopyStep[] {
  return stage.steps.flatMap(copiesOfStep)
}

/** What one step takes from elsewhere. */
export function copiesOfStep(step: Step): CopyStep[] {
  if (step.kind === 'copy') return [step]
  return step.kind === 'run' ? (step.mounts ?? []).flatMap(mount => mountedCopy(step, mount)) : []
}

/** A mount of a stage, an image or the context as the copy that it is. */
export function mountedCopy(step: RunStep, mount: Mount): CopyStep[] {
  if ((mount.kind !== 'bind' && mount.kind !== 'cache') || mount.from === undefined) return []
  return [
    {
      kind: 'copy',
      rules: step.rules,
      span: mount.span,
      from: mount.from,
      sources: [{path: mount.source ?? ['/'], span: mount.span}],
      destination: {path: mount.target, span: mount.span},
    },
  ]
}

type ImageOrigin = Extract<CopyOrigin, {kind: 'image'}>
type ReplacedOrigin = Extract<CopyOrigin, {kind: 'image' | 'stage'}>

/** The step with every image that it takes files from, by copy or mount, put through `replace`; itself when nothing changes. */
export function replaceImages(step: Step, replace: (from: ImageOrigin) => ReplacedOrigin): Step {
  if (step.kind === 'copy') {
    if (step.from.kind !== 'image') return step
    const from = replace(step.from)
    return from === step.from ? step : {...step, from}
  }
  if (step.kind !== 'run' || step.mounts === undefined) return step
  const mounts = step.mounts.map((mount): Mount => {
    if ((mount.kind !== 'bind' && mount.kind !== 'cache') || mount.from?.kind !== 'image') return mount
    const from = replace(mount.from)
    return from === mount.from ? mount : {...mount, from}
  })
  return mounts.every((mount, index) => mount === step.mounts?.[index]) ? step : {...step, mounts}
}
