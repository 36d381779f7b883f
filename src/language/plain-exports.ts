/**
 * Shell text that does nothing but set variables, so that ENV can say the same. It is read as the shell inside
 * Apptainer does it, which sources `%environment` (D84, D111); every case was tried with 1.4.5.
 */

import {literal, type Modifier, plainText, type Template} from '../model/template.js'
import {joinTemplates} from './templates.js'

export type PlainExports =
  | {readonly kind: 'exports'; readonly variables: readonly {readonly name: string; readonly value: Template}[]}
  /** The first line that is something else. */
  | {readonly kind: 'other'; readonly line: string}

/** Variables that belong to whoever runs the image, or that Apptainer makes up: no image can hold their values. */
const ofTheCaller =
  /^(HOME|USER|LOGNAME|PWD|OLDPWD|SHELL|TERM|TMPDIR|HOSTNAME|UID|EUID|GID|PPID|RANDOM|SRANDOM|LINENO|SECONDS|OPTIND|IFS|DIRSTACK|PS1|LD_LIBRARY_PATH_ORIG|(APPTAINER|SINGULARITY)_.*)$/

/** The end state of the variables that are exported, in the order in which they were first. */
export function plainExports(text: string): PlainExports {
  const values = new Map<string, Template>()
  // What every image has is exported whatever is assigned to it.
  const exported = new Set<string>()
  const scanner = new Scanner(text, values)
  for (;;) {
    const statement = scanner.statement()
    if (statement === 'end') break
    if (statement === 'other' || !take(statement, values, exported)) return {kind: 'other', line: scanner.line}
  }
  return {
    kind: 'exports',
    variables: [...exported].flatMap(name => {
      const value = values.get(name)
      return value === undefined ? [] : [{name, value}]
    }),
  }
}

interface Assignment {
  readonly name: string
  /** Undefined for `export NAME` alone. */
  readonly value: Template | undefined
}

interface Statement {
  readonly isExport: boolean
  readonly assignments: readonly Assignment[]
}

function take({isExport, assignments}: Statement, values: Map<string, Template>, exported: Set<string>): boolean {
  for (const {name, value} of assignments) {
    // Whether the base exports it already can't be told.
    if (!isExport && name === 'LD_LIBRARY_PATH' && !exported.has(name)) return false
    if (value !== undefined) values.set(name, value)
    if (isExport || name === 'PATH') exported.add(name)
  }
  return true
}

const blank = /[ \t]/
const nameAt = /[A-Za-z_][A-Za-z0-9_]*/y

class Scanner {
  #at = 0
  #start = 0

  constructor(
    readonly text: string,
    readonly values: ReadonlyMap<string, Template>,
  ) {}

  /** The line that was looked at last. */
  get line(): string {
    const end = this.text.indexOf('\n', this.#start)
    return this.text.slice(this.#start, end === -1 ? undefined : end)
  }

  statement(): Statement | 'other' | 'end' {
    this.#skip(/[\s;]/)
    this.#start = this.#at
    if (this.#at >= this.text.length) return 'end'
    const isExport = /^export[ \t]/.test(this.text.slice(this.#at, this.#at + 7))
    if (isExport) this.#at += 'export'.length
    const assignments: Assignment[] = []
    for (;;) {
      this.#skip(blank)
      const next = this.#peek()
      if (next === '' || next === '\n' || next === ';') break
      const assignment = this.#assignment(isExport)
      if (assignment === undefined) return 'other'
      assignments.push(assignment)
    }
    if (isExport && assignments.length === 0) return 'other'
    // `A=1 B=$A` sets one after the other; what they expand to was found before any was set only for `export`.
    const own = new Set(assignments.map(each => each.name))
    return own.size < assignments.length ? 'other' : {isExport, assignments}
  }

  #peek(): string {
    return this.text.charAt(this.#at)
  }

  /** White space, comments and continued line ends. */
  #skip(pattern: RegExp): void {
    for (;;) {
      if (this.text.startsWith('\\\n', this.#at)) this.#at += 2
      else if (this.#peek() === '#' && /^$|\s|;/.test(this.text.charAt(this.#at - 1))) {
        const end = this.text.indexOf('\n', this.#at)
        this.#at = end === -1 ? this.text.length : end
      } else if (this.#peek() !== '' && pattern.test(this.#peek())) this.#at += 1
      else return
    }
  }

  #name(): string | undefined {
    nameAt.lastIndex = this.#at
    const name = nameAt.exec(this.text)?.[0]
    if (name !== undefined) this.#at += name.length
    return name
  }

  #assignment(isExport: boolean): Assignment | undefined {
    const name = this.#name()
    if (name === undefined) return undefined
    if (this.#peek() !== '=') return isExport && /^[\s;]?$/.test(this.#peek()) ? {name, value: this.values.get(name)} : undefined
    this.#at += 1
    const value = this.#word(/[\s;]/)
    return value && {name, value}
  }

  /** One word up to an unquoted character of `end`, which is left; undefined for anything that isn't plain. */
  #word(end: RegExp): Template | undefined {
    let parts: Template = []
    const add = (template: Template) => {
      parts = joinTemplates(parts, template)
    }
    for (;;) {
      const character = this.#peek()
      if (character === '' || end.test(character)) return parts
      if (this.text.startsWith('\\\n', this.#at)) {
        this.#at += 2
        continue
      }
      switch (character) {
        case "'": {
          const close = this.text.indexOf("'", this.#at + 1)
          if (close === -1) return undefined
          add(literal(this.text.slice(this.#at + 1, close)))
          this.#at = close + 1
          break
        }
        case '"': {
          this.#at += 1
          const inside = this.#quoted()
          if (inside === undefined) return undefined
          add(inside)
          break
        }
        case '$': {
          const value = this.#variable()
          if (value === undefined) return undefined
          add(value)
          break
        }
        // That shell keeps a backslash outside of quotes: `a\ b` is `a\ b`.
        case '\\':
          if (!/[ ']/.test(this.text.charAt(this.#at + 1))) return undefined
          add([this.text.slice(this.#at, this.#at + 2)])
          this.#at += 2
          break
        default: {
          if (/[`&|<>(){}~*?[\]!]/.test(character) && !(character === '~' && parts.length > 0 && !endsInColon(parts)))
            return undefined
          add([character])
          this.#at += 1
        }
      }
    }
  }

  #quoted(): Template | undefined {
    let parts: Template = []
    for (;;) {
      const character = this.#peek()
      if (character === '' || character === '`') return undefined
      if (character === '"') {
        this.#at += 1
        return parts
      }
      let piece: Template | undefined
      if (character === '$') piece = this.#variable()
      else if (character === '\\') {
        const next = this.text.charAt(this.#at + 1)
        piece = literal(next === '\n' ? '' : /[$"\\`]/.test(next) ? next : `\\${next}`)
        this.#at += 2
      } else {
        piece = [character]
        this.#at += 1
      }
      if (piece === undefined) return undefined
      parts = joinTemplates(parts, piece)
    }
  }

  #variable(): Template | undefined {
    this.#at += 1
    const braced = this.#peek() === '{'
    if (braced) this.#at += 1
    const name = this.#name()
    if (name === undefined || ofTheCaller.test(name)) return undefined
    const value: Template = this.values.get(name) ?? [{variable: name}]
    if (!braced) return value
    const operator = /^(:-|-|:\+|\+)/.exec(this.text.slice(this.#at, this.#at + 2))?.[0]
    if (operator === undefined) {
      if (this.#peek() !== '}') return undefined
      this.#at += 1
      return value
    }
    this.#at += operator.length
    const word = this.#word(/}/)
    if (word === undefined || this.#peek() !== '}') return undefined
    this.#at += 1
    return modified(name, value, operator, word)
  }
}

function endsInColon(parts: Template): boolean {
  const last = parts.at(-1)
  return typeof last === 'string' && last.endsWith(':')
}

const operators: ReadonlyMap<string, Modifier['operator']> = new Map(([':-', '-', ':+', '+'] as const).map(each => [each, each]))

function modified(name: string, value: Template, shown: string, word: Template): Template | undefined {
  const operator = operators.get(shown)
  if (operator === undefined) return undefined
  const text = plainText(value)
  const [part, more] = value
  const surelySet = value.some(each => (typeof each === 'string' ? each !== '' : each.variable === 'PATH' && !each.modifier))
  if (text !== undefined || surelySet) {
    const missing = text === '' && shown.startsWith(':')
    if (operator.endsWith('+')) return missing ? [] : word
    return missing ? word : value
  }
  const own = typeof part === 'object' && more === undefined && part.variable === name && part.modifier === undefined
  return own ? [{variable: name, modifier: {operator, word}}] : undefined
}
