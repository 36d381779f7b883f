/** How things look on a terminal: signs, colours, and lines that fit. */
import type {Palette} from '../reports/palette.js'
import {columnsOf} from '../reports/visible.js'

export interface Signs {
  readonly turning: readonly string[]
  readonly done: string
  readonly failed: string
  readonly waiting: string
  readonly none: string
  readonly log: string
  readonly more: string
}

const unicode: Signs = {
  turning: [...'⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'],
  done: '✓',
  failed: '✗',
  waiting: '·',
  none: '-',
  log: '│',
  more: '…',
}

const ascii: Signs = {turning: [...'|/-\\'], done: '+', failed: 'x', waiting: '.', none: '-', log: '|', more: '...'}

export interface Look {
  readonly signs: Signs
  readonly colours: Palette
  readonly isUnicode: boolean
}

/** Whether a terminal shows more than ASCII, by the locale; the console of Linux has no signs of ours. */
export function showsUnicode(env: Readonly<Record<string, string | undefined>>): boolean {
  return /utf-?8/i.test(env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '') && env['TERM'] !== 'linux'
}

export function lookOf(colours: Palette, isUnicode: boolean): Look {
  return {signs: isUnicode ? unicode : ascii, colours, isUnicode}
}

/** Text that has been made printable, in characters that the terminal has. */
export function inLocale(text: string, {isUnicode}: Look): string {
  // A picture selector makes some terminals draw the sign before it wider.
  return isUnicode ? text.replaceAll('\ufe0f', '') : text.replace(/[^\x20-\x7e]/gu, '?')
}

/** As much of a text as fits, with a sign for what does not. */
function cut(text: string, columns: number, {signs}: Look): string {
  if (columnsOf(text) <= columns) return text
  const room = columns - columnsOf(signs.more)
  if (room < 0) return signs.more.slice(0, Math.max(0, columns))
  let taken = ''
  let used = 0
  for (const character of text) {
    used += columnsOf(character)
    if (used > room) break
    taken += character
  }
  return taken + signs.more
}

/** A part of a line, with what colours it. */
export type Part = string | readonly [text: string, paint: (text: string) => string]

/** A line of parts, cut to so many columns: the colours are put on what is left. */
export function paintLine(parts: readonly Part[], columns: number, look: Look): string {
  let left = columns
  let line = ''
  for (const part of parts) {
    if (left <= 0) break
    const [text, paint] = typeof part === 'string' ? [part, undefined] : part
    const shown = cut(inLocale(text, look), left, look)
    left -= columnsOf(shown)
    line += paint === undefined || shown === '' ? shown : paint(shown)
  }
  return line
}
