/** What a topic of the report is given, and what it gives back. */
import type {Image, ImageEntry, ImageTree} from '../model/image.js'
import type {ImageConfig} from '../model/image-config.js'
import type {Program} from '../model/program.js'
import type {Looked} from '../model/report.js'

/** What is known of an image before any content is read. */
export interface Names {
  readonly tree: ImageTree
  /** All of them, parents first: going through a list is many times faster than through the tree, and every topic does. */
  readonly entries: readonly ImageEntry[]
  /** In Go's words, where the image says so itself. */
  readonly architecture: string | undefined
  /** What an OCI image says of itself; undefined for one that says nothing. */
  readonly config: ImageConfig | undefined
  /** What entries do not say in this form of image. */
  readonly untold: NonNullable<Image['untold']>
  /** Programs and libraries that were brought in: those of artifacts, and those outside the distribution's folders. */
  readonly own: readonly string[]
  /** How many there are, where not all are looked at. */
  readonly ownCount: number
}

/** Content that a topic wants to see, chosen by names and modes alone, so that all of it is read in few passes. */
export interface Wants {
  /** Small files, whole; links are followed. */
  readonly texts?: readonly string[]
  readonly programs?: readonly string[]
  /** Files that are searched for a text: group 1 of each match. */
  readonly marks?: readonly {readonly path: string; readonly pattern: RegExp}[]
}

/** What was read. */
export interface Facts extends Names {
  text(path: string): string | undefined
  program(path: string): Program | undefined
  /** All that were read, for a topic that any of them can answer. */
  readonly programs: ReadonlyMap<string, Program>
  /** Different texts that were found in a file, in its order. */
  marks(path: string): readonly string[]
}

/** One topic of the report: one file, one line in `topics.ts`. */
export interface Topic<Data extends object> {
  readonly title: string
  wants?(names: Names): Wants
  look(facts: Facts): Looked<Data>
}

/** Lists in documents end here: a damaged image may have a million of anything. */
const MOST_LISTED = 1000

/** A list with the number of all. */
export interface Listed<T> {
  readonly count: number
  /** The first thousand. */
  readonly list: readonly T[]
}

/** Cuts a list for a document. */
export function listed<T>(all: readonly T[]): Listed<T> {
  return {count: all.length, list: all.slice(0, MOST_LISTED)}
}

/** The entry that a path leads to, links followed; undefined when nothing is there. */
export function follow(tree: ImageTree, path: string): ImageEntry | undefined {
  const found = tree.resolve(path)
  return found.kind === 'found' ? found.entry : undefined
}

/** A few of many, for a row: what is left out is counted. */
export function few(texts: readonly string[], most = 8): string {
  return texts.length <= most ? texts.join(', ') : `${texts.slice(0, most).join(', ')} and ${texts.length - most} more`
}
