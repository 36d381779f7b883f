/** Words that the pictures of a plan share. */
import type {PlanStage} from '../model/plan.js'

export function baseWords({base}: PlanStage): string {
  switch (base.kind) {
    case 'scratch':
      return 'scratch'
    case 'stage':
      return `stage ${base.reference ?? ''}`
    case 'image':
    case 'local':
      return base.reference ?? ''
  }
}

/** Paths that a stage hands to each stage that wants some. */
export function handedTo(stage: PlanStage): Map<string, string[]> {
  const handed = new Map<string, string[]>()
  for (const {path, wantedBy} of stage.artifacts) {
    for (const other of wantedBy) handed.set(other, [...(handed.get(other) ?? []), path])
  }
  return handed
}

/** Cut short where a label would fill the picture. */
export function shortened(texts: readonly string[], most = 4): string[] {
  return texts.length <= most ? [...texts] : [...texts.slice(0, most), `and ${texts.length - most} more`]
}
