/** What a check is: one rule in one file, which is also its tests and its page in the docs. */
import type {Description, FormatName} from './description.js'
import type {Diagnostic, Severity} from './diagnostic.js'
import type {ContextFiles} from './format.js'

export interface Check {
  /** Rule name: lower-case words joined by `-`. */
  readonly name: string
  readonly severity: Severity
  /** One line: what it finds. */
  readonly summary: string
  /** Why it matters and what to do, a short paragraph. */
  readonly why: string
  /** Inputs it must find something in: run as tests, printed as the rule's page. */
  readonly bad: readonly Example[]
  /** Inputs it must be silent about. */
  readonly good: readonly Example[]
  find(description: Description, scene: Scene): Diagnostic[]
}

/** A small input and, when it matters, the files of its build context (a name ending in `/` is an empty folder). */
export interface Example {
  readonly format: FormatName
  readonly text: string
  readonly files?: Readonly<Record<string, string>>
  readonly target?: string
}

/** What a person types (`$ `) and reads: of a rule that no single input shows. */
export interface Session {
  /** Ends with the finding. */
  readonly bad: string
  /** The same without it. */
  readonly good: string
}

/** A rule in words. Whatever reports findings has a table of these beside it, and the docs and `explain` print them. */
export interface RuleText {
  readonly name: string
  readonly severity: Severity
  readonly summary: string
  readonly why: string
  readonly bad?: readonly Example[]
  readonly good?: readonly Example[]
  readonly session?: Session
}

/** What lies around the description: the build context, and the target asked for on the command line. */
export interface Scene {
  readonly context: ContextFiles
  readonly target: string | undefined
  /** Lines of `.dockerignore` with the file's name; undefined where there is none or the format has none. */
  readonly ignore: {readonly file: string; readonly text: string} | undefined
}
