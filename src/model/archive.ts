/** What makes a file an archive: its first bytes, never its name (K103). */

export type Compression = 'none' | 'gzip' | 'bzip2' | 'xz' | 'zstd'

const magics: readonly (readonly [Compression, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b, 0x08]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
]

/** @param head the first bytes of a file, 6 are enough */
export function compressionOf(head: Uint8Array): Compression {
  return magics.find(([, bytes]) => bytes.every((byte, at) => head[at] === byte))?.[0] ?? 'none'
}

/** Bytes of one header, and the unit that a tar stream is counted in. */
export const tarBlock = 512

/**
 * Whether a stream starts with the header of a tar member (POSIX pax, ustar): its checksum is the sum of all bytes, its
 * own eight as blanks. The zeros at an archive's end have none.
 */
export function startsWithTarHeader(bytes: Uint8Array): boolean {
  if (bytes.length < tarBlock) return false
  // A plain loop: an image has a hundred thousand headers.
  let sum = 8 * 0x20
  for (let at = 0; at < tarBlock; at += 1) sum += bytes[at] ?? 0
  for (let at = 148; at < 156; at += 1) sum -= bytes[at] ?? 0
  const field = String.fromCharCode(...bytes.subarray(148, 156))
    .replaceAll(/[\0 ]+/g, ' ')
    .trim()
  return /^[0-7]+$/.test(field) && Number.parseInt(field, 8) === sum
}
