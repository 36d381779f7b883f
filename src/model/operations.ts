/**
 * What our helper does inside an image, in the id-mapped namespace. Engines write these down, `src/inside` carries
 * them out. Every path is one of the image, resolved without ever leaving it.
 */
export interface Operations {
  /** The image's root, absolute on the host. */
  readonly root: string
  readonly steps: readonly Operation[]
}

export type Operation =
  | {
      readonly op: 'place'
      readonly sources: readonly {readonly from: string; readonly name: string}[]
      readonly destination: string
      /** `root`: files from the build context belong to 0:0 (K94); `keep`: those from an image keep their owner. */
      readonly owner: 'root' | 'keep'
      readonly chown?: string
      readonly chmod?: string
    }
  /** Makes a folder with all parents; existing ones stay as they are (K121). */
  | {readonly op: 'folder'; readonly path: string; readonly user?: string}
  | {readonly op: 'write'; readonly path: string; readonly text: string; readonly mode: number}
  | {readonly op: 'append'; readonly path: string; readonly text: string; readonly mode: number}
  /** Sets keys of a JSON object of strings. */
  | {readonly op: 'labels'; readonly path: string; readonly set: Readonly<Record<string, string>>}
  /**
   * Of the definitions that the engine moved aside (D122), the last is our working file: it goes, and the one before
   * it was one too and gets the person's text.
   */
  | {readonly op: 'history'; readonly text: string}
