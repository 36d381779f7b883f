/** What ADD unpacks: a tar archive, by its content (K103; moby/go-archive, archive.go: DetectCompression, IsArchivePath). */
import {constants, gunzipSync} from 'node:zlib'
import {compressionOf, startsWithTarHeader} from '../model/archive.js'

/**
 * @param head the first bytes of a file, 1024 are enough
 * @returns `compressed` when only unpacking tells whether the stream is an archive (bzip2, xz, zstd)
 */
export function isArchive(head: Uint8Array): 'archive' | 'compressed' | 'none' {
  const compression = compressionOf(head)
  if (compression !== 'none' && compression !== 'gzip') return 'compressed'
  return startsWithTarHeader(compression === 'gzip' ? unzipHead(head) : head) ? 'archive' : 'none'
}

/** The beginning of a stream that is cut off. */
function unzipHead(head: Uint8Array): Uint8Array {
  try {
    return gunzipSync(head, {finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 1 << 22})
  } catch {
    return new Uint8Array()
  }
}
