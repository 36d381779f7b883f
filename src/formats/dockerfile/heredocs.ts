/** Here-document markers (K17–K21; frontend/dockerfile/parser/parser.go, heredocsFromLine). The escape is always `\` here. */
import {isSpace} from '../../language/space.js'
import {dollarEnd} from '../../language/words.js'

export interface HeredocMarker {
  /** Without quotes; the line that ends the body. */
  readonly name: string
  /** False if any part of the name was quoted. */
  readonly expand: boolean
  /** `<<-`: leading tabs don't count. */
  readonly chomp: boolean
}

export interface Heredoc extends HeredocMarker {
  /** The lines as they are in the file, line ends included. */
  readonly body: string
  /** Offset of the body in the file. */
  readonly from: number
}

/** The markers of a joined line, in order. A line that isn't made of whole shell words has none, as in BuildKit. */
export function heredocMarkers(line: string): HeredocMarker[] {
  const markers: HeredocMarker[] = []
  for (const word of shellWords(line) ?? []) {
    const marker = parseMarker(word)
    if (marker !== undefined) markers.push(marker)
  }
  return markers
}

/** Reads a word, or the whole rest of a RUN, as one marker; undefined if it is anything else. */
export function parseMarker(word: string): HeredocMarker | undefined {
  const match = /^\d*<<(-?)\s*([^<]+)$/.exec(word)
  const name = match?.[2] === undefined ? undefined : unquote(match[2])
  if (name === undefined || name.text === '') return undefined
  return {name: name.text, expand: !name.quoted, chomp: match?.[1] === '-'}
}

/** The body as it is used: `<<-` takes the tabs at the start of its lines. */
export function heredocText(heredoc: Heredoc): string {
  return heredoc.chomp ? heredoc.body.replace(/(^|\n)\t+/g, '$1') : heredoc.body
}

/** The words of a line with their quotes and escapes; undefined when a quote or a substitution has no end. */
function shellWords(line: string): string[] | undefined {
  const words: string[] = []
  let start = -1
  let at = 0
  while (at < line.length) {
    const character = line.charAt(at)
    if (isSpace(character)) {
      if (start !== -1) words.push(line.slice(start, at))
      start = -1
      at += 1
      continue
    }
    if (start === -1) start = at
    const end = pieceEnd(line, at)
    if (end === undefined) return undefined
    at = end
  }
  if (start !== -1) words.push(line.slice(start))
  return words
}

/** Where the quoted text, escape, variable, `<<` with its blanks, or plain character at an offset ends. */
function pieceEnd(line: string, at: number): number | undefined {
  switch (line.charAt(at)) {
    case "'": {
      const close = line.indexOf("'", at + 1)
      return close === -1 ? undefined : close + 1
    }
    case '"':
      return doubleQuoteEnd(line, at)
    case '\\':
      return Math.min(at + 2, line.length)
    case '$':
      return dollarEnd(line, at)
    case '<': {
      if (line.charAt(at + 1) !== '<') return at + 1
      let end = at + 2
      while (line.charAt(end) === ' ' || line.charAt(end) === '\t') end += 1
      return end
    }
    default:
      return at + 1
  }
}

function doubleQuoteEnd(line: string, from: number): number | undefined {
  let at = from + 1
  while (at < line.length) {
    const character = line.charAt(at)
    if (character === '"') return at + 1
    if (character === '$') {
      const end = dollarEnd(line, at)
      if (end === undefined) return undefined
      at = end
    } else at += character === '\\' && '"$\\'.includes(line.charAt(at + 1) || ' ') ? 2 : 1
  }
  return undefined
}

/** The name without quotes and escapes; undefined unless it is exactly one word. */
function unquote(word: string): {text: string; quoted: boolean} | undefined {
  let text = ''
  let quoted = false
  let at = 0
  while (at < word.length) {
    const character = word.charAt(at)
    const end = pieceEnd(word, at)
    if (end === undefined) return undefined
    if (isSpace(character)) return undefined
    if (character === "'" || character === '"') {
      quoted = true
      const inside = word.slice(at + 1, end - 1)
      text += character === '"' ? inside.replace(/\\(["$\\])/g, '$1') : inside
    } else if (character === '\\') text += word.slice(at + 1, end)
    else text += word.slice(at, end)
    at = end
  }
  return {text, quoted}
}
