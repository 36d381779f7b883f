/** An image with something changed in it: what a mutation breaks, without touching the image on disk. */
import {Listing} from '../../src/images/listing.js'
import type {Image, ImageEntry} from '../../src/model/image.js'

export interface Change {
  /** Paths that are gone, with all below them. */
  readonly remove?: readonly string[]
  /** Entries that are there instead, or besides. */
  readonly put?: readonly ImageEntry[]
  /** Content of files, made of what they held. */
  readonly content?: ReadonlyMap<string, (before: Buffer) => Buffer>
}

/** Another size goes with another content: the entry has to be put as well. */
export function changed(image: Image, {remove = [], put = [], content = new Map()}: Change): Image {
  const gone = (path: string) => remove.some(each => path === each || path.startsWith(`${each}/`))
  const entries = new Map<string, ImageEntry>()
  for (const entry of image.tree.below('/')) if (!gone(entry.path)) entries.set(entry.path, entry)
  for (const entry of put) entries.set(entry.path, entry)
  return {
    tree: new Listing(entries.values()),
    ...(image.architecture === undefined ? {} : {architecture: image.architecture}),
    ...(image.config === undefined ? {} : {config: image.config}),
    async contents(paths, visit, signal) {
      const own = paths.filter(path => !content.has(path))
      if (own.length > 0) await image.contents(own, visit, signal)
      const made = paths.filter(path => content.has(path))
      if (made.length === 0) return
      const known = made.filter(path => image.tree.lookup(path)?.kind === 'file')
      const before = new Map<string, Buffer>()
      await image.contents(
        known,
        async (path, stream) => {
          const chunks: Uint8Array[] = []
          for await (const chunk of stream) chunks.push(chunk)
          before.set(path, Buffer.concat(chunks))
        },
        signal,
      )
      for (const path of made) {
        const bytes = content.get(path)?.(before.get(path) ?? Buffer.alloc(0)) ?? Buffer.alloc(0)
        await visit(
          path,
          (async function* () {
            yield bytes
          })(),
        )
      }
    },
    close: async () => {},
  }
}
