/** Findings of the reader, collected so that a person sees all of them at once. */
import {type Diagnostic, inOrder, type Severity} from '../../model/diagnostic.js'
import type {Span} from '../../model/span.js'

/** After this many syntax errors the text isn't a Dockerfile, and more of them help nobody. */
const syntaxLimit = 20
/** The same for any finding: a file of a million EXPOSE lines needs no million warnings. */
const limit = 1000

export class Problems {
  readonly #found: Diagnostic[] = []
  #syntaxErrors = 0

  /** True once the text has an error that leaves no description. */
  get failed(): boolean {
    return this.#syntaxErrors > 0
  }

  get tooMany(): boolean {
    return this.#syntaxErrors >= syntaxLimit
  }

  syntax(span: Span, message: string, hint?: string): void {
    this.#syntaxErrors += 1
    if (this.#syntaxErrors <= syntaxLimit) this.add('syntax', 'error', span, message, hint)
  }

  add(rule: string, severity: Severity, span: Span, message: string, hint?: string, stage?: string): void {
    if (this.#found.length >= limit) return
    this.#found.push({
      rule,
      severity,
      message,
      ...(hint === undefined ? {} : {hint}),
      span,
      ...(stage === undefined ? {} : {stage}),
    })
  }

  /** In the order of the file. */
  sorted(): Diagnostic[] {
    return inOrder(this.#found)
  }
}
