/**
 * Everything that a stage takes from elsewhere, as copies: its copy steps, and the mounts of its commands that show
 * another stage, an image or the context (a bind mount is a copy whose destination is its target).
 */
import type {CopyStep, Mount, RunStep, Stage} from '../model/description.js'

export function copiesOf(stage: Stage): CopyStep[] {
  return stage.steps.flatMap(step =>
    step.kind === 'copy' ? [step] : step.kind === 'run' ? (step.mounts ?? []).flatMap(mount => mountedCopy(step, mount)) : [],
  )
}

function mountedCopy(step: RunStep, mount: Mount): CopyStep[] {
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
