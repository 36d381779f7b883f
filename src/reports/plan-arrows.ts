/** What a picture of a plan consists of besides its stages: who starts from whom, and who hands what to whom. */
import type {PlanStage} from '../model/plan.js'
import {handedTo} from './plan-words.js'

/** An arrow from one stage to another, each by its place in the list of stages. */
export interface Arrow {
  readonly from: number
  readonly to: number
  /** `base`: the one starts from the other's image; `copy`: it takes paths out of it. */
  readonly kind: 'base' | 'copy'
  readonly paths: readonly string[]
}

/** All arrows between these stages, at most one of a kind from one stage to another. */
export function arrowsOf(stages: readonly PlanStage[]): Arrow[] {
  const places = new Map(stages.map((stage, place) => [stage.name, place] as const))
  return stages.flatMap((stage, to) => {
    const parent = stage.base.kind === 'stage' ? stage.base.reference : undefined
    return [...new Set([...(parent === undefined ? [] : [parent]), ...stage.needs])].flatMap(name => {
      const from = places.get(name)
      const producer = from === undefined ? undefined : stages[from]
      if (from === undefined || producer === undefined || from === to) return []
      const paths = handedTo(producer).get(stage.name) ?? []
      const base: Arrow[] = name === parent ? [{from, to, kind: 'base', paths: []}] : []
      // A stage that is needed is needed for something, also where its paths are not known.
      return paths.length > 0 || base.length === 0 ? [...base, {from, to, kind: 'copy', paths}] : base
    })
  })
}

/** Every stage behind those that it needs, and chains together: fewer arrows go past a stage that has no part in them. */
export function inDrawingOrder(stages: readonly PlanStage[]): PlanStage[] {
  const byName = new Map(stages.map(stage => [stage.name, stage] as const))
  const ordered = new Set<PlanStage>()
  const begun = new Set<PlanStage>()
  const visit = (stage: PlanStage): void => {
    // A circle is refused before a plan is made; here it would only have no end.
    if (begun.has(stage)) return
    begun.add(stage)
    for (const name of stage.needs) {
      const needed = byName.get(name)
      if (needed !== undefined) visit(needed)
    }
    ordered.add(stage)
  }
  const isNeeded = new Set(stages.flatMap(stage => stage.needs))
  for (const stage of [...stages.filter(each => !isNeeded.has(each.name)), ...stages]) visit(stage)
  return [...ordered]
}
