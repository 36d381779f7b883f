/**
 * What has changed in an image tree since somebody looked: told by names, kinds, modes, owners, sizes and times, never
 * by content, and kept as an archive. Changes of content always change `ctime`, which nobody can set.
 */
import {createReadStream} from 'node:fs'
import {writeFile} from 'node:fs/promises'
import type {TreeChanges} from '../model/ports.js'

/** One line for each path, ended by NUL; the path comes last, since it may hold anything else. */
const LINE = String.raw`%y %m %U %G %s %T@ %C@ %n %i %P\0`

/** Writes down a tree, sorted as `comm` wants it. Arguments: root, file. */
const LOOK = 'find "$1" -xdev -printf "$3" >"$2.all" && LC_ALL=C sort -z -o "$2" "$2.all" && rm -f "$2.all"'

export function lookArguments(root: string, file: string): readonly string[] {
  return ['sh', '-c', LOOK, 'sh', root, file, LINE]
}

/** Compares two looks: first what only the later has, then what only the earlier has. */
export function compareArguments(before: string, after: string, file: string): readonly string[] {
  const script = 'LC_ALL=C comm -z -13 "$1" "$2" >"$3.now" && LC_ALL=C comm -z -23 "$1" "$2" >"$3.then"'
  return ['sh', '-c', script, 'sh', before, after, file]
}

interface Line {
  readonly kind: string
  readonly size: number
  /** Names that the file has, and what they share. */
  readonly names: number
  readonly inode: string
  readonly path: string
}

async function* linesOf(file: string): AsyncGenerator<Line> {
  let rest = Buffer.alloc(0)
  const parse = (bytes: Buffer): Line => {
    // Names need not be UTF-8: latin1 keeps every byte.
    const text = bytes.toString('latin1')
    const fields = text.split(' ', 9)
    const [kind = '', , , , size, , , names, inode = ''] = fields
    return {kind, size: Number(size), names: Number(names), inode, path: text.slice(fields.join(' ').length + 1)}
  }
  for await (const chunk of createReadStream(file)) {
    let bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    for (let end = bytes.indexOf(0); end !== -1; end = bytes.indexOf(0)) {
      yield parse(bytes.subarray(0, end))
      bytes = bytes.subarray(end + 1)
    }
    rest = Buffer.from(bytes)
  }
}

/**
 * Reads what `compareArguments` wrote. A file with several names comes with all of them, even those that nobody touched
 * (a folder with some of them was renamed): an archive can tell only of names in it that they are one file.
 * @param file the later look, with what was compared beside it
 * @returns undefined where a name that is gone is no UTF-8, so that no record can hold it
 */
export async function readChanges(file: string): Promise<TreeChanges | undefined> {
  const now = new Map<string, string>()
  const shared = new Set<string>()
  let bytes = 0
  for await (const line of linesOf(`${file}.now`)) {
    now.set(line.path, line.kind)
    if (line.kind === 'f') bytes += line.size
    if (line.kind !== 'd' && line.names > 1) shared.add(line.inode)
  }
  if (shared.size > 0) for await (const {path, kind, inode} of linesOf(file)) if (shared.has(inode)) now.set(path, kind)
  const gone = new Set<string>()
  for await (const {path, kind} of linesOf(`${file}.then`)) if (now.get(path) !== kind) gone.add(path)
  const removed = [...gone].filter(path => !isBelow(path, gone)).sort()
  const names = removed.map(path => Buffer.from(path, 'latin1').toString('utf8'))
  if (names.some(name => name.includes('\ufffd'))) return undefined
  return {changed: [...now.keys()].map(path => (path === '' ? '.' : path)).sort(), removed: names, bytes}
}

function isBelow(path: string, folders: ReadonlySet<string>): boolean {
  for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1))
    if (folders.has(path.slice(0, slash))) return true
  return false
}

/** Those that an image can mean; labels of the machine's own security modules stay with the machine. */
const ATTRIBUTES = ['--xattrs', '--xattrs-include=security.capability', '--xattrs-include=user.*']

/** Packs the listed paths of a tree. */
export async function packChangesArguments(
  root: string,
  changes: TreeChanges,
  archive: string,
  compression: 'zstd' | 'gzip',
): Promise<readonly string[]> {
  const list = `${archive}.list`
  await writeFile(list, Buffer.from(changes.changed.map(path => `${path}\0`).join(''), 'latin1'))
  return [
    ...['tar', '--create', `--file=${archive}`, `--use-compress-program=${compression === 'zstd' ? 'zstd -1 -q' : 'gzip -1'}`],
    ...['--format=pax', '--numeric-owner', ...ATTRIBUTES, '-C', root],
    ...['--no-recursion', '--null', `--files-from=${list}`],
  ]
}

/** Puts packed changes onto a tree; the archive is open as descriptor 3. */
export function applyChangesArguments(root: string, compression: 'zstd' | 'gzip'): readonly string[] {
  return [
    ...['tar', '--extract', '--file=/proc/self/fd/3', `--use-compress-program=${compression}`],
    ...['--numeric-owner', '--same-owner', '--same-permissions', '--delay-directory-restore', ...ATTRIBUTES],
    ...['-C', root],
  ]
}
