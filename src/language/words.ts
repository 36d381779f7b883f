/**
 * Word expansion as BuildKit does it (K41–K48; frontend/dockerfile/shell/lex.go): one pass over a word takes
 * variables, quotes and escapes together. A Dockerfile and the YAML description share it.
 *
 * A variable that only the base image can know stays open in the template, and so does its modifier
 * (`${LD_LIBRARY_PATH:+…}`). A modifier on a value of which only a part is open cannot be said that way: a problem of
 * kind `open`.
 */
import {literal, type Modifier, type OpenVariable, plainText, type Template} from '../model/template.js'
import {applyModifier} from './modifiers.js'
import {parsePattern} from './patterns.js'
import {TemplateBuilder} from './templates.js'

/** The value of a variable; undefined when nobody sets it, which makes it empty (K45). See `baseVariable`. */
export type Lookup = (name: string) => Template | undefined

/** The value of a variable that the input doesn't set but the base image may. */
export function baseVariable(name: string): Template {
  return [{variable: name}]
}

export interface WordOptions {
  readonly lookup: Lookup
  /** `\`, or what the directive `escape` says. */
  readonly escape?: string
  /** False for the body of a here-document, in which quotes are text (K25). */
  readonly quotes?: boolean
}

interface WordProblem {
  /** `open`: the value of a base variable would be needed. `value`: `${NAME:?must}` is not met. */
  readonly kind: 'syntax' | 'open' | 'value'
  readonly message: string
  /** Offsets into the text of the word. */
  readonly from: number
  readonly to: number
}

export type Expansion =
  | {readonly kind: 'expanded'; readonly template: Template}
  | {readonly kind: 'problem'; readonly problem: WordProblem}

export function expandWord(text: string, options: WordOptions): Expansion {
  const scanner = new WordScanner(text, options)
  try {
    return {kind: 'expanded', template: scanner.until(undefined, false)}
  } catch (error) {
    if (error instanceof Stop) return {kind: 'problem', problem: error.problem}
    throw error
  }
}

/**
 * Where the `$…` at an offset ends, when nothing is to be expanded: how BuildKit looks for here-documents
 * (K18). Undefined when it has no end or a form that BuildKit doesn't know.
 */
export function dollarEnd(text: string, at: number): number | undefined {
  const scanner = new WordScanner(text, {lookup: () => undefined})
  scanner.at = at
  scanner.measuring = true
  try {
    scanner.dollar()
    return scanner.at
  } catch (error) {
    if (error instanceof Stop) return undefined
    throw error
  }
}

/** How much longer than its text a value may get: no process takes a longer variable (Linux, MAX_ARG_STRLEN). `A=$A$A` doubles at each line. */
const growthLimit = 128 * 1024
const depthLimit = 100

/** Leaves the scanner from any depth; never leaves this file. */
class Stop extends Error {
  constructor(readonly problem: WordProblem) {
    super(problem.message)
  }
}

class WordScanner {
  at = 0
  /** Only looks where things end. */
  measuring = false
  #depth = 0
  #rawEscapes = false
  readonly #escape: string
  readonly #quotes: boolean

  constructor(
    readonly text: string,
    readonly options: WordOptions,
  ) {
    this.#escape = options.escape ?? '\\'
    this.#quotes = options.quotes ?? true
  }

  /** Up to the character `stop`, which is taken, or the end. With `rawEscapes` the escape character stays: patterns have their own use for it. */
  until(stop: string | undefined, rawEscapes: boolean): Template {
    const from = this.at
    const outer = this.#rawEscapes
    this.#rawEscapes = rawEscapes
    const output = new TemplateBuilder()
    while (this.at < this.text.length) {
      const character = this.text.charAt(this.at)
      if (character === stop) {
        this.at += 1
        this.#rawEscapes = outer
        return output.template()
      }
      if (character === '$') output.addAll(this.dollar())
      else if (character === "'" && this.#quotes) output.add(this.#singleQuoted())
      else if (character === '"' && this.#quotes) output.addAll(this.#doubleQuoted())
      else if (character === this.#escape) {
        this.at += 1
        output.add((rawEscapes ? character : '') + this.#character())
      } else output.add(this.#plainRun(stop))
      this.#checkSize(output, from)
    }
    if (stop !== undefined) this.#fail(`unexpected end of statement while looking for matching ${stop}`, from)
    this.#rawEscapes = outer
    return output.template()
  }

  /** A stretch of characters that mean nothing special. */
  #plainRun(stop: string | undefined): string {
    const from = this.at
    do this.at += 1
    while (this.at < this.text.length && !this.#isSpecial(this.text.charAt(this.at), stop))
    return this.text.slice(from, this.at)
  }

  #isSpecial(character: string, stop: string | undefined): boolean {
    return character === '$' || character === this.#escape || character === stop || character === "'" || character === '"'
  }

  /** One whole character, taken; empty at the end. */
  #character(): string {
    const code = this.text.codePointAt(this.at)
    if (code === undefined) return ''
    const character = String.fromCodePoint(code)
    this.at += character.length
    return character
  }

  #singleQuoted(): string {
    const from = this.at
    const close = this.text.indexOf("'", from + 1)
    if (close === -1) {
      this.at = this.text.length
      this.#fail('unexpected end of statement while looking for matching single-quote', from)
    }
    this.at = close + 1
    return this.text.slice(from + 1, close)
  }

  #doubleQuoted(): Template {
    const from = this.at
    this.at += 1
    const output = new TemplateBuilder()
    while (this.at < this.text.length) {
      const character = this.text.charAt(this.at)
      if (character === '"') {
        this.at += 1
        return output.template()
      }
      if (character === '$') output.addAll(this.dollar())
      else if (character === this.#escape) {
        this.at += 1
        const next = this.text.charAt(this.at)
        if (this.#rawEscapes) output.add(character)
        if (next === '"' || next === '$' || next === this.#escape) output.add(this.#character())
        else if (next !== '') output.add(character)
      } else output.add(this.#character())
      this.#checkSize(output, from)
    }
    return this.#fail('unexpected end of statement while looking for matching double-quote', from)
  }

  /** `$x`, `${x}` and the forms of K46. A `$` before anything else is itself (K43). */
  dollar(): Template {
    const from = this.at
    this.at += 1
    if (this.text.charAt(this.at) !== '{') {
      const name = this.#name()
      return name === '' ? ['$'] : (this.options.lookup(name) ?? [])
    }
    this.at += 1
    if (this.at >= this.text.length) this.#fail("syntax error: missing '}'", from)
    if ('{}:'.includes(this.text.charAt(this.at))) this.#fail('syntax error: bad substitution', from)
    const name = this.#name()
    const operator = this.#character()
    switch (operator) {
      case '}':
        return this.options.lookup(name) ?? []
      case ':': {
        const second = this.#character()
        return this.#conditional(from, name, second, `:${second}`)
      }
      case '-':
      case '+':
      case '?':
        return this.#conditional(from, name, operator, operator)
      case '#':
      case '%':
        return this.#trimmed(from, name, operator)
      case '/':
        return this.#replaced(from, name)
      default:
        return this.#fail(`unsupported modifier (${operator}) in substitution`, from)
    }
  }

  #conditional(from: number, name: string, operator: string, shown: string): Template {
    const word = this.#nested('}', false, "syntax error: missing '}'", from)
    const known = conditionals.get(shown)
    if (known === undefined || !'-+?'.includes(operator))
      return this.#fail(`unsupported modifier (${shown}) in substitution`, from)
    if (this.measuring) return []
    const value = this.options.lookup(name)
    const colon = shown.startsWith(':')
    switch (state(name, value)) {
      case 'unset':
        return this.#missing(from, name, known, word, 'is not allowed to be unset')
      case 'empty':
        return colon ? this.#missing(from, name, known, word, 'is not allowed to be empty') : present(known, value, word)
      case 'set':
        return present(known, value, word)
      // Set by the input to something that the base image may leave empty.
      case 'maybe-empty':
        return colon ? this.#open(from, name, value, {operator: known, word}) : present(known, value, word)
      case 'open':
        return this.#open(from, name, value, {operator: known, word})
    }
  }

  #missing(from: number, name: string, operator: Modifier['operator'], word: Template, fallback: string): Template {
    if (operator.endsWith('-')) return word
    if (operator.endsWith('+')) return []
    const reason = plainText(word) ?? ''
    const message = `${name}: ${reason === '' ? fallback : reason}`
    throw new Stop({kind: 'value', message, from, to: Math.max(this.at, from + 1)})
  }

  #trimmed(from: number, name: string, operator: '#' | '%'): Template {
    const longest = this.text.charAt(this.at) === operator
    if (longest) this.at += 1
    const word = this.#nested('}', true, "syntax error: missing '}'", from)
    return this.#pattern(from, name, {operator: longest ? longestForm[operator] : operator, word})
  }

  #replaced(from: number, name: string): Template {
    const all = this.text.charAt(this.at) === '/'
    if (all) this.at += 1
    const word = this.#nested('/', true, "syntax error: missing '/' in ${}", from)
    const replacement = this.#nested('}', true, "syntax error: missing '}'", from)
    return this.#pattern(from, name, {operator: all ? '//' : '/', word, replacement})
  }

  #pattern(from: number, name: string, modifier: Modifier): Template {
    if (this.measuring) return []
    const pattern = plainText(modifier.word)
    if (pattern !== undefined && parsePattern(pattern) === undefined)
      return this.#fail(`invalid pattern (${pattern}) in substitution`, from)
    const value = this.options.lookup(name) ?? []
    const text = plainText(value)
    const replacement = plainText(modifier.replacement ?? [])
    if (text === undefined) return this.#open(from, name, value, modifier)
    if (pattern === undefined || replacement === undefined) return this.#failOpen(name, from)
    const modified = applyModifier(name, text, modifier.operator, pattern, replacement)
    return modified.kind === 'value' ? literal(modified.text) : this.#fail(modified.message, from)
  }

  /** The modifier goes on with the variable of the base whose value the whole value is. */
  #open(from: number, name: string, value: Template | undefined, modifier: Modifier): Template {
    const [part, more] = value ?? []
    if (typeof part !== 'object' || part.modifier !== undefined || part.known !== undefined || more !== undefined)
      return this.#failOpen(name, from)
    return [{variable: part.variable, modifier}]
  }

  /** The word of a modifier. Whatever is wrong in it, at the end of the text the missing brace is what BuildKit names. */
  #nested(stop: string, rawEscapes: boolean, missing: string, from: number): Template {
    if (this.#depth >= depthLimit) this.#fail('substitutions are nested too deeply', from)
    this.#depth += 1
    try {
      return this.until(stop, rawEscapes)
    } catch (error) {
      if (error instanceof Stop && error.problem.kind === 'syntax' && this.at >= this.text.length) this.#fail(missing, from)
      throw error
    } finally {
      this.#depth -= 1
    }
  }

  /** K44: letters, digits, `_`; a number takes its digits only; special parameters are one character. */
  #name(): string {
    const first = String.fromCodePoint(this.text.codePointAt(this.at) ?? 0x20)
    if ('@*#?-$!'.includes(first)) {
      this.at += 1
      return first
    }
    const pattern = /\p{Nd}/u.test(first) ? /\p{Nd}*/uy : /[\p{L}\p{Nd}_]*/uy
    pattern.lastIndex = this.at
    const name = pattern.exec(this.text)?.[0] ?? ''
    this.at += name.length
    return name
  }

  #checkSize(output: TemplateBuilder, from: number): void {
    if (output.length > this.text.length + growthLimit) this.#fail('the value grows beyond 128 KiB', from)
  }

  #failOpen(name: string, from: number): never {
    throw new Stop({
      kind: 'open',
      message: `the value of $${name} comes from the base image and isn't known yet`,
      from,
      to: this.at,
    })
  }

  #fail(message: string, from: number): never {
    throw new Stop({kind: 'syntax', message, from, to: Math.max(this.at, from + 1)})
  }
}

const longestForm = {'#': '##', '%': '%%'} as const

const conditionals: ReadonlyMap<string, Modifier['operator']> = new Map(
  ([':-', '-', ':+', '+', ':?', '?'] as const).map(operator => [operator, operator]),
)

/** The forms of a variable that has a value. */
function present(operator: Modifier['operator'], value: Template | undefined, word: Template): Template {
  return operator.endsWith('+') ? word : (value ?? [])
}

/**
 * What can be said of a value. `open`: the base image alone knows whether it is set. `maybe-empty`: the input sets it,
 * to variables of the base. An image always has a PATH: without one BuildKit adds it (K55).
 */
function state(name: string, value: Template | undefined): 'unset' | 'empty' | 'set' | 'maybe-empty' | 'open' {
  if (value === undefined) return 'unset'
  const text = plainText(value)
  if (text !== undefined) return text === '' ? 'empty' : 'set'
  if (value.some(part => (typeof part === 'string' ? part !== '' : isSet(part)))) return 'set'
  const [part, more] = value
  const own = typeof part === 'object' && more === undefined && part.variable === name && part.modifier === undefined
  return own ? 'open' : 'maybe-empty'
}

function isSet({variable, known, modifier}: OpenVariable): boolean {
  return known === undefined ? variable === 'PATH' && modifier === undefined : known !== ''
}
