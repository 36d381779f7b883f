/** Sections of definition files as rules look at them: their words, their commands, and places in the input. */
import {placeOf} from '../../language/places.js'
import type {RanCommand} from '../../language/shell-walk.js'
import type {DefinitionStage, Description, Script, Stage} from '../../model/description.js'
import type {Span} from '../../model/span.js'
import {type RanStep, scriptCommands, stageScript} from '../scripts.js'

export type DefinitionSection = DefinitionStage['sections'][number]

/** The sections of these names in all stages. */
export function* sectionsNamed(
  description: Description,
  ...names: readonly string[]
): Generator<{readonly stage: Stage; readonly section: DefinitionSection}> {
  for (const stage of description.stages) {
    for (const section of stage.definition?.sections ?? []) if (names.includes(section.name)) yield {stage, section}
  }
}

/** The section's own line. */
export function headingSpan({name, span}: DefinitionSection): Span {
  const end = {line: span.start.line, column: span.start.column + name.length + 1}
  return {...span, end: span.end.line > span.start.line || span.end.column > end.column ? end : span.end}
}

/** A piece of a section's body. */
export function bodySpan(section: DefinitionSection, from: number, to: number): Span {
  return placeOf(section, from, to, section.span)
}

/** Words behind the section's name, without a comment. */
export function argumentsOf(section: DefinitionSection): string[] {
  return (section.arguments.split('#')[0] ?? '').split(/\s+/).filter(word => word !== '')
}

/** The lines of a body with their offsets. */
export function* linesOf(body: string): Generator<{readonly text: string; readonly from: number}> {
  for (let from = 0; from < body.length; ) {
    const newline = body.indexOf('\n', from)
    const end = newline === -1 ? body.length : newline
    yield {text: body.slice(from, end), from}
    from = end + 1
  }
}

/** `%post` of every definition stage, where a Bourne shell reads it. */
export function* postSteps(description: Description): Generator<RanStep> {
  for (const stage of description.stages) {
    if (stage.rules !== 'def') continue
    for (const step of stageScript(description, stage).steps)
      if (step.kind === 'run' && step.readable && step.step.where === 'image') yield step
  }
}

export interface RunScript {
  readonly stage: Stage
  /** Name of the section. */
  readonly name: 'runscript' | 'startscript' | 'test' | 'environment'
  readonly script: Script
  readonly ran: readonly RanCommand[]
}

/** The scripts of these names that a Bourne shell reads. */
export function* scriptsNamed(description: Description, ...names: readonly RunScript['name'][]): Generator<RunScript> {
  for (const stage of description.stages) {
    for (const name of names) {
      const script = stage.settings[name]
      const ran = script === undefined ? undefined : scriptCommands(script)
      if (script !== undefined && ran !== undefined) yield {stage, name, script, ran}
    }
  }
}

/** A piece of such a script. */
export function scriptSpan({script}: RunScript, piece: {readonly from: number; readonly to: number}): Span {
  return placeOf(script, piece.from, piece.to, script.span)
}
