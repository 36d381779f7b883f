/**
 * Reads a definition file as Apptainer 1.4.5 does: cut into stages (D1), parse each as it stands, fill in build
 * arguments, parse again (D33). What Apptainer refuses is a `syntax` diagnostic; what it misreads silently has
 * a rule of its own.
 */

import {nearest} from '../../language/distance.js'
import type {Stage} from '../../model/description.js'
import type {ReadOptions, ReadResult} from '../../model/format.js'
import {LineIndex, startOf} from '../../model/span.js'
import {readDefaults, substitute} from './arguments.js'
import {isAgent} from './base.js'
import {withConfigs} from './configs.js'
import {cutStages, scanStage} from './lex.js'
import {Problems, shown} from './problems.js'
import {SourceText} from './source.js'
import {skipSpace, trim, trimEnd} from './space.js'
import {describeStage, headerMap, type ParsedStage, parseStage, stageName} from './stage.js'

export function readDeffile(file: string, text: string, options: ReadOptions): ReadResult {
  const problems = new Problems()
  const index = new LineIndex(file, text)
  if (!isText(text, index, problems)) return {diagnostics: problems.list}
  const pieces = cutStages(text)
  const templates: ParsedStage[] = []
  pieces.forEach((piece, i) => {
    const source = new SourceText(text.slice(piece.start, piece.end), index, piece.start, [])
    if (i === 0 && isPreamble(source, pieces.length > 1, problems)) return
    const before = problems.list.length
    templates.push(parseStage(source, scanStage(source.text), problems))
    if (problems.list.length > before && i > 0) accidentalCut(source, problems)
  })
  if (templates.length === 0 && !problems.unreadable) empty(file, text, problems)
  if (problems.unreadable) return {diagnostics: problems.list}
  const filled = fillIn(templates, options, problems)
  if (problems.unreadable) return {diagnostics: problems.list}
  unusedArguments(file, filled, options, problems)

  const firstOf = new Map<string, number>()
  filled.stages.forEach((parsed, i) => {
    const name = stageName(headerMap(parsed.headers))
    if (name !== undefined && !firstOf.has(name)) firstOf.set(name, i)
  })
  const stages: Stage[] = []
  filled.stages.forEach((parsed, i) => {
    const stage = describeStage(parsed, i, commentAbove(text, parsed.source.base), name => firstOf.get(name), problems)
    if (stage === undefined) return
    looseBootstrap(parsed, stage.name, problems)
    stages.push(stage)
  })
  if (problems.unreadable) return {diagnostics: problems.list}
  return {
    // D43, tried: the stages one after the other as filled in, line ends and all; a preamble of comments is dropped.
    description: {
      format: 'def',
      file,
      text: filled.stages.map(parsed => parsed.source.text).join(''),
      stages: withConfigs(stages, options.configs),
    },
    diagnostics: problems.list,
  }
}

function isText(text: string, index: LineIndex, problems: Problems): boolean {
  if (text.startsWith('\ufeff')) {
    problems.syntax(
      index.span(0, 1),
      'The file starts with a byte-order mark (BOM), an invisible character that Apptainer takes for part of the first word.',
      'Save the file as "UTF-8 without BOM".',
    )
    return false
  }
  const nul = text.indexOf('\0')
  if (nul !== -1) {
    problems.syntax(
      index.span(nul, nul + 1),
      text.startsWith('#!/usr/bin/env run-singularity')
        ? 'This is an image (SIF), not a definition file.'
        : 'This is no text file: it holds a NUL character.',
    )
    return false
  }
  return true
}

function empty(file: string, text: string, problems: Problems): void {
  problems.syntax(
    startOf(file),
    trim(text) === '' ? 'The definition file is empty.' : 'The definition file holds nothing but comments.',
    'A definition starts with a header, for example "Bootstrap: docker" and "From: debian:12".',
  )
}

/**
 * D4: what stands before the first `bootstrap:` in column one. True when it takes no further part: comments only,
 * or something that Apptainer refuses.
 */
function isPreamble(source: SourceText, more: boolean, problems: Problems): boolean {
  const {text} = source
  if (/^bootstrap:/i.test(text)) return false
  const start = firstWord(text)
  if (start === undefined) return true
  const end = trimEnd(text, start, Math.max(start + 1, lineEnd(text, start)))
  if (text.charAt(start) === '%') {
    problems.syntax(
      source.span(start, end),
      more
        ? 'A section stands before the header. Apptainer takes everything above "Bootstrap:" for a stage of its own, and that has no header.'
        : 'There is no header: the file starts with a section.',
      'Start the file with "Bootstrap:" and "From:".',
    )
    return true
  }
  const raw = scanStage(text)
  const probe = new Problems()
  const headers = headerMap(parseStage(source, raw, probe).headers)
  // D3: ` Bootstrap:` is a header key although it opens no stage.
  if (headers.has('bootstrap')) return false
  if (headers.size > 0 && !probe.unreadable) {
    problems.syntax(
      source.span(start, end),
      more
        ? '"Bootstrap:" has to be the first line of a header. Apptainer takes the lines above it for a stage of their own.'
        : 'The header has no "Bootstrap:" line.',
      more ? 'Move "Bootstrap:" to the top.' : 'Start the file with, for example, "Bootstrap: docker".',
    )
    return true
  }
  const first = probe.list[0]
  problems.syntax(
    first?.span ?? source.span(start, end),
    first?.message ?? 'This is no definition file.',
    more || raw.sections.length > 0
      ? first?.hint
      : 'A definition file starts with a header, for example "Bootstrap: docker" and "From: debian:12".',
  )
  return true
}

/** Offset of the first character that is neither white space nor in a comment line. */
function firstWord(text: string): number | undefined {
  let at = skipSpace(text, 0, text.length)
  while (text.charAt(at) === '#') at = skipSpace(text, lineEnd(text, at), text.length)
  return at < text.length ? at : undefined
}

function lineEnd(text: string, from: number): number {
  const newline = text.indexOf('\n', from)
  return newline === -1 ? text.length : newline
}

/** D1: a `bootstrap:` in a script or help text cuts the file there; what follows is then no header. */
function accidentalCut(source: SourceText, problems: Problems): void {
  const value = trim(source.text.slice('bootstrap:'.length, lineEnd(source.text, 0)).split('#')[0] ?? '')
  if (isAgent(value) || nearest(value.toLowerCase(), ['docker', 'localimage', 'scratch', 'library', 'debootstrap']) !== undefined)
    return
  problems.add(
    'bootstrap-in-section',
    'error',
    source.span(0, 'bootstrap:'.length),
    'A line that starts with "bootstrap:" begins a new stage wherever it stands, also inside a section, a script or a here-document. This one looks like an accident.',
    'Put a blank before it, or build the text another way, for example with printf.',
  )
}

interface Filled {
  readonly stages: readonly ParsedStage[]
  readonly used: ReadonlySet<string>
}

/** D33: every stage once more, with its build arguments filled in. */
function fillIn(templates: readonly ParsedStage[], options: ReadOptions, problems: Problems): Filled {
  const used = new Set<string>()
  const stages: ParsedStage[] = []
  for (const parsed of templates) {
    const bodies = parsed.sections.filter(s => s.name === 'arguments').flatMap(s => s.parts.map(part => part.body))
    const defaults = readDefaults(parsed.source, bodies, problems)
    const result = substitute(parsed.source, options.buildArgs, defaults, problems)
    if (result === undefined) continue
    for (const name of result.used) used.add(name)
    stages.push(result.source === parsed.source ? parsed : parseStage(result.source, scanStage(result.source.text), problems))
  }
  return {stages, used}
}

/** D35: a build argument that nothing uses ends the build. */
function unusedArguments(file: string, filled: Filled, options: ReadOptions, problems: Problems): void {
  const unused = [...options.buildArgs.keys()].filter(name => !filled.used.has(name))
  for (const name of unused) {
    const meant = nearest(name, filled.used)
    problems.add(
      'unused-build-arg',
      'error',
      startOf(file),
      `Build argument ${shown(name)} was given, but nothing in the file uses {{ ${shown(name)} }}.`,
      meant === undefined ? 'Leave it out. A placeholder behind a # on its line does not count.' : `Did you mean ${meant}?`,
    )
  }
}

/** D3: an indented `Bootstrap:` is a header key in the first stage and plain text further down. */
function looseBootstrap(parsed: ParsedStage, stage: string, problems: Problems): void {
  const {source} = parsed
  const own = parsed.headers.find(entry => entry.key === 'bootstrap' && entry.loose)
  const warn = (from: number, to: number, message: string) =>
    problems.add(
      'indented-bootstrap',
      'warning',
      source.span(from, to),
      message,
      'Write "Bootstrap:" in the first column, with the colon right behind it.',
      stage,
    )
  if (own !== undefined) {
    warn(
      own.keyRange.start,
      own.keyRange.end,
      'This "Bootstrap:" works here, but a second stage written like this would become part of the stage before it.',
    )
  }
  for (const section of parsed.sections) {
    for (const part of section.parts) {
      const body = source.text.slice(part.body.start, part.body.end)
      for (const match of body.matchAll(/(?<![^\n])([ \t]+bootstrap[ \t]*|bootstrap[ \t]+):[ \t]*([a-z-]+)[ \t\r]*(?![^\n])/gi)) {
        if (!isAgent(match[2]?.toLowerCase() ?? '')) continue
        const from = part.body.start + match.index
        warn(
          skipSpace(source.text, from, from + match[0].length),
          trimEnd(source.text, from, from + match[0].length),
          `This line begins no new stage: it is part of section %${section.name}, since "Bootstrap:" is not at the start of the line.`,
        )
      }
    }
  }
}

/** The comment lines directly above a stage. */
function commentAbove(text: string, start: number): string[] {
  const lines: string[] = []
  let end = start - 1
  while (end > 0 && lines.length < 50) {
    const from = text.lastIndexOf('\n', end - 1) + 1
    const line = trim(text.slice(from, end))
    if (!line.startsWith('#')) break
    lines.unshift(line.slice(1))
    end = from - 1
  }
  return lines
}
