/**
 * What our helper does inside an image, in the id-mapped namespace. Engines write these down, `src/inside` carries
 * them out. Every path is one of the image, resolved without ever leaving it, but for `from`, `to`, `file` and
 * `inside`: those are files of the build, absolute on the host.
 */
export interface Operations {
  /** The image's root, absolute on the host. */
  readonly root: string
  readonly steps: readonly Operation[]
}

export type Operation =
  | {
      readonly op: 'place'
      readonly sources: readonly PlacedSource[]
      readonly destination: string
      /** `root`: files from the build context belong to 0:0 (K94); `keep`: those from an image keep their owner. */
      readonly owner: 'root' | 'keep'
      readonly chown?: string
      readonly chmod?: string
      /** COPY --link: whatever is in the way is replaced, links too, and every folder on the way is made anew (K100). */
      readonly link?: true
    }
  /** Makes a folder with all parents; existing ones stay as they are (K121). */
  | {readonly op: 'folder'; readonly path: string; readonly user?: string}
  | {readonly op: 'write'; readonly path: string; readonly text: string; readonly mode: number}
  | {readonly op: 'append'; readonly path: string; readonly text: string; readonly mode: number}
  /** Sets keys of a JSON object of strings. */
  | {readonly op: 'labels'; readonly path: string; readonly set: Readonly<Record<string, string>>}
  /** Makes what is missing of the places that mounts go to, and writes down what it made (K129). */
  | {readonly op: 'mount-points'; readonly points: readonly MountPoint[]; readonly file: string}
  /** Removes again what `mount-points` wrote down, as far as it stayed empty (K129). */
  | {readonly op: 'clear-mount-points'; readonly file: string}
  /** Writes down who `user[:group]` is by the image's own tables: uid, gid, further groups, home; a line each (K116, K120). */
  | {readonly op: 'user'; readonly user: string; readonly file: string}
  /** Puts a copy of a file or folder (nothing: an empty folder) at a place outside the image; what lies there already stays. */
  | {
      readonly op: 'lay'
      readonly from: string | undefined
      readonly to: string
      /** Owner and mode of the top; undefined keeps those of `from`. */
      readonly as: {readonly uid: number; readonly gid: number; readonly mode: number} | undefined
    }
  /** Removes paths, each with all below it; links are not followed. */
  | {readonly op: 'remove'; readonly paths: readonly string[]}
  /**
   * Of the definitions that the engine moved aside (D122), the last is our working file: it goes, and the one before
   * it was one too and gets the person's text.
   */
  | {readonly op: 'history'; readonly text: string}

export interface MountPoint {
  readonly target: string
  readonly kind: 'file' | 'folder'
  /** The source of the mount that `target` lies in, and its place there. */
  readonly inside?: {readonly folder: string; readonly path: string}
}

/** One source of a copy: where it lies on the host, and the name it gets in a folder. */
export type PlacedSource =
  | {
      readonly kind: 'tree'
      readonly from: string
      readonly name: string
      /** Paths below it that are left out with all in them (K102). */
      readonly without?: readonly string[]
      /** Folders that are there already keep owner and mode, as with `--parents` (K101). */
      readonly keepFolders?: true
      /** FIFOs in it, which could not be laid out: paths below it and their modes. */
      readonly fifos?: readonly {readonly path: string; readonly mode: number}[]
    }
  /** An archive that was read: a line of JSON for each member, and the content of its files by number (K103). */
  | {readonly kind: 'archive'; readonly members: string; readonly contents: string}

/** One member of an archive, in its order. */
export interface ArchiveMember {
  readonly name: string
  readonly type: 'file' | 'directory' | 'symlink' | 'hardlink' | 'fifo' | 'device'
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Seconds. */
  readonly modified: number
  /** Text of a symlink, name of a hard link's other member. */
  readonly link?: string
  /** Name of the file that holds the content. */
  readonly content?: string
}
