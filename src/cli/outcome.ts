/** What a verb gives back to its command: nothing is printed before. */
import type {ExitCode} from '../model/errors.js'

export interface Outcome {
  readonly exitCode: ExitCode
  /** The verb's JSON document (design section 3). */
  readonly document: object
  /** For standard output without `--json`; empty for nothing. */
  readonly text: string
  /** For standard error. */
  readonly messages: string
}
