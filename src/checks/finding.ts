/** What every rule does: it says something about a place of the input, under its own name. */
import {copiesOf} from '../language/stage-copies.js'
import type {Check} from '../model/check.js'
import type {CopyOrigin, CopyStep, Description, Stage} from '../model/description.js'
import type {Diagnostic} from '../model/diagnostic.js'
import type {Span} from '../model/span.js'

export interface Finding {
  readonly span: Span
  readonly stage?: Stage
  readonly message: string
  readonly hint?: string | undefined
}

export function diagnostic(check: Pick<Check, 'name' | 'severity'>, {span, stage, message, hint}: Finding): Diagnostic {
  return {
    rule: check.name,
    severity: check.severity,
    message,
    ...(hint === undefined ? {} : {hint}),
    span,
    ...(stage === undefined ? {} : {stage: stage.name}),
  }
}

export interface StageCopy {
  readonly stage: Stage
  readonly step: CopyStep
  readonly from: Extract<CopyOrigin, {kind: 'stage'}>
}

/** Every copy out of a stage, and every mount that shows one. */
export function* stageCopies(description: Description): Generator<StageCopy> {
  for (const stage of description.stages) {
    for (const step of copiesOf(stage)) {
      if (step.from.kind === 'stage') yield {stage, step, from: step.from}
    }
  }
}

/** The same without those that the input says in one place: the lines of one `%files from` section. */
export function* stageReferences(description: Description): Generator<StageCopy> {
  const seen = new Set<string>()
  for (const copy of stageCopies(description)) {
    const {start} = copy.from.span
    const place = `${start.line}:${start.column}`
    if (seen.has(place)) continue
    seen.add(place)
    yield copy
  }
}

export function lineOf(span: Span): string {
  return `line ${span.start.line}`
}

/** Text of the input inside a sentence: one line, quoted, not endless. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 79)}…` : text)
}

/** `"a", "b" and "c"`, cut short where nobody reads on. */
export function listed(names: readonly string[], most = 10): string {
  const shown = names.slice(0, most).map(quoted)
  if (names.length > most) return `${shown.join(', ')} and ${names.length - most} more`
  const last = shown.pop() ?? ''
  return shown.length === 0 ? last : `${shown.join(', ')} and ${last}`
}
