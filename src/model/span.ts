/**
 * Where something stands in an input. Lines and columns count from 1; columns are UTF-16 units
 * (design: JSON contract). `end` is the position after the last character.
 */
export interface Position {
  readonly line: number
  readonly column: number
}

/** A stretch of one input file. `file` is the name as the person typed it, `-` for standard input. */
export interface Span {
  readonly file: string
  readonly start: Position
  readonly end: Position
}

/** The place of a finding that has none of its own: INPUT 1:1–1:1. */
export function startOf(file: string): Span {
  const start = {line: 1, column: 1}
  return {file, start, end: start}
}

/**
 * Turns offsets of one text into positions. Built once per file: finding a position is a binary search.
 * A line ends at `\n`; the `\r` of a CRLF belongs to its line.
 */
export class LineIndex {
  readonly #starts: number[] = [0]

  constructor(
    readonly file: string,
    readonly text: string,
  ) {
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) this.#starts.push(at + 1)
  }

  /** Number of lines; a text that ends in a newline has an empty last line. */
  get lineCount(): number {
    return this.#starts.length
  }

  /** Offset of the first character of a line (from 1). */
  lineStart(line: number): number {
    return this.#starts[line - 1] ?? this.text.length
  }

  /** The text of a line (from 1) without its line end. */
  lineText(line: number): string {
    return this.text.slice(this.lineStart(line), this.lineStart(line + 1)).replace(/\r?\n$/, '')
  }

  position(offset: number): Position {
    const wanted = Math.max(0, Math.min(offset, this.text.length))
    let low = 0
    let high = this.#starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.#starts[middle] ?? 0) <= wanted) low = middle
      else high = middle - 1
    }
    return {line: low + 1, column: wanted - (this.#starts[low] ?? 0) + 1}
  }

  /** The span from offset `from` up to, not including, offset `to`. */
  span(from: number, to: number): Span {
    return {file: this.file, start: this.position(from), end: this.position(Math.max(from, to))}
  }
}
