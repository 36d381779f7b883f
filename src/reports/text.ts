/** Findings for people: place, message, the line with a caret, what to do. */
import type {Diagnostic} from '../model/diagnostic.js'
import {LineIndex} from '../model/span.js'
import {type Palette, palette} from './palette.js'
import {columnsOf, visible, visibleLine} from './visible.js'

/** The input as typed and its text, for the lines that findings point at. */
export interface Sources {
  readonly input: string
  readonly source: string
  /** Texts of other files by their names. */
  readonly others?: ReadonlyMap<string, string>
}

export interface TextOptions {
  readonly source: Sources
  readonly colour: boolean
}

/** One paragraph a finding; empty without findings. */
export function renderDiagnostics(diagnostics: readonly Diagnostic[], {source, colour}: TextOptions): string {
  const colours = palette(colour)
  const indexes = new Map([[source.input, new LineIndex(source.input, source.source)]])
  const linesOf = (file: string): LineIndex | undefined => {
    const text = source.others?.get(file)
    if (!indexes.has(file) && text !== undefined) indexes.set(file, new LineIndex(file, text))
    return indexes.get(file)
  }
  return diagnostics.map(each => render(each, linesOf(each.span.file), colours)).join('')
}

/** The line that a finding points at and the marks below it, without colours; empty where it points at no text. */
export function excerptOf(diagnostic: Diagnostic, {input, source, others}: Sources): string[] {
  const {file} = diagnostic.span
  const text = file === input ? source : others?.get(file)
  return snippet(diagnostic, text === undefined ? undefined : new LineIndex(file, text), palette(false)).map(line =>
    line.slice(2),
  )
}

function render(diagnostic: Diagnostic, lines: LineIndex | undefined, colours: Palette): string {
  const {span, severity, message, rule, hint} = diagnostic
  const place = colours.strong(`${visible(span.file)}:${span.start.line}:${span.start.column}:`)
  const text = [
    `${place} ${colours[severity](`${severity}:`)} ${visible(message)} ${colours.faint(`[${visible(rule)}]`)}`,
    ...snippet(diagnostic, lines, colours),
    ...(hint === undefined ? [] : [`  ${colours.strong('hint:')} ${visible(hint)}`]),
  ]
  return `${text.join('\n')}\n`
}

/** As many columns of a line as fit on most terminals. */
const widest = 100
/** Columns that are shown before a finding that lies further right. */
const lead = 20

/** The line that a finding points at, cut around it where it is long, and marks below: `^~~~`. */
function snippet({span, severity}: Diagnostic, lines: LineIndex | undefined, colours: Palette): string[] {
  const {start, end} = span
  const empty = start.line === end.line && start.column === end.column
  if (lines === undefined || start.line > lines.lineCount || (empty && start.line === 1 && start.column === 1)) return []
  const line = lines.lineText(start.line)
  const from = wholeCharacter(line, Math.min(start.column - 1, line.length))
  const to = end.line === start.line ? Math.min(end.column - 1, line.length) : line.trimEnd().length
  const first = cutBefore(line, from)
  const last = cutBehind(line, first)
  const shown = line.slice(first, last)
  const indent = columnsOf(line.slice(first, from))
  const width = Math.max(1, columnsOf(line.slice(from, Math.max(from, Math.min(to, last)))))
  const number = String(start.line)
  const before = first > 0 ? '…' : ''
  const after = last < line.length ? '…' : ''
  return [
    `  ${colours.faint(`${number} |`)} ${before}${visibleLine(shown)}${after}`,
    `  ${colours.faint(`${' '.repeat(number.length)} |`)} ${' '.repeat(before.length + indent)}${colours[severity](`^${'~'.repeat(width - 1)}`)}`,
  ]
}

/** Never between the two halves of a character. */
function wholeCharacter(line: string, at: number): number {
  return /^[\udc00-\udfff]/.test(line.slice(at, at + 1)) && at > 0 ? at - 1 : at
}

/** Where the shown part of a line starts so that a finding and a little before it fit. */
function cutBefore(line: string, from: number): number {
  // A character has two columns at most: a short text needs no measuring, and a long one is never measured whole.
  const near = line.slice(Math.max(0, from - widest), from)
  if (near.length === from && columnsOf(near) < widest - lead) return 0
  let first = from
  for (let columns = 0; first > 0 && columns < lead; ) {
    first = wholeCharacter(line, first - 1)
    columns += columnsOf(String.fromCodePoint(line.codePointAt(first) ?? 0x20))
  }
  return first
}

function cutBehind(line: string, first: number): number {
  let columns = 0
  let at = first
  for (const character of line.slice(first, first + 2 * widest)) {
    columns += columnsOf(character)
    if (columns > widest) break
    at += character.length
  }
  return at
}
