/**
 * Templates speak of the base image's variables. Text that is written out is read at a moment when some of them
 * have other values already: behind `ENV PATH=/a:$PATH`, `$PATH` is no longer the base's.
 */

import {type OpenVariable, showVariable, type Template, type TemplatePart} from '../model/template.js'
import {joinTemplates} from './templates.js'

/**
 * The template in terms of the variables as they are now. The value now is found inside the template, where it
 * once was put: with PATH `/a:$PATH`, the template `/b:/a:$PATH` is `/b:$PATH`. Undefined when that can't be.
 */
export function relativeTo(template: Template, current: ReadonlyMap<string, Template>): Template | undefined {
  const parts: TemplatePart[] = [...template]
  for (let at = 0; at < parts.length; at += 1) {
    const part = parts[at]
    if (typeof part !== 'object') continue
    const value = current.get(part.variable)
    if (value === undefined) {
      if (namesOf(part).some(name => current.has(name))) return undefined
      continue
    }
    const around = surroundings(value, part)
    const before = textAt(parts, at - 1)
    const after = textAt(parts, at + 1)
    if (around === undefined || !before.endsWith(around.before) || !after.startsWith(around.after)) return undefined
    if (at > 0 && around.before !== '') parts[at - 1] = before.slice(0, before.length - around.before.length)
    if (around.after !== '') parts[at + 1] = after.slice(around.after.length)
    // Its modifier was applied when the value was set.
    if (part.modifier !== undefined) parts[at] = {variable: part.variable}
  }
  return joinTemplates(parts)
}

/** The variables in the words of a modifier. */
function namesOf({modifier}: OpenVariable): string[] {
  return [...(modifier?.word ?? []), ...(modifier?.replacement ?? [])].flatMap(part =>
    typeof part === 'string' ? [] : [part.variable, ...namesOf(part)],
  )
}

/** The text on both sides of the one variable of a value. */
function surroundings(value: Template, wanted: OpenVariable): {before: string; after: string} | undefined {
  const at = value.findIndex(part => typeof part === 'object')
  const part = value[at]
  if (typeof part !== 'object' || showVariable(part) !== showVariable(wanted)) return undefined
  if (value.some((other, place) => place !== at && typeof other === 'object')) return undefined
  return {before: textAt(value, at - 1), after: textAt(value, at + 1)}
}

function textAt(parts: Template, at: number): string {
  const part = parts[at]
  return typeof part === 'string' ? part : ''
}
