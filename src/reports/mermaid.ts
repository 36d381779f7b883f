/** A plan as a Mermaid flowchart, which GitHub and GitLab draw. https://mermaid.js.org/syntax/flowchart.html */
import type {Plan} from '../model/plan.js'
import {baseWords, handedTo, shortened} from './plan-words.js'
import {visible} from './visible.js'

/** Thick arrows start a stage from another, thin ones hand over what they are labelled with. */
export function planMermaid({stages, target}: Plan): string {
  const ids = new Map(stages.map(stage => [stage.name, `stage${stage.index}`] as const))
  const lines = ['flowchart TD']
  for (const stage of stages) {
    const id = `stage${stage.index}`
    lines.push(`  ${id}["${escaped(stage.name)}<br/>${escaped(baseWords(stage))}"]`)
    if (stage.base.kind === 'stage') {
      const parent = ids.get(stage.base.reference ?? '')
      if (parent !== undefined) lines.push(`  ${parent} ==> ${id}`)
    }
    for (const [other, paths] of handedTo(stage)) {
      const to = ids.get(other)
      if (to !== undefined) lines.push(`  ${id} -->|"${shortened(paths).map(escaped).join('<br/>')}"| ${to}`)
    }
  }
  const targetId = ids.get(target)
  if (targetId !== undefined) lines.push('  classDef target stroke-width:3px', `  class ${targetId} target`)
  const cached = stages.filter(stage => stage.cached).map(stage => `stage${stage.index}`)
  if (cached.length > 0) lines.push('  classDef cached stroke-dasharray:4', `  class ${cached.join(',')} cached`)
  return `${lines.join('\n')}\n`
}

/** Mermaid knows characters by number; letters, digits and what paths are made of need none. */
function escaped(text: string): string {
  return visible(text).replace(/[^\p{L}\p{N} ./_:@+=,*?()-]/gu, character => `#${character.codePointAt(0)};`)
}
