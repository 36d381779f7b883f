/**
 * Templates speak of the base image's variables. Text that is written out is read at a moment when some of them
 * have other values already: behind `ENV PATH=/a:$PATH`, `$PATH` is no longer the base's.
 */

import type {OpenVariable, Template, TemplatePart} from '../model/template.js'
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
    if (part.modifier === undefined ? value === undefined : !namesAny(part, current)) continue
    const around = value && surroundings(value, part)
    const before = textAt(parts, at - 1)
    const after = textAt(parts, at + 1)
    if (around === undefined || !before.endsWith(around.before) || !after.startsWith(around.after)) return undefined
    // The variable now holds it, modifier and all.
    if (part.modifier !== undefined) parts[at] = {variable: part.variable}
    if (at > 0 && around.before !== '') parts[at - 1] = before.slice(0, before.length - around.before.length)
    if (around.after !== '') parts[at + 1] = after.slice(around.after.length)
  }
  return joinTemplates(parts)
}

/** True if a variable with a modifier, or one in the modifier's words, has another value by now. */
function namesAny({variable, modifier}: OpenVariable, current: ReadonlyMap<string, Template>): boolean {
  const words = [...(modifier?.word ?? []), ...(modifier?.replacement ?? [])]
  return current.has(variable) || words.some(part => typeof part === 'object' && namesAny(part, current))
}

/** The text on both sides of the one variable of a value, if it is the one that is wanted, with the same modifier. */
function surroundings(value: Template, wanted: OpenVariable): {before: string; after: string} | undefined {
  const at = value.findIndex(part => typeof part === 'object')
  const part = value[at]
  if (typeof part !== 'object' || !isSame(part, wanted)) return undefined
  if (value.some((other, place) => place !== at && typeof other === 'object')) return undefined
  return {before: textAt(value, at - 1), after: textAt(value, at + 1)}
}

function isSame(one: OpenVariable, other: OpenVariable): boolean {
  return one.variable === other.variable && JSON.stringify(one.modifier) === JSON.stringify(other.modifier)
}

function textAt(parts: Template, at: number): string {
  const part = parts[at]
  return typeof part === 'string' ? part : ''
}
