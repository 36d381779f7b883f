/** Single paths of an image of Docker's daemon, without the rest of it. */

import {Bytes, streamSource} from '../images/bytes.js'
import {MOST_LINKS} from '../images/listing.js'
import {members} from '../images/members.js'
import {isOdd} from '../images/names.js'
import {readTar} from '../images/tar.js'
import type {ImageEntry} from '../model/image.js'
import {baseName, folderOf, joinPath, pathParts} from '../model/paths.js'
import {type DockerApi, GO_DIRECTORY, GO_SYMLINK} from './docker-api.js'

/** What the daemon puts into a container over the image's own. */
const ITS_OWN = /^\/(\.dockerenv|dev|proc|sys|etc(\/(hosts|hostname|resolv\.conf|mtab))?)?$/

/** The part of a path in front of its first pattern; undefined where that is nearly everything. */
function plainPart(path: string): string | undefined {
  if (isOdd(path) || /[$`~]/.test(path)) return undefined
  const parts = pathParts(path)
  const pattern = parts.findIndex(part => /[*?[\]{}\\]/.test(part))
  const plain = `/${(pattern === -1 ? parts : parts.slice(0, pattern)).join('/')}`
  return plain === '/' || ITS_OWN.test(plain) || /^\/(usr(\/lib)?|opt|home|lib|var)$/.test(plain) ? undefined : plain
}

/** Whether all of `paths` can be looked at by themselves at a cost that is worth it. */
export function plainParts(paths: readonly string[]): readonly string[] | undefined {
  const plain: string[] = []
  for (const path of paths) {
    const part = plainPart(path)
    if (part === undefined) return undefined
    plain.push(part)
  }
  return [...new Set(plain)]
}

class Parts {
  readonly #entries = new Map<string, ImageEntry>()
  /** Paths of which all that lies below is known. */
  readonly #whole = new Set<string>()
  readonly #missing = new Set<string>()

  constructor(
    readonly api: DockerApi,
    readonly container: string,
    readonly signal: AbortSignal,
  ) {}

  #isKnown(path: string): boolean {
    for (let at = path; at !== '/'; at = folderOf(at)) if (this.#whole.has(at) || this.#missing.has(at)) return true
    return false
  }

  /** All at a path, as the archive of the daemon says it. */
  async #take(path: string): Promise<void> {
    const above = folderOf(path)
    const place = (name: string) => joinPath(above, name.slice(1))
    for (const entry of await readTar(await this.api.archive(this.container, path, this.signal)))
      if (entry.path !== '/')
        this.#entries.set(place(entry.path), {
          ...entry,
          path: place(entry.path),
          ...(entry.sameAs === undefined ? {} : {sameAs: place(entry.sameAs)}),
        })
    this.#whole.add(path)
  }

  /** One component: what it is, and for a link its text. */
  async #look(path: string): Promise<ImageEntry | undefined> {
    const known = this.#entries.get(path)
    if (known !== undefined || this.#isKnown(path)) return known
    const stat = await this.api.stat(this.container, path, this.signal)
    if (stat === undefined) {
      this.#missing.add(path)
      return undefined
    }
    if ((stat.mode & GO_SYMLINK) !== 0) await this.#take(path)
    else if (stat.mode >= GO_DIRECTORY) {
      // Its owner is not told, and nobody asks for that of a folder on the way.
      this.#entries.set(path, {path, kind: 'directory', mode: stat.mode & 0o777, uid: 0, gid: 0, size: 0})
    } else await this.#take(path)
    return this.#entries.get(path)
  }

  /** Follows a path and takes all that lies at its end. */
  async follow(path: string): Promise<void> {
    const rest = pathParts(path).reverse()
    let at = '/'
    let links = 0
    for (let part = rest.pop(); part !== undefined; part = rest.pop()) {
      if (part === '..') {
        at = folderOf(at)
        continue
      }
      const next = joinPath(at, part)
      const entry = await this.#look(next)
      if (entry === undefined) return
      if (entry.kind === 'symlink') {
        links += 1
        if (links > MOST_LINKS) return
        if (entry.link?.startsWith('/')) at = '/'
        rest.push(...pathParts(entry.link ?? '').reverse())
        continue
      }
      if (entry.kind !== 'directory' && rest.length > 0) return
      at = next
    }
    if (at !== '/' && !this.#isKnown(at)) await this.#take(at)
  }

  entries(): ImageEntry[] {
    return [...this.#entries.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
  }
}

/** Reads paths of an image, with the links on the way and all that lies at them. */
export async function readParts(
  api: DockerApi,
  image: string,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<readonly ImageEntry[]> {
  const container = await api.create(image, signal)
  try {
    const parts = new Parts(api, container, signal)
    for (const path of paths) await parts.follow(path)
    return parts.entries()
  } finally {
    await api.remove(container)
  }
}

/** Hands the content of files to `visit`; each path is one of `readParts` and a plain file. */
export async function readContents(
  api: DockerApi,
  image: string,
  paths: readonly string[],
  visit: (path: string, content: AsyncIterable<Uint8Array>) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const container = await api.create(image, signal)
  try {
    for (const path of paths) {
      const stream = await api.archive(container, path, signal)
      for await (const {member, content} of members(new Bytes(streamSource(stream)))) {
        if (member.kind === 'file' && baseName(`/${member.name}`) === baseName(path)) await visit(path, content())
        break
      }
      stream.destroy()
    }
  } finally {
    await api.remove(container)
  }
}
