/**
 * A value as far as the input alone can tell it. Build arguments and variables that the input sets are
 * already filled in. What is left is a variable that only the base image knows (`$PATH` in
 * `ENV PATH=/opt/bin:$PATH`); it is filled in when the base has been read, or written out as a shell variable.
 */
export type Template = readonly TemplatePart[]
export type TemplatePart = string | {readonly variable: string}

/** A template of one known text. */
export function literal(text: string): Template {
  return text === '' ? [] : [text]
}

/** The text of a template that needs nothing of the base, else undefined. */
export function plainText(template: Template): string | undefined {
  let text = ''
  for (const part of template) {
    if (typeof part !== 'string') return undefined
    text += part
  }
  return text
}

/** The text once the base's variables are known; an unknown variable is empty (K45). */
export function fillTemplate(template: Template, variables: ReadonlyMap<string, string>): string {
  return template.map(part => (typeof part === 'string' ? part : (variables.get(part.variable) ?? ''))).join('')
}

/** The template for messages and plans: open variables as `${NAME}`. */
export function showTemplate(template: Template): string {
  return template.map(part => (typeof part === 'string' ? part : `\${${part.variable}}`)).join('')
}
