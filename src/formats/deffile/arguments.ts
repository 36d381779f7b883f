/**
 * Build arguments: `%arguments` and `{{ NAME }}` (D32-D41), as internal/pkg/build/args of Apptainer 1.4.5 does it.
 */

import {nearest} from '../../language/distance.js'
import type {Span} from '../../model/span.js'
import type {Problems} from './problems.js'
import {shown} from './problems.js'
import {type Edit, SourceText} from './source.js'
import {linesOf, skipSpace, trim, trimEnd} from './space.js'

/** Go's `\s` and `\w` are ASCII. */
const placeholder = /\{\{[\t\n\f\r ]*([0-9A-Za-z_]+)[\t\n\f\r ]*\}\}/g

/** No section that Apptainer accepts is larger than 64 KiB, so a text that outgrows this is refused anyway; it bounds memory. */
const largest = 64 * 1024 * 1024

/** D40: the defaults of one stage, from its merged `%arguments` body. */
export function readDefaults(
  source: SourceText,
  bodies: readonly {readonly start: number; readonly end: number}[],
  problems: Problems,
): Map<string, string> {
  const defaults = new Map<string, string>()
  for (const body of bodies) {
    for (const line of linesOf(source.text, body.start, body.end)) {
      const start = skipSpace(source.text, line.start, line.end)
      const end = trimEnd(source.text, start, line.end)
      if (start === end || source.text.charAt(start) === '#') continue
      const text = source.text.slice(start, end)
      const equals = text.indexOf('=')
      const key = trim(text.slice(0, Math.max(equals, 0)))
      if (key !== '') defaults.set(key, trim(text.slice(equals + 1)))
      else {
        problems.add(
          'malformed-argument',
          'warning',
          source.span(start, end),
          `Apptainer skips this line of %arguments, since it is not "NAME=value".`,
          'Write NAME=value, or NAME= for an empty value.',
        )
      }
    }
  }
  return defaults
}

interface Substituted {
  readonly source: SourceText
  /** Names of the arguments that the text used. */
  readonly used: ReadonlySet<string>
}

/** D32: fills in every `{{ NAME }}` of a stage. Undefined when an argument is missing or the text outgrows all bounds. */
export function substitute(
  source: SourceText,
  given: ReadonlyMap<string, string>,
  defaults: ReadonlyMap<string, string>,
  problems: Problems,
): Substituted | undefined {
  const {text} = source
  const used = new Set<string>()
  const missing = new Set<string>()
  const edits: Edit[] = []
  const parts: string[] = []
  let size = 0
  let copied = 0
  const comments = new CommentWatch(text)
  for (const match of text.matchAll(placeholder)) {
    // D38: the look back for a `#` stops at the last placeholder that was filled in.
    if (comments.before(match.index, copied)) continue
    const name = match[1] ?? ''
    const value = argumentValue(name, given, defaults)
    if (value === undefined) {
      const span = source.span(match.index, match.index + match[0].length)
      if (!missing.has(name)) undefinedArgument(name, span, [...defaults.keys(), ...given.keys()], problems)
      missing.add(name)
      continue
    }
    used.add(name)
    const between = text.slice(copied, match.index)
    copied = match.index + match[0].length
    const start = size + between.length
    size = start + value.length
    if (size > largest) {
      problems.syntax(
        source.span(match.index, copied),
        `Filling in {{ ${shown(name)} }} makes the definition larger than ${largest} characters; Apptainer takes 64 KiB per section.`,
      )
      return undefined
    }
    parts.push(between, value)
    edits.push({start, end: size, from: source.base + match.index, to: source.base + copied})
  }
  if (missing.size > 0) return undefined
  if (edits.length === 0) return {source, used}
  parts.push(text.slice(copied))
  return {source: new SourceText(parts.join(''), source.index, source.base, edits), used}
}

function undefinedArgument(name: string, span: Span, known: readonly string[], problems: Problems): void {
  const meant = nearest(name, known)
  problems.syntax(
    span,
    `Build argument ${shown(name)} has no value: neither --build-arg nor %arguments of this stage defines it.`,
    meant === undefined
      ? `Add a line "${shown(name)}=value" to %arguments of this stage, or give --build-arg ${shown(name)}=value.`
      : `Did you mean {{ ${meant} }}?`,
  )
}

/** D34, and D39: placeholders inside a value are filled in too, one level only. */
function argumentValue(
  name: string,
  given: ReadonlyMap<string, string>,
  defaults: ReadonlyMap<string, string>,
): string | undefined {
  const value = given.get(name) ?? defaults.get(name)
  if (value === undefined) return undefined
  let filled = value
  for (const match of value.matchAll(placeholder)) {
    const inner = given.get(match[1] ?? '') ?? defaults.get(match[1] ?? '')
    if (inner !== undefined) filled = filled.split(match[0]).join(inner)
    if (filled.length > largest) break
  }
  return filled
}

/**
 * D38: a `#` that is followed by anything but `!` before the placeholder, on its line and after the last
 * placeholder filled in, leaves the braces alone. Asked in rising order, so that one pass over the text is enough.
 */
class CommentWatch {
  #at = 0
  #lineStart = 0
  /** Offset of the last `#` with a character other than `!` behind it, so far. */
  #hash = -1

  constructor(readonly text: string) {}

  before(offset: number, copied: number): boolean {
    while (this.#at < offset) {
      const character = this.text.charAt(this.#at)
      if (character === '\n') this.#lineStart = this.#at
      else if (character === '#' && this.#at + 1 < offset && this.text.charAt(this.#at + 1) !== '!') this.#hash = this.#at
      // A `#` right before this placeholder may still count for the next one of the line.
      else if (character === '#' && this.#at + 1 === offset) break
      this.#at += 1
    }
    return this.#hash >= Math.max(this.#lineStart, copied)
  }
}

/** Spellings `{{ NAME }}` in a text that Apptainer would fill in, in order. */
export function placeholders(text: string): {readonly name: string; readonly spelling: string}[] {
  const found: {name: string; spelling: string}[] = []
  const comments = new CommentWatch(text)
  let copied = 0
  for (const match of text.matchAll(placeholder)) {
    if (comments.before(match.index, copied)) continue
    copied = match.index + match[0].length
    found.push({name: match[1] ?? '', spelling: match[0]})
  }
  return found
}
