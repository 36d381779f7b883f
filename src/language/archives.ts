/** What ADD unpacks: a tar archive, by its content (K103; moby/go-archive, archive.go: DetectCompression, IsArchivePath). */
import {constants, gunzipSync} from 'node:zlib'

const magics: readonly (readonly number[])[] = [
  [0x42, 0x5a, 0x68],
  [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00],
  [0x28, 0xb5, 0x2f, 0xfd],
]

/**
 * @param head the first bytes of a file, 1024 are enough
 * @returns `compressed` when only unpacking tells whether the stream is an archive (bzip2, xz, zstd)
 */
export function isArchive(head: Uint8Array): 'archive' | 'compressed' | 'none' {
  if (startsWith(head, [0x1f, 0x8b])) return isTarHeader(unzipHead(head)) ? 'archive' : 'none'
  if (magics.some(magic => startsWith(head, magic))) return 'compressed'
  return isTarHeader(head) ? 'archive' : 'none'
}

function startsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, i) => bytes[i] === byte)
}

/** The beginning of a stream that is cut off. */
function unzipHead(head: Uint8Array): Uint8Array {
  try {
    return gunzipSync(head, {finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 1 << 22})
  } catch {
    return new Uint8Array()
  }
}

/** POSIX ustar: the checksum at 148 is the sum of the header's bytes with its own field as blanks. */
function isTarHeader(bytes: Uint8Array): boolean {
  if (bytes.length < 512) return false
  let sum = 0
  for (let i = 0; i < 512; i += 1) sum += i >= 148 && i < 156 ? 0x20 : (bytes[i] ?? 0)
  const field = new TextDecoder('latin1')
    .decode(bytes.subarray(148, 156))
    .replaceAll(/[\0 ]+/g, ' ')
    .trim()
  return /^[0-7]+$/.test(field) && Number.parseInt(field, 8) === sum
}
