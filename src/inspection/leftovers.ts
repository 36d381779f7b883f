/** Bytes that running the image does not need: caches of package managers, what only linking and compiling reads. */
import type {Row} from '../model/report.js'
import type {Topic} from './topic.js'

export interface Leftover {
  readonly what: string
  /** The folder; left out for what lies all over the image. */
  readonly path?: string
  readonly bytes: number
  readonly files: number
}

export interface Leftovers {
  readonly list: readonly Leftover[]
  readonly bytes: number
}

/** Group 1 is the folder. A file counts for the first that matches. */
const PLACES: readonly (readonly [what: string, pattern: RegExp])[] = [
  ['package lists', /^(\/var\/lib\/apt\/lists)\//],
  ['package cache', /^(\/var\/cache\/(?:apt|yum|dnf|libdnf5|apk|zypp|pacman))\//],
  ['package cache', /^(\/lib\/apk\/cache|\/etc\/apk\/cache)\//],
  ['cache', /^(\/(?:root|home\/[^/]+)\/\.cache)\//],
  ['package cache', /^(\/(?:root|home\/[^/]+)\/\.(?:npm|cargo\/registry|conda\/pkgs|gradle|m2\/repository|ccache))\//],
  ['package cache', /^(\/(?:root|home\/[^/]+)\/go\/pkg\/mod|\/go\/pkg\/mod)\//],
  ['package cache', /^(\/opt\/[^/]*(?:conda|mamba|forge)[^/]*\/pkgs)\//],
  ['temporary files', /^(\/tmp|\/var\/tmp)\//],
  ['logs', /^(\/var\/log)\//],
]

/** Files of one kind, wherever they lie. */
const KINDS: readonly (readonly [what: string, pattern: RegExp])[] = [
  ['compiled Python', /\/__pycache__\/[^/]+$/],
  ['git history', /\/\.git\//],
  ['object files', /\.o$/],
  ['static libraries', /\.(a|la)$/],
  ['headers', /\.(h|hh|hpp|hxx|h\+\+|inl|tcc)$|\/include\/.*\.mod$|\/include\/c\+\+\//],
]

export const leftovers: Topic<Leftovers> = {
  title: 'not needed to run',
  look({entries}) {
    const sums = new Map<string, {what: string; path?: string; bytes: number; files: number}>()
    for (const {path, kind, size, sameAs} of entries) {
      if (kind !== 'file' || sameAs !== undefined) continue
      let at: {what: string; path?: string} | undefined
      for (const [what, pattern] of PLACES) {
        const folder = pattern.exec(path)?.[1]
        if (folder === undefined) continue
        at = {what, path: folder}
        break
      }
      const kindOf = at === undefined ? KINDS.find(([, pattern]) => pattern.test(path)) : undefined
      if (kindOf !== undefined) at = {what: kindOf[0]}
      if (at === undefined) continue
      const key = `${at.what} ${at.path ?? ''}`
      const sum = sums.get(key) ?? {...at, bytes: 0, files: 0}
      sums.set(key, {...sum, bytes: sum.bytes + size, files: sum.files + 1})
    }
    const list = [...sums.values()].filter(each => each.bytes > 0).sort((a, b) => b.bytes - a.bytes)
    return {
      head: ['', 'size', 'files', ''],
      data: {list, bytes: list.reduce((sum, each) => sum + each.bytes, 0)},
      rows: list.map((each): Row => [each.what, {bytes: each.bytes}, {count: each.files}, each.path ?? '']),
    }
  },
}
