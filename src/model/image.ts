/** A built image as a tree of paths. Reading it never leaves it. */
import type {Program} from './program.js'

export type EntryKind = 'file' | 'directory' | 'symlink' | 'fifo' | 'socket' | 'device'

export interface ImageEntry {
  /** Absolute and clean, `/` for the root. */
  readonly path: string
  readonly kind: EntryKind
  /** Permission bits with setuid, setgid and sticky (0–07777). */
  readonly mode: number
  /** Owner as the image sees it. */
  readonly uid: number
  readonly gid: number
  /** Bytes of a file, else 0. */
  readonly size: number
  /** Text of a symlink. */
  readonly link?: string
  /** `sha256:…` of a file's content; absent where only names were read. */
  readonly digest?: string
  /** `security.capability` in hex. */
  readonly capabilities?: string
  /** Of a file with several names, in every form that tells (`Image.untold`): the path among them that came first. */
  readonly sameAs?: string
}

/**
 * What a path leads to inside the image. `through` are the links and the folders above them that were
 * followed, as absolute paths: whoever takes the artifact out has to take these along (D144).
 */
export type Resolution =
  | {readonly kind: 'found'; readonly entry: ImageEntry; readonly through: readonly string[]}
  /** `at` is the first path that is not there; `link` the last link that was followed to it. */
  | {readonly kind: 'missing'; readonly at: string; readonly link: ImageEntry | undefined}
  | {readonly kind: 'loop'; readonly link: ImageEntry}

export interface ImageTree {
  /** The entry at a path, links in the folders above it not followed either; undefined when nothing is there. */
  lookup(path: string): ImageEntry | undefined
  /** Names in a directory, sorted by bytes; empty when it is none. */
  list(path: string): readonly string[]
  /** Follows every link inside the image; an absolute link starts at the image's root, `..` stops there. */
  resolve(path: string): Resolution
  /** The entry itself and all below it, parents first. */
  below(path: string): Iterable<ImageEntry>
}

/** What was read of an image before, by the digest of the content it was read from: it is true of any image. */
export interface ImageFacts {
  /** What programs say of themselves. */
  load(): Promise<ReadonlyMap<string, Program>>
  save(facts: ReadonlyMap<string, Program>): Promise<void>
  /** Small files that tell how programs are run: settings of the loader, environment scripts. */
  loadTexts(): Promise<ReadonlyMap<string, Uint8Array>>
  saveTexts(texts: ReadonlyMap<string, Uint8Array>): Promise<void>
}

/** An image, wherever it lies and in whatever form: its names at hand, its content on request. */
export interface Image {
  readonly tree: ImageTree
  /** In Go's words, where the image says so itself. */
  readonly architecture?: string
  /** The configuration that an OCI image carries, as JSON text. */
  readonly config?: string
  /** What this form does not say of its entries: that they have none is not known. */
  readonly untold?: readonly ('capabilities' | 'sameAs')[]
  /**
   * Hands the content of files to `visit`, one after the other, in the order that costs least. All are asked for at
   * once: an archive can only be passed through from one end to the other. `paths` name entries of kind `file`;
   * `visit` may leave a content unread.
   * @throws SifstageError when the image is damaged
   */
  contents(
    paths: readonly string[],
    visit: (path: string, content: AsyncIterable<Uint8Array>) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void>
  /** Where somebody keeps what was read. */
  readonly facts?: ImageFacts
  /** Ends what the image keeps open: a mount, a container, temporary files. */
  close(): Promise<void>
}
