/** Shell patterns for one path element: `* ? [..] \x` (D89), matched without backtracking over more than one `*`. */

type Token =
  | {readonly kind: 'any'}
  | {readonly kind: 'one'}
  | {readonly kind: 'set'; readonly negated: boolean; readonly holds: (character: string) => boolean}
  | {readonly kind: 'literal'; readonly character: string}

const classes: Readonly<Record<string, RegExp>> = {
  alnum: /[0-9A-Za-z]/,
  alpha: /[A-Za-z]/,
  blank: /[\t ]/,
  cntrl: /[\x00-\x1f\x7f]/,
  digit: /[0-9]/,
  graph: /[!-~]/,
  lower: /[a-z]/,
  print: /[ -~]/,
  punct: /[!-/:-@[-`{-~]/,
  space: /[\t\n\v\f\r ]/,
  upper: /[A-Z]/,
  word: /\w/,
  xdigit: /[0-9A-Fa-f]/,
}

/** Whether a text holds a pattern character that no backslash protects. */
export function hasPattern(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at)
    if (character === '\\') at += 1
    else if (character === '*' || character === '?' || character === '[') return true
  }
  return false
}

/** A matcher for names; undefined when the pattern is broken (`[` without `]`), which then matches nothing. */
export function compilePattern(pattern: string): ((name: string) => boolean) | undefined {
  const tokens = tokenize(Array.from(pattern))
  if (tokens === undefined) return undefined
  const hidden = pattern.startsWith('.')
  return name => (hidden || !name.startsWith('.')) && matches(tokens, Array.from(name))
}

function tokenize(characters: readonly string[]): Token[] | undefined {
  const tokens: Token[] = []
  for (let at = 0; at < characters.length; at += 1) {
    const character = characters[at] ?? ''
    if (character === '*') {
      if (tokens.at(-1)?.kind !== 'any') tokens.push({kind: 'any'})
    } else if (character === '?') tokens.push({kind: 'one'})
    else if (character === '\\') {
      at += 1
      const next = characters[at]
      if (next === undefined) return undefined
      tokens.push({kind: 'literal', character: next})
    } else if (character === '[') {
      const set = readSet(characters, at)
      if (set === undefined) return undefined
      tokens.push(set.token)
      at = set.last
    } else tokens.push({kind: 'literal', character})
  }
  return tokens
}

function readSet(characters: readonly string[], open: number): {token: Token; last: number} | undefined {
  let at = open + 1
  const negated = characters[at] === '!' || characters[at] === '^'
  if (negated) at += 1
  const tests: ((character: string) => boolean)[] = []
  for (let first = true; ; first = false) {
    let from = characters[at]
    if (from === undefined) return undefined
    if (from === ']' && !first) break
    if (from === '[' && characters[at + 1] === ':') {
      const end = characters.indexOf(':', at + 2)
      const test = end === -1 || characters[end + 1] !== ']' ? undefined : classes[characters.slice(at + 2, end).join('')]
      if (test === undefined) return undefined
      tests.push(character => test.test(character))
      at = end + 2
      continue
    }
    if (from === '\\') {
      at += 1
      from = characters[at]
      if (from === undefined) return undefined
    }
    let to = from
    if (characters[at + 1] === '-' && characters[at + 2] !== ']') {
      at += 2
      to = characters[at] ?? ''
      if (to === '\\') {
        at += 1
        to = characters[at] ?? ''
      }
      if (to === '' || from > to) return undefined
    }
    const range = {from, to}
    tests.push(character => range.from <= character && character <= range.to)
    at += 1
  }
  return {token: {kind: 'set', negated, holds: character => tests.some(test => test(character))}, last: at}
}

/** On a mismatch only the last `*` takes one character more: quadratic at worst, never exponential. */
function matches(tokens: readonly Token[], name: readonly string[]): boolean {
  let token = 0
  let at = 0
  let star = -1
  let starAt = 0
  while (at < name.length) {
    const current = tokens[token]
    if (current?.kind === 'any') {
      star = token
      starAt = at
      token += 1
    } else if (current !== undefined && fits(current, name[at] ?? '')) {
      token += 1
      at += 1
    } else if (star >= 0) {
      token = star + 1
      starAt += 1
      at = starAt
    } else return false
  }
  return tokens.slice(token).every(rest => rest.kind === 'any')
}

function fits(token: Token, character: string): boolean {
  switch (token.kind) {
    case 'one':
    case 'any':
      return true
    case 'literal':
      return token.character === character
    case 'set':
      return token.holds(character) !== token.negated
  }
}
