/** The header of a stage: keys and values up to the first section (D9-D15). */

import {nearest} from '../../language/distance.js'
import type {Range} from './lex.js'
import {type Problems, shown} from './problems.js'
import type {SourceText} from './source.js'
import {find, linesOf, skipSpace, trim, trimEnd} from './space.js'

export interface HeaderEntry {
  /** Lower case. */
  readonly key: string
  readonly value: string
  /** Where the key stands in the stage's text, and the value. */
  readonly keyRange: Range
  readonly valueRange: Range
  /** The line starts with a blank, or a blank stands before the colon (D3). */
  readonly loose: boolean
}

/** D12, in the spelling of the manual, which is what people are shown. */
const keys = [
  'Bootstrap',
  'From',
  'Stage',
  'IncludeCmd',
  'MirrorURL',
  'UpdateURL',
  'OSVersion',
  'Include',
  'Library',
  'Registry',
  'Namespace',
  'Product',
  'User',
  'Regcode',
  'ProductPGP',
  'RegisterURL',
  'Modules',
  'Fingerprints',
  'ConfURL',
  'SetOpt',
]
const known = new Map(keys.map(key => [key.toLowerCase(), key]))
/** Keys of `Bootstrap: buildkit`, which Apptainer has from 1.5 on (D12). */
const later = new Set(['target', 'frontend', 'filename', 'buildargs'])

/** A key as the manual spells it; undefined for one that is not known. */
export function headerSpelling(key: string): string | undefined {
  return known.get(key.toLowerCase())
}

interface Continued {
  readonly key: string
  readonly keyRange: Range
  readonly valueRange: Range
  readonly text: string
  readonly loose: boolean
}

/** The entries in order; a repeated key is there twice. What Apptainer refuses goes to `problems`. */
export function readHeader(source: SourceText, range: Range, problems: Problems): HeaderEntry[] {
  const entries: HeaderEntry[] = []
  let open: Continued | undefined
  for (const line of linesOf(source.text, range.start, range.end)) {
    const start = skipSpace(source.text, line.start, line.end)
    const end = trimEnd(source.text, start, line.end)
    if (start === end || source.text.charAt(start) === '#') {
      if (open !== undefined && hasMore(source.text, line.next, range.end)) brokenContinuation(source, open, problems)
      open = undefined
      continue
    }
    const stop = find(source.text, '#', start, end) ?? end
    let entry: Continued | undefined
    if (open === undefined || open.text === '') entry = openEntry(source, line.start, start, stop, problems)
    else
      entry = {
        ...open,
        text: open.text + trim(source.text.slice(start, stop)),
        valueRange: {start: open.valueRange.start, end: trimEnd(source.text, start, stop)},
      }
    open = undefined
    if (entry === undefined) continue
    if (entry.text.endsWith('\\')) {
      const text = entry.text.slice(0, -1)
      open = {...entry, text: text.endsWith('\\n') ? `${text.slice(0, -2)}\n` : text}
      continue
    }
    checkKey(source, entry, problems)
    entries.push({key: entry.key, value: entry.text, keyRange: entry.keyRange, valueRange: entry.valueRange, loose: entry.loose})
  }
  if (open !== undefined) lostContinuation(source, open, problems)
  return entries
}

function openEntry(
  source: SourceText,
  lineStart: number,
  start: number,
  stop: number,
  problems: Problems,
): Continued | undefined {
  const {text} = source
  const colon = find(text, ':', start, stop)
  if (colon === undefined) {
    const line = text.slice(start, trimEnd(text, start, stop))
    problems.syntax(
      source.span(start, Math.max(trimEnd(text, start, stop), start + 1)),
      `This line is neither a header "Key: value" nor part of a section: "${shown(line)}".`,
      withColon(line) ??
        'The header ends at the first line that starts with %. Put commands under %post, and a # before comments.',
    )
    return undefined
  }
  const keyEnd = trimEnd(text, start, colon)
  const valueStart = skipSpace(text, colon + 1, stop)
  return {
    key: text.slice(start, keyEnd).toLowerCase(),
    keyRange: {start, end: keyEnd},
    valueRange: {start: valueStart, end: trimEnd(text, valueStart, stop)},
    text: trim(text.slice(colon + 1, stop)),
    loose: start > lineStart || keyEnd < colon,
  }
}

/** A line that lacks nothing but the colon behind its key. */
function withColon(line: string): string | undefined {
  const [, word = '', value = ''] = /^([A-Za-z]+)\s+(\S+)$/.exec(line) ?? []
  const key = known.get(word.toLowerCase())
  return key === undefined ? undefined : `Did you mean "${key}: ${shown(value)}"?`
}

function checkKey(source: SourceText, entry: Continued, problems: Problems): void {
  if (known.has(entry.key) || later.has(entry.key) || /^otherurl([0-9]+|&n)$/.test(entry.key)) return
  const span = source.span(entry.keyRange.start, Math.max(entry.keyRange.end, entry.keyRange.start + 1))
  const key = shown(source.text.slice(entry.keyRange.start, entry.keyRange.end))
  const meant = known.get(nearest(entry.key, known.keys()) ?? '')
  problems.syntax(
    span,
    `Unknown header key "${key}".`,
    meant === undefined
      ? (withColon(source.text.slice(entry.keyRange.start, entry.valueRange.end)) ??
          'Everything before the first line that starts with % is the header. Put commands under %post.')
      : `Did you mean ${meant}?`,
  )
}

function hasMore(text: string, from: number, to: number): boolean {
  return skipSpace(text, from, to) < to
}

/** D14; seen with 1.4.5: a blank or comment line after a continued one ends the program with a Go panic. */
function brokenContinuation(source: SourceText, open: Continued, problems: Problems): void {
  problems.syntax(
    source.span(open.keyRange.start, open.valueRange.end),
    'The backslash at the end continues this header on the next line, and that line is blank or a comment. Apptainer crashes here.',
    'Remove the backslash, or put the rest of the value on the next line.',
  )
}

/** Seen with 1.4.5: a value that is still continued where the header ends is dropped, key and all. */
function lostContinuation(source: SourceText, open: Continued, problems: Problems): void {
  problems.add(
    'lost-header',
    'error',
    source.span(open.keyRange.start, open.valueRange.end),
    'The backslash at the end continues this header beyond its last line. Apptainer drops the key without a word.',
    'Remove the backslash.',
  )
}
