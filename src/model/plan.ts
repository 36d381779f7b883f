/** A plan as it is shown: the stages that the target needs, and what is known of each before anything runs. */
import type {Diagnostic} from './diagnostic.js'
import type {Change} from './history.js'

export interface PlanCopy {
  readonly from: {readonly kind: 'stage' | 'context' | 'image' | 'inline'; readonly name?: string}
  readonly sources: readonly string[]
  readonly destination: string
  readonly file: string
  readonly line: number
}

export interface PlanStage {
  readonly name: string
  readonly index: number
  readonly base: {readonly kind: 'image' | 'stage' | 'scratch' | 'local'; readonly reference?: string}
  readonly needs: readonly string[]
  readonly copies: readonly PlanCopy[]
  readonly artifacts: readonly {readonly path: string; readonly wantedBy: readonly string[]}[]
  /** Missing while something that goes into the stage is not known yet. */
  readonly key?: string
  readonly cached: boolean
  /** Why it is not cached. */
  readonly why?: string
  /** What of it has changed since it was last built. */
  readonly changes?: readonly Change[]
}

export interface Plan {
  readonly input: string
  readonly target: string
  readonly stages: readonly PlanStage[]
  /** Waves: the stages of one may run side by side. */
  readonly order: readonly (readonly string[])[]
  readonly diagnostics: readonly Diagnostic[]
}
