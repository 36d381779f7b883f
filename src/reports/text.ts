/** Findings for people: place, message, the line with a caret, what to do. */
import type {Diagnostic} from '../model/diagnostic.js'
import {LineIndex} from '../model/span.js'
import {type Palette, palette} from './palette.js'
import {visible, visibleLine} from './visible.js'

export interface TextOptions {
  /** The input as typed and its text, for the lines that findings point at. */
  readonly source: {
    readonly input: string
    readonly source: string
    /** Texts of other files by their names. */
    readonly others?: ReadonlyMap<string, string>
  }
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

/** As much of a line as fits on most terminals. */
const widest = 100

function snippet({span, severity}: Diagnostic, lines: LineIndex | undefined, colours: Palette): string[] {
  const {start, end} = span
  const empty = start.line === end.line && start.column === end.column
  if (lines === undefined || start.line > lines.lineCount || (empty && start.line === 1 && start.column === 1)) return []
  const line = lines.lineText(start.line)
  const from = Math.min(start.column - 1, line.length)
  const to = end.line === start.line ? Math.min(end.column - 1, line.length) : line.trimEnd().length
  // Of a long line, the part around its finding.
  const first = from < widest - 20 ? 0 : from - 20
  const shown = line.slice(first, first + widest)
  const width = Math.max(1, Math.min(to, first + shown.length) - from)
  const number = String(start.line)
  const before = first > 0 ? '…' : ''
  const after = first + widest < line.length ? '…' : ''
  return [
    `  ${colours.faint(`${number} |`)} ${before}${visibleLine(shown)}${after}`,
    `  ${colours.faint(`${' '.repeat(number.length)} |`)} ${' '.repeat(before.length + from - first)}${colours[severity]('^'.repeat(width))}`,
  ]
}
