/**
 * Where the pieces of a script stand in the input. A reader that joins lines, fills in arguments or puts sections
 * together knows; the description itself holds the text alone, so that two descriptions of one meaning are equal.
 */
import type {Span} from '../model/span.js'

/** The span of `[from, to)` of a text. */
export type Locate = (from: number, to: number) => Span

const places = new WeakMap<object, Locate>()

/** Remembers where the text of a command or script stands; the reader of the input calls it once for each. */
export function rememberPlaces<T extends object>(owner: T, locate: Locate): T {
  places.set(owner, locate)
  return owner
}

/** The place of a piece; `otherwise` where no reader said, as for a script that was put together. */
export function placeOf(owner: object, from: number, to: number, otherwise: Span): Span {
  return places.get(owner)?.(from, to) ?? otherwise
}
