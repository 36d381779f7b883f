/**
 * The lexical layer (K1–K26; frontend/dockerfile/parser): physical lines, directives, comments, joined lines and
 * the bodies of here-documents. It knows nothing of what an instruction means.
 */
import {skipSpace, trimSpace} from '../../language/space.js'
import type {LineIndex, Span} from '../../model/span.js'
import {JoinedLine, type Segment} from './joined.js'
import type {Problems} from './problems.js'

export interface Directive {
  readonly name: string
  readonly value: string
  readonly span: Span
}

export interface CommentedLine {
  readonly line: JoinedLine
  /** Comment lines directly above, without `#` (K9). */
  readonly comments: readonly string[]
}

interface PhysicalLine {
  readonly from: number
  /** Before the line end: all `\r` and `\n` there are trimmed (K1). */
  readonly to: number
  readonly next: number
}

/** Longer lines BuildKit doesn't read (K3), in bytes. */
const lineLimit = 65_535

export class LineReader {
  readonly directives: Directive[] = []
  #at = 0
  #escape: '\\' | '`' = '\\'
  #inDirectives = true
  #comments: string[] = []

  constructor(
    readonly index: LineIndex,
    readonly problems: Problems,
  ) {
    if (index.text.startsWith('\uFEFF')) this.#at = 1
  }

  /** `\` or a backquote, as the directives say (K7). */
  get escape(): '\\' | '`' {
    return this.#escape
  }

  /** Offset behind the last line that was read, before its line end. */
  get end(): number {
    let end = this.#at
    while (end > 0 && '\r\n'.includes(this.index.text.charAt(end - 1))) end -= 1
    return end
  }

  /** The next line that is no comment and not empty, joined with those that continue it. */
  next(): CommentedLine | undefined {
    for (let line = this.#physical(); line !== undefined; line = this.#physical()) {
      const from = skipSpace(this.index.text, line.from, line.to)
      if (this.index.text.charAt(from) === '#' && from < line.to) {
        if (!this.#directive(from, line.to)) this.#comment(from, line.to)
        continue
      }
      this.#inDirectives = false
      if (from === line.to) {
        this.#comments = []
        continue
      }
      const comments = this.#comments
      this.#comments = []
      return {line: this.#join(from, line.to), comments}
    }
    return undefined
  }

  /** The body of a here-document, read up to its end line (K20–K22); undefined at the end of the file. */
  heredocBody(name: string, chomp: boolean): {readonly body: string; readonly from: number} | undefined {
    const from = this.#at
    for (let line = this.#physical(); line !== undefined; line = this.#physical()) {
      let start = line.from
      while (chomp && this.index.text.charAt(start) === '\t') start += 1
      if (line.to - start === name.length && this.index.text.startsWith(name, start)) {
        return {body: this.index.text.slice(from, line.from), from}
      }
    }
    return undefined
  }

  #physical(): PhysicalLine | undefined {
    const {text} = this.index
    const from = this.#at
    if (from >= text.length) return undefined
    const newline = text.indexOf('\n', from)
    const next = newline === -1 ? text.length : newline + 1
    this.#at = next
    let to = newline === -1 ? text.length : newline
    while (to > from && text.charAt(to - 1) === '\r') to -= 1
    // A character of UTF-16 is three bytes at most: short lines need no counting.
    if ((next - from) * 3 > lineLimit && Buffer.byteLength(text.slice(from, next)) > lineLimit) {
      this.problems.syntax(
        this.index.span(from, to),
        `dockerfile line greater than max allowed size of ${lineLimit} bytes`,
        'Split it with a continuation, or put the data into a file that is copied in.',
      )
      this.#at = text.length
      return undefined
    }
    return {from, to, next}
  }

  /** K11–K15: the escape character and the blanks behind it go, the next line follows with nothing in between. */
  #join(first: number, firstEnd: number): JoinedLine {
    const {text} = this.index
    const parts: string[] = []
    const segments: Segment[] = []
    let length = 0
    let from = first
    let to = firstEnd
    for (;;) {
      const cut = this.#continuation(from, to)
      const part = text.slice(from, cut ?? to)
      if (part !== '' || segments.length === 0) segments.push({at: length, source: from})
      parts.push(part)
      length += part.length
      const following = cut === undefined ? undefined : this.#following()
      if (following === undefined) return new JoinedLine(parts.join(''), segments, this.index)
      from = following.from
      to = following.to
    }
  }

  /** Where the escape character at the end of a line stands; undefined when the line doesn't go on. */
  #continuation(from: number, to: number): number | undefined {
    const {text} = this.index
    let at = to
    while (at > from && (text.charAt(at - 1) === ' ' || text.charAt(at - 1) === '\t')) at -= 1
    if (at === from || text.charAt(at - 1) !== this.#escape) return undefined
    // `\\` is no continuation.
    return at - 2 >= from && text.charAt(at - 2) === this.#escape ? undefined : at - 1
  }

  /** The next line of a continuation: comments are dropped, empty lines too, with a remark (K13, K14). */
  #following(): PhysicalLine | undefined {
    let remarked = false
    for (let line = this.#physical(); line !== undefined; line = this.#physical()) {
      const start = skipSpace(this.index.text, line.from, line.to)
      if (start === line.to) {
        if (!remarked) {
          this.problems.add(
            'empty-continuation-line',
            'info',
            this.index.span(line.from, line.to),
            'An empty line inside a continued instruction is skipped. Docker warns of it and will refuse it one day.',
            'Remove the line, or make it a comment.',
          )
        }
        remarked = true
        continue
      }
      if (this.index.text.charAt(start) !== '#') return line
    }
    return undefined
  }

  /** K9: an empty comment starts a new group. */
  #comment(from: number, to: number): void {
    const comment = trimSpace(this.index.text.slice(from + 1, to))
    if (comment === '') this.#comments = []
    else this.#comments.push(comment)
  }

  /** K6: true if the comment was a directive. Anything else at the top ends their zone. */
  #directive(from: number, to: number): boolean {
    if (!this.#inDirectives) return false
    const {text} = this.index
    const start = skipSpace(text, from + 1, to)
    const key = /[a-zA-Z][a-zA-Z0-9]*/y
    key.lastIndex = start
    const name = key.exec(text)?.[0] ?? ''
    const equals = skipSpace(text, start + name.length, to)
    const value = text.charAt(equals) === '=' && equals < to ? trimSpace(text.slice(equals + 1, to)) : ''
    if (!/^(syntax|escape|check)$/i.test(name) || value === '') {
      this.#inDirectives = false
      return false
    }
    const span = this.index.span(from, to)
    const directive = {name: name.toLowerCase(), value, span}
    if (this.directives.some(other => other.name === directive.name)) {
      this.problems.syntax(span, `only one ${directive.name} parser directive can be used`, 'Remove one of the two lines.')
    }
    this.directives.push(directive)
    if (directive.name === 'escape') this.#setEscape(value, span)
    return true
  }

  #setEscape(value: string, span: Span): void {
    if (value === '\\' || value === '`') this.#escape = value
    else
      this.problems.syntax(
        span,
        `invalid escape token '${value}' does not match \` or \\`,
        'Write `# escape=\\`` or leave the line out.',
      )
  }
}
