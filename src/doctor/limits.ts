/** Memory and processors that we may use: those of a control group, as jobs and containers have, or of the machine. */
import {readFileSync} from 'node:fs'
import {availableParallelism, cpus, totalmem} from 'node:os'
import {dirname, join} from 'node:path'
import {bytes, type Found, type Look, ok, warning} from './look.js'

/** Less than this, and packing a large image, or compiling, is ended by the kernel. */
const COMFORTABLE = 2e9

type Read = (file: string) => string | undefined

function readFile(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return undefined
  }
}

/**
 * The smallest memory limit of our control group and those above it, in either version of them (cgroups(7)).
 * @param read of `/proc` and `/sys`
 */
export function memoryLimit(read: Read = readFile): number | undefined {
  const limits: number[] = []
  for (const line of (read('/proc/self/cgroup') ?? '').split('\n')) {
    const [id, controllers = '', path = ''] = line.split(':')
    const isUnified = id === '0' && controllers === ''
    if (!isUnified && !controllers.split(',').includes('memory')) continue
    const [root, file] = isUnified
      ? (['/sys/fs/cgroup', 'memory.max'] as const)
      : (['/sys/fs/cgroup/memory', 'memory.limit_in_bytes'] as const)
    for (let at = path || '/'; ; at = dirname(at)) {
      const limit = Number(read(join(root, at, file)))
      // `max`, or a number near 2^63: none.
      if (limit > 0 && limit < 2 ** 60) limits.push(limit)
      if (at === '/' || at === '.') break
    }
  }
  return limits.length === 0 ? undefined : Math.min(...limits)
}

export const limits: Look = {
  name: 'limits',
  look() {
    const limit = memoryLimit()
    const memory = Math.min(limit ?? Number.POSITIVE_INFINITY, totalmem())
    const cores = availableParallelism()
    const found: Found[] = [
      ok(
        `${cores} of ${cpus().length} processors: up to ${Math.min(4, cores)} stages side by side (-j); ${bytes(memory)} of memory${limit === undefined ? '' : `, by the limit of a control group (the machine has ${bytes(totalmem())})`}`,
      ),
    ]
    if (memory < COMFORTABLE)
      found.push(
        warning(
          `only ${bytes(memory)} of memory may be used`,
          'the kernel ends what takes more: compilers, and mksquashfs, with nothing but "killed"',
          limit === undefined ? '-j 1' : 'a job with more (sbatch --mem=8G), or -j 1',
        ),
      )
    return found
  },
}
