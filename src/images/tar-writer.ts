/** Writes tar archives of a few members, byte for byte the same for the same members. */
import {createReadStream} from 'node:fs'
import {tarBlock} from '../model/archive.js'

export interface WrittenMember {
  /** At most 100 bytes of ASCII; a folder's ends in `/`. */
  readonly name: string
  readonly content: Uint8Array | {readonly path: string; readonly bytes: number}
}

/** What the eleven octal digits of the format can say. */
const LARGEST_OCTAL = 0o77777777777

function octal(value: number, length: number): string {
  return `${value.toString(8).padStart(length - 1, '0')}\0`
}

function header(name: string, type: string, size: number, mode: number, modified: number): Buffer {
  const block = Buffer.alloc(tarBlock)
  block.write(name, 0, 100, 'latin1')
  block.write(octal(mode, 8), 100, 'latin1')
  block.write(octal(0, 8), 108, 'latin1')
  block.write(octal(0, 8), 116, 'latin1')
  if (size <= LARGEST_OCTAL) block.write(octal(size, 12), 124, 'latin1')
  else {
    // GNU's form, for readers that know no extended header.
    block[124] = 0x80
    block.writeUIntBE(size, 130, 6)
  }
  block.write(octal(modified, 12), 136, 'latin1')
  block.write(' '.repeat(8), 148, 'latin1')
  block.write(type, 156, 'latin1')
  block.write('ustar\x0000', 257, 'latin1')
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${octal(sum, 7)} `, 148, 'latin1')
  return block
}

/** The whole of one header: beyond 8 GiB a size has a pax record, as Go writes it. */
export function memberHeader(name: string, size: number, modified: number): Buffer {
  if (name.endsWith('/')) return header(name, '5', 0, 0o755, modified)
  const plain = header(name, '0', size, 0o644, modified)
  if (size <= LARGEST_OCTAL) return plain
  const rest = ` size=${size}\n`
  const length = rest.length + String(rest.length + 2).length
  const record = Buffer.from(`${length}${rest}`)
  return Buffer.concat([header('PaxHeaders/size', 'x', record.length, 0o644, modified), record, padding(record.length), plain])
}

function padding(bytes: number): Buffer {
  return Buffer.alloc((tarBlock - (bytes % tarBlock)) % tarBlock)
}

/**
 * The bytes of an archive; files are streamed.
 * @param modified seconds: the time of every member
 * @throws when a file is not as large as it was said to be
 */
export async function* tarBytes(members: readonly WrittenMember[], modified: number): AsyncGenerator<Uint8Array> {
  for (const {name, content} of members) {
    if (content instanceof Uint8Array) {
      yield memberHeader(name, content.length, modified)
      yield content
      yield padding(content.length)
      continue
    }
    yield memberHeader(name, content.bytes, modified)
    let bytes = 0
    for await (const chunk of createReadStream(content.path, {highWaterMark: 1 << 20})) {
      bytes += chunk.length
      yield chunk
    }
    if (bytes !== content.bytes) throw new Error(`${content.path} has ${bytes} bytes, not ${content.bytes}`)
    yield padding(bytes)
  }
  yield Buffer.alloc(2 * tarBlock)
}
