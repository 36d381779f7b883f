/** Which programs of an image somebody brought in, told by names and modes: those that its distribution packs are not of interest. */
import {isOdd} from '../images/names.js'
import type {ImageEntry} from '../model/image.js'

/** Where distributions keep their own. */
const DISTRIBUTION = /^\/((usr\/(?!local\/)|bin\/|sbin\/|lib\/|lib32\/|lib64\/|libx32\/|etc\/|var\/lib\/|\.singularity\.d\/)|\.)/
/** Smaller than an ELF header. */
const SMALLEST = 52
/** Files and bytes that are looked at: what an image can hold has no bound, a report has. */
const MOST_FILES = 4000
const MOST_BYTES = 1 << 30

function mayBeProgram(entry: ImageEntry): boolean {
  return (
    entry.kind === 'file' &&
    entry.size >= SMALLEST &&
    entry.sameAs === undefined &&
    ((entry.mode & 0o111) !== 0 || /\.so(\.|$)/.test(entry.path)) &&
    // Neither tar nor unsquashfs can be asked for it.
    !isOdd(entry.path)
  )
}

/**
 * @param artifacts digests of files that were copied from other stages: they count wherever they lie
 */
export function ownPrograms(entries: readonly ImageEntry[], artifacts: ReadonlySet<string>): {own: string[]; count: number} {
  const found: {path: string; size: number; artifact: boolean}[] = []
  for (const entry of entries) {
    const artifact = entry.digest !== undefined && artifacts.has(entry.digest)
    if ((artifact || !DISTRIBUTION.test(entry.path)) && mayBeProgram(entry))
      found.push({path: entry.path, size: entry.size, artifact})
  }
  // Small ones first: as many as the bytes suffice for.
  found.sort((a, b) => Number(b.artifact) - Number(a.artifact) || a.size - b.size)
  const own: string[] = []
  let bytes = 0
  for (const {path, size} of found) {
    bytes += size
    if (own.length === MOST_FILES || bytes > MOST_BYTES) break
    own.push(path)
  }
  return {own, count: found.length}
}
