/**
 * Members of a tar archive (POSIX pax, ustar, GNU), one after the other, in bounded memory.
 *
 * tar-stream, which reads what we make ourselves, keeps an extended header of any size in memory, takes its text as
 * UTF-8 (a capability is not) and tells no offsets; images come from strangers, and are read at places.
 */
import {startsWithTarHeader, tarBlock} from '../model/archive.js'
import type {Bytes} from './bytes.js'
import {refused} from './limits.js'
import {decodeName} from './names.js'

/** Bytes of one extended header: capabilities, attributes and names of the longest kind take far less. */
const LARGEST_HEADER = 1 << 20

export type MemberKind = 'file' | 'hardlink' | 'symlink' | 'device' | 'directory' | 'fifo'

export interface Member {
  readonly name: string
  readonly kind: MemberKind
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Bytes of a file's content, holes filled. */
  readonly size: number
  readonly link: string
  /** `security.capability` in hex. */
  readonly capabilities: string | undefined
  /** Its holes are left out of the archive: the bytes that are there are not its content. */
  readonly sparse: boolean
  /** Where its bytes start, and how many there are. */
  readonly at: number
  readonly stored: number
}

const KINDS: Readonly<Record<string, MemberKind>> = {
  '\0': 'file',
  '0': 'file',
  '7': 'file',
  S: 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'device',
  '4': 'device',
  '5': 'directory',
  '6': 'fifo',
}

/** Text of a field up to its first NUL. */
function field(block: Buffer, at: number, length: number): Buffer {
  const bytes = block.subarray(at, at + length)
  const end = bytes.indexOf(0)
  return end === -1 ? bytes : bytes.subarray(0, end)
}

/** A number: octal digits, or GNU's base 256 for large ones. */
function numberAt(block: Buffer, at: number, length: number, what: string): number {
  const first = block[at] ?? 0
  if ((first & 0x80) !== 0) {
    if ((first & 0x40) !== 0) throw refused(`a member of its archive has a negative ${what}`)
    let value = first & 0x3f
    for (let i = 1; i < length; i += 1) value = value * 256 + (block[at + i] ?? 0)
    if (!Number.isSafeInteger(value)) throw refused(`a member of its archive has an absurd ${what}`)
    return value
  }
  const text = field(block, at, length).toString('latin1').trim()
  if (text === '') return 0
  if (!/^[0-7]+$/.test(text)) throw refused(`a member of its archive has a damaged ${what}: ${JSON.stringify(text)}`)
  return Number.parseInt(text, 8)
}

/** Records of a pax header, `LENGTH KEY=VALUE\n` each; values are bytes. */
function paxRecords(data: Buffer): Map<string, Buffer> {
  const records = new Map<string, Buffer>()
  let at = 0
  while (at < data.length) {
    const blank = data.indexOf(0x20, at)
    const digits = blank === -1 ? '' : data.toString('latin1', at, blank)
    const end = at + Number(digits)
    const equals = data.indexOf(0x3d, blank)
    if (!/^\d{1,8}$/.test(digits) || end > data.length || equals === -1 || equals >= end - 1 || data[end - 1] !== 0x0a)
      throw refused('its archive has a damaged extended header')
    records.set(data.toString('utf8', blank + 1, equals), data.subarray(equals + 1, end - 1))
    at = end
  }
  return records
}

function decimal(value: Buffer, what: string): number {
  const number = Number(value.toString('latin1').replace(/(?<=^\d+)\.\d+$/, ''))
  if (value.length === 0 || !Number.isSafeInteger(number) || number < 0)
    throw refused(`a member of its archive has a damaged ${what}: ${JSON.stringify(value.toString('latin1').slice(0, 40))}`)
  return number
}

function padded(bytes: number): number {
  return Math.ceil(bytes / tarBlock) * tarBlock
}

async function longField(bytes: Bytes, size: number): Promise<Buffer> {
  if (size > LARGEST_HEADER) throw refused(`its archive has an extended header of ${size} bytes`)
  const data = await bytes.take(padded(size))
  if (data === undefined && size > 0) throw refused('it is cut short')
  // A copy: what it was cut from is large and would be held with it.
  return Buffer.from((data ?? Buffer.alloc(0)).subarray(0, size))
}

/** The old GNU form of a file with holes: more blocks of its map may follow the header. */
async function skipSparseMap(bytes: Bytes, header: Buffer): Promise<number> {
  let more = header[482] === 1
  for (let blocks = 0; more; blocks += 1) {
    const block = blocks > 100_000 ? undefined : await bytes.take(tarBlock)
    if (block === undefined) throw refused('its archive has a damaged map of holes')
    more = block[504] === 1
  }
  return numberAt(header, 483, 12, 'size')
}

function isZero(block: Buffer): boolean {
  return block.every(byte => byte === 0)
}

function text(bytes: Buffer): string {
  if (bytes.includes(0)) throw refused('a name in its archive holds a zero byte')
  return decodeName(bytes)
}

function nameIn(header: Buffer): Buffer {
  const name = field(header, 0, 100)
  // GNU's own form (`ustar` and a blank) keeps times where POSIX has the prefix.
  const prefix = header.toString('latin1', 257, 263) === 'ustar\0' ? field(header, 345, 155) : Buffer.alloc(0)
  return prefix.length === 0 ? name : Buffer.concat([prefix, Buffer.from('/'), name])
}

/**
 * The members of an archive. Whoever gets one may read `content` before asking for the next; what is left of it is
 * passed over. Ends behind the archive's last block; what lies behind that is not looked at.
 * @throws SifstageError when the archive is cut short or damaged
 */
export async function* members(bytes: Bytes): AsyncGenerator<{readonly member: Member; content(): AsyncGenerator<Uint8Array>}> {
  let pax = new Map<string, Buffer>()
  let longName: Buffer | undefined
  let longLink: Buffer | undefined
  for (;;) {
    const header = await bytes.take(tarBlock)
    if (header === undefined || isZero(header)) {
      if (pax.size > 0 || longName !== undefined || longLink !== undefined) throw refused('it is cut short')
      return
    }
    if (!startsWithTarHeader(header)) throw refused('its archive has a damaged header')
    const type = header.toString('latin1', 156, 157)
    let stored = numberAt(header, 124, 12, 'size')
    if (type === 'x') {
      pax = paxRecords(await longField(bytes, stored))
      continue
    }
    if (type === 'L' || type === 'K') {
      const long = field(await longField(bytes, stored), 0, stored)
      if (type === 'L') longName = long
      else longLink = long
      continue
    }
    if (type === 'g') {
      // Go, and with it every engine, takes nothing from it.
      await longField(bytes, stored)
      continue
    }
    const kind = KINDS[type]
    if (kind === undefined) throw refused(`its archive has a member of an unknown type (${JSON.stringify(type)})`)
    const paxSize = pax.get('size')
    if (paxSize !== undefined) stored = decimal(paxSize, 'size')
    // Go's reader takes no content for these, whatever the header says.
    if (kind !== 'file') stored = 0
    let size = stored
    let sparse = false
    if (type === 'S') {
      sparse = true
      size = await skipSparseMap(bytes, header)
    }
    const realSize = pax.get('GNU.sparse.realsize') ?? pax.get('GNU.sparse.size')
    if (realSize !== undefined) {
      sparse = true
      size = decimal(realSize, 'size')
    }
    const id = (key: string, at: number) => {
      const value = pax.get(key)
      return value === undefined ? numberAt(header, at, 8, key) : decimal(value, key)
    }
    const name = text(pax.get('GNU.sparse.name') ?? pax.get('path') ?? longName ?? nameIn(header))
    const member: Member = {
      name,
      // Before POSIX a folder was a file whose name ends in a slash.
      kind: kind === 'file' && name.endsWith('/') ? 'directory' : kind,
      mode: numberAt(header, 100, 8, 'mode') & 0o7777,
      uid: id('uid', 108),
      gid: id('gid', 116),
      size: kind === 'file' ? size : 0,
      link: text(pax.get('linkpath') ?? longLink ?? field(header, 157, 100)),
      capabilities: pax.get('SCHILY.xattr.security.capability')?.toString('hex'),
      sparse,
      at: bytes.offset,
      stored,
    }
    pax = new Map()
    longName = undefined
    longLink = undefined
    yield {member, content: () => bytes.pieces(member.at + stored - bytes.offset)}
    await bytes.skip(member.at + padded(stored) - bytes.offset)
  }
}
