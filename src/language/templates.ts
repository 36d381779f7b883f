/** Putting templates together. */
import type {Template, TemplatePart} from '../model/template.js'

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
        this.length += part.variable.length
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
