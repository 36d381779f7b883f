/** ONBUILD: an instruction that is kept as text, and runs in the stages that start from the one that has it (K37, K77). */
import {LineIndex, type Span} from '../../model/span.js'
import type {Instruction} from './instruction.js'
import {readInstructions} from './instructions.js'
import {LineReader} from './lines.js'
import {quoteShort, type Reading} from './reading.js'

/** A text that stands nowhere in the file: all of it is at one place (K39). */
class PlacedIndex extends LineIndex {
  constructor(
    text: string,
    readonly place: Span,
  ) {
    super(place.file, text)
  }

  override span(): Span {
    return this.place
  }
}

/** The instruction that a trigger is, at the FROM that fires it; undefined after a problem. */
export function readTrigger({problems}: Reading, trigger: string, place: Span): Instruction | undefined {
  const [instruction, more] = readInstructions(new LineReader(new PlacedIndex(trigger, place), problems), problems)
  if (instruction === undefined || more !== undefined) {
    if (!problems.failed) problems.syntax(place, `onbuild trigger should be a single expression: ${quoteShort(trigger)}`)
    return undefined
  }
  return instruction
}
