/**
 * Reads a tar stream of a tree into entries, hashing each file as it passes. Nothing is unpacked and nothing is
 * held: memory is that of the names.
 */
import {createHash} from 'node:crypto'
import type {Readable} from 'node:stream'
import type {ImageEntry} from '../model/image.js'
import {pathParts} from '../model/paths.js'
import {Bytes, streamSource} from './bytes.js'
import {hardLinks} from './hard-links.js'
import {type Member, members} from './members.js'

/** `./a/b/` to `/a/b`; undefined for a name that would leave the tree. */
function memberPath(name: string): string | undefined {
  const parts = pathParts(name)
  if (parts.includes('..')) return undefined
  return `/${parts.join('/')}`
}

/** The command whose output `readTar` reads: the whole tree, names sorted, owners as numbers, file capabilities kept. */
export function treeArguments(folder: string): readonly string[] {
  const attributes = ['--xattrs', '--xattrs-include=security.capability']
  return ['tar', '--create', '--sort=name', '--numeric-owner', '--format=pax', ...attributes, '-C', folder, '.']
}

/**
 * The command that prints a tree as a layer, the same bytes for the same tree: pax headers of whole seconds and without
 * numbers of processes, and nothing newer than `newest` (seconds), since what we write into a tree ourselves is.
 */
export function layerArguments(folder: string, leaveOut: readonly string[], newest: number): readonly string[] {
  return [
    'tar',
    '--create',
    '--sort=name',
    '--numeric-owner',
    '--format=pax',
    '--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime,delete=mtime',
    `--mtime=@${newest}`,
    '--clamp-mtime',
    '--xattrs',
    '--xattrs-include=security.capability',
    '--xattrs-include=user.*',
    // Of the file system that the tree lies on.
    '--xattrs-exclude=user.overlay.*',
    '--anchored',
    '--no-wildcards',
    ...leaveOut.map(path => `--exclude=.${path}`),
    '-C',
    folder,
    '.',
  ]
}

/** What a member is, but for a file's content and hard links. */
function entryOf({mode, uid, gid, link, capabilities}: Member, path: string, kind: ImageEntry['kind']): ImageEntry {
  return {
    path,
    kind,
    mode,
    uid,
    gid,
    size: 0,
    ...(kind === 'symlink' ? {link} : {}),
    ...(capabilities === undefined ? {} : {capabilities}),
  }
}

/**
 * The entries of a tar stream made by `tar --create` of a whole tree.
 * @throws when the stream is broken or a member's name leaves the tree
 */
export async function readTar(stream: Readable): Promise<readonly ImageEntry[]> {
  const entries: ImageEntry[] = []
  const byPath = new Map<string, ImageEntry>()
  const linked = hardLinks()
  const known = new Set<string>()
  const bytes = new Bytes(streamSource(stream))
  for await (const {member, content} of members(bytes)) {
    const path = memberPath(member.name)
    if (path === undefined) throw new Error(`the archive holds a path that leaves it: ${JSON.stringify(member.name)}`)
    let entry: ImageEntry
    if (member.kind === 'hardlink') {
      const first = byPath.get(memberPath(member.link) ?? '')
      if (first === undefined)
        throw new Error(`the archive holds a hard link to a file that is not in it: ${JSON.stringify(member.name)}`)
      entry = {...first, path}
      // tar names the first that it met, for all names of a file.
      if (!known.has(first.path)) linked.add(first.path, first.path)
      known.add(first.path)
      linked.add(first.path, path)
    } else if (member.kind === 'file') {
      const hash = createHash('sha256')
      let size = 0
      for await (const chunk of content()) {
        hash.update(chunk)
        size += chunk.length
      }
      entry = {...entryOf(member, path, 'file'), size, digest: `sha256:${hash.digest('hex')}`}
    } else entry = entryOf(member, path, member.kind)
    entries.push(entry)
    byPath.set(path, entry)
  }
  // What fills the last record up: the program that writes it ends when all is taken.
  await bytes.drain()
  return linked.mark(entries)
}
