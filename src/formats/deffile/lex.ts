/**
 * Cuts a definition file into stages, and a stage into its header and sections. Knows nothing of what they mean.
 * Follows pkg/build/types/parser/deffile.go of Apptainer 1.4.5.
 */
import {blankClass, find, lineAt} from './space.js'

/** `[start, end)` of a text. */
export interface Range {
  readonly start: number
  readonly end: number
}

export interface RawSection {
  /** The line that opens the section, without its line end. */
  readonly line: Range
  readonly body: Range
  /** Lower case; empty when the `%` is indented or followed by a blank (D17). */
  readonly name: string
  /** Everything after the first blank, untrimmed; undefined without a blank. */
  readonly arguments: Range | undefined
  /** Longer than Apptainer's scanner can take (D21). */
  readonly tooLong: boolean
}

export interface RawStage {
  readonly header: Range
  readonly headerTooLong: boolean
  readonly sections: readonly RawSection[]
}

/** bufio.MaxScanTokenSize: a section, and the line that ends it, have to fit (D21). */
export const scanLimit = 64 * 1024

/** D1: a stage starts at every `bootstrap:` in column one, wherever it stands. The first piece is what stands before. */
export function cutStages(text: string): Range[] {
  // `u` folds the long s as Go's (?i) does; the look-behind is Go's (?m)^, which knows no line end but \n.
  const opening = /(?<![^\n])bootstrap:/giu
  const starts = [0]
  for (const match of text.matchAll(opening)) if (match.index > 0) starts.push(match.index)
  return starts.map((start, i) => ({start, end: starts[i + 1] ?? text.length}))
}

/** D16: a section starts at every line whose first character that is no blank is `%`. */
export function scanStage(text: string): RawStage {
  const starts: number[] = []
  for (const match of text.matchAll(new RegExp(`(?<![^\\n])[${blankClass}]*%`, 'g'))) starts.push(match.index)
  const header = {start: 0, end: starts[0] ?? text.length}
  const sections = starts.map((start, i) => {
    const end = starts[i + 1] ?? text.length
    const line = lineAt(text, start, end)
    return {...sectionName(text, line), body: {start: line.next, end}, tooLong: overflows(text, {start, end})}
  })
  return {header, headerTooLong: overflows(text, header), sections}
}

/** D17: the name is cut at the first *blank* of the raw line, after leading `%`. */
function sectionName(text: string, line: Range): Pick<RawSection, 'line' | 'name' | 'arguments'> {
  let start = line.start
  while (start < line.end && text.charAt(start) === '%') start += 1
  const cut = find(text, ' ', start, line.end)
  return {
    line: {start: line.start, end: line.end},
    name: text.slice(start, cut ?? line.end).toLowerCase(),
    arguments: cut === undefined ? undefined : {start: cut + 1, end: line.end},
  }
}

/**
 * The scanner gives up when its buffer is full before the section's end is seen: at the end of the next
 * section's line, or at the end of the text, for which the buffer must not be quite full.
 */
function overflows(text: string, token: Range): boolean {
  const last = token.end === text.length
  const seen = last ? token.end : lineAt(text, token.end, text.length).next
  // A UTF-16 unit is at least one byte and at most three: most sections need no count.
  if (seen - token.start > scanLimit) return true
  if ((seen - token.start) * 3 < scanLimit) return false
  const bytes = Buffer.byteLength(text.slice(token.start, seen))
  return !last && text.charAt(seen - 1) === '\n' ? bytes > scanLimit : bytes >= scanLimit
}

/** A section's body as Apptainer keeps it: one `\r` less per line, and a last line end (D7, D22). */
export function bodyText(text: string, body: Range): string {
  if (body.start >= body.end) return ''
  let raw = text.slice(body.start, body.end)
  if (!raw.endsWith('\n')) raw = `${raw}\n`
  return raw.includes('\r\n') ? raw.replaceAll('\r\n', '\n') : raw
}
