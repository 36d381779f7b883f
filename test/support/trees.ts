/** Image trees as lines that can be compared and read. */
import type {ImageEntry} from '../../src/model/image.js'

/** Path → what lies there. */
export type Tree = ReadonlyMap<string, string>

/** What differs from the base image. */
export interface Changes {
  readonly files: Readonly<Record<string, string>>
  readonly removed: readonly string[]
}

/** Paths that belong to an engine: mounted over during a build, or its own. */
const ENGINE =
  /^\/(?:$|dev(\/|$)|proc(\/|$)|sys(\/|$)|etc\/(hosts|resolv\.conf)$|\.singularity\.d(\/|$)|\.(exec|run|shell|test)$|singularity$|environment$|\.dockerenv$)/

/** Times are left out. Size and content are one: the digest. */
export function treeOf(entries: readonly ImageEntry[]): Tree {
  const tree = new Map<string, string>()
  for (const entry of entries) {
    if (ENGINE.test(entry.path)) continue
    const mode = entry.kind === 'symlink' ? '' : ` ${entry.mode.toString(8).padStart(4, '0')}`
    const rest =
      entry.kind === 'symlink'
        ? ` -> ${entry.link ?? ''}`
        : entry.kind === 'file'
          ? ` ${(entry.digest ?? '').slice(7, 19)}${entry.capabilities === undefined ? '' : ` caps ${entry.capabilities}`}`
          : ''
    tree.set(entry.path, `${entry.kind}${mode} ${entry.uid}:${entry.gid}${rest}`)
  }
  return tree
}

export function changes(tree: Tree, base: Tree): Changes {
  const files: Record<string, string> = {}
  for (const [path, line] of [...tree].sort(([a], [b]) => (a < b ? -1 : 1))) if (base.get(path) !== line) files[path] = line
  return {files, removed: [...base.keys()].filter(path => !tree.has(path)).sort()}
}
