/** What one build did and when: kept in the store for a report, never read by a build. */
import type {ArtifactKind} from './artifact.js'
import type {DiagnosticJson} from './diagnostic.js'

/** A finding with the text that it points at, as it was then. */
export interface ExcerptedFinding extends DiagnosticJson {
  /** The line of source and the marks below it; empty where it points at no text. */
  readonly excerpt: readonly string[]
}

/** Times are seconds since the build started. */
export interface AccountStep {
  readonly title: string
  readonly line?: number
  readonly start: number
  /** Left out of one that had not ended. */
  readonly seconds?: number
  readonly ok?: boolean
}

export interface AccountArtifact {
  readonly path: string
  readonly wantedBy: readonly string[]
  readonly status: 'ok' | 'failed'
  readonly matches: readonly string[]
  readonly kind?: ArtifactKind
  readonly bytes?: number
  readonly digest?: string
}

export interface AccountStage {
  readonly name: string
  /** `stopped`: it was being built when the build was interrupted. */
  readonly status: 'built' | 'cached' | 'failed' | 'not-run' | 'stopped'
  readonly start?: number
  readonly end?: number
  readonly key?: string
  /** What was said of it: why it was built, what it waited for. */
  readonly notes: readonly string[]
  readonly steps: readonly AccountStep[]
  readonly artifacts: readonly AccountArtifact[]
  /** The last lines that its commands printed. */
  readonly tail: readonly string[]
  /** Whether they printed more. */
  readonly hasMore: boolean
  /** Where all of them are kept. */
  readonly log?: string
}

export interface BuildAccount {
  readonly version: 1
  /** As typed. */
  readonly input: string
  readonly target: string
  /** ISO 8601, UTC. */
  readonly started: string
  readonly seconds: number
  readonly status: 'ok' | 'failed' | 'stopped'
  readonly engine: {readonly name: string; readonly version: string}
  readonly stages: readonly AccountStage[]
  readonly diagnostics: readonly ExcerptedFinding[]
  readonly output?: {readonly path: string; readonly bytes: number; readonly digest: string}
}
