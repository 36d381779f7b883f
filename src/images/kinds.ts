import type {EntryKind} from '../model/image.js'

/** A file is `-` for `ls -l` and squashfs-tools, and `f` for find; they agree on the others. */
const KINDS: Readonly<Record<string, EntryKind>> = {
  '-': 'file',
  f: 'file',
  d: 'directory',
  l: 'symlink',
  p: 'fifo',
  s: 'socket',
  c: 'device',
  b: 'device',
}

/** The kind of an entry by the letter that programs print for it; what is unknown is nothing that could be read. */
export function kindOfLetter(letter: string): EntryKind {
  return KINDS[letter] ?? 'device'
}
