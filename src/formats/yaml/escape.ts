/** Templates as texts that expansion gives back as they are (K42, K46). */
import type {OpenVariable, Template} from '../../model/template.js'

/** For what has no open variable, or plain ones only. */
export function escaped(template: Template): string {
  return escapedTemplate(template) ?? ''
}

/** Undefined for what no text says: a `$` as it stands in the pattern of a modifier. */
export function escapedTemplate(template: Template): string | undefined {
  return joined(template, text => text.replace(/[$\\]/g, '\\$&'))
}

function joined(template: Template, escapeText: (text: string) => string | undefined): string | undefined {
  let result = ''
  for (const part of template) {
    const text = typeof part === 'string' ? escapeText(part) : escapedVariable(part)
    if (text === undefined) return undefined
    result += text
  }
  return result
}

function escapedVariable({variable, modifier}: OpenVariable): string | undefined {
  if (modifier === undefined) return `\${${variable}}`
  const {operator, word, replacement} = modifier
  const isPattern = !/[-+?]/.test(operator)
  const escapeWord = isPattern
    ? (text: string) => escapedPattern(text, operator.startsWith('/') ? '/' : '}')
    : (text: string) => text.replace(/[$\\}]/g, '\\$&')
  const shown = joined(word, escapeWord)
  const other = replacement === undefined ? '' : joined(replacement, text => escapedPattern(text, '}'))
  if (shown === undefined || other === undefined) return undefined
  return `\${${variable}${operator}${shown}${replacement === undefined ? '' : `/${other}`}}`
}

/** A pattern keeps its own escapes; what would end it gets one. */
function escapedPattern(text: string, end: string): string | undefined {
  let result = ''
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at)
    if (character === '$') return undefined
    if (character === '\\') {
      result += text.slice(at, at + 2)
      at += 1
    } else result += character === end ? `\\${character}` : character
  }
  return result
}
