/** Artifacts under examination: what was looked for in an image, and what was found. */
import type {CopySource, CopyStep, Stage} from './description.js'
import type {Diagnostic, Severity} from './diagnostic.js'
import type {ImageTree, Resolution} from './image.js'

export type ArtifactKind = 'file' | 'directory' | 'symlink' | 'other' | 'missing' | 'mixed'

/** One path that one copy wants out of a stage, with what the image has there. */
export interface Subject {
  /** Absolute, after substitution, a pattern as written. */
  readonly path: string
  /** The stage whose image is looked at. */
  readonly producer: string
  /** The stage that copies, and its copy. */
  readonly consumer: Stage
  readonly step: CopyStep
  readonly source: CopySource
  readonly tree: ImageTree
  /** Paths that the source means in this image, as the language of the copy expands it; empty when nothing is there. */
  readonly matches: readonly Match[]
  /** Why the source cannot be expanded at all. */
  readonly refused: string | undefined
}

export interface Match {
  readonly path: string
  readonly resolution: Resolution
}

/** A way in which an artifact can be wrong: one rule, one file. */
export interface ArtifactCheck {
  readonly name: string
  readonly severity: Severity
  readonly summary: string
  readonly why: string
  find(subject: Subject): Diagnostic[]
}

/** An artifact as `build` and `verify` report it. */
export interface ArtifactReport {
  readonly path: string
  readonly matches: readonly string[]
  readonly wantedBy: readonly string[]
  readonly status: 'ok' | 'failed'
  readonly kind: ArtifactKind
  readonly bytes?: number
  readonly digest?: string
  readonly diagnostics: readonly Diagnostic[]
}
