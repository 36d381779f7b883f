/**
 * Matches a path against the tokens of a pattern by stepping through all ways at once: as long as the path times
 * as long as the pattern, whatever the pattern is. Regular expressions with several `**` would backtrack.
 */
export type PathToken =
  | {readonly kind: 'one'; accepts(character: string): boolean}
  /** Any number of them, none included. */
  | {readonly kind: 'many'; accepts(character: string): boolean}
  /** The next `count` tokens may be left out. */
  | {readonly kind: 'optional'; readonly count: number}

export const notSlash = (character: string): boolean => character !== '/'
export const anything = (): boolean => true

export function exactly(wanted: string): PathToken {
  return {kind: 'one', accepts: character => character === wanted}
}

/** True when the whole text matches. */
export function matchesTokens(tokens: readonly PathToken[], text: string): boolean {
  let states = new Set<number>()
  enter(tokens, states, 0)
  for (const character of text) {
    const next = new Set<number>()
    for (const state of states) {
      const token = tokens[state]
      if (token === undefined || token.kind === 'optional' || !token.accepts(character)) continue
      enter(tokens, next, token.kind === 'many' ? state : state + 1)
    }
    if (next.size === 0) return false
    states = next
  }
  return states.has(tokens.length)
}

/** Adds a state and those that it leads to without a character. */
function enter(tokens: readonly PathToken[], states: Set<number>, first: number): void {
  const waiting = [first]
  for (let state = waiting.pop(); state !== undefined; state = waiting.pop()) {
    if (states.has(state)) continue
    states.add(state)
    const token = tokens[state]
    if (token?.kind === 'many') waiting.push(state + 1)
    if (token?.kind === 'optional') waiting.push(state + 1, state + 1 + token.count)
  }
}
