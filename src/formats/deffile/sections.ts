/** Section names, and repeated sections made one (D17-D20). */

import {nearest} from '../../language/distance.js'
import {type Locate, rememberPlaces} from '../../language/places.js'
import type {DefinitionStage} from '../../model/description.js'
import {bodyText, type RawSection, type RawStage, scanLimit} from './lex.js'
import {type Problems, shown} from './problems.js'
import type {SourceText} from './source.js'
import {linesOf, trim, trimEnd} from './space.js'

const names = ['help', 'setup', 'files', 'labels', 'environment', 'pre', 'post', 'runscript', 'test', 'startscript', 'arguments']
const appNames = ['appinstall', 'applabels', 'appfiles', 'appenv', 'apptest', 'apphelp', 'apprun', 'appstart']
/** Every section that Apptainer knows (D18). */
export const sectionNames: readonly string[] = [...names, ...appNames]
const known = new Set(names)
const knownApps = new Set(appNames)

/** Sections that Apptainer takes for one: same name, and for `%files` and apps the same words behind it. */
export interface Section {
  readonly name: string
  /** The words behind the name, untrimmed as Apptainer keys `%files` by them; for an app its name. */
  readonly arguments: string
  /** The pieces, in order. */
  readonly parts: readonly RawSection[]
}

/** D19, D20: in order of first appearance. Sections that Apptainer refuses go to `problems`. */
export function mergeSections(source: SourceText, stage: RawStage, problems: Problems): Section[] {
  const merged = new Map<string, {name: string; arguments: string; parts: RawSection[]}>()
  for (const raw of stage.sections) {
    if (raw.tooLong) tooLong(source, raw, problems)
    const argument = raw.arguments === undefined ? undefined : source.text.slice(raw.arguments.start, raw.arguments.end)
    if (knownApps.has(raw.name)) addApp(source, raw, argument, merged, problems)
    else if (known.has(raw.name)) {
      const key = raw.name === 'files' ? `files ${argument ?? ''}` : raw.name
      const before = merged.get(key)
      if (before === undefined) merged.set(key, {name: raw.name, arguments: argument ?? '', parts: [raw]})
      else {
        before.parts.push(raw)
        if (argument !== undefined) before.arguments = argument
      }
    } else unknownSection(source, raw, problems)
  }
  return [...merged.values()]
}

function addApp(
  source: SourceText,
  raw: RawSection,
  argument: string | undefined,
  merged: Map<string, {name: string; arguments: string; parts: RawSection[]}>,
  problems: Problems,
): void {
  const written = source.text.slice(raw.line.start, raw.line.end).replace(/^%+/, '')
  const app = argument?.split(' ')[0]
  if (app === undefined || !written.startsWith(raw.name)) {
    problems.syntax(
      source.span(raw.line.start, trimEnd(source.text, raw.line.start, raw.line.end)),
      app === undefined
        ? `Section %${raw.name} lacks the name of its app.`
        : `Apptainer takes the names of app sections in lower case only.`,
      `Write %${raw.name} ${app ?? 'NAME'}.`,
    )
    return
  }
  const key = `${raw.name} ${app}`
  const before = merged.get(key)
  if (before === undefined) merged.set(key, {name: raw.name, arguments: app, parts: [raw]})
  else before.parts.push(raw)
}

/** The body of merged parts as Apptainer puts it together. */
export function sectionBody(source: SourceText, section: Section): string {
  return section.parts.map(part => bodyText(source.text, part.body)).join('')
}

/** Where a piece of a section's body stands: parts are joined line by line, and each line has lost a `\r` at most. */
export function bodyPlaces(source: SourceText, section: Section): Locate {
  let starts: {readonly at: number; readonly start: number}[] | undefined
  const find = (offset: number): number => {
    starts ??= bodyLines(source, section)
    let low = 0
    let high = starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((starts[middle]?.at ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    const line = starts[low]
    return line === undefined ? 0 : line.start + offset - line.at
  }
  // A stretch ends behind its last character, not before the first of the next line.
  return (from, to) => source.span(find(from), to > from ? find(to - 1) + 1 : find(from))
}

/** Where each line starts, in the body and in the stage's text. */
function bodyLines(source: SourceText, section: Section): {at: number; start: number}[] {
  const lines: {at: number; start: number}[] = []
  let at = 0
  for (const {body} of section.parts) {
    for (const line of linesOf(source.text, body.start, body.end)) {
      lines.push({at, start: line.start})
      at += line.end - line.start + 1
    }
  }
  return lines
}

/** The sections as the model keeps them. */
export function definitionSections(source: SourceText, sections: readonly Section[]): DefinitionStage['sections'] {
  return sections.map(section =>
    rememberPlaces(
      {
        name: section.name,
        arguments: section.arguments,
        body: sectionBody(source, section),
        span: partSpan(source, section.parts[0]),
      },
      bodyPlaces(source, section),
    ),
  )
}

/** From the section's own line to the last character of its body. */
export function partSpan(source: SourceText, part: RawSection | undefined) {
  if (part === undefined) return source.span(0, 0)
  return source.span(part.line.start, trimEnd(source.text, part.line.start, part.body.end))
}

/** D16, D17. The commonest cause is a stray `%` inside a script, so the message says what a `%` does. */
function unknownSection(source: SourceText, raw: RawSection, problems: Problems): void {
  const end = trimEnd(source.text, raw.line.start, raw.line.end)
  const line = source.text.slice(raw.line.start, end)
  const start = end - line.trimStart().length
  const first = /^%+[ \t]*([a-z]*)/i.exec(line.trimStart())?.[1]?.toLowerCase() ?? ''
  const meantExactly = known.has(first) || knownApps.has(first)
  const firstWord = /^\S*/.exec(line.slice(start - raw.line.start))?.[0].length ?? 1
  const span = source.span(start, start + Math.max(1, firstWord))
  const rule = 'A line whose first character is % begins a section, even inside a script, a here-document or help text.'
  const elsewhere = `If it is not meant as a section, keep the % away from the line start, for example printf '%s\\n' '%…'.`
  if (raw.name === '' && meantExactly) {
    problems.syntax(
      span,
      `Apptainer reads no section name here, since % has to be the first character of the line and the name has to follow at once.`,
      `Write %${first} at the start of the line.`,
    )
    return
  }
  if (meantExactly && raw.name.startsWith(first)) {
    const next = raw.name.charAt(first.length)
    const what = next === '\t' ? 'a tab' : `"${shown(next)}"`
    problems.syntax(
      span,
      `The name of section %${first} is followed by ${what}; Apptainer wants a blank there.`,
      `Write %${first} and a blank.`,
    )
    return
  }
  if (start > raw.line.start && meantExactly) {
    problems.syntax(span, `Section %${first} has to start in the first column.`, 'Remove the blanks before the %.')
    return
  }
  const meant = nearest(raw.name, [...names, ...appNames])
  problems.syntax(
    span,
    raw.name === '' || start > raw.line.start
      ? `Apptainer takes this line for a section. ${rule}`
      : `Unknown section %${shown(raw.name)}. ${rule}`,
    meant === undefined ? elsewhere : `Did you mean %${meant}? ${elsewhere}`,
  )
}

function tooLong(source: SourceText, raw: RawSection, problems: Problems): void {
  problems.syntax(
    source.span(raw.line.start, trimEnd(source.text, raw.line.start, raw.line.end)),
    `Section %${shown(raw.name)} is too long: Apptainer takes less than ${scanLimit / 1024} KiB per section.`,
    `Split it into several %${shown(raw.name)} sections; Apptainer joins sections of the same name.`,
  )
}

/** The words behind a section's name, without a comment (D17, D62). */
export function argumentWords(section: Section): string[] {
  const text = trim(section.arguments.split('#')[0] ?? '')
  return text === '' ? [] : text.split(/\s+/)
}
