/** How the stages of a description stand upon and need each other. Nothing here recurses: an input may hold a chain of any length. */
import type {Description, Stage} from '../model/description.js'
import {copiesOf} from './stage-copies.js'

export function stageAt(description: Description, index: number): Stage | undefined {
  // In a whole description a stage stands at its index.
  const stage = description.stages[index]
  return stage?.index === index ? stage : description.stages.find(each => each.index === index)
}

/** A stage with the stages it builds upon, oldest first and itself last. On a circle each stands once. */
export function chainOf(description: Description, stage: Stage): readonly Stage[] {
  const chain: Stage[] = []
  const seen = new Set<number>()
  for (let current: Stage | undefined = stage; current !== undefined && !seen.has(current.index); ) {
    seen.add(current.index)
    chain.unshift(current)
    current =
      current.base.kind === 'stage' && current.base.index !== undefined ? stageAt(description, current.base.index) : undefined
  }
  return chain
}

/** Indexes of the stages that a stage copies or mounts files from, in the order of its text. */
export function copiedFrom(stage: Stage): number[] {
  return copiesOf(stage).flatMap(({from}) => (from.kind === 'stage' && from.index !== undefined ? [from.index] : []))
}

/** Indexes of the stages that a stage starts from, copies or mounts from, in the order of its text. */
export function needsOf(stage: Stage): number[] {
  const {base} = stage
  return [...(base.kind === 'stage' && base.index !== undefined ? [base.index] : []), ...copiedFrom(stage)]
}

/** A stage and all that it needs, each after what it needs itself. Circles are for the checks to report. */
export function dependenciesFirst(
  description: Description,
  target: number,
  needs: (stage: Stage) => readonly number[] = needsOf,
): Stage[] {
  const ordered: Stage[] = []
  const visited = new Set<number>()
  const work: {readonly index: number; readonly leave: boolean}[] = [{index: target, leave: false}]
  for (let item = work.pop(); item !== undefined; item = work.pop()) {
    const stage = stageAt(description, item.index)
    if (stage === undefined) continue
    if (item.leave) {
      ordered.push(stage)
      continue
    }
    if (visited.has(item.index)) continue
    visited.add(item.index)
    work.push({index: item.index, leave: true})
    for (const index of needs(stage).toReversed()) work.push({index, leave: false})
  }
  return ordered
}
