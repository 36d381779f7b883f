/**
 * What a format is: a reader into the shared description and a writer out of it.
 * Formats stand as plain objects in the table of `formats/index.ts`.
 */
import type {Chain, SurveyResult} from './chain.js'
import type {Description, FormatName} from './description.js'
import type {Diagnostic} from './diagnostic.js'
import type {ImageConfig} from './image-config.js'

export interface ReadOptions {
  /** Values for build arguments; win over the input's own defaults. */
  readonly buildArgs: ReadonlyMap<string, string>
  /** Architecture in Go's words (`amd64`), for TARGETARCH and the like (K63). */
  readonly architecture: string
  /** Configurations of base images by their normalized reference (local ones as `AGENT:PATH`), as far as somebody looked them up. Without them the variables of a base stay open. */
  readonly configs?: ReadonlyMap<string, ImageConfig>
  /** The target as the command line names it, for TARGETSTAGE (K63). */
  readonly target?: string
  /**
   * Other files that the input takes stages from (YAML `file:`), by their path in the context; undefined when there is none, or a link leads out of it.
   * @param folder the folder that its copies are relative to, where that is not its own
   */
  readonly file?: (path: string, folder?: string) => IncludedFile | undefined
}

export interface IncludedFile {
  /** The file's name for messages. */
  readonly name: string
  readonly text: string
  readonly format: FormatName
  /** Path in the context of the ignore file that holds for its copies, where there is one. */
  readonly ignore?: string
}

/** `description` is missing when the text could not be read: then a diagnostic of rule `syntax` says why. */
export interface ReadResult {
  readonly description?: Description
  readonly diagnostics: readonly Diagnostic[]
}

export interface WriteOptions {
  /** Index of the stage that is wanted; stages it does not need are left out. */
  readonly target: number
  /** Rules whose refusal is waived (`--allow RULE`). */
  readonly allow: ReadonlySet<string>
  /** Leave the run script in the caller's folder (`--keep-cwd`). */
  readonly keepCwd: boolean
  /** The files of the build context, for writers that must list them. */
  readonly context: ContextFiles
  /** Architecture in Go's words of the machine that converts. */
  readonly architecture?: string
  /** The ignore file that holds for it (K106). */
  readonly ignore?: {readonly text: string} | undefined
}

/** `text` is missing when something cannot be said in the format: then a diagnostic of severity error says what. */
export interface WriteResult {
  readonly text?: string
  readonly diagnostics: readonly Diagnostic[]
}

/** One stage as a file of its own. */
export interface StageFile {
  /** The stage's name as a file's name and a word of the format. */
  readonly name: string
  readonly text: string
  /** Names of the stages whose images it needs, each written before it. */
  readonly needs: readonly string[]
  /** The build argument that holds the image of the stage it starts from, where it starts from one. */
  readonly parent?: {readonly argument: string; readonly name: string}
  /** Files that it copies from a context of ours, in the place of here-documents. */
  readonly inline?: {
    readonly context: string
    readonly files: readonly {readonly path: string; readonly text: string}[]
    readonly folders: readonly string[]
  }
}

export interface StageFilesOptions extends WriteOptions {
  /** The folder of the files as the build sees it from the context: how one file names the image of another. */
  readonly folder: string
  /** False for builders that know no here-documents. */
  readonly heredocs?: boolean
  /** Only the target's file is wanted: what the format cannot say of the others does not matter. */
  readonly targetAlone?: boolean
}

export interface StageFilesResult {
  readonly files?: readonly StageFile[]
  readonly diagnostics: readonly Diagnostic[]
}

/** `text` is missing when what was given cannot be read; then the findings say why. */
export interface FormatResult {
  readonly text?: string
  readonly diagnostics: readonly Diagnostic[]
}

export interface Format {
  readonly name: FormatName
  /** For messages: `a definition file`. */
  readonly title: string
  /** True when a file of this base name is of this format. */
  matchesName(name: string): boolean
  /** True when the text looks like this format: its first significant word. */
  matchesText(text: string): boolean
  read(file: string, text: string, options: ReadOptions): ReadResult
  write(description: Description, options: WriteOptions): WriteResult
  /** The stages that the target needs as files that are built one after the other, the target last; not every format can. */
  writeStages?(description: Description, options: StageFilesOptions): StageFilesResult
  /** The same text laid out as people agree on, meaning and comments kept; not every format can. */
  format?(file: string, text: string): FormatResult
  /** What the last stage of a file needs from outside it. */
  survey?(file: string, text: string, options: ReadOptions): SurveyResult
  /** A description whose stages are other files. */
  writeChain?(chain: Chain): string
}

/** What an editor asks of a text that may not be readable yet, since somebody is typing. */
export interface Editing {
  /** The stages that the text seems to have, in its order, with the line (from 1) that each begins on. */
  stages(text: string): readonly {readonly name: string | undefined; readonly line: number}[]
  /** Whether a stage may use those that come after it. */
  readonly anyOrder: boolean
  /**
   * What may stand at the end of an unfinished line.
   * @param before the lines above @param start the line up to the cursor
   */
  expected(before: readonly string[], start: string): Expected | undefined
}

export interface Expected {
  /** The part of the word that is there. */
  readonly typed: string
  readonly what: 'stages' | readonly EditorWord[]
}

/** A word of a language, with what it does in a few words. */
export interface EditorWord {
  readonly word: string
  readonly about: string
}

export type FileKind = 'file' | 'directory' | 'symlink' | 'other'

/**
 * The build context, or any folder of the host, as far as the languages look at it. Synchronous: contexts are
 * looked at path by path, never read whole. Paths that are relative start at the context's root.
 */
export interface ContextFiles {
  /** The folder, absolute, for messages. */
  readonly root: string
  /** The kind of a path without following a last link; undefined when nothing is there. */
  kind(path: string): FileKind | undefined
  /** The kind of what a path leads to, links followed; undefined when nothing is there or the link dangles. */
  kindFollowed(path: string): FileKind | undefined
  /** Names in a directory, sorted; empty when it is none or cannot be read. */
  names(path: string): readonly string[]
  /** Text of a small file; undefined when it is not there. */
  text(path: string): string | undefined
  /** Permission bits (`0o7777`) without following a last link; undefined when nothing is there. */
  mode(path: string): number | undefined
  /** The first bytes of a file, at most 1024; undefined when it is none. */
  head(path: string): Uint8Array | undefined
  /** How many names a file has; 1 for what is not there. */
  hardLinks(path: string): number
  /** A link's text; undefined when it is none. */
  link(path: string): string | undefined
  /** The caller's environment, for `$VAR` and `~` in definition files (D87). */
  readonly environment: ReadonlyMap<string, string>
}
