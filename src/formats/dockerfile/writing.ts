/** What the writers of stages, steps and definition sections share. */
import {configOf} from '../../language/image-config.js'
import {relativeTo} from '../../language/relative.js'
import type {Description, Stage} from '../../model/description.js'
import type {Diagnostic} from '../../model/diagnostic.js'
import type {WriteOptions} from '../../model/format.js'
import type {Span} from '../../model/span.js'
import {showTemplate, type Template} from '../../model/template.js'
import type {RefusedRule, WarnedRule} from './rules.js'

export const defaultShell: readonly string[] = ['/bin/sh', '-c']

export class Writing {
  readonly diagnostics: Diagnostic[] = []
  readonly lines: string[] = []
  /** The name of each stage that is written, by its index. */
  readonly names = new Map<number, string>()
  /** How each written stage left its variables and its shell, for those that stand on it (K76). */
  readonly ends = new Map<number, StageState>()
  /** The stages that are written, in order. */
  written: readonly Stage[] = []

  constructor(
    readonly description: Description,
    readonly options: WriteOptions,
    /** How FROM names another stage: one of the same file, or the image of another file's. */
    readonly parents: 'by name' | 'by argument' = 'by name',
  ) {}

  /** Something that a Dockerfile can't say. */
  refuse(stage: Stage, rule: RefusedRule, span: Span, message: string, hint: string): void {
    const severity = this.options.allow.has(rule) ? 'warning' : 'error'
    this.diagnostics.push({rule, severity, message, hint, span, stage: stage.name})
  }

  warn(stage: Stage, rule: WarnedRule, span: Span, message: string, hint: string): void {
    this.diagnostics.push({rule, severity: 'warning', message, hint, span, stage: stage.name})
  }
}

/** What holds at a line of the stage that is being written. */
export interface StageState {
  /** Values of variables as they are now, in terms of the base's. */
  readonly variables: Map<string, Template>
  shell: readonly string[]
  /** Build arguments that hold, those of parents too (K76). */
  readonly args: Map<string, Template>
  /** Whether this stage has a SHELL of its own. */
  saidShell: boolean
  /** Whether RUN has been given Apptainer's user and shell (D60, D67). */
  prepared?: boolean
  /** The line behind FROM. */
  start?: number
}

/** A template as it has to be written at this line; refused where a variable of the base can't be reached any more. */
export function written(writing: Writing, stage: Stage, state: StageState, template: Template, span: Span): Template | undefined {
  const relative = relativeTo(template, state.variables)
  if (relative !== undefined) return relative
  const message = `${showTemplate(template)} needs a variable of the base image that has another value by now.`
  writing.refuse(stage, 'lost-base-variable', span, message, 'Keep the value in a variable of its own before it is changed.')
  return undefined
}

export function refuseLineBreak(writing: Writing, stage: Stage, span: Span, what: string): void {
  const message = `${what} has a line break, which a Dockerfile can't say here.`
  writing.refuse(stage, 'line-break-in-value', span, message, 'Put the value into a file that is copied in.')
}

/** K76, K125: a stage starts with what its parent left, or with what its base's configuration says. */
export function startState(writing: Writing, stage: Stage): StageState {
  const {base} = stage
  const parent = base.kind === 'stage' && base.index !== undefined ? writing.ends.get(base.index) : undefined
  const configured = configOf(base)?.shell
  return {
    variables: new Map(parent?.variables),
    args: new Map(parent?.args),
    shell: parent?.shell ?? configured ?? defaultShell,
    saidShell: false,
  }
}

export function writeComment(writing: Writing, comment: readonly string[] | undefined): void {
  for (const line of comment ?? []) writing.lines.push(`# ${line.replace(/[\r\n]+/g, ' ').replace(/^ /, '')}`.trimEnd())
}
