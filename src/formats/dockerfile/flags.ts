/** Flags between an instruction's name and its arguments (K29–K31; split_command.go, bflag.go). */
import {didYouMean} from '../../language/distance.js'
import {isSpace} from '../../language/space.js'
import type {Word} from './arguments.js'
import type {JoinedLine} from './joined.js'
import type {Problems} from './problems.js'

/** `many` may be repeated; `switch` takes `true`, `false` or nothing. */
type FlagKind = 'value' | 'many' | 'switch'
export type FlagTable = Readonly<Record<string, FlagKind>>

export interface Flag {
  readonly name: string
  /** The value without the quotes that stood around it. Its span is the whole flag's. */
  readonly value: Word
}

export interface FlagWords {
  readonly flags: readonly Word[]
  /** Where the arguments start. */
  readonly rest: number
}

/**
 * The words that begin with `--`; the first other one ends them, and so does a lone `--`, which is dropped.
 * Quotes and backslashes are taken out; the directive `escape` doesn't count here.
 */
export function flagWords(line: JoinedLine, from: number, to: number): FlagWords {
  const flags: Word[] = []
  let at = from
  for (;;) {
    while (at < to && isSpace(line.text.charAt(at))) at += 1
    if (at >= to || !line.text.startsWith('--', at)) return {flags, rest: at}
    const word = flagWord(line, at, to)
    at = word.to
    if (word.text === '--') return {flags, rest: at}
    flags.push(word)
  }
}

function flagWord(line: JoinedLine, from: number, to: number): Word {
  let text = ''
  let quote = ''
  let at = from
  for (; at < to; at += 1) {
    const character = line.text.charAt(at)
    if (quote === '' && isSpace(character)) break
    if (quote === '' && (character === "'" || character === '"')) quote = character
    else if (character === quote) quote = ''
    else if (character === '\\') {
      at += 1
      text += at < to ? line.text.charAt(at) : ''
    } else text += character
  }
  return {text, line, from, to: Math.min(at, to), exact: false}
}

/** The flags by what an instruction knows. Undefined after an error, which is reported. */
export function readFlags(words: readonly Word[], known: FlagTable, instruction: string, problems: Problems): Flag[] | undefined {
  const flags: Flag[] = []
  for (const word of words) {
    const span = word.line.span(word.from, word.to)
    const [, name = '', equals = '', text = ''] = /^--([^=]*)(=?)([\s\S]*)$/.exec(word.text) ?? []
    const kind = Object.hasOwn(known, name) ? known[name] : undefined
    if (kind === undefined) {
      const names = Object.keys(known)
      const near = didYouMean(name, names)
      const hint =
        near === undefined
          ? names.length === 0
            ? `${instruction} has no flags.`
            : `${instruction} knows ${names.map(flag => `--${flag}`).join(', ')}.`
          : `Did you mean --${near}?`
      problems.syntax(span, `unknown flag: --${name}`, hint)
      return undefined
    }
    if (kind !== 'many' && flags.some(flag => flag.name === name)) {
      problems.syntax(span, `duplicate flag specified: --${name}`, 'Remove one of the two.')
      return undefined
    }
    if (kind === 'switch') {
      const value = text.toLowerCase() === '' ? 'true' : text.toLowerCase()
      if (value !== 'true' && value !== 'false') {
        problems.syntax(span, `expecting boolean value for flag --${name}, not: ${text}`, `Write --${name} or --${name}=false.`)
        return undefined
      }
      flags.push({name, value: {...word, text: value}})
      continue
    }
    if (equals === '') {
      problems.syntax(span, `missing a value on flag: --${name}`, `Write --${name}=VALUE, without a blank.`)
      return undefined
    }
    flags.push({name, value: {...word, text}})
  }
  return flags
}
