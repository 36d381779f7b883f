/** One logical line: the text that continuation lines were joined to, and where each character of it stands in the file (K39). */
import type {LineIndex, Span} from '../../model/span.js'

export interface Segment {
  /** Offset into the joined text. */
  readonly at: number
  /** Offset into the file. */
  readonly source: number
}

export class JoinedLine {
  constructor(
    readonly text: string,
    /** In order; the first is at 0. */
    readonly segments: readonly Segment[],
    readonly index: LineIndex,
  ) {}

  /** Offset into the file of a character of the joined text. */
  offset(at: number): number {
    let low = 0
    let high = this.segments.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.segments[middle]?.at ?? 0) <= at) low = middle
      else high = middle - 1
    }
    const segment = this.segments[low]
    return segment === undefined ? 0 : segment.source + at - segment.at
  }

  /** The span of `[from, to)`. It ends behind its last character, not before the first of the next line. */
  span(from: number, to: number): Span {
    const start = this.offset(from)
    return this.index.span(start, to > from ? this.offset(to - 1) + 1 : start)
  }
}
