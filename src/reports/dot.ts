/** A plan as a graph for Graphviz. https://graphviz.org/doc/info/lang.html */
import type {Plan} from '../model/plan.js'
import {baseWords, handedTo, shortened} from './plan-words.js'
import {visible} from './visible.js'

/** Thick arrows start a stage from another, thin ones hand over what they are labelled with. */
export function planDot({stages, target}: Plan): string {
  const ids = new Map(stages.map(stage => [stage.name, `stage${stage.index}`] as const))
  const lines = ['digraph plan {', '  node [shape=box];']
  for (const stage of stages) {
    const id = `stage${stage.index}`
    const style = [...(stage.name === target ? ['bold'] : []), ...(stage.cached ? ['dashed'] : [])]
    lines.push(
      `  ${id} [label=${label([stage.name, baseWords(stage)])}${style.length === 0 ? '' : `, style="${style.join(',')}"`}];`,
    )
    const parent = stage.base.kind === 'stage' ? ids.get(stage.base.reference ?? '') : undefined
    if (parent !== undefined) lines.push(`  ${parent} -> ${id} [style=bold];`)
    for (const [other, paths] of handedTo(stage)) {
      const to = ids.get(other)
      if (to !== undefined) lines.push(`  ${id} -> ${to} [label=${label(shortened(paths))}];`)
    }
  }
  return `${lines.join('\n')}\n}\n`
}

/** Graphviz reads the entities of HTML in every label. */
function label(lines: readonly string[]): string {
  return `"${lines.map(line => visible(line).replaceAll('&', '&amp;').replace(/["\\]/g, '\\$&')).join('\\n')}"`
}
