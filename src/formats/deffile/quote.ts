/** Words for the shell and for `%files`, safe inside a definition file. */
import {defaultPath} from '../../language/image-config.js'
import {shellQuote} from '../../language/shell.js'
import {type OpenVariable, plainText, type Template} from '../../model/template.js'
import {Unprintable} from './print.js'

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
  // D37: an empty quote inside the braces keeps Apptainer from taking them for a build argument.
  return word.startsWith("'") ? cutLines(guardLines(word.replaceAll(/\{\{(?=\s*\w+\s*\}\})/g, "{''{"), "'"), "'") : longWord(word)
}

/** A line well below what Apptainer takes (D21). */
const lineLimit = 30_000

/** D21: a line may not be longer than a section; between two quotes a backslash at a line end joins them again. */
function cutLines(word: string, quote: "'" | '"'): string {
  if (word.length <= lineLimit) return word
  return word
    .split('\n')
    .map(line => (line.length <= lineLimit ? line : cutLine(line, quote)))
    .join('\n')
}

/** Only between two letters or blanks, which no quote or escape is made of. */
function cutLine(line: string, quote: "'" | '"'): string {
  const pieces: string[] = []
  let from = 0
  for (let at = lineLimit; at < line.length; at += 1) {
    if (!/^[\w ]{2}$/.test(line.slice(at - 1, at + 1))) continue
    pieces.push(line.slice(from, at))
    from = at
    at += lineLimit
  }
  return [...pieces, line.slice(from)].join(`${quote}\\\n${quote}`)
}

/** A word without quotes that is too long for a line. */
function longWord(word: string): string {
  return word.length <= lineLimit ? word : cutLines(`'${word}'`, "'")
}

/** A value as a shell word; `reference` names the variable that holds one of the base image. */
export function templateWord(template: Template, reference: (variable: string) => string = name => name): string {
  const text = plainText(template)
  return text === undefined ? doubleQuoted(template, reference) : shellWord(text)
}

/** The same, but a variable of the base is printed as one even where its value is known: so a person would write it. */
export function exportWord(template: Template, reference: (variable: string) => string): string {
  return template.every(part => typeof part === 'string' || !isReadable(part))
    ? templateWord(template, reference)
    : doubleQuoted(template, reference)
}

/**
 * A value in `%environment`. Tried with 1.4.5: the shell inside Apptainer, which reads that file, keeps the
 * backslash of `'it'\''s'` and of `it\'s`; only double quotes carry a single quote.
 */
export function environmentWord(template: Template): string {
  const text = plainText(template)
  const readable = template.some(part => typeof part !== 'string' && isReadable(part))
  return text === undefined || readable || text.includes("'") ? doubleQuoted(template, name => name) : shellWord(text)
}

/** Folders that Apptainer puts behind a PATH that lacks them (D66). */
export const standardPath = defaultPath.split(':')

/** A known value is printed as its variable only where that surely arrives as it is (D113). */
function isReadable(part: OpenVariable): boolean {
  return (
    part.known === undefined ||
    (part.modifier === undefined &&
      part.variable === 'PATH' &&
      /^[\w/.:+-]+$/.test(part.known) &&
      standardPath.every(folder => part.known?.split(':').includes(folder) === true))
  )
}

function doubleQuoted(template: Template, reference: (variable: string) => string): string {
  const word = guardLines(`"${template.map(part => quotedPart(part, reference)).join('')}"`, '"')
  return template.every(part => typeof part === 'string') ? cutLines(word, '"') : word
}

function quotedPart(part: Template[number], reference: (variable: string) => string): string {
  if (typeof part === 'string') return escaped(part)
  if (part.known !== undefined && !isReadable(part)) return escaped(part.known)
  const name = reference(part.variable)
  if (part.modifier === undefined) return `\${${name}}`
  const {operator, word, replacement} = part.modifier
  if (replacement !== undefined)
    throw new Unprintable(`\${${part.variable}/…} of a variable that only the base image knows is more than a POSIX shell can do`)
  const inner = word.map(each => (typeof each === 'string' ? escapedWord(each, operator) : quotedPart(each, reference))).join('')
  return `\${${name}${operator}${inner}}`
}

function escaped(text: string): string {
  return text.replaceAll(/[\\"$`]/g, '\\$&').replaceAll(/\{\{(?=\s*\w+\s*\}\})/g, '{""{')
}

/** Inside braces a `}` would end them; a pattern brings its own escapes. */
function escapedWord(text: string, operator: string): string {
  return /[#%]/.test(operator) ? text.replaceAll(/["$`}]/g, '\\$&') : text.replaceAll(/[\\"$`}]/g, '\\$&')
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
