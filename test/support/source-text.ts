/** Looks at the text of TypeScript as far as tests need it: its compiler's own reader is not at hand in version 7. */

const CLOSES: Readonly<Record<string, string>> = {'(': ')', '[': ']', '{': '}'}

/** Where a string or template that starts at `at` ends: behind its last quote. */
function endOfString(text: string, at: number): number {
  const quote = text[at]
  for (let i = at + 1; i < text.length; i += 1) {
    if (text[i] === '\\') i += 1
    else if (text[i] === quote) return i + 1
    else if (quote === '`' && text[i] === '$' && text[i + 1] === '{') i = endOfGroup(text, i + 1) - 1
  }
  return text.length
}

/** Where a group in brackets that starts at `at` ends: behind its last bracket. */
function endOfGroup(text: string, at: number): number {
  const stack = [CLOSES[text[at] ?? '']]
  for (let i = at + 1; i < text.length; ) {
    const next = text[i] ?? ''
    if (next === "'" || next === '"' || next === '`') {
      i = endOfString(text, i)
      continue
    }
    if (next === '/' && text[i + 1] === '/') {
      i = text.indexOf('\n', i)
      if (i === -1) return text.length
      continue
    }
    if (CLOSES[next] !== undefined) stack.push(CLOSES[next])
    else if (next === stack.at(-1)) stack.pop()
    i += 1
    if (stack.length === 0) return i
  }
  return text.length
}

/** The arguments of a call, as they are written; `at` is behind its bracket. */
export function topLevelParts(text: string, at: number): string[] {
  const parts: string[] = []
  let start = at
  for (let i = at; i < text.length; ) {
    const next = text[i] ?? ''
    if (next === "'" || next === '"' || next === '`') i = endOfString(text, i)
    else if (CLOSES[next] !== undefined) i = endOfGroup(text, i)
    else if (next === ',' || next === ')') {
      const part = text.slice(start, i).trim()
      if (part !== '') parts.push(part)
      if (next === ')') return parts
      i += 1
      start = i
    } else i += 1
  }
  return parts
}
