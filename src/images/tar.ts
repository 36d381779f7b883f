/**
 * Reads a tar stream of a tree into entries, hashing each file as it passes. Nothing is unpacked and nothing is
 * held: memory is that of the names.
 */
import {createHash} from 'node:crypto'
import type {Readable} from 'node:stream'
import {pipeline} from 'node:stream/promises'
import {extract, type Header} from 'tar-stream'
import type {EntryKind, ImageEntry} from '../model/image.js'
import {hardLinks} from './hard-links.js'

/** Tar type names of tar-stream to ours. */
const KINDS: Readonly<Record<string, EntryKind>> = {
  file: 'file',
  'contiguous-file': 'file',
  directory: 'directory',
  symlink: 'symlink',
  fifo: 'fifo',
  'character-device': 'device',
  'block-device': 'device',
}

/** `./a/b/` to `/a/b`; undefined for a name that would leave the tree. */
function memberPath(name: string): string | undefined {
  const parts = name.split('/').filter(part => part !== '' && part !== '.')
  if (parts.includes('..')) return undefined
  return `/${parts.join('/')}`
}

/** tar-stream hands pax values over as text; capabilities are binary, so their characters are the bytes. */
function capabilities(header: Header): string | undefined {
  const value: unknown = new Map<string, unknown>(Object.entries(header.pax ?? {})).get('SCHILY.xattr.security.capability')
  return typeof value === 'string' ? Buffer.from(value, 'utf8').toString('hex') : undefined
}

/** The command whose output `readTar` reads: the whole tree, names sorted, owners as numbers, file capabilities kept. */
export function treeArguments(folder: string): readonly string[] {
  const attributes = ['--xattrs', '--xattrs-include=security.capability']
  return ['tar', '--create', '--sort=name', '--numeric-owner', '--format=pax', ...attributes, '-C', folder, '.']
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
  const unpack = extract()
  const reading = (async () => {
    for await (const member of unpack) {
      const {header} = member
      const path = memberPath(header.name)
      if (path === undefined) throw new Error(`the archive holds a path that leaves it: ${JSON.stringify(header.name)}`)
      const hash = createHash('sha256')
      let size = 0
      for await (const chunk of member) {
        if (!Buffer.isBuffer(chunk)) continue
        hash.update(chunk)
        size += chunk.length
      }
      const common = {path, mode: (header.mode ?? 0) & 0o7777, uid: header.uid ?? 0, gid: header.gid ?? 0}
      const caps = capabilities(header)
      let entry: ImageEntry
      if (header.type === 'link') {
        const first = byPath.get(memberPath(header.linkname ?? '') ?? '')
        if (first === undefined)
          throw new Error(`the archive holds a hard link to a file that is not in it: ${JSON.stringify(header.name)}`)
        entry = {...first, path}
        // tar names the first that it met, for all names of a file.
        if (!known.has(first.path)) linked.add(first.path, first.path)
        known.add(first.path)
        linked.add(first.path, path)
      } else {
        const kind = KINDS[header.type ?? 'file'] ?? 'device'
        entry = {
          ...common,
          kind,
          size: kind === 'file' ? size : 0,
          ...(kind === 'symlink' ? {link: header.linkname ?? ''} : {}),
          ...(kind === 'file' ? {digest: `sha256:${hash.digest('hex')}`} : {}),
          ...(caps === undefined ? {} : {capabilities: caps}),
        }
      }
      entries.push(entry)
      byPath.set(path, entry)
    }
  })()
  await Promise.all([pipeline(stream, unpack), reading])
  return linked.mark(entries)
}
