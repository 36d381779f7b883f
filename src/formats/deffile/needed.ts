/** Which stages have to stand in the definition for a target, and in which order (K75, K142, K143). */
import {copiesOf} from '../../language/stage-copies.js'
import type {Description, Stage} from '../../model/description.js'

/** A stage with the stages it builds upon, oldest first and itself last. A definition file cannot say `FROM stage`: it is inlined (D150). */
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

export function stageAt(description: Description, index: number): Stage | undefined {
  return description.stages.find(stage => stage.index === index)
}

/** Stages that are printed: those files are copied from, before those that copy; the target last. */
export function printedStages(description: Description, target: Stage): readonly Stage[] {
  const printed: Stage[] = []
  const state = new Map<number, 'open' | 'done'>()
  // A stack of our own: a chain of many thousand stages must not overflow the call stack.
  const work: {stage: Stage; leave: boolean}[] = [{stage: target, leave: false}]
  for (let item = work.pop(); item !== undefined; item = work.pop()) {
    const {stage, leave} = item
    if (leave) {
      state.set(stage.index, 'done')
      printed.push(stage)
      continue
    }
    if (state.has(stage.index)) continue
    state.set(stage.index, 'open')
    work.push({stage, leave: true})
    for (const source of copiedFrom(description, stage).toReversed())
      if (!state.has(source.index)) work.push({stage: source, leave: false})
  }
  return printed
}

function copiedFrom(description: Description, stage: Stage): Stage[] {
  const sources: Stage[] = []
  for (const part of chainOf(description, stage)) {
    for (const step of copiesOf(part)) {
      if (step.from.kind !== 'stage' || step.from.index === undefined) continue
      const source = stageAt(description, step.from.index)
      if (source !== undefined) sources.push(source)
    }
  }
  return sources
}
