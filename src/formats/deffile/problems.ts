/** Diagnostics of the reader, collected so that a person sees all of them at once. */
import type {Diagnostic, Severity} from '../../model/diagnostic.js'
import type {Span} from '../../model/span.js'

/** A file that is no definition at all could have millions; nobody reads more than these. */
const most = 200

export class Problems {
  readonly list: Diagnostic[] = []
  #unreadable = false

  /** Something that Apptainer itself refuses to parse. */
  syntax(span: Span, message: string, hint?: string): void {
    this.add('syntax', 'error', span, message, hint)
  }

  add(rule: string, severity: Severity, span: Span, message: string, hint?: string, stage?: string): void {
    const first = rule === 'syntax' && !this.#unreadable
    this.#unreadable ||= rule === 'syntax'
    if (this.list.length >= most && !first) return
    this.list.push({
      rule,
      severity,
      message,
      span,
      ...(hint === undefined ? {} : {hint}),
      ...(stage === undefined ? {} : {stage}),
    })
  }

  /** Whether Apptainer refuses the file. */
  get unreadable(): boolean {
    return this.#unreadable
  }
}

/** Text of the input inside a message: one line, not endless. */
export function shown(text: string): string {
  const line = JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text)
  return line.slice(1, -1).replaceAll('\\"', '"')
}
