/** `${NAME:-word}` and its like for a value that is known (K46; frontend/dockerfile/shell/lex.go). */
import type {Modifier} from '../model/template.js'
import {parsePattern, replacePattern, trimPrefix, trimSuffix} from './patterns.js'

export type Modified = {readonly kind: 'value'; readonly text: string} | {readonly kind: 'problem'; readonly message: string}

/**
 * @param value undefined for a variable that nobody sets
 * @param word the text behind the operator, expanded; a pattern keeps its escapes
 */
export function applyModifier(
  name: string,
  value: string | undefined,
  operator: Modifier['operator'],
  word: string,
  replacement: string,
): Modified {
  const missing = value === undefined || (value === '' && operator.startsWith(':'))
  switch (operator) {
    case ':-':
    case '-':
      return {kind: 'value', text: missing ? word : value}
    case ':+':
    case '+':
      return {kind: 'value', text: missing ? '' : word}
    case ':?':
    case '?': {
      if (!missing) return {kind: 'value', text: value}
      const fallback = value === undefined ? 'is not allowed to be unset' : 'is not allowed to be empty'
      return {kind: 'problem', message: `${name}: ${word === '' ? fallback : word}`}
    }
    default:
      return applyPattern(value ?? '', operator, word, replacement)
  }
}

function applyPattern(value: string, operator: Modifier['operator'], word: string, replacement: string): Modified {
  const parsed = parsePattern(word)
  if (parsed === undefined) return {kind: 'problem', message: `invalid pattern (${word}) in substitution`}
  const longest = operator.length === 2
  const text =
    operator === '#' || operator === '##'
      ? trimPrefix(parsed, value, longest)
      : operator === '%' || operator === '%%'
        ? trimSuffix(parsed, value, longest)
        : replacePattern(parsed, value, replacement, longest)
  return text === undefined ? {kind: 'problem', message: 'this pattern and value are too long'} : {kind: 'value', text}
}
