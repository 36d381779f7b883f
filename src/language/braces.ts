/**
 * Brace expansion as mvdan.cc/sh does it, the shell inside Apptainer (D87). It looks at the raw characters: a
 * backslash does not protect a brace (D90).
 */

interface Group {
  elements: Piece[][]
  sequence: boolean
}
type Piece = string | Group

/** More words than this from one source are a mistake or an attack. */
export const mostWords = 10_000

/** Each word as the pieces between its braces, since escapes never reach across one. Undefined when there are too many. */
export function expandBraces(text: string): string[][] | undefined {
  const pieces = parse(text)
  return pieces === undefined ? undefined : spread(pieces)
}

/** Braces in braces that nobody writes. */
const deepest = 100

function parse(text: string): Piece[] | undefined {
  const top: Piece[] = []
  let here = top
  const open: {group: Group; outside: Piece[]}[] = []
  let literal = ''
  const flush = () => {
    if (literal !== '') here.push(literal)
    literal = ''
  }
  const element = (group: Group) => {
    flush()
    here = []
    group.elements.push(here)
  }
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at)
    const innermost = open.at(-1)
    if (character === '{') {
      if (open.length === deepest) return undefined
      flush()
      const group: Group = {elements: [], sequence: false}
      open.push({group, outside: here})
      element(group)
    } else if (innermost !== undefined && character === ',') element(innermost.group)
    else if (innermost !== undefined && character === '.' && text.charAt(at + 1) === '.') {
      innermost.group.sequence = true
      element(innermost.group)
      at += 1
    } else if (innermost !== undefined && character === '}') {
      flush()
      open.pop()
      here = innermost.outside
      if (isExpansion(innermost.group)) here.push(innermost.group)
      else appendPlain(here, innermost.group, true)
    } else literal += character
  }
  flush()
  for (let left = open.pop(); left !== undefined; left = open.pop()) appendPlain(left.outside, left.group, false)
  return top
}

/** `{x}` and `{a..3}` are no expansions: their text stays, though `{a,b..c}` comes back as `{a..b..c}`. */
function appendPlain(pieces: Piece[], group: Group, closed: boolean): void {
  pieces.push('{')
  group.elements.forEach((element, i) => {
    if (i > 0) pieces.push(group.sequence ? '..' : ',')
    for (const piece of element) pieces.push(piece)
  })
  if (closed) pieces.push('}')
}

const number = /^[+-]?[0-9]{1,15}$/

function isExpansion(group: Group): boolean {
  if (group.elements.length < 2) return false
  if (!group.sequence) return true
  const [from = '', to = '', step] = group.elements.map(plain)
  if (step !== undefined && group.elements.length === 3 && !number.test(step)) return false
  return (number.test(from) && number.test(to)) || (/^[A-Za-z]$/.test(from) && /^[A-Za-z]$/.test(to))
}

function plain(element: readonly Piece[]): string {
  return element.every(piece => typeof piece === 'string') ? element.join('') : ''
}

function spread(pieces: readonly Piece[]): string[][] | undefined {
  let all: string[][] = [[]]
  for (const piece of pieces) {
    const choices = typeof piece === 'string' ? [[piece]] : choicesOf(piece)
    if (choices === undefined || all.length * choices.length > mostWords) return undefined
    all = all.flatMap(start => choices.map(choice => [...start, ...choice]))
  }
  return all
}

function choicesOf(group: Group): string[][] | undefined {
  if (group.sequence) return sequence(group.elements.map(plain))
  const choices: string[][] = []
  for (const element of group.elements) {
    const words = spread(element)
    if (words === undefined || choices.length + words.length > mostWords) return undefined
    for (const word of words) choices.push(word)
  }
  return choices
}

function sequence(words: readonly string[]): string[][] | undefined {
  const [first = '', last = '', stepWord = '0'] = words
  const letters = !number.test(first)
  const from = letters ? first.charCodeAt(0) : Number(first)
  const to = letters ? last.charCodeAt(0) : Number(last)
  const up = from <= to
  const wanted = number.test(stepWord) ? Number(stepWord) : 0
  const step = wanted !== 0 && wanted > 0 === up ? wanted : up ? 1 : -1
  if (Math.abs(to - from) / Math.abs(step) > mostWords) return undefined
  const zeros = letters ? 0 : Math.max(leadingZeros(first), leadingZeros(last))
  const found: string[][] = []
  for (let n = from; up ? n <= to : n >= to; n += step) {
    found.push([letters ? String.fromCharCode(n) : '0'.repeat(zeros) + String(n)])
  }
  return found
}

function leadingZeros(word: string): number {
  return (/^0*(?=[0-9])/.exec(word)?.[0] ?? '').length
}
