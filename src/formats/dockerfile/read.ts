/**
 * Reads a Dockerfile in BuildKit's layers: lines → instructions → stages. Every error is found in one go and
 * stands where it is in the file; one of rule `syntax` leaves no description.
 */
import {didYouMean} from '../../language/distance.js'
import type {Stage} from '../../model/description.js'
import type {ReadOptions, ReadResult} from '../../model/format.js'
import {LineIndex, type Span, startOf} from '../../model/span.js'
import {BuildArguments} from './build-arguments.js'
import type {Replacements, StageEnd} from './ground.js'
import type {Instruction} from './instruction.js'
import {readInstructions} from './instructions.js'
import {LineReader} from './lines.js'
import {Problems} from './problems.js'
import type {Reading} from './reading.js'
import {lastNamed, readStages} from './stages.js'

export function readDockerfile(file: string, text: string, options: ReadOptions): ReadResult {
  const {stages, unused, declared, problems} = readStagesOf(file, text, options)
  if (problems.failed) return {diagnostics: problems.sorted()}
  reportUnused(file, unused, declared, problems)
  return {
    description: {format: 'dockerfile', file, text, stages: stages.map(({stage}) => stage)},
    diagnostics: problems.sorted(),
  }
}

export interface StagesRead {
  /** Empty after a syntax error. */
  readonly stages: readonly {readonly stage: Stage; readonly end: StageEnd}[]
  /** Build arguments that no ARG line asks for, and those that one does. */
  readonly unused: readonly string[]
  readonly declared: ReadonlySet<string>
  /** The argument by which the FROM lines of `rebasedFroms` name their base. */
  readonly baseArgument: string | undefined
  readonly problems: Problems
}

/**
 * The stages of a file with what each leaves to others.
 * @param instead what its stages are to stand on and copy from instead of what they say; see `rebasedFroms`
 */
export function readStagesOf(
  file: string,
  text: string,
  options: ReadOptions,
  {ground, images = new Map()}: Replacements = {},
): StagesRead {
  const index = new LineIndex(file, text)
  const problems = new Problems()
  const lexed = readText(index, problems)
  const {instructions} = lexed
  const buildArguments = new BuildArguments(options)
  const named = lastNamed(instructions)
  const rebasable = rebasedFroms(instructions)
  const reading: Reading = {
    index,
    problems,
    arguments: buildArguments,
    escape: lexed.escape,
    lastNamed: named.names,
    stageCount: named.count,
    configs: options.configs ?? new Map(),
    images,
    ...(ground === undefined ? {} : {rebase: {froms: rebasable.froms, ground}}),
  }
  const stages = readStages(reading, instructions)
  if (stages.length === 0 && !problems.failed) reportNothing(index, instructions, problems)
  return {
    stages: problems.failed ? [] : stages,
    unused: buildArguments.unused(),
    declared: buildArguments.declared,
    baseArgument: rebasable.argument,
    problems,
  }
}

/**
 * The FROM lines that another base is put under: those of `$BASE_IMAGE`, by which a chain of images is usually linked;
 * else those of the first line's variable; else the first line alone.
 */
function rebasedFroms(instructions: readonly Instruction[]): {froms: Set<Instruction>; argument: string | undefined} {
  const froms = instructions.filter(instruction => instruction.name === 'FROM')
  const variable = (text: string | undefined) =>
    /^\$(?:(\w+)|\{(\w+)(?::?-.*)?\})$/s
      .exec(text ?? '')
      ?.slice(1)
      .find(Boolean)
  const [first] = froms
  const names = froms.map(from => variable(from.image.text))
  const wanted = names.includes('BASE_IMAGE') ? 'BASE_IMAGE' : names[0]
  const rebased = wanted === undefined ? froms.filter(from => from === first) : froms.filter((_, i) => names[i] === wanted)
  return {froms: new Set(rebased), argument: wanted}
}

/** The lexical and the instruction layer. */
function readText(index: LineIndex, problems: Problems): {instructions: readonly Instruction[]; escape: string} {
  const nul = index.text.indexOf('\0')
  if (nul !== -1) {
    problems.syntax(
      index.span(nul, nul + 1),
      'this is no text: it has a NUL byte',
      'Is this really a Dockerfile, saved as UTF-8?',
    )
    return {instructions: [], escape: '\\'}
  }
  const reader = new LineReader(index, problems)
  const instructions = readInstructions(reader, problems)
  for (const directive of reader.directives) {
    if (directive.name === 'syntax') checkSyntaxImage(directive.value, directive.span, problems)
  }
  return {instructions, escape: reader.escape}
}

/** K8: another front end may mean another language. */
function checkSyntaxImage(value: string, span: Span, problems: Problems): void {
  const image = value.split(' ')[0] ?? ''
  const own = /^(docker\.io\/)?docker\/dockerfile(-upstream)?([:@]|$)/.test(image)
  if (own && !/-labs$/.test(image)) return
  const message = own
    ? `${image} has experimental instructions and flags, which are not known here.`
    : `${image} is another front end, which may read this file in its own way; it is read as a plain Dockerfile here.`
  problems.add('foreign-syntax', 'warning', span, message, 'Use docker/dockerfile:1 if the file needs nothing else.')
}

/** K10. */
function reportNothing(index: LineIndex, instructions: readonly Instruction[], problems: Problems): void {
  const start = startOf(index.file)
  if (instructions.length > 0) problems.syntax(start, 'dockerfile contains no stages to build', 'Add a FROM below the ARGs.')
  else if (index.text.trim() === '') problems.syntax(start, 'the Dockerfile cannot be empty', 'Start with FROM IMAGE.')
  else problems.syntax(start, 'file with no instructions: it has comments only', 'Start with FROM IMAGE.')
}

function reportUnused(file: string, unused: readonly string[], declared: ReadonlySet<string>, problems: Problems): void {
  for (const name of unused) {
    const near = didYouMean(name, declared)
    const hint = near === undefined ? `Add ARG ${name}, or leave the argument out.` : `Did you mean ${near}?`
    problems.add('unused-build-arg', 'warning', startOf(file), `No ARG line asks for the build argument ${name}.`, hint)
  }
}
