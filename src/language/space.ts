/**
 * White space as Go's `unicode.IsSpace` has it, which is what BuildKit trims by. JavaScript's `trim` differs in
 * two characters: it takes a byte-order mark for a blank, and U+0085 for none.
 */
const rareSpace = /^[\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]$/

export function isSpace(character: string): boolean {
  const code = character.charCodeAt(0)
  // Asked of every character of a file: most need no regular expression.
  return code < 0x80 ? code === 0x20 || (code >= 0x09 && code <= 0x0d) : rareSpace.test(character)
}

/** First offset in `[from, to)` that is no white space, else `to`. */
export function skipSpace(text: string, from: number, to: number = text.length): number {
  let at = from
  while (at < to && isSpace(text.charAt(at))) at += 1
  return at
}

/** End of `[from, to)` without the white space at its end. */
export function trimSpaceEnd(text: string, from: number, to: number = text.length): number {
  let at = to
  while (at > from && isSpace(text.charAt(at - 1))) at -= 1
  return at
}

export function trimSpace(text: string): string {
  const from = skipSpace(text, 0)
  return text.slice(from, trimSpaceEnd(text, from))
}
