import {posix} from 'node:path'
import type {ContextFiles, FileKind} from '../../src/model/format.js'

type Entry = {kind: 'file'; text: string} | {kind: 'symlink'; to: string} | {kind: 'directory'}

/**
 * A build context in memory, from an example's files: a name ending in `/` is an empty folder, one ending in `@` a
 * link whose text is its target. Absolute names lie outside the context.
 */
export function memoryContext(
  files: Readonly<Record<string, string>> = {},
  root = '/context',
  environment: Record<string, string> = {},
): ContextFiles {
  const entries = new Map<string, Entry>([['/', {kind: 'directory'}]])
  const folder = (path: string) => {
    for (let at = path; !entries.has(at); at = posix.dirname(at)) entries.set(at, {kind: 'directory'})
  }
  folder(root)
  for (const [name, text] of Object.entries(files)) {
    const path = posix.resolve(root, name.replace(/[@/]$/, ''))
    folder(posix.dirname(path))
    entries.set(
      path,
      name.endsWith('/') ? {kind: 'directory'} : name.endsWith('@') ? {kind: 'symlink', to: text} : {kind: 'file', text},
    )
  }
  const follow = (path: string, last: boolean, depth = 0): string | undefined => {
    let at = '/'
    const parts = path.split('/').filter(part => part !== '')
    for (const [i, part] of parts.entries()) {
      at = posix.join(at, part)
      const entry = entries.get(at)
      if (entry?.kind !== 'symlink' || (i === parts.length - 1 && !last)) continue
      if (depth > 40) return undefined
      const next = follow(posix.resolve(posix.dirname(at), entry.to), true, depth + 1)
      if (next === undefined) return undefined
      at = next
    }
    return at
  }
  const entry = (path: string, last: boolean) => entries.get(follow(posix.resolve(root, path), last) ?? '')
  return {
    root,
    kind: (path): FileKind | undefined => entry(path, false)?.kind,
    kindFollowed: (path): FileKind | undefined => entry(path, true)?.kind,
    names(path) {
      const at = follow(posix.resolve(root, path), true)
      return [...entries.keys()]
        .filter(other => other !== '/' && posix.dirname(other) === at)
        .map(other => posix.basename(other))
        .sort()
    },
    text(path) {
      const found = entry(path, true)
      return found?.kind === 'file' ? found.text : undefined
    },
    link(path) {
      const found = entry(path, false)
      return found?.kind === 'symlink' ? found.to : undefined
    },
    mode(path) {
      const found = entry(path, false)
      return found === undefined ? undefined : found.kind === 'directory' ? 0o755 : 0o644
    },
    head(path) {
      const found = entry(path, true)
      return found?.kind === 'file' ? Buffer.from(found.text).subarray(0, 1024) : undefined
    },
    hardLinks: () => 1,
    environment: new Map(Object.entries(environment)),
  }
}
