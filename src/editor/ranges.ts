/** Our places in the protocol's words: lines and columns from 0 instead of 1, both in UTF-16 units. */
import type {Position, Range} from 'vscode-languageserver'
import type {Span} from '../model/span.js'

export function rangeOf({start, end}: Span): Range {
  return {
    start: {line: start.line - 1, character: start.column - 1},
    end: {line: end.line - 1, character: end.column - 1},
  }
}

/** Whether a place is in a span, its end included: there a cursor stands behind the last letter. */
export function isIn({line, character}: Position, {start, end}: Span): boolean {
  const [at, column] = [line + 1, character + 1]
  return (
    (at > start.line || (at === start.line && column >= start.column)) &&
    (at < end.line || (at === end.line && column <= end.column))
  )
}
