/** Near misses: how many letters apart two words are, for "did you mean". */

/**
 * Levenshtein distance, or `limit + 1` when it is more than `limit`. Only words of about the same length are
 * compared letter by letter, so a long text costs nothing.
 */
export function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1
  let previous = Array.from({length: b.length + 1}, (_, at) => at)
  for (let i = 1; i <= a.length; i += 1) {
    const current = [i]
    let least = i
    for (let j = 1; j <= b.length; j += 1) {
      const change = (previous[j - 1] ?? 0) + (a.charAt(i - 1) === b.charAt(j - 1) ? 0 : 1)
      const cost = Math.min(change, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1)
      current.push(cost)
      least = Math.min(least, cost)
    }
    if (least > limit) return limit + 1
    previous = current
  }
  return Math.min(previous[b.length] ?? 0, limit + 1)
}

/** The candidate nearest to a word, at most `limit` letters away; the first of several equally near ones. */
export function nearest(word: string, candidates: Iterable<string>, limit = 2): string | undefined {
  let best: string | undefined
  let least = limit + 1
  // No name is that long; and comparing takes length times length.
  if (word.length > 200) return undefined
  for (const candidate of candidates) {
    const apart = distance(word, candidate, limit)
    if (apart < least) {
      best = candidate
      least = apart
    }
  }
  return best
}

/** The candidate that was probably meant. Of a short word at least one letter must be right. */
export function didYouMean(word: string, candidates: Iterable<string>): string | undefined {
  return nearest(word, candidates, Math.min(2, word.length - 1))
}
