/** How large an image is unpacked, and where. */
import type {ImageEntry} from '../model/image.js'
import type {Row} from '../model/report.js'
import type {Topic} from './topic.js'

export interface Folder {
  readonly path: string
  readonly bytes: number
  readonly files: number
}

export interface Sizes {
  /** Bytes of files; one with several names counts once, in every form of image that tells. */
  readonly bytes: number
  readonly files: number
  readonly directories: number
  readonly symlinks: number
  /** False where the form of the image does not tell which names are one file: then each counts. */
  readonly hardLinksOnce: boolean
  /** The largest, none of them inside another. */
  readonly folders: readonly Folder[]
}

const MOST_FOLDERS = 10
/** `/usr/lib/x86_64-linux-gnu`: deeper folders say little to a person. */
const DEEPEST = 3

/** Bytes and number of the files of a tree; names of one file count once. */
export function treeSize(entries: Iterable<ImageEntry>): {bytes: number; files: number; directories: number; symlinks: number} {
  const size = {bytes: 0, files: 0, directories: 0, symlinks: 0}
  for (const entry of entries) {
    if (entry.kind === 'directory') size.directories += 1
    if (entry.kind === 'symlink') size.symlinks += 1
    if (entry.kind !== 'file' || entry.sameAs !== undefined) continue
    size.files += 1
    size.bytes += entry.size
  }
  // The root itself is no folder that anybody made.
  size.directories -= 1
  return size
}

interface FolderSum {
  bytes: number
  files: number
  readonly below: string[]
}

/** All folders that are not deeper than three names; the root is the empty name. */
function foldersOf(entries: readonly ImageEntry[]): Map<string, FolderSum> {
  const folders = new Map<string, FolderSum>([['', {bytes: 0, files: 0, below: []}]])
  // The files of one folder mostly stand together.
  let folder: string | undefined
  let above: readonly FolderSum[] = []
  for (const {path, kind, size, sameAs} of entries) {
    if (kind === 'directory' && path !== '/') {
      const names = path.split('/')
      if (names.length > DEEPEST + 1) continue
      folders.set(path, {bytes: 0, files: 0, below: []})
      folders.get(names.slice(0, -1).join('/'))?.below.push(path)
    }
    if (kind !== 'file' || sameAs !== undefined) continue
    const own = path.slice(0, path.lastIndexOf('/'))
    if (own !== folder) {
      folder = own
      const names = own.split('/').slice(0, DEEPEST + 1)
      above = names.flatMap((_, i) => folders.get(names.slice(0, i + 1).join('/')) ?? [])
    }
    for (const each of above) {
      each.files += 1
      each.bytes += size
    }
  }
  return folders
}

/** The largest folders: one that mostly holds other folders makes way for those. */
function largestFolders(entries: readonly ImageEntry[]): Folder[] {
  const folders = foldersOf(entries)
  const result: Folder[] = []
  const open = [...(folders.get('')?.below ?? [])]
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const folder = folders.get(path)
    if (folder === undefined || folder.bytes === 0) continue
    const below = folder.below.reduce((sum, each) => sum + (folders.get(each)?.bytes ?? 0), 0)
    if (below > folder.bytes / 2) open.push(...folder.below)
    else result.push({path, bytes: folder.bytes, files: folder.files})
  }
  return result.sort((a, b) => b.bytes - a.bytes || (a.path < b.path ? -1 : 1)).slice(0, MOST_FOLDERS)
}

export const sizes: Topic<Sizes> = {
  title: 'size of its files',
  look({entries, untold}) {
    const hardLinksOnce = !untold.includes('sameAs')
    const data: Sizes = {...treeSize(entries), hardLinksOnce, folders: largestFolders(entries)}
    const rest = data.bytes - data.folders.reduce((sum, each) => sum + each.bytes, 0)
    const restFiles = data.files - data.folders.reduce((sum, each) => sum + each.files, 0)
    const rows: Row[] = [
      [hardLinksOnce ? 'all' : 'all, hard links each', {bytes: data.bytes}, {count: data.files}],
      ...data.folders.map((each): Row => [each.path, {bytes: each.bytes}, {count: each.files}]),
      ...(restFiles > 0 && data.folders.length > 0 ? [['elsewhere', {bytes: rest}, {count: restFiles}] satisfies Row] : []),
    ]
    return {data, rows, head: ['', 'size', 'files']}
  },
}
