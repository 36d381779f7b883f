/** The image as the script leaves it so far: what was put where, which folders are there, whether commands ran. */
import {standardFolders} from './evidence.js'

interface Copied {
  readonly path: string
  /** `post`, the stage or image it came from, or nothing for the host. */
  readonly from: string
}

/** Folders of base images that are root's with mode 0755, and no links where /usr is merged. */
const rootOwned = new Set(
  '/etc /usr /usr/bin /usr/sbin /usr/lib /usr/share /usr/local /usr/local/bin /usr/local/lib /opt'.split(' '),
)

export class ImageState {
  readonly #copied: Copied[] = []
  readonly #folders = new Set(['/', '/root', '/tmp', '/var/tmp', '/home', '/etc', '/dev', '/proc', '/sys', '/var'])
  #commandsRan = false

  /** From here on files may have been changed by commands. */
  ran(): void {
    this.#commandsRan = true
  }

  get commandsRan(): boolean {
    return this.#commandsRan
  }

  /** A folder that base images commonly have. */
  isCommonFolder(path: string): boolean {
    return this.#commandsRan || standardFolders.has(path)
  }

  /**
   * Whether `--link` comes to the same as a copy straight to the place: nothing is in the way, and the folders on the way
   * are root's with mode 0755, or are made so (K100).
   */
  isPlainUnderLink(path: string): boolean {
    if (this.#commandsRan || standardFolders.has(path)) return false
    if (this.#copied.some(earlier => overlap(earlier.path, path))) return false
    const [, top = ''] = path.split('/')
    return (
      rootOwned.has(path.slice(0, path.lastIndexOf('/'))) ||
      (!standardFolders.has(`/${top}`) && !/^(tmp|dev|proc|sys)$/.test(top))
    )
  }

  /** Something was put here: by `%post`, or by `%files` from a stage, an image or the host (`''`). */
  put(path: string, from: string): void {
    this.#copied.push({path, from})
  }

  /** The folder highest up that is made when something is put at a path; the path itself where all are there. */
  firstNew(path: string): string {
    const parts = path.split('/')
    const known = parts.findIndex((_, i) => {
      const above = parts.slice(0, i + 1).join('/')
      return i > 0 && !standardFolders.has(above) && !this.#folders.has(above)
    })
    return known === -1 ? path : parts.slice(0, known + 1).join('/')
  }

  /** Whether a copy to a path by `%files` would come too early, or before one that it has to follow (D58). */
  disturbed(path: string, from: string | undefined): boolean {
    if (this.#commandsRan) return true
    return this.#copied.some(earlier => {
      if (!overlap(earlier.path, path)) return false
      // In `%files` the order is kept within one origin, and the host's come last.
      return earlier.from === 'post' || (earlier.from !== (from ?? '') && from !== undefined)
    })
  }

  hasFolder(path: string): boolean {
    return this.#folders.has(path)
  }

  addFolder(path: string): void {
    this.#folders.add(path)
  }

  /** A command may have removed any of them. */
  forgetFolders(): void {
    for (const folder of [...this.#folders]) if (folder !== '/') this.#folders.delete(folder)
  }
}

function overlap(a: string, b: string): boolean {
  const [left, right] = [a, b].map(path => `${path.replace(/\/+\.?$/, '')}/`)
  return left === undefined || right === undefined || left.startsWith(right) || right.startsWith(left)
}
