/** Words for the shell and for `%files`, safe inside a definition file. */
import {shellQuote} from '../../language/shell.js'
import {plainText, type Template} from '../../model/template.js'

/**
 * D16, D1: a line inside a quoted text that would start a section or a stage gets an empty quote in front, which
 * the shell removes (D24). A `\r` at a line end would be lost (D7): a quote keeps the two apart.
 */
export function guardLines(text: string, quote: "'" | '"'): string {
  return text.replaceAll(/\r(?=\n)/g, `\r${quote}${quote}`).replaceAll(/\n(?=[^\S\n]*%|bootstrap:)/gi, `\n${quote}${quote}`)
}

/** One word of a shell script. */
export function shellWord(text: string): string {
  const word = shellQuote(text)
  return word.startsWith("'") ? guardLines(word, "'") : word
}

/** A value as a shell word; `reference` spells a variable of the base image. */
export function templateWord(template: Template, reference: (variable: string) => string = name => `\${${name}}`): string {
  const text = plainText(template)
  return text === undefined ? doubleQuoted(template, reference) : shellWord(text)
}

/**
 * A value in `%environment`. Tried with 1.4.5: the shell inside Apptainer, which reads that file, keeps the
 * backslash of `'it'\''s'` and of `it\'s`; only double quotes carry a single quote.
 */
export function environmentWord(template: Template): string {
  const text = plainText(template)
  return text === undefined || text.includes("'") ? doubleQuoted(template, name => `\${${name}}`) : shellWord(text)
}

function doubleQuoted(template: Template, reference: (variable: string) => string): string {
  const parts = template.map(part => (typeof part === 'string' ? part.replaceAll(/[\\"$`]/g, '\\$&') : reference(part.variable)))
  return guardLines(`"${parts.join('')}"`, '"')
}

/** The source of a `%files` line that means exactly this path (D90, as tried); undefined when it cannot be said. */
export function filesSource(path: string): string | undefined {
  if (/["\t\n\r{}]|\\0/.test(path)) return undefined
  const pattern = /[*?[]/.test(path)
  // Tried: a backslash that survives the shell would then be an escape of the pattern.
  if (pattern && path.includes('\\')) return undefined
  const encoded = path
    .replaceAll(/[\\$();#&<>|~'`]/g, '\\$&')
    .replaceAll(/[*?[]/g, '[$&]')
    .replace(/^-/, './-')
  return filesQuote(encoded)
}

/** The destination of a `%files` line (D91); undefined when it cannot be said. */
export function filesDestination(path: string): string | undefined {
  return /["\t\n\r]/.test(path) ? undefined : filesQuote(path)
}

function filesQuote(text: string): string {
  return /[^\w./,:=@+*?[\]\\$();&<>|~^!#-]/.test(text) || /^[%#]|'/.test(text) ? `"${text}"` : text
}
