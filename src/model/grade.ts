import type {Example, Session} from './check.js'

/** How faithfully a part of one language is carried over into another (design section 4). */
export type Grade =
  /** Said as it stands. */
  | 'exact'
  /** The same, by extra steps in the output. */
  | 'exact with extra steps'
  /** Something that the other side has no notion of at run time: a warning. */
  | 'approximate'
  /** It would come out different: an error, unless it is allowed. */
  | 'refused'

/** A finding that a writer may make. */
export interface ConversionRule {
  readonly grade: 'approximate' | 'refused'
  readonly why: string
  readonly instead: string
  /** Inputs whose conversion it is found in. */
  readonly bad?: readonly Example[]
  /** Inputs that say the same and can be carried over. */
  readonly good?: readonly Example[]
  /** Where no input of a few lines shows it. */
  readonly session?: Session
}

/** One line of the table in the documentation. */
export interface GradedPart {
  /** The instruction or section, and the flag or form of it. */
  readonly part: string
  readonly form: string
  readonly grade: Grade
  /** What it becomes, or which conditions hold. */
  readonly how: string
  /** Names of rules that may be found there. */
  readonly rules?: readonly string[]
}
