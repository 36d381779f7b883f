/**
 * The ways an instruction's arguments are written (K32–K36; frontend/dockerfile/parser/line_parsers.go).
 * Quotes and escapes stay in the words; expansion takes them out (K42).
 */
import {isSpace} from '../../language/space.js'
import type {Span} from '../../model/span.js'
import type {JoinedLine} from './joined.js'

export interface Word {
  readonly text: string
  readonly line: JoinedLine
  /** `[from, to)` of the joined line. */
  readonly from: number
  readonly to: number
  /** False if the text isn't what stands in the file: a JSON string, a flag without its quotes. */
  readonly exact: boolean
}

export function wordAt(line: JoinedLine, from: number, to: number): Word {
  return {text: line.text.slice(from, to), line, from, to, exact: true}
}

/** The span of a word, or of a part of it where that can be told. */
export function wordSpan(word: Word, from?: number, to?: number): Span {
  if (!word.exact || from === undefined || to === undefined) return word.line.span(word.from, word.to)
  return word.line.span(word.from + from, Math.min(word.from + to, word.to))
}

/** Words between blanks, without any quoting (K34). Unlike elsewhere only ASCII blanks part them. */
export function blankWords(line: JoinedLine, from: number, to: number): Word[] {
  const words: Word[] = []
  const pattern = /[^\t\v\f\r ]+/g
  pattern.lastIndex = from
  for (let match = pattern.exec(line.text); match !== null && match.index < to; match = pattern.exec(line.text)) {
    words.push(wordAt(line, match.index, Math.min(pattern.lastIndex, to)))
  }
  return words
}

/** Words that respect quotes and escapes: ENV, LABEL, ARG (K36; parseWords). */
export function quotedWords(line: JoinedLine, from: number, to: number, escapeCharacter: string): Word[] {
  const words: Word[] = []
  let start = -1
  let quote = ''
  for (let at = from; at < to; at += 1) {
    const character = line.text.charAt(at)
    if (quote === '' && isSpace(character)) {
      if (start !== -1) words.push(wordAt(line, start, at))
      start = -1
      continue
    }
    if (start === -1) start = at
    if (character === escapeCharacter && quote !== "'") at += 1
    else if (quote === '' && (character === "'" || character === '"')) quote = character
    else if (character === quote) quote = ''
  }
  if (start !== -1) words.push(wordAt(line, start, to))
  return words
}

export type JsonForm =
  | {readonly kind: 'words'; readonly words: readonly Word[]}
  /** Valid JSON, but not made of strings only: BuildKit refuses it. */
  | {readonly kind: 'not-strings'}
  /** No JSON: the shell form is meant, or what one gets (K32). */
  | {readonly kind: 'none'}

export function jsonForm(line: JoinedLine, from: number, to: number): JsonForm {
  if (line.text.charAt(from) !== '[') return {kind: 'none'}
  let value: unknown
  try {
    value = JSON.parse(line.text.slice(from, to))
  } catch {
    return {kind: 'none'}
  }
  if (!Array.isArray(value)) return {kind: 'none'}
  const words: Word[] = []
  // Each string of the array, in order: they are all that is in it.
  const strings = /"(?:[^"\\]|\\.)*"/g
  strings.lastIndex = from
  for (const text of value) {
    if (typeof text !== 'string') return {kind: 'not-strings'}
    const match = strings.exec(line.text)
    const start = match?.index ?? from
    words.push({text, line, from: start, to: start + (match?.[0].length ?? 0), exact: false})
  }
  return {kind: 'words', words}
}

export interface Pair {
  readonly name: Word
  readonly value: Word
}

export type Pairs =
  | {readonly kind: 'pairs'; readonly pairs: readonly Pair[]}
  | {readonly kind: 'wrong'; readonly span: Span; readonly message: string; readonly hint: string}

/** ENV and LABEL: `a=b c=d`, or the legacy `a b c` in which all behind the first word is the value (K36, K52). */
export function pairs(line: JoinedLine, from: number, to: number, escapeCharacter: string, instruction: string): Pairs {
  const words = quotedWords(line, from, to, escapeCharacter)
  const first = words[0]
  if (first === undefined) {
    return {
      kind: 'wrong',
      span: line.span(0, to),
      message: `${instruction} requires at least one argument`,
      hint: `Write ${instruction} NAME=value.`,
    }
  }
  if (!first.text.includes('=')) {
    const parts = /^([^\t\v\f\r ]+)[\t\v\f\r ]+/.exec(line.text.slice(from, to))
    if (parts === null) {
      return {
        kind: 'wrong',
        span: wordSpan(first),
        message: `${instruction} must have two arguments`,
        hint: `Write ${instruction} ${first.text}=value.`,
      }
    }
    const name = wordAt(line, from, from + (parts[1] ?? '').length)
    return {kind: 'pairs', pairs: [{name, value: wordAt(line, from + parts[0].length, to)}]}
  }
  const found: Pair[] = []
  for (const word of words) {
    const pair = splitPair(word)
    if (pair === undefined) {
      const message = `can't find = in ${JSON.stringify(word.text)}. Must be of the form: name=value`
      return {kind: 'wrong', span: wordSpan(word), message, hint: 'Put a value with blanks into double quotes.'}
    }
    if (pair.name.text === '') {
      return {
        kind: 'wrong',
        span: wordSpan(word),
        message: `${instruction} names can not be blank`,
        hint: 'Write a name in front of the `=`.',
      }
    }
    found.push(pair)
  }
  return {kind: 'pairs', pairs: found}
}

/** `name=value`; undefined without `=`. */
export function splitPair(word: Word): Pair | undefined {
  const equals = word.text.indexOf('=')
  if (equals === -1) return undefined
  return {
    name: wordAt(word.line, word.from, word.from + equals),
    value: wordAt(word.line, word.from + equals + 1, word.to),
  }
}
