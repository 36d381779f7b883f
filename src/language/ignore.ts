/**
 * `.dockerignore` (K106–K112), as github.com/moby/patternmatcher has it: anchored at the context root, later
 * lines win, a path is hidden with its folder. The opposite of `.gitignore` in each of the three.
 */
import {anything, exactly, matchesTokens, notSlash, type PathToken} from './automaton.js'
import {parseTokens} from './globs.js'
import {cleanPath} from './paths.js'
import {trimSpace} from './space.js'

export interface IgnoreVerdict {
  readonly hidden: boolean
  /** The line (from 1) that decided; undefined when no line says anything about the path. */
  readonly line?: number
}

interface IgnoreProblem {
  readonly line: number
  readonly message: string
}

export interface IgnoreFile {
  /** What BuildKit would fail with; such lines hide nothing here. */
  readonly problems: readonly IgnoreProblem[]
  /** `path` is relative to the context root, clean. */
  hides(path: string): IgnoreVerdict
}

interface IgnorePattern {
  readonly line: number
  /** `!`: shows again. */
  readonly shows: boolean
  matches(path: string): boolean
}

export function parseIgnore(text: string): IgnoreFile {
  const patterns: IgnorePattern[] = []
  const problems: IgnoreProblem[] = []
  text.split('\n').forEach((raw, index) => {
    const line = index + 1
    const words = index === 0 ? raw.replace(/^\uFEFF/, '') : raw
    // Only in column one: a `#` further in is part of a name (K107).
    if (words.startsWith('#')) return
    const trimmed = trimSpace(words)
    if (trimmed === '') return
    const shows = trimmed.startsWith('!')
    const pattern = rooted(shows ? trimSpace(trimmed.slice(1)) : trimmed)
    if (pattern === '') {
      problems.push({line, message: 'illegal exclusion pattern: "!"'})
      return
    }
    // The library asks filepath.Match whether the pattern is one at all.
    if (parseTokens(pattern) === undefined) {
      problems.push({line, message: `syntax error in pattern ${JSON.stringify(pattern)}`})
      return
    }
    patterns.push({line, shows, matches: compile(pattern)})
  })
  return {problems, hides: path => judge(patterns, path)}
}

/** The pattern cleaned, without a `/` in front: `./g`, `d/`, `a/../c`, `/f` are `g`, `d`, `c`, `f`. */
function rooted(pattern: string): string {
  if (pattern === '') return ''
  const clean = cleanPath(pattern)
  return clean.length > 1 && clean.startsWith('/') ? clean.slice(1) : clean
}

/** K109: in order, the last line that matches the path or one of its folders decides. */
function judge(patterns: readonly IgnorePattern[], path: string): IgnoreVerdict {
  const paths = [path]
  for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) paths.push(path.slice(0, slash))
  let hidden = false
  let line: number | undefined
  for (const pattern of patterns) {
    // A line that wouldn't change anything isn't looked at.
    if (pattern.shows !== hidden) continue
    if (!paths.some(pattern.matches)) continue
    hidden = !pattern.shows
    line = pattern.line
  }
  return line === undefined ? {hidden} : {hidden, line}
}

/** Most patterns need no wildcard: those are compared as text, as the library does. */
function compile(pattern: string): (path: string) => boolean {
  const rest = pattern.startsWith('**') ? pattern.slice(2) : pattern
  if (!/[*?\\[\]]/.test(rest)) {
    if (rest === pattern) return path => path === pattern
    // `**/a` is also `a` itself; `**a` is any path that ends in it, as in the library.
    return path => path.endsWith(rest) || (rest.startsWith('/') && path === rest.slice(1))
  }
  const tokens = ignoreTokens(pattern)
  return path => matchesTokens(tokens, path)
}

/** `**` any number of levels, none included; at the end whatever follows. The rest as in `filepath.Match`. */
function ignoreTokens(pattern: string): PathToken[] {
  const tokens: PathToken[] = []
  // Stars outside of sets and escapes; everything between them is for `filepath.Match` to read.
  for (const piece of pattern.match(/\*\*\/?|\*|(?:\\[\s\S]|\[\^?(?:\\[\s\S]|[^\]\\])+\]|[^*\\[]|\[)+/g) ?? []) {
    if (piece.startsWith('**')) tokens.push({kind: 'optional', count: 2}, {kind: 'many', accepts: anything}, exactly('/'))
    else if (piece === '*') tokens.push({kind: 'many', accepts: notSlash})
    else tokens.push(...(parseTokens(piece) ?? []))
  }
  // `a/**` wants something below `a`, `**` at the very end takes all that is left.
  if (/\*\*\/?$/.test(pattern)) tokens.splice(-3, 3, {kind: 'many', accepts: anything})
  return tokens
}
