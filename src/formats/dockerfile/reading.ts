/** What the functions of the meaning layer share: the file's problems, its arguments and its stages so far. */
import {expandWord, type Lookup} from '../../language/words.js'
import type {Base, Settings, Step} from '../../model/description.js'
import type {Diagnostic} from '../../model/diagnostic.js'
import type {ImageConfig} from '../../model/image-config.js'
import type {LineIndex, Span} from '../../model/span.js'
import {plainText, type Template} from '../../model/template.js'
import {type Word, wordSpan} from './arguments.js'
import type {BuildArguments} from './build-arguments.js'
import type {Ground, Replacement} from './ground.js'
import type {Instruction} from './instruction.js'
import type {Problems} from './problems.js'
import type {Scope} from './scope.js'

export interface Reading {
  readonly index: LineIndex
  readonly problems: Problems
  readonly arguments: BuildArguments
  readonly escape: string
  /** Place of the last stage of each name in the file: what COPY --from means by it (K70). */
  readonly lastNamed: ReadonlyMap<string, number>
  readonly stageCount: number
  /** Configurations of base images by normalized reference, as far as they are known. */
  readonly configs: ReadonlyMap<string, ImageConfig>
  /** FROM lines that stand on something else than they say. */
  readonly rebase?: {readonly froms: ReadonlySet<Instruction>; readonly ground: Ground}
  /** What images are instead of what they are called, by normalized reference. */
  readonly images: ReadonlyMap<string, Replacement>
}

/** A stage while it is read. */
export interface OpenStage {
  readonly name: string
  readonly index: number
  readonly named: boolean
  readonly from: Instruction
  readonly nameSpan: Span
  readonly base: Base
  readonly platform: string | undefined
  readonly scope: Scope
  readonly steps: Step[]
  settings: Settings
  readonly labels: Map<string, {readonly value: Template; readonly span: Span}>
  /** The folder that RUN and relative destinations start from; relative where an image would have to tell (K121). */
  workdir: Template
  shell: readonly string[]
  /** ONBUILD instructions of what it starts from. */
  readonly triggers: readonly string[]
  end: Span
}

/** Expands a word; undefined after a problem, which is reported where it stands. */
export function expand(reading: Reading, word: Word, lookup: Lookup): Template | undefined {
  const expansion = expandWord(word.text, {lookup, escape: reading.escape})
  if (expansion.kind === 'expanded') return expansion.template
  const {kind, message, from, to} = expansion.problem
  const span = wordSpan(word, from, to)
  switch (kind) {
    case 'syntax':
      reading.problems.syntax(span, `failed to process ${quoteShort(word.text)}: ${message}`, syntaxHint(message))
      return undefined
    case 'value':
      reading.problems.add('unusable-value', 'error', span, `failed to process ${quoteShort(word.text)}: ${message}`, valueHint)
      return undefined
    case 'open':
      reading.problems.add('base-variable-modifier', 'error', span, `${message}, so this can't be worked out.`, openHint)
      return undefined
  }
}

const valueHint = 'Give the variable a value: an ARG with a default, or --build-arg.'

const openHint =
  'Give the variable a value with ENV or ARG first, use it without a modifier, or convert where the registry can be reached.'

export function quoteShort(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)
}

function syntaxHint(message: string): string | undefined {
  if (message.includes('quote')) return 'Close the quote, or escape it. A name with blanks needs the JSON form: ["a b", "/c"].'
  if (message.includes('unsupported modifier')) return 'Docker knows :- - :+ + :? ? # ## % %% / and //.'
  if (message.includes('bad substitution') || message.includes('missing')) return 'Write ${NAME}, or \\$ for a dollar sign.'
  return undefined
}

/**
 * A value that docker refuses. With a variable in it the text itself is right: it wants a build argument, or another one.
 */
export function refuseValue(reading: Reading, word: Word, message: string, hint?: string): void {
  if (word.text.includes('$')) reading.problems.add('unusable-value', 'error', wordSpan(word), message, hint)
  else reading.problems.syntax(wordSpan(word), message, hint)
}

/** The comment lines above an instruction, as steps and stages carry them. */
export function commentOf(instruction: Instruction): {comment?: readonly string[]} {
  return instruction.comments.length === 0 ? {} : {comment: instruction.comments}
}

/** A template as text; a variable of an unknown base is reported, where only text will do. */
export function expandPlain(reading: Reading, stage: OpenStage, word: Word): string | undefined {
  const template = expand(reading, word, stage.scope.lookup)
  const text = template && plainText(template)
  if (template !== undefined && text === undefined) {
    const open = template.find(part => typeof part !== 'string')
    const variable = typeof open === 'object' ? open.variable : ''
    const message = `${quoteShort(word.text)} needs $${variable} of the base image, and nobody could look at the image yet.`
    remark(reading, stage, 'base-variable-needed', 'error', wordSpan(word), message, openHint)
  }
  return text
}

export function remark(
  reading: Reading,
  stage: OpenStage,
  rule: string,
  severity: Diagnostic['severity'],
  span: Span,
  message: string,
  hint?: string,
): void {
  reading.problems.add(rule, severity, span, message, hint, stage.name)
}
