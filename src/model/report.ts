/** What a report says of a description's stages and of an image, in a form that text, JSON and Markdown print alike. */
import type {ArtifactReport} from './artifact.js'
import type {Diagnostic, Severity} from './diagnostic.js'
import type {PlanStage} from './plan.js'

/** A number knows what it counts, so that each look prints it in its own way. */
export type Cell = string | {readonly bytes: number} | {readonly count: number} | {readonly seconds: number}

export type Row = readonly Cell[]

/** What a topic found in an image: the values for programs, rows for people. */
export interface Looked<Data extends object> {
  readonly data: Data
  /** The first cell names the row; no rows, and the topic is left out of the text. */
  readonly rows: readonly Row[]
  /** Names of the columns, where the rows do not speak for themselves. */
  readonly head?: readonly string[]
}

/** Something to say about an image that has no place in a text. */
export interface Remark {
  readonly rule: string
  readonly severity: Severity
  readonly message: string
  readonly hint?: string
}

export interface ReportSection {
  readonly title: string
  readonly head?: readonly string[]
  readonly rows: readonly Row[]
}

/** A stage as the last build left it. */
export interface ReportedStage {
  readonly name: string
  readonly base: PlanStage['base']
  /** Whether the store has it as the description is now. */
  readonly cached: boolean
  /** Why it is not in the store. */
  readonly why?: string
  readonly key?: string
  readonly bytes?: number
  readonly files?: number
  /** Of the packed image. */
  readonly imageBytes?: number
  /** That its commands took when it was built. */
  readonly seconds?: number
  readonly engine?: {readonly name: string; readonly version: string}
}

export interface ReportedArtifact extends Omit<ArtifactReport, 'diagnostics' | 'digest' | 'status' | 'kind'> {
  readonly stage: string
  /** Left out where the stage is not in the store. */
  readonly kind?: ArtifactReport['kind']
}

/** What the description's steps say that ties a program to processors (`-march=native`). */
export interface Tuning {
  readonly stage: string
  readonly flag: string
  /** Processors like the builder's; or the level or model that it names. */
  readonly needs: 'native' | 'named'
  readonly file: string
  readonly line: number
}

/** What building in stages saved, in bytes of files. */
export interface Saved {
  readonly finalBytes: number
  readonly largest: {readonly stage: string; readonly bytes: number}
  readonly sumBytes: number
}

export interface ReportedImage {
  /** As it was named, or the stage whose image it is. */
  readonly name: string
  readonly from: 'store' | 'image'
  /** Of the packed file, where it is one. */
  readonly fileBytes?: number
  /** By topic, for programs. */
  readonly findings: Readonly<Record<string, object>>
  readonly sections: readonly ReportSection[]
}

export interface Report {
  /** As typed; left out for an image alone. */
  readonly input?: string
  readonly target?: string
  readonly stages: readonly ReportedStage[]
  readonly artifacts: readonly ReportedArtifact[]
  readonly tuning: readonly Tuning[]
  readonly saved?: Saved
  readonly image?: ReportedImage
  readonly diagnostics: readonly Diagnostic[]
}
