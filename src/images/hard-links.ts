/** Files with several names. In which order an image tells them differs from form to form, so the first by text counts. */
import type {ImageEntry} from '../model/image.js'

export interface HardLinks {
  /** `file` is anything that is equal for the names of one file. */
  add(file: unknown, path: string): void
  /** The entries, `sameAs` set where a path is not the first name of its file. */
  mark(entries: readonly ImageEntry[]): readonly ImageEntry[]
}

export function hardLinks(): HardLinks {
  const names = new Map<unknown, string[]>()
  return {
    add(file, path) {
      const known = names.get(file)
      if (known) known.push(path)
      else names.set(file, [path])
    },
    mark(entries) {
      const first = new Map<string, string>()
      for (const paths of names.values()) {
        if (paths.length < 2) continue
        const [one = '', ...others] = paths.sort()
        for (const other of others) first.set(other, one)
      }
      if (first.size === 0) return entries
      return entries.map(entry => {
        const sameAs = first.get(entry.path)
        return sameAs === undefined ? entry : {...entry, sameAs}
      })
    },
  }
}
