/** Artifacts under examination: what was looked for in an image, what was found, and what becomes of it where it goes. */
import type {Example} from './check.js'
import type {CopySource, CopyStep, Stage} from './description.js'
import type {Diagnostic, Severity} from './diagnostic.js'
import type {ImageEntry, ImageTree, Resolution} from './image.js'
import type {Linked, Program} from './program.js'

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
  /** What the files that a match leads to say about themselves, by their own path: all that may be programs or libraries. */
  readonly programs: ReadonlyMap<string, Program>
  /** Images of other stages that are finished, by name: where a missing library could come from. */
  readonly others: ReadonlyMap<string, ImageTree>
  /** Where the artifact goes, as far as that is known; undefined where it is not run. */
  readonly destination: Destination | undefined
  /** `sha256:…` of files that `expect:` names one for. */
  readonly digests: ReadonlyMap<string, string>
}

export interface Match {
  readonly path: string
  readonly resolution: Resolution
  /** Where the copy puts it in the destination. */
  readonly to?: string
}

/** The image that artifacts go to: as its base and the copies make it, or finished. */
export interface Destination {
  /** The stage whose image it is. */
  readonly stage: Stage
  readonly tree: ImageTree
  /** The image before anything was copied; undefined where it is not known. */
  readonly before: ImageTree | undefined
  /** True for the image as it came out: then nothing can be supplied any more. */
  readonly finished: boolean
  /** In Go's words, as its own programs say. */
  readonly architecture: string | undefined
  readonly libc: {readonly glibc: boolean; readonly musl: boolean}
  /** Folders of `PATH`. */
  readonly path: readonly string[]
  /** Somebody sets `LD_LIBRARY_PATH` to what cannot be known here. */
  readonly openLibraryPath: boolean
  /** The programs of this artifact where they come to lie. */
  readonly arrivals: readonly Arrival[]
  /** Who may still bring a file of that name, or run commands that do; undefined when nobody can. */
  supplier(name: string): string | undefined
  /** Who may still change modes. */
  readonly modeChanger: string | undefined
  /** Why a library is brought by the machine that runs the image; undefined when it is not. */
  hostLibrary(name: string): {readonly why: string; readonly certain: boolean} | undefined
}

/** A file of an artifact that is a program, a library or a script, at its place in the destination. */
export interface Arrival {
  /** The file's own path in the stage it comes from. */
  readonly from: string
  /** Its place in the destination, links followed. */
  readonly to: string
  /** As the destination has it, mode included. */
  readonly entry: ImageEntry
  readonly program: Program
  /**
   * How much hangs on it: `run` by the image itself or a later step, `named` by the copy, in a folder of `PATH`, or
   * one file of many in a folder.
   */
  readonly weight: 'run' | 'named' | 'on-path' | 'inside'
  /** Who runs it. */
  readonly ranBy?: string
  /** What loading it comes to in the destination; only of dynamic programs and libraries. */
  readonly linked?: Linked
}

/** A way in which an artifact can be wrong: one rule, one file. */
export interface ArtifactCheck {
  readonly name: string
  /** Of the finding that says most; a rule may be milder where less hangs on it. */
  readonly severity: Severity
  readonly summary: string
  readonly why: string
  /** Inputs in which it is found when they are built. */
  readonly bad: readonly Example[]
  readonly good: readonly Example[]
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
