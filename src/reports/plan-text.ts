/**
 * A plan for people: a picture of it; then each stage in building order, what goes into it, what it hands on, whether it
 * is cached.
 */
import type {Plan, PlanCopy, PlanStage} from '../model/plan.js'
import {arrowsOf} from './plan-arrows.js'
import {type PictureOptions, planPicture} from './plan-picture.js'
import {baseWords, handedTo, shortened} from './plan-words.js'
import {visible} from './visible.js'

export function planText(plan: Plan, options: PictureOptions): string {
  const picture = planPicture(plan, options) ?? [
    `(${options.width} columns are too few to draw it: --format dot and --format mermaid do)`,
  ]
  return [...picture, ...legend(plan, options), '', planList(plan)].join('\n')
}

/** What the two kinds of arrows mean, where there are two. */
function legend({stages}: Plan, {unicode}: PictureOptions): string[] {
  const kinds = new Set(arrowsOf(stages).map(each => each.kind))
  if (!kinds.has('base')) return []
  return [
    '',
    unicode
      ? '══ starts from the other stage   ── takes files out of it'
      : '==# starts from the other stage   --| takes files out of it',
  ]
}

function planList({stages, target, order}: Plan): string {
  const byName = new Map(stages.map(stage => [stage.name, stage] as const))
  const blocks = order.map((wave, i) => {
    const together = wave.length === 1 ? '' : ', side by side'
    const text = wave.flatMap(name => byName.get(name) ?? []).map(stage => stageText(stage, target))
    return [`${i + 1}${together}`, ...text].join('\n')
  })
  return `${blocks.join('\n')}\n`
}

function stageText(stage: PlanStage, target: string): string {
  const lines = [
    ...stage.copies.map(copyText),
    ...Array.from(handedTo(stage), ([other, paths]) => `hands ${shortened(paths).map(visible).join(', ')} to ${visible(other)}`),
    stage.cached ? 'cached' : stage.why === undefined ? 'not cached' : `not cached: ${visible(stage.why)}`,
  ]
  const title = `  ${visible(stage.name)}  from ${visible(baseWords(stage))}${stage.name === target ? '  (target)' : ''}`
  return [title, ...lines.map((line, i) => `  ${i === lines.length - 1 ? '└─' : '├─'} ${line}`)].join('\n')
}

function copyText({from, sources, destination, line}: PlanCopy): string {
  const what = shortened(sources).map(visible).join(', ')
  const to = `to ${visible(destination)} (line ${line})`
  switch (from.kind) {
    case 'stage':
      return `takes ${what} from ${visible(from.name ?? '')} ${to}`
    case 'image':
      return `takes ${what} from the image ${visible(from.name ?? '')} ${to}`
    case 'context':
      return `takes ${what} from the build context ${to}`
    case 'inline':
      return `writes ${what} ${to}`
  }
}

/**
 * Why one stage would run, a change a line.
 * @param planned missing where the target does not need it @param changes in words
 */
export function explainText(stage: string, target: string, planned: PlanStage | undefined, changes: readonly string[]): string {
  if (planned === undefined) return `${visible(stage)}: ${visible(target)} does not need it\n`
  if (planned.cached) return `${visible(stage)}: cached, since nothing that goes into it has changed\n`
  if (changes.length === 0) return `${visible(stage)}: ${visible(planned.why ?? 'not cached')}\n`
  return [`${visible(stage)}: changed since it was last built`, ...changes.map(each => `  ${visible(each)}`), ''].join('\n')
}
