/** Versions as numbers between dots: `2.9` comes before `2.36`. */

/** Less than, equal to or greater than 0, as the first is older, the same or newer. */
export function compareVersions(a: string, b: string): number {
  const [one, other] = [a, b].map(each => each.split(/[.-]/).map(part => Number.parseInt(part, 10) || 0))
  for (let i = 0; i < Math.max(one?.length ?? 0, other?.length ?? 0); i += 1) {
    const difference = (one?.[i] ?? 0) - (other?.[i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

/** The newest of some versions. */
export function newest(versions: Iterable<string>): string | undefined {
  let best: string | undefined
  for (const each of versions) if (best === undefined || compareVersions(each, best) > 0) best = each
  return best
}

/** The newest version of a set of symbol versions: `GLIBC_2.34` of `GLIBC_*`. `GLIBC_PRIVATE` is none. */
export function newestSymbol(symbols: Iterable<string>, prefix: string): string | undefined {
  const numbers: string[] = []
  for (const each of symbols)
    if (each.startsWith(prefix) && /^\d+(\.\d+)*$/.test(each.slice(prefix.length))) numbers.push(each.slice(prefix.length))
  return newest(numbers)
}
