/** An image as it will be once files of other images have been copied into it. Nothing is copied: it is read where it lies. */
import type {Image, ImageEntry, ImageTree} from '../model/image.js'
import {movedPath} from '../model/paths.js'
import {Listing} from './listing.js'

/** One path that comes from elsewhere, with all that lies below it. */
export interface Placed {
  readonly image: Image
  /** An entry's own path in that image. */
  readonly from: string
  /** Its place here, links followed. */
  readonly to: string
  /** Folders keep what is in them already. Without it what is there is replaced. */
  readonly merges: boolean
  /** Names at the root of the other image that are left out. */
  readonly without: readonly string[]
  /** Permission bits that the copy gives to files, where it changes them. */
  readonly mode?: number
}

interface Origin {
  readonly image: Image
  readonly path: string
}

export class OverlayImage implements Image {
  readonly #entries = new Map<string, ImageEntry>()
  readonly #origins = new Map<string, Origin>()
  #tree: Listing | undefined
  readonly architecture?: string

  constructor(readonly base: Image) {
    if (base.architecture !== undefined) this.architecture = base.architecture
    for (const entry of base.tree.below('/')) this.#entries.set(entry.path, entry)
  }

  get tree(): ImageTree {
    this.#tree ??= new Listing(this.#entries.values())
    return this.#tree
  }

  /** Puts a path of another image here. */
  place(placed: Placed): void {
    for (const entry of placed.image.tree.below(placed.from)) {
      if (placed.without.includes(entry.path.split('/')[1] ?? '')) continue
      const path = movedPath(entry.path, placed.from, placed.to)
      const known = this.#entries.get(path)
      if (known !== undefined && known.kind !== 'directory' && entry.kind === 'directory') this.#remove(path)
      else if (known?.kind === 'directory' && entry.kind !== 'directory') this.#remove(path)
      this.#entries.set(path, {
        ...entry,
        path,
        // A folder that was there keeps its own mode.
        ...(entry.kind === 'directory' && known?.kind === 'directory' ? {mode: known.mode} : {}),
        ...(entry.kind === 'file' && placed.mode !== undefined ? {mode: placed.mode} : {}),
      })
      if (entry.kind === 'file') this.#origins.set(path, {image: placed.image, path: entry.path})
    }
    this.#tree = undefined
  }

  #remove(path: string): void {
    for (const each of [...this.tree.below(path)]) {
      this.#entries.delete(each.path)
      this.#origins.delete(each.path)
    }
  }

  async contents(
    paths: readonly string[],
    visit: (path: string, content: AsyncIterable<Uint8Array>) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    const wanted = new Map<Image, Map<string, string[]>>()
    for (const path of paths) {
      const {image, path: from} = this.#origins.get(path) ?? {image: this.base, path}
      const list = wanted.get(image) ?? new Map<string, string[]>()
      wanted.set(image, list)
      list.set(from, [...(list.get(from) ?? []), path])
    }
    for (const [image, list] of wanted) {
      // One content can be shown once; what was copied to several places is asked for again.
      for (let turn = 0; ; turn += 1) {
        const now = [...list].filter(([, names]) => names.length > turn)
        if (now.length === 0) break
        const names = new Map(now.map(([from, each]) => [from, each[turn] ?? from]))
        await image.contents([...names.keys()], (from, content) => visit(names.get(from) ?? from, content), signal)
      }
    }
  }

  /** The images it is made of are closed by those who opened them. */
  async close(): Promise<void> {}
}

/** An image without anything. */
export const emptyImage: Image = {tree: new Listing([]), contents: async () => {}, close: async () => {}}
