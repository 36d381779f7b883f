/**
 * The patterns of `${x#p}`, `${x%p}` and `${x/p/r}` (K46): `*`, `?`, and `\` before `*`, `?` or `\`.
 * BuildKit turns them into Go regular expressions (frontend/dockerfile/shell/lex.go, convertShellPatternToRegex),
 * which run in linear time. JavaScript's backtrack, so the few tokens are stepped through here instead.
 */
type Token = {readonly kind: 'character'; readonly character: string} | {readonly kind: 'any'} | {readonly kind: 'many'}

export interface Pattern {
  readonly tokens: readonly Token[]
}

/** How many steps one match may take. Far above any real pattern; keeps a hostile one from stalling a build. */
const workLimit = 20_000_000

/** Undefined for a pattern that Go refuses: `\` before any other character. */
export function parsePattern(text: string): Pattern | undefined {
  const tokens: Token[] = []
  const characters = Array.from(text)
  for (let at = 0; at < characters.length; at += 1) {
    const character = characters[at] ?? ''
    if (character === '*') tokens.push({kind: 'many'})
    else if (character === '?') tokens.push({kind: 'any'})
    else if (character === '\\') {
      const next = characters[at + 1]
      // `\}` and `\/` only keep the substitution from ending; the escape is no part of the pattern.
      if (next === '}' || next === '/') continue
      if (next !== '*' && next !== '?' && next !== '\\') return undefined
      tokens.push({kind: 'character', character: next})
      at += 1
    } else tokens.push({kind: 'character', character})
  }
  return {tokens}
}

/** `${x#p}`; with `longest`, `${x##p}`. Undefined when the match would take too long. */
export function trimPrefix(pattern: Pattern, value: string, longest: boolean): string | undefined {
  const characters = Array.from(value)
  if (tooMuch(pattern, characters)) return undefined
  const match = find(pattern.tokens, characters, 0, true, longest)
  return match === undefined ? value : characters.slice(match.end).join('')
}

/** `${x%p}`: the shortest match at the end is the shortest at the start of everything reversed. */
export function trimSuffix(pattern: Pattern, value: string, longest: boolean): string | undefined {
  const characters = Array.from(value).reverse()
  if (tooMuch(pattern, characters)) return undefined
  const match = find(pattern.tokens.toReversed(), characters, 0, true, longest)
  return match === undefined ? value : characters.slice(match.end).reverse().join('')
}

/** `${x/p/r}`; with `all`, `${x//p/r}`. `*` takes as much as it can. */
export function replacePattern(pattern: Pattern, value: string, replacement: string, all: boolean): string | undefined {
  const characters = Array.from(value)
  if (tooMuch(pattern, characters)) return undefined
  let result = ''
  let at = 0
  let last = -1
  while (at <= characters.length) {
    const match = find(pattern.tokens, characters, at, false, true)
    if (match === undefined) break
    result += characters.slice(at, match.start).join('')
    // An empty match right behind the one before is none (Go's regexp).
    if (match.end > match.start || match.start !== last) result += replacement
    last = match.end
    at = match.end
    if (match.end === match.start) {
      result += characters[at] ?? ''
      at += 1
    }
    if (!all) break
  }
  return result + characters.slice(at).join('')
}

function tooMuch(pattern: Pattern, characters: readonly string[]): boolean {
  return pattern.tokens.length * characters.length > workLimit
}

interface Match {
  readonly start: number
  readonly end: number
}

/**
 * The leftmost match from `from` on, longest or shortest. All ways to match go forward side by side; for each
 * token, `starts` has the earliest place from which a match got that far, or -1.
 */
function find(
  tokens: readonly Token[],
  characters: readonly string[],
  from: number,
  anchored: boolean,
  longest: boolean,
): Match | undefined {
  let starts = new Int32Array(tokens.length + 1).fill(-1)
  let best: Match | undefined
  for (let at = from; ; at += 1) {
    if (best === undefined && (at === from || !anchored) && starts[0] === -1) starts[0] = at
    tokens.forEach((token, state) => {
      if (token.kind === 'many') keepEarliest(starts, state + 1, starts[state] ?? -1)
    })
    const start = starts[tokens.length] ?? -1
    if (start !== -1 && (best === undefined || start <= best.start)) {
      best = {start, end: at}
      if (!longest) return best
    }
    const character = characters[at]
    if (character === undefined) return best
    const next = new Int32Array(tokens.length + 1).fill(-1)
    let alive = false
    tokens.forEach((token, state) => {
      const begun = starts[state] ?? -1
      if (begun === -1 || (best !== undefined && begun > best.start) || !accepts(token, character)) return
      keepEarliest(next, token.kind === 'many' ? state : state + 1, begun)
      alive = true
    })
    if (!alive && (best !== undefined || anchored)) return best
    starts = next
  }
}

function keepEarliest(starts: Int32Array, state: number, start: number): void {
  const known = starts[state] ?? -1
  if (start !== -1 && (known === -1 || start < known)) starts[state] = start
}

function accepts(token: Token, character: string): boolean {
  switch (token.kind) {
    case 'character':
      return token.character === character
    // `.` of a Go regular expression
    case 'any':
    case 'many':
      return character !== '\n'
  }
}
