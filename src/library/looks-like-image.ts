/** Tells an image from a description where one argument may be either. */
import {open, stat} from 'node:fs/promises'
import {formatOfName} from '../formats/index.js'
import {isSif} from '../images/sif.js'
import {compressionOf, startsWithTarHeader, tarBlock} from '../model/archive.js'

const PREFIX = /^(docker|docker-daemon|containers-storage|oci|oci-archive|docker-archive|oras|library|shub):/

/**
 * A reference (`docker://…`), a folder, a file that is called as images are, or one that starts as a SIF, a squashfs or an
 * archive does: then what is wrong with it is told of the image. A name that only descriptions have decides for one.
 */
export async function looksLikeImage(text: string): Promise<boolean> {
  if (PREFIX.test(text)) return true
  const stats = await stat(text).catch(() => undefined)
  if (stats?.isDirectory()) return true
  if (/\.(sif|simg|sqfs|squashfs)$/.test(text)) return true
  if (stats === undefined) return false
  if (!stats.isFile() || formatOfName(text) !== undefined) return false
  const handle = await open(text, 'r').catch(() => undefined)
  if (handle === undefined) return false
  try {
    const {buffer, bytesRead} = await handle.read(Buffer.alloc(tarBlock), 0, tarBlock, 0)
    const start = buffer.subarray(0, bytesRead)
    return (
      isSif(start) ||
      start.subarray(0, 4).toString('latin1') === 'hsqs' ||
      startsWithTarHeader(start) ||
      compressionOf(start) !== 'none'
    )
  } finally {
    await handle.close()
  }
}
