/**
 * A value as far as the input alone can tell it. Build arguments and variables that the input sets are
 * already filled in. What is left is a variable that only the base image knows (`$PATH` in
 * `ENV PATH=/opt/bin:$PATH`); it is filled in when the base has been read, or written out as a shell variable.
 */
export type Template = readonly TemplatePart[]
export type TemplatePart = string | OpenVariable

/** A variable of the base image. */
export interface OpenVariable {
  readonly variable: string
  /** Its value, modifier and all, where the base's configuration is at hand. Writers may still print the variable. */
  readonly known?: string
  /** `${NAME:-word}` and the like (K46), as long as the value is not known. */
  readonly modifier?: Modifier
}

export interface Modifier {
  readonly operator: ':-' | '-' | ':+' | '+' | ':?' | '?' | '#' | '##' | '%' | '%%' | '/' | '//'
  /** The word behind the operator; a pattern keeps its escapes. */
  readonly word: Template
  /** For `/` and `//`. */
  readonly replacement?: Template
}

/** A template of one known text. */
export function literal(text: string): Template {
  return text === '' ? [] : [text]
}

/** The text of a template that needs nothing of the base, or of a base that is known, else undefined. */
export function plainText(template: Template): string | undefined {
  let text = ''
  for (const part of template) {
    const known = typeof part === 'string' ? part : part.known
    if (known === undefined) return undefined
    text += known
  }
  return text
}

/** The template for messages and plans: open variables as `${NAME}`. */
export function showTemplate(template: Template): string {
  return template.map(part => (typeof part === 'string' ? part : (part.known ?? showVariable(part)))).join('')
}

/** An open variable as the input's language writes it. */
function showVariable({variable, modifier}: OpenVariable): string {
  if (modifier === undefined) return `\${${variable}}`
  const {operator, word, replacement} = modifier
  return `\${${variable}${operator}${showTemplate(word)}${replacement === undefined ? '' : `/${showTemplate(replacement)}`}}`
}
