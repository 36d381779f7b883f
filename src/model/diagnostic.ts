import type {Span} from './span.js'

export type Severity = 'error' | 'warning' | 'info'

/** A finding about an input: what is wrong, where, and what to do. */
export interface Diagnostic {
  /** Lower-case words joined by `-`; explains itself (`copy-from-later-stage`). */
  readonly rule: string
  readonly severity: Severity
  /** What happened and why it matters, one or two sentences, no trailing newline. */
  readonly message: string
  /** What to do about it. */
  readonly hint?: string
  readonly span: Span
  /** Name of the stage it belongs to. */
  readonly stage?: string
  /** A later step may still make it right: judged again, as an error, on the finished image. */
  readonly deferred?: boolean
}

/** A diagnostic as the JSON contract prints it. */
export interface DiagnosticJson {
  rule: string
  severity: Severity
  message: string
  hint?: string
  file: string
  line: number
  column: number
  endLine: number
  endColumn: number
  stage?: string
  deferred?: boolean
}

export function diagnosticJson(d: Diagnostic): DiagnosticJson {
  return {
    rule: d.rule,
    severity: d.severity,
    message: d.message,
    ...(d.hint === undefined ? {} : {hint: d.hint}),
    file: d.span.file,
    line: d.span.start.line,
    column: d.span.start.column,
    endLine: d.span.end.line,
    endColumn: d.span.end.column,
    ...(d.stage === undefined ? {} : {stage: d.stage}),
    ...(d.deferred === undefined ? {} : {deferred: d.deferred}),
  }
}

/** In the order of the file; those of other files behind, each file by itself. */
export function inOrder(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const files = new Map([...new Set(diagnostics.map(each => each.span.file))].map((file, place) => [file, place]))
  return diagnostics.toSorted((a, b) => {
    const [one, other] = [a.span, b.span]
    return (
      (files.get(one.file) ?? 0) - (files.get(other.file) ?? 0) ||
      one.start.line - other.start.line ||
      one.start.column - other.start.column
    )
  })
}

/** How many findings of each severity there are. */
export function summarize(diagnostics: readonly Diagnostic[]): Record<Severity, number> {
  const summary = {error: 0, warning: 0, info: 0}
  for (const d of diagnostics) summary[d.severity] += 1
  return summary
}
