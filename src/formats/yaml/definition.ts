/**
 * A stage in the language of definition files: put together as a text, read by that format's own reader, and every
 * place brought back to the YAML file.
 */
import type {Node} from 'yaml'
import type {Base, CopyStep, Stage, Step} from '../../model/description.js'
import {LineIndex, type Position, type Span} from '../../model/span.js'
import {readDeffile} from '../deffile/read.js'
import {readBase} from './base.js'
import {valueOffsets} from './offsets.js'
import type {Reading} from './reading.js'
import type {DefinitionStageInput} from './schema.js'

/** A stretch of the text that was put together, and where its characters stand in the YAML file. */
interface Piece {
  readonly from: number
  readonly original: (offset: number) => number
}

export function readDefinitionStage(
  reading: Reading,
  name: string,
  key: Node,
  node: Node,
  index: number,
  input: DefinitionStageInput,
): Stage | undefined {
  const {yaml, problems} = reading
  const {text, pieces} = compose(reading, node, input)
  const lines = new LineIndex(yaml.file, text)
  const back = (position: Position): number => {
    const offset = lines.lineStart(position.line) + position.column - 1
    const piece = pieces.findLast(one => one.from <= offset)
    return piece === undefined ? 0 : piece.original(offset - piece.from)
  }
  const moved = (span: Span): Span => {
    const start = back(span.start)
    return yaml.index.span(start, Math.max(back(span.end), start))
  }
  const result = readDeffile(yaml.file, text, {buildArgs: new Map(), architecture: ''})
  for (const {rule, severity, span, message, hint} of result.diagnostics) {
    if (rule === 'syntax') problems.syntax(moved(span), message, hint)
    else problems.add(rule, severity, moved(span), message, hint, name)
  }
  const [stage, second] = result.description?.stages ?? []
  if (stage === undefined || result.description === undefined) {
    if (!problems.failed) problems.syntax(yaml.span(key), `The definition of stage ${JSON.stringify(name)} cannot be read.`)
    return undefined
  }
  if (second !== undefined) {
    problems.syntax(
      moved(second.span),
      'A line that starts with "bootstrap:" begins a new stage, wherever it stands.',
      'Put a blank before it.',
    )
    return undefined
  }
  if (stage.named && stage.name !== name) {
    problems.syntax(
      moved(stage.nameSpan),
      `The stage is called ${JSON.stringify(name)} here and ${JSON.stringify(stage.name)} in its header.`,
      'Give both the same name.',
    )
    return undefined
  }
  return movedStage(stage, {name, index, span: yaml.pairSpan(key, node), nameSpan: yaml.span(key)}, moved, reading, {
    ...yaml.commentAbove(key),
    ...parentOf(reading, node, name, input),
  })
}

/** A definition file itself can only name an image: that it is a stage is said beside it. */
function parentOf(reading: Reading, node: Node, name: string, {from}: DefinitionStageInput): {base?: Base} {
  const place = reading.yaml.node(['from'], node)
  return from === undefined || place === undefined ? {} : {base: readBase(reading, from, place, name)}
}

function movedStage(
  stage: Stage,
  own: Pick<Stage, 'name' | 'index' | 'span' | 'nameSpan'>,
  moved: (span: Span) => Span,
  {indexOf}: Reading,
  said: Pick<Stage, 'comment'> & Partial<Pick<Stage, 'base'>>,
): Stage {
  const place = <T extends {readonly span: Span}>(value: T): T => ({...value, span: moved(value.span)})
  const {definition, settings} = stage
  const copy = (step: CopyStep): CopyStep => ({
    ...place(step),
    from: step.from.kind === 'stage' ? {...place(step.from), index: indexOf.get(step.from.name)} : step.from,
    sources: step.sources.map(place),
    destination: step.destination && place(step.destination),
  })
  return {
    ...stage,
    ...own,
    base: place(stage.base),
    steps: stage.steps.map((step): Step => (step.kind === 'copy' ? copy(step) : place(step))),
    settings: {
      ...(settings.labels === undefined ? {} : {labels: settings.labels.map(place)}),
      ...(settings.runscript === undefined ? {} : {runscript: place(settings.runscript)}),
      ...(settings.startscript === undefined ? {} : {startscript: place(settings.startscript)}),
      ...(settings.test === undefined ? {} : {test: place(settings.test)}),
      ...(settings.environment === undefined ? {} : {environment: place(settings.environment)}),
      ...(settings.help === undefined ? {} : {help: place(settings.help)}),
    },
    ...said,
    ...(definition === undefined
      ? {}
      : {definition: {text: definition.text, headers: definition.headers.map(place), sections: definition.sections.map(place)}}),
  }
}

/** The usual spelling of keys that are more than one word; the others get a capital letter. */
const spelled: Readonly<Record<string, string>> = {
  mirrorurl: 'MirrorURL',
  updateurl: 'UpdateURL',
  osversion: 'OSVersion',
  includecmd: 'IncludeCmd',
  confurl: 'ConfURL',
  registerurl: 'RegisterURL',
  productpgp: 'ProductPGP',
  setopt: 'SetOpt',
}

/** `Bootstrap` comes first, since it is what a stage starts at (D4). */
function compose({yaml}: Reading, node: Node, {definition}: DefinitionStageInput): {text: string; pieces: Piece[]} {
  const source = yaml.index.text
  let text = ''
  const pieces: Piece[] = []
  const glue = (words: string, at: Node) => {
    const start = at.range?.[0] ?? 0
    pieces.push({from: text.length, original: () => start})
    text += words
  }
  const value = (words: string, at: Node) => {
    pieces.push({from: text.length, original: valueOffsets(source, yaml.resolved(at) ?? at)})
    text += words
  }
  const header = yaml.node(['definition', 'header'], node) ?? node
  const entries = yaml.inOrder(definition.header, ['definition', 'header'], node)
  const bootstrap = entries.filter(([key]) => key.toLowerCase() === 'bootstrap')
  for (const [key, words] of [...bootstrap, ...entries.filter(entry => !bootstrap.includes(entry))]) {
    const lower = key.toLowerCase()
    const at = yaml.key(['definition', 'header', key], node) ?? header
    for (const line of yaml.commentAbove(at).comment ?? []) glue(`#${line}\n`, at)
    glue(`${Object.hasOwn(spelled, lower) ? spelled[lower] : lower.charAt(0).toUpperCase() + lower.slice(1)}: `, at)
    value(words.replaceAll('\n', '\\n\\\n'), yaml.node(['definition', 'header', key], node) ?? at)
    glue('\n', at)
  }
  for (const [i, section] of (definition.sections ?? []).entries()) {
    const path = ['definition', 'sections', i]
    const at = yaml.node([...path, 'section'], node) ?? header
    glue(`${i === 0 ? '\n' : ''}%${section.section}`, at)
    if (section.arguments !== undefined && section.arguments !== '') {
      glue(' ', at)
      value(section.arguments, yaml.node([...path, 'arguments'], node) ?? at)
    }
    glue('\n', at)
    if (section.text === undefined || section.text === '') continue
    value(section.text, yaml.node([...path, 'text'], node) ?? at)
    if (!section.text.endsWith('\n')) glue('\n', at)
  }
  return {text, pieces}
}
