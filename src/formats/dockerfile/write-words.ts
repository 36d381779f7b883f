/** Text as words of a Dockerfile, so that expansion (K42) gives back what was meant. */
import type {OpenVariable, Template} from '../../model/template.js'

/**
 * A word for ENV, LABEL, ARG, USER and WORKDIR, in double quotes where it needs some. Undefined for text with a
 * line break: no Dockerfile can say that.
 */
export function quotedWord(template: Template): string | undefined {
  if (template.some(part => (typeof part === 'string' ? /[\n\0]/.test(part) : hasLineBreak(part)))) return undefined
  const plain = template.map(part => (typeof part === 'string' ? part : variableText(part))).join('')
  // Quoted, a word that begins with `--` is no flag.
  const bare = template.every(part =>
    typeof part === 'string' ? /^[A-Za-z0-9_@%+:,./=~^*?-]*$/.test(part) : part.modifier === undefined,
  )
  if (bare && !plain.startsWith('--') && plain !== '') return plain
  return `"${template.map(part => (typeof part === 'string' ? part.replace(/["$\\]/g, '\\$&') : variableText(part))).join('')}"`
}

/** A word of COPY: no quotes there (K34), so the characters that mean something are escaped one by one. */
export function bareWord(template: Template): string | undefined {
  const word = template.map(part => (typeof part === 'string' ? part.replace(/["'$\\]/g, '\\$&') : variableText(part))).join('')
  return /[\n\0]/.test(word) ? undefined : word
}

/** The body of a here-document that is expanded: quotes are text there (K25). */
export function heredocBody(template: Template): string {
  return template.map(part => (typeof part === 'string' ? part.replace(/[$\\]/g, '\\$&') : variableText(part))).join('')
}

function hasLineBreak({modifier}: OpenVariable): boolean {
  const parts = [...(modifier?.word ?? []), ...(modifier?.replacement ?? [])]
  return parts.some(part => (typeof part === 'string' ? /[\n\0]/.test(part) : hasLineBreak(part)))
}

/** K46: the word of a modifier is read as one without quotes around it; a pattern keeps its escapes as they are. */
function variableText({variable, modifier}: OpenVariable): string {
  if (modifier === undefined) return `\${${variable}}`
  const {operator, word, replacement} = modifier
  const isPattern = '#%/'.includes(operator.charAt(0))
  const text = (template: Template, escaped: RegExp) =>
    template.map(part => (typeof part === 'string' ? part.replace(escaped, '\\$&') : variableText(part))).join('')
  const first = text(word, isPattern ? /["'$}]/g : /["'$\\}]/g)
  return `\${${variable}${operator}${first}${replacement === undefined ? '' : `/${text(replacement, /["'$}]/g)}`}}`
}

/** Words of COPY, as they are or, with blanks or anything else that would be misread, as a JSON array. */
export function wordList(words: readonly string[]): string {
  const plain = words.every(word => word !== '' && !/\s|<</u.test(word)) && !/^(\[|--)/.test(words[0] ?? '')
  return plain && !words.at(-1)?.endsWith('\\') ? words.join(' ') : jsonArray(words)
}

export function jsonArray(words: readonly string[]): string {
  return `[${words.map(word => JSON.stringify(word)).join(', ')}]`
}

/** The value of a flag, which is unquoted once before anything else is done with it (K29). */
export function flagValue(text: string): string {
  return text.replace(/[\\"'\s]/g, '\\$&')
}

/** BuildKit reads no longer line (K3), counted in bytes; a character is three at most. */
export function hasLongLine(text: string): boolean {
  return text.length * 3 > 65_535 && text.split('\n').some(line => Buffer.byteLength(line) >= 65_535)
}

/** A name that no line of a text is, to end a here-document with; `wanted` if it can be had. */
export function heredocName(text: string, wanted = 'EOF'): string {
  const lines = new Set(text.split('\n').map(line => line.replace(/\r+$/, '')))
  const base = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(wanted) ? wanted : 'EOF'
  let name = base
  for (let number = 1; lines.has(name); number += 1) name = `${base}${number}`
  return name
}
