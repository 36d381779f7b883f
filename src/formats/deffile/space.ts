/**
 * Cutting text as Go does, which is what Apptainer is written in.
 */
import {isSpace, skipSpace, trimSpace, trimSpaceEnd} from '../../language/space.js'

export {skipSpace, trimSpace as trim, trimSpaceEnd as trimEnd}

/** The inside of a character class: white space of `unicode.IsSpace` within a line. */
export const blankClass = '\\t\\v\\f\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000'

/** Where a character stands in `[from, to)`. Never looks beyond, so that many small searches stay linear. */
export function find(text: string, character: string, from: number, to: number): number | undefined {
  const at = text.slice(from, to).indexOf(character)
  return at === -1 ? undefined : from + at
}

/** A word and where it stands in the text it was cut from. */
export interface Word {
  readonly text: string
  readonly start: number
  readonly end: number
}

/** The words of `[from, to)`, as Go's `strings.Fields` cuts them. */
export function words(text: string, from: number, to: number): Word[] {
  const found: Word[] = []
  let at = skipSpace(text, from, to)
  while (at < to) {
    const start = at
    while (at < to && !isSpace(text.charAt(at))) at += 1
    found.push({text: text.slice(start, at), start, end: at})
    at = skipSpace(text, at, to)
  }
  return found
}

/** A line without its line end: `end` stops before `\n` and before one `\r` (D7); `next` is where the next line starts. */
export interface Line {
  readonly start: number
  readonly end: number
  readonly next: number
}

/** The lines of `[from, to)`. */
export function* linesOf(text: string, from: number, to: number): Generator<Line> {
  let start = from
  while (start < to) {
    const line = lineAt(text, start, to)
    yield line
    start = line.next
  }
}

export function lineAt(text: string, start: number, to: number): Line {
  const newline = text.indexOf('\n', start)
  const stop = newline === -1 || newline >= to ? to : newline
  const end = stop > start && text.charAt(stop - 1) === '\r' ? stop - 1 : stop
  return {start, end, next: stop < to ? stop + 1 : to}
}
