/** What the functions share that link files. */
import type {Severity} from '../model/diagnostic.js'
import type {Span} from '../model/span.js'
import type {StageFile} from './makers.js'
import type {ScriptCommand} from './scripts.js'

/** Reports a finding. */
export type Tell = (severity: Severity, rule: string, span: Span, message: string, hint?: string, stage?: string) => void

/** The folders as far as they are looked at. */
export interface Contexts {
  /** Folders that were named, in which files were looked for: people often build from there. */
  readonly tops: readonly string[]
  /** Whether a path is there. */
  has(path: string): boolean
}

/** `--copy STAGE:SOURCE=PATH`. */
export interface CopyFlag {
  readonly text: string
  readonly stage: string
  /** In the image, absolute and clean. */
  readonly source: string
  /** Of the context that it is copied from, clean; with a `/` at its end for a folder. */
  readonly path: string
}

export interface LinkInput extends Contexts {
  readonly files: readonly StageFile[]
  readonly commands: readonly ScriptCommand[]
  /** What the folder is called that paths start at. */
  readonly root: string
  readonly copies: readonly CopyFlag[]
  /** Build arguments for every file that asks for them. */
  readonly args: ReadonlyMap<string, string>
  readonly comment: readonly string[]
}

/** A file with what was found out about it. */
export interface LinkedFile {
  readonly file: StageFile
  readonly stage: string
  /** Where its copies start. */
  readonly context: string
  readonly comment: string[]
  from: string | undefined
  readonly images: Map<string, string>
  readonly copies: {readonly path: string; readonly stage: string; readonly source: string}[]
  /** The stages that it needs, each with the place that says so. */
  readonly needs: Map<string, Span>
}
