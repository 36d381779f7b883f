/**
 * Lays a definition file out anew: headers, the lines of `%files`, `%labels` and `%arguments`, and blank lines around
 * them. Scripts and help texts stay byte for byte, their last blank lines too: those are part of the script (D19, D22).
 */
import {isDeepStrictEqual} from 'node:util'
import type {FormatResult} from '../../model/format.js'
import {placeholders} from './arguments.js'
import {headerSpelling} from './header.js'
import {cutStages, type RawSection, scanStage} from './lex.js'
import {readDeffile} from './read.js'
import {linesOf, trim, trimEnd} from './space.js'

/** Sections that Apptainer reads line by line, each line trimmed (D25, D30, D40). */
const LISTS: ReadonlySet<string> = new Set(['files', 'labels', 'arguments'])

/** The first keys of a header; the others stay in their order behind them. */
const FIRST = ['bootstrap', 'from', 'stage']

/** Undefined text where the file cannot be read: then the findings say why. */
export function formatDeffile(file: string, text: string): FormatResult {
  const before = meaning(file, text)
  if (before.description === undefined) return {diagnostics: before.diagnostics}
  const formatted = layOut(text)
  // What reads otherwise, such as a section that indentation makes too long (D21), stays as it was.
  const after = meaning(file, formatted)
  return {text: isDeepStrictEqual(after.description, before.description) ? formatted : text, diagnostics: []}
}

/** What a text says, as far as a layout must not change it. Every build argument gets a value, so that it can be read. */
function meaning(file: string, text: string) {
  const buildArgs = new Map(placeholders(text).map(({name}) => [name, 'value']))
  const {description, diagnostics} = readDeffile(file, text, {buildArgs, architecture: 'amd64'})
  return {diagnostics, description: description && withoutPlaces(description.stages)}
}

/** Without spans, the stage's own text, and the order of header keys, which means nothing (D11). */
export function withoutPlaces(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, inner: unknown) => {
      if (/^(span|nameSpan|at|places)$/.test(key)) return undefined
      if (key === 'definition' && typeof inner === 'object' && inner !== null && 'headers' in inner && 'sections' in inner)
        return {
          headers: (inner.headers as {key: string}[]).toSorted((a, b) => (a.key < b.key ? -1 : 1)),
          sections: (inner.sections as {name: string; body: string}[]).map(each =>
            LISTS.has(each.name) ? {...each, body: trimmedLines(each.body)} : each,
          ),
        }
      return inner
    }),
  )
}

function trimmedLines(text: string): string[] {
  return text
    .split('\n')
    .map(trim)
    .filter(line => line !== '')
}

function layOut(text: string): string {
  const eol = text.includes('\r\n') ? '\r\n' : '\n'
  const pieces = cutStages(text).map(({start, end}) => text.slice(start, end))
  const out = new Lines(eol)
  for (const piece of pieces) layOutStage(piece, out)
  const last = scanStage(pieces.at(-1) ?? '').sections.at(-1)
  // At its end a file has no blank line, but for those of a script.
  return last === undefined || LISTS.has(last.name) ? out.text().replace(/(\r?\n)(?:\r?\n)+$/, '$1') : out.text()
}

/** What has been written, with the blank lines between its parts. */
class Lines {
  #text = ''

  constructor(readonly eol: string) {}

  line(text: string): void {
    this.#text += `${text}${this.eol}`
  }

  /** At most one blank line, and none at the start of the file. */
  blank(): void {
    if (this.#text !== '' && !/(^|\n)\r?\n$/.test(this.#text)) this.#text += this.eol
  }

  verbatim(text: string): void {
    this.#text += text
  }

  text(): string {
    return this.#text === '' || this.#text.endsWith('\n') ? this.#text : `${this.#text}${this.eol}`
  }
}

function layOutStage(text: string, out: Lines): void {
  const {header, sections} = scanStage(text)
  layOutHeader(text.slice(header.start, header.end), out, sections.length > 0)
  for (const section of sections) {
    const line = text.slice(section.line.start, section.line.end)
    out.verbatim(`${sectionLine(line, section)}${text.slice(section.line.end, section.body.start)}`)
    const body = text.slice(section.body.start, section.body.end)
    if (!LISTS.has(section.name)) out.verbatim(body)
    else layOutList(body, out)
  }
}

/** D17, D18: the name in any case. What stands behind it counts to the last blank (D20, D29). */
function sectionLine(line: string, section: RawSection): string {
  return /^%+[A-Za-z]+(?: |$)/.test(line) ? `%${section.name}${line.replace(/^%+[A-Za-z]+/, '')}` : line
}

interface Entry {
  readonly above: string[]
  readonly key: string
  readonly text: string
}

function layOutHeader(text: string, out: Lines, hasSections: boolean): void {
  const lines = [...linesOf(text, 0, text.length)].map(({start, end}) => text.slice(start, end))
  // D3, D14, D32: where a blank at the start, a line end or a value that is filled in decides, nothing is touched.
  if (lines.some(line => /\\\s*$|^\s+bootstrap|^bootstrap\s+:|^\s*\{\{/iu.test(line))) {
    out.verbatim(text)
    return
  }
  const entries: Entry[] = []
  let above: string[] = []
  for (const line of lines) {
    const content = trim(line)
    if (content === '' || content.startsWith('#')) {
      above.push(content)
      continue
    }
    const colon = content.indexOf(':')
    const key = trim(content.slice(0, colon))
    const spelling = headerSpelling(key) ?? key
    entries.push({above, key: key.toLowerCase(), text: `${spelling}: ${trim(content.slice(colon + 1))}`.trimEnd()})
    above = []
  }
  // Comments above the first stage, which a blank line may part from its header.
  if (entries.length === 0) {
    layOutComments(above, out)
    return
  }
  const rank = ({key}: Entry) => (FIRST.indexOf(key) === -1 ? FIRST.length : FIRST.indexOf(key))
  for (const entry of entries.toSorted((a, b) => rank(a) - rank(b))) {
    for (const comment of entry.above) if (comment !== '') out.line(comment)
    out.line(entry.text)
  }
  if (hasSections || above.some(each => each !== '')) out.blank()
  layOutComments(above, out)
}

/** Comment lines with at most one blank line between them, and one behind them where there was one. */
function layOutComments(lines: readonly string[], out: Lines): void {
  let started = false
  for (const line of lines) {
    if (line !== '') out.line(line)
    else if (started) out.blank()
    started ||= line !== ''
  }
}

/** Entries indented, with at most one blank line between them; comments at its end that are not indented are of what follows. */
function layOutList(body: string, out: Lines): void {
  const lines = [...linesOf(body, 0, body.length)].map(({start, end}) => body.slice(start, trimEnd(body, start, end)))
  const lastEntry = lines.findLastIndex(line => trim(line) !== '' && !/^\s*#/.test(line))
  const next = lines.findIndex((line, i) => i > lastEntry && line.startsWith('#'))
  const own = next === -1 ? lines : lines.slice(0, next)
  let waiting = false
  let started = false
  for (const line of own) {
    const content = trim(line)
    if (content === '') waiting = started
    else {
      if (waiting) out.blank()
      // D3, D16, D32: what is filled in may begin a section, and then its place on the line counts.
      out.line(/^(\{\{|bootstrap)/iu.test(content) ? line : `    ${content}`)
      waiting = false
      started = true
    }
  }
  out.blank()
  layOutComments(next === -1 ? [] : lines.slice(next).map(trim), out)
}
