/** One stage of a definition file as a stage of the description: its header, its steps in their real order, its settings. */
import {rememberPlaces} from '../../language/places.js'
import type {RunStep, Script, Settings, Stage} from '../../model/description.js'
import {readBase, valueSpan} from './base.js'
import {readFiles} from './files.js'
import {type HeaderEntry, readHeader} from './header.js'
import {readLabels} from './labels.js'
import type {RawStage} from './lex.js'
import type {Problems} from './problems.js'
import {argumentWords, bodyPlaces, definitionSections, mergeSections, partSpan, type Section, sectionBody} from './sections.js'
import type {SourceText} from './source.js'
import {skipSpace, trimEnd} from './space.js'

/** A stage whose text has been taken apart and found to be one that Apptainer parses. */
export interface ParsedStage {
  readonly source: SourceText
  readonly headers: readonly HeaderEntry[]
  readonly sections: readonly Section[]
}

export function parseStage(source: SourceText, raw: RawStage, problems: Problems): ParsedStage {
  if (raw.headerTooLong) {
    const start = skipSpace(source.text, raw.header.start, raw.header.end)
    problems.syntax(source.span(start, start + 1), 'The header of this stage is too long: Apptainer takes less than 64 KiB.')
    return {source, headers: [], sections: []}
  }
  return {source, headers: readHeader(source, raw.header, problems), sections: mergeSections(source, raw, problems)}
}

/** D11: the last of a repeated key counts. */
export function headerMap(headers: readonly HeaderEntry[]): Map<string, HeaderEntry> {
  return new Map(headers.map(entry => [entry.key, entry]))
}

/** D44: the name of a stage, undefined when it has none. */
export function stageName(headers: ReadonlyMap<string, HeaderEntry>): string | undefined {
  const name = headers.get('stage')?.value ?? ''
  return name === '' ? undefined : name
}

/** Undefined when the header names no usable base; then a `syntax` problem says so. */
export function describeStage(
  parsed: ParsedStage,
  index: number,
  comment: readonly string[],
  stageIndex: (name: string) => number | undefined,
  problems: Problems,
): Stage | undefined {
  const {source, sections} = parsed
  const headers = headerMap(parsed.headers)
  const bootstrap = headers.get('bootstrap')
  const own = stageName(headers)
  const name = own ?? `stage-${index}`
  if (bootstrap === undefined) {
    problems.syntax(source.span(0, 1), 'This stage has no "Bootstrap:" left: Apptainer says "no bootstrap specification found".')
    return undefined
  }
  repeatedHeaders(parsed, name, problems)
  const base = readBase(source, headers, bootstrap, name, problems)
  const files = readFiles(source, sections, name, stageIndex, problems)
  if (base === undefined) return undefined
  const stage = headers.get('stage')
  return {
    name,
    index,
    named: own !== undefined,
    rules: 'def',
    span: source.span(skipSpace(source.text, 0, source.text.length), trimEnd(source.text, 0, source.text.length)),
    nameSpan:
      stage !== undefined && own !== undefined
        ? valueSpan(source, stage)
        : source.span(bootstrap.keyRange.start, Math.max(bootstrap.valueRange.end, bootstrap.keyRange.end)),
    base,
    // D57: the order in which Apptainer goes through the sections, whatever their order in the text.
    steps: [
      ...scriptStep(source, sections, 'pre'),
      ...files.fromStages,
      ...scriptStep(source, sections, 'setup'),
      ...files.fromHost,
      ...scriptStep(source, sections, 'post'),
    ],
    settings: readSettings(source, sections),
    ...(comment.length === 0 ? {} : {comment}),
    definition: {
      text: source.text,
      headers: [...headers.values()].map(entry => ({
        key: entry.key,
        value: entry.value,
        span: source.span(entry.keyRange.start, Math.max(entry.valueRange.end, entry.keyRange.end)),
      })),
      sections: definitionSections(source, sections),
    },
  }
}

/** D11: of a repeated key only the last one counts, which nobody sees who reads the first. */
function repeatedHeaders({source, headers}: ParsedStage, stage: string, problems: Problems): void {
  const last = headerMap(headers)
  for (const entry of headers) {
    const counts = last.get(entry.key)
    if (counts === undefined || counts === entry || counts.value === entry.value) continue
    problems.add(
      'repeated-header',
      'warning',
      source.span(entry.keyRange.start, Math.max(entry.valueRange.end, entry.keyRange.end)),
      `This line has no effect: "${entry.key}:" stands again at line ${source.span(counts.keyRange.start, counts.keyRange.end).start.line}, and the last one counts.`,
      'Remove one of the two.',
      stage,
    )
  }
}

/** D23: a section without any line is skipped, one of blank lines is run. */
function scriptStep(source: SourceText, sections: readonly Section[], name: 'pre' | 'setup' | 'post'): RunStep[] {
  const section = sections.find(s => s.name === name)
  if (section === undefined) return []
  const text = sectionBody(source, section)
  if (text === '') return []
  return [
    {
      kind: 'run',
      rules: 'def',
      where: name === 'post' ? 'image' : 'host',
      span: partSpan(source, section.parts[0]),
      command: rememberPlaces({kind: 'script', text} as const, bodyPlaces(source, section)),
      section: {name, arguments: argumentWords(section)},
    },
  ]
}

function readSettings(source: SourceText, sections: readonly Section[]): Settings {
  const script = (name: string): Script | undefined => {
    const section = sections.find(s => s.name === name)
    const text = section === undefined ? '' : sectionBody(source, section)
    if (section === undefined || text === '') return undefined
    const words = argumentWords(section)
    return rememberPlaces(
      {text, ...(words.length === 0 ? {} : {arguments: words}), span: partSpan(source, section.parts[0])},
      bodyPlaces(source, section),
    )
  }
  const labelSection = sections.find(s => s.name === 'labels')
  const labels = labelSection === undefined ? [] : readLabels(source, labelSection)
  const runscript = script('runscript')
  const startscript = script('startscript')
  const test = script('test')
  const environment = script('environment')
  const help = script('help')
  return {
    ...(labels.length === 0 ? {} : {labels}),
    ...(runscript === undefined ? {} : {runscript}),
    ...(startscript === undefined ? {} : {startscript}),
    ...(test === undefined ? {} : {test}),
    ...(environment === undefined ? {} : {environment}),
    ...(help === undefined ? {} : {help}),
  }
}
