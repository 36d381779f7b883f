import {Buffer} from 'node:buffer'
import type {ImageEntry, ImageTree, Resolution} from '../model/image.js'
import {baseName, folderOf, joinPath, pathParts} from '../model/paths.js'

/** Links followed on one path before it counts as a loop, as in Linux (`MAXSYMLINKS`). */
export const MOST_LINKS = 40

/** Order of bytes, which is how `LC_ALL=C` and Go sort names. */
function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

/** The image tree over a list of entries, whatever made the list. Folders that the list leaves out are 0755 0:0. */
export class Listing implements ImageTree {
  readonly #entries = new Map<string, ImageEntry>()
  readonly #names = new Map<string, string[]>()

  constructor(entries: Iterable<ImageEntry>) {
    this.#entries.set('/', {path: '/', kind: 'directory', mode: 0o755, uid: 0, gid: 0, size: 0})
    for (const entry of entries) this.#add(entry)
    for (const names of this.#names.values()) names.sort(byBytes)
  }

  #add(entry: ImageEntry): void {
    const known = this.#entries.has(entry.path)
    this.#entries.set(entry.path, entry)
    if (known || entry.path === '/') return
    const parent = folderOf(entry.path)
    if (!this.#entries.has(parent)) this.#add({path: parent, kind: 'directory', mode: 0o755, uid: 0, gid: 0, size: 0})
    const names = this.#names.get(parent)
    const name = baseName(entry.path)
    if (names) names.push(name)
    else this.#names.set(parent, [name])
  }

  lookup(path: string): ImageEntry | undefined {
    return this.#entries.get(path)
  }

  list(path: string): readonly string[] {
    return this.#names.get(path) ?? []
  }

  resolve(path: string): Resolution {
    const through: string[] = []
    const rest = pathParts(path).reverse()
    let at = '/'
    let links = 0
    let lastLink: ImageEntry | undefined
    for (let part = rest.pop(); part !== undefined; part = rest.pop()) {
      if (part === '..') {
        at = folderOf(at)
        continue
      }
      const next = joinPath(at, part)
      const entry = this.#entries.get(next)
      if (entry === undefined) return {kind: 'missing', at: next, link: lastLink}
      if (entry.kind === 'symlink') {
        links += 1
        lastLink = entry
        if (links > MOST_LINKS) return {kind: 'loop', link: entry}
        through.push(next)
        const target = entry.link ?? ''
        if (target.startsWith('/')) at = '/'
        rest.push(...pathParts(target).reverse())
        continue
      }
      if (entry.kind !== 'directory' && rest.length > 0)
        return {kind: 'missing', at: joinPath(next, rest[rest.length - 1] ?? ''), link: lastLink}
      at = next
    }
    const entry = this.#entries.get(at)
    return entry === undefined ? {kind: 'missing', at, link: lastLink} : {kind: 'found', entry, through}
  }

  *below(path: string): Iterable<ImageEntry> {
    const stack = [path]
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      const entry = this.#entries.get(at)
      if (entry === undefined) continue
      yield entry
      if (entry.kind !== 'directory') continue
      const names = this.list(at)
      for (let i = names.length - 1; i >= 0; i -= 1) stack.push(joinPath(at, names[i] ?? ''))
    }
  }
}
