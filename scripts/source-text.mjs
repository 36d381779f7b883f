// Looks at the text of TypeScript as far as the documentation and its tests need it: version 7 of the compiler has no
// reader of its own for other programs.

const CLOSES = {'(': ')', '[': ']', '{': '}'}

/** Where a string or template that starts at `at` ends: behind its last quote. */
function endOfString(text, at) {
  const quote = text[at]
  for (let i = at + 1; i < text.length; i += 1) {
    if (text[i] === '\\') i += 1
    else if (text[i] === quote) return i + 1
    else if (quote === '`' && text[i] === '$' && text[i + 1] === '{') i = endOfGroup(text, i + 1) - 1
  }
  return text.length
}

/** Behind a comment or a regular expression that starts at `at`; `at` itself where none does. */
function behindOdd(text, at) {
  if (text[at] !== '/') return at
  if (text[at + 1] === '/') return text.indexOf('\n', at) === -1 ? text.length : text.indexOf('\n', at)
  if (text[at + 1] === '*') return text.indexOf('*/', at) + 2
  if (!/[(,=:[!&|?{}\n;]\s*$/.test(text.slice(Math.max(0, at - 40), at))) return at
  const match = /^\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*/.exec(text.slice(at, at + 400))
  return match === null ? at : at + match[0].length
}

/** Where a group in brackets that starts at `at` ends: behind its last bracket. */
export function endOfGroup(text, at) {
  const stack = [CLOSES[text[at]]]
  for (let i = at + 1; i < text.length; ) {
    const next = text[i]
    if (next === "'" || next === '"' || next === '`') {
      i = endOfString(text, i)
      continue
    }
    const odd = behindOdd(text, i)
    if (odd > i) {
      i = odd
      continue
    }
    if (CLOSES[next] !== undefined) stack.push(CLOSES[next])
    else if (next === stack.at(-1)) stack.pop()
    i += 1
    if (stack.length === 0) return i
  }
  return text.length
}

/** Calls `visit` with each character that stands in no string, comment or brackets, until it says true. */
function topLevel(text, at, visit) {
  for (let i = at; i < text.length; ) {
    const next = text[i]
    const odd = behindOdd(text, i)
    if (next === "'" || next === '"' || next === '`') i = endOfString(text, i)
    else if (odd > i) i = odd
    else if (CLOSES[next] !== undefined) i = endOfGroup(text, i)
    else if (visit(next, i) === true) return
    else i += 1
  }
}

/** The arguments of a call, as they are written; `at` is behind its bracket. */
export function topLevelParts(text, at) {
  const parts = []
  let start = at
  topLevel(text, at, (next, i) => {
    if (next !== ',' && next !== ')') return false
    const part = text.slice(start, i).trim()
    if (part !== '') parts.push(part)
    start = i + 1
    return next === ')'
  })
  return parts
}

/** `a ? b : c` in its three parts; undefined for another expression. */
export function ternary(text) {
  let question = -1
  let colon = -1
  let depth = 0
  topLevel(text, 0, (next, i) => {
    if (next === '?' && text[i + 1] !== '.' && text[i + 1] !== '?' && text[i - 1] !== '?') {
      if (question === -1) question = i
      else depth += 1
    } else if (next === ':' && question !== -1) {
      if (depth === 0) {
        colon = i
        return true
      }
      depth -= 1
    }
    return false
  })
  if (colon === -1) return undefined
  return [text.slice(0, question), text.slice(question + 1, colon), text.slice(colon + 1)].map(part => part.trim())
}

/** The value of a string without holes; undefined for another expression. */
function plainString(text) {
  const quote = text[0]
  if ((quote !== "'" && quote !== '"') || endOfString(text, 0) !== text.length) return undefined
  return text.slice(1, -1).replace(/\\(.)/g, (_, c) => (c === 'n' ? '\n' : c))
}

/** Texts and expressions of a string or template, in turn; undefined for another expression. */
export function pieces(text) {
  const plain = plainString(text)
  if (plain !== undefined) return [{text: plain}]
  if (text[0] !== '`' || endOfString(text, 0) !== text.length) return undefined
  const found = []
  let literal = ''
  for (let i = 1; i < text.length - 1; i += 1) {
    if (text[i] === '\\') {
      literal += text[i + 1] === 'n' ? '\n' : text[i + 1]
      i += 1
    } else if (text[i] === '$' && text[i + 1] === '{') {
      const end = endOfGroup(text, i + 1)
      found.push({text: literal}, {code: text.slice(i + 2, end - 1).trim()})
      literal = ''
      i = end - 1
    } else literal += text[i]
  }
  found.push({text: literal})
  return found.filter(each => each.text !== '')
}
