/**
 * Reads an archive that ADD unpacks (K103): each member becomes a line of JSON and the content of each file a file of
 * its own, named by number. Nothing is unpacked here, so that no name in it can lead anywhere.
 */
import {createWriteStream} from 'node:fs'
import {mkdir, open} from 'node:fs/promises'
import {join} from 'node:path'
import type {Readable} from 'node:stream'
import {pipeline} from 'node:stream/promises'
import {extract, type Header} from 'tar-stream'
import {startsWithTarHeader, tarBlock} from '../model/archive.js'
import type {ArchiveMember} from '../model/operations.js'

const TYPES: Readonly<Record<string, ArchiveMember['type']>> = {
  file: 'file',
  'contiguous-file': 'file',
  directory: 'directory',
  symlink: 'symlink',
  link: 'hardlink',
  fifo: 'fifo',
  'character-device': 'device',
  'block-device': 'device',
}

/** Whether a stream starts with the header of a tar member: that alone makes it an archive, whatever its name (K103). */
export async function startsAsTar(stream: Readable): Promise<boolean> {
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of stream) {
      if (!Buffer.isBuffer(chunk)) return false
      chunks.push(chunk)
      bytes += chunk.length
      if (bytes >= tarBlock) break
    }
  } catch {
    return false
  }
  return startsWithTarHeader(Buffer.concat(chunks))
}

function memberOf(header: Header, content: string | undefined): ArchiveMember | undefined {
  const type = TYPES[header.type ?? 'file']
  if (type === undefined) return undefined
  return {
    name: header.name,
    type,
    mode: (header.mode ?? 0) & 0o7777,
    uid: header.uid ?? 0,
    gid: header.gid ?? 0,
    modified: (header.mtime?.getTime() ?? 0) / 1000,
    ...(header.linkname ? {link: header.linkname} : {}),
    ...(content === undefined ? {} : {content}),
  }
}

/**
 * Takes a tar stream apart into `folder`.
 * @throws when the archive is cut short or damaged
 */
export async function takeApart(
  stream: Readable,
  folder: string,
): Promise<{readonly members: string; readonly contents: string}> {
  const contents = join(folder, 'contents')
  const members = join(folder, 'members.jsonl')
  await mkdir(contents, {recursive: true})
  const list = await open(members, 'w')
  let count = 0
  try {
    const unpack = extract()
    const reading = (async () => {
      for await (const entry of unpack) {
        const {header} = entry
        const isFile = TYPES[header.type ?? 'file'] === 'file'
        const content = isFile ? String(count) : undefined
        count += 1
        if (content === undefined) entry.resume()
        else await pipeline(entry, createWriteStream(join(contents, content)))
        const member = memberOf(header, content)
        if (member !== undefined) await list.write(`${JSON.stringify(member)}\n`)
      }
    })()
    await Promise.all([pipeline(stream, unpack), reading])
  } finally {
    await list.close()
  }
  return {members, contents}
}
