/**
 * Files of stages that are linked by the images they make: what each says of others (`Survey`), and the one description
 * that they come to (`Chain`).
 */
import type {Diagnostic} from './diagnostic.js'
import type {Span} from './span.js'

/** An image that a file names. */
export interface ImageUse {
  /** With arguments filled in; undefined for a FROM whose argument has no value. */
  readonly image: string | undefined
  /** A path of an image file (`Bootstrap: localimage`), not a reference. */
  readonly isFile: boolean
  /** Whether it is what `from:` stands in the place of. */
  readonly isFirst: boolean
  readonly span: Span
}

/** A path of the context that a file copies. */
export interface HostPath {
  readonly path: string
  readonly span: Span
}

/** What the last stage of a file needs from outside the file. */
export interface Survey {
  readonly images: readonly ImageUse[]
  readonly hostPaths: readonly HostPath[]
  /** What the file itself calls its last stage. */
  readonly name: string | undefined
  /** Build arguments that it asks for. */
  readonly declared: ReadonlySet<string>
  /** The argument that names its first base. */
  readonly baseArgument: string | undefined
}

/** `survey` is missing when the text could not be read: then a diagnostic says why. */
export interface SurveyResult {
  readonly survey?: Survey
  readonly diagnostics: readonly Diagnostic[]
}

/** A file as a stage of a description, with what stands in the place of images and host paths: names of stages. */
export interface ChainStage {
  readonly name: string
  readonly comment: readonly string[]
  /** Relative to the description, as are all paths here. */
  readonly file: string
  /** What stands in the place of its first base. */
  readonly from: string | undefined
  readonly images: readonly {readonly image: string; readonly stage: string}[]
  /** Paths of its context that another stage makes. */
  readonly copies: readonly {readonly path: string; readonly stage: string; readonly source: string}[]
  readonly args: ReadonlyMap<string, string>
  /** Where its copies start, when that is not its own folder. */
  readonly context: string | undefined
}

export interface Chain {
  readonly comment: readonly string[]
  /** Each after those it needs. */
  readonly stages: readonly ChainStage[]
  readonly target: string | undefined
}
