/**
 * Patterns of COPY and ADD sources: Go's `filepath.Match` on the path as a whole (K84, K85).
 * https://pkg.go.dev/path/filepath#Match
 */
import {exactly, matchesTokens, notSlash, type PathToken} from './automaton.js'

export type Glob =
  /** No wildcard: the text itself is the path, backslashes included. */
  | {readonly kind: 'literal'; readonly path: string}
  /** `prefix` is the longest leading part of whole folders without a wildcard (`a/b` of `a/b/*.c`), which must be there (K86). */
  | {readonly kind: 'pattern'; readonly prefix: string; matches(path: string): boolean}
  /** Go: `syntax error in pattern`. */
  | {readonly kind: 'bad'; readonly message: string}

export function parseGlob(text: string): Glob {
  if (!hasWildcard(text)) return {kind: 'literal', path: text}
  const tokens = parseTokens(text)
  if (tokens === undefined) return {kind: 'bad', message: `syntax error in pattern ${JSON.stringify(text)}`}
  return {kind: 'pattern', prefix: literalPrefix(text), matches: path => matchesTokens(tokens, path)}
}

/** True if BuildKit takes the text for a pattern: an unescaped `*`, `?` or `[`. */
export function hasWildcard(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at)
    if (character === '\\') at += 1
    else if (character === '*' || character === '?' || character === '[') return true
  }
  return false
}

/** The path's text as a pattern that means only itself; unchanged where it means itself already. */
export function escapeGlob(path: string): string {
  return hasWildcard(path) ? path.replace(/[\\*?[]/g, character => `[${character === '\\' ? '\\\\' : character}]`) : path
}

function literalPrefix(text: string): string {
  const parts = text.split('/')
  const wild = parts.findIndex(hasWildcard)
  return parts.slice(0, wild).join('/')
}

/** Undefined for a pattern that `filepath.Match` refuses. */
export function parseTokens(text: string): PathToken[] | undefined {
  const characters = Array.from(text)
  const tokens: PathToken[] = []
  let at = 0
  while (at < characters.length) {
    const character = characters[at] ?? ''
    at += 1
    switch (character) {
      case '*':
        tokens.push({kind: 'many', accepts: notSlash})
        break
      case '?':
        tokens.push({kind: 'one', accepts: notSlash})
        break
      case '\\': {
        const escaped = characters[at]
        if (escaped === undefined) return undefined
        tokens.push(exactly(escaped))
        at += 1
        break
      }
      case '[': {
        const set = parseSet(characters, at)
        if (set === undefined) return undefined
        tokens.push(set.token)
        at = set.end
        break
      }
      default:
        tokens.push(exactly(character))
    }
  }
  return tokens
}

/** `[a-z]` and `[^a]` from behind the bracket; at least one member, `\` escapes, `!` is an ordinary one (K84). */
function parseSet(characters: readonly string[], from: number): {token: PathToken; end: number} | undefined {
  let at = from
  const negated = characters[at] === '^'
  if (negated) at += 1
  const ranges: {low: number; high: number}[] = []
  const member = (): number | undefined => {
    const character = characters[at]
    if (character === undefined || character === '-' || character === ']') return undefined
    if (character === '\\') at += 1
    const code = characters[at]?.codePointAt(0)
    at += 1
    // A set that the text ends in has no closing bracket.
    return at < characters.length ? code : undefined
  }
  while (characters[at] !== ']' || ranges.length === 0) {
    const low = member()
    if (low === undefined) return undefined
    let high: number | undefined = low
    if (characters[at] === '-') {
      at += 1
      high = member()
      if (high === undefined) return undefined
    }
    ranges.push({low, high})
  }
  const accepts = (character: string): boolean => {
    const code = character.codePointAt(0) ?? 0
    return ranges.some(range => range.low <= code && code <= range.high) !== negated
  }
  return {token: {kind: 'one', accepts}, end: at + 1}
}
