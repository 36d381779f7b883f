/**
 * Where the text of a stage comes from. Filling in build arguments shifts text (D32), and a person wants to
 * be shown the place in the file as it was typed.
 */
import type {LineIndex, Span} from '../../model/span.js'

/** A stretch `[start, end)` of the new text that stands for `[from, to)` of the original. */
export interface Edit {
  readonly start: number
  readonly end: number
  readonly from: number
  readonly to: number
}

export class SourceText {
  /** `edits` in order; between them the text is the original's, shifted. `base` is the original offset of the text's start. */
  constructor(
    readonly text: string,
    readonly index: LineIndex,
    readonly base: number,
    readonly edits: readonly Edit[],
  ) {}

  /** The span, in the person's file, of `[from, to)` of this text; what was filled in counts as the whole placeholder. */
  span(from: number, to: number): Span {
    const start = this.#original(from, 'start')
    const end = to <= from ? start : this.#original(to, 'end')
    return this.index.span(start, Math.max(start, end))
  }

  #original(offset: number, side: 'start' | 'end'): number {
    let low = 0
    let high = this.edits.length
    while (low < high) {
      const middle = (low + high) >> 1
      const edit = this.edits[middle]
      if (edit !== undefined && (edit.start < offset || (side === 'start' && edit.start === offset))) low = middle + 1
      else high = middle
    }
    const edit = this.edits[low - 1]
    if (edit === undefined) return this.base + offset
    if (offset < edit.end) return side === 'start' ? edit.from : edit.to
    return edit.to + (offset - edit.end)
  }
}
