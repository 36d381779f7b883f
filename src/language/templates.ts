/** Putting templates together. */
import type {OpenVariable, Template, TemplatePart} from '../model/template.js'
import {applyModifier} from './modifiers.js'

/** The text once the base's variables are known; an unknown variable is empty (K45). */
export function fillTemplate(template: Template, variables: ReadonlyMap<string, string>): string {
  return template.map(part => (typeof part === 'string' ? part : fillVariable(part, variables))).join('')
}

/** A `?` that is not met leaves the empty text: whoever reads the input with the base's configuration reports it. */
function fillVariable(part: OpenVariable, variables: ReadonlyMap<string, string>): string {
  if (part.known !== undefined) return part.known
  const value = variables.get(part.variable)
  if (part.modifier === undefined) return value ?? ''
  const {operator, word, replacement} = part.modifier
  const modified = applyModifier(
    part.variable,
    value,
    operator,
    fillTemplate(word, variables),
    fillTemplate(replacement ?? [], variables),
  )
  return modified.kind === 'value' ? modified.text : ''
}

/** Templates one behind the other, neighbouring texts as one part. */
export function joinTemplates(...templates: readonly Template[]): Template {
  const output = new TemplateBuilder()
  for (const template of templates) output.addAll(template)
  return output.template()
}

/** Collects a template, neighbouring texts as one part. */
export class TemplateBuilder {
  readonly #parts: TemplatePart[] = []
  #text = ''
  length = 0

  add(text: string): void {
    this.#text += text
    this.length += text.length
  }

  addAll(template: Template): void {
    for (const part of template) {
      if (typeof part === 'string') this.add(part)
      else {
        this.#flush()
        this.#parts.push(part)
        this.length += sizeOf(part)
      }
    }
  }

  template(): Template {
    this.#flush()
    return this.#parts
  }

  #flush(): void {
    if (this.#text !== '') this.#parts.push(this.#text)
    this.#text = ''
  }
}

/** Sizes of variables with modifiers: their words are shared, and each is measured once. */
const sizes = new WeakMap<OpenVariable, number>()

function sizeOf(part: OpenVariable): number {
  const known = sizes.get(part)
  if (known !== undefined) return known
  const {variable, modifier} = part
  const inner = [...(modifier?.word ?? []), ...(modifier?.replacement ?? [])]
  const size = inner.reduce((sum, each) => sum + (typeof each === 'string' ? each.length : sizeOf(each)), variable.length)
  sizes.set(part, size)
  return size
}
