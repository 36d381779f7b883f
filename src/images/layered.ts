/** An image that is a pile of layers: listed in one pass over each, read in another over those that hold what is wanted. */
import type {Image} from '../model/image.js'
import {Bytes, streamSource} from './bytes.js'
import {Budget, type Limits, namingImage, refused} from './limits.js'
import {Listing} from './listing.js'
import {members} from './members.js'
import {type LayerMember, Merge} from './merge.js'
import {unpacked} from './unpacked.js'

/** More layers than any engine makes (Docker stops at 127). */
export const MOST_LAYERS = 1024

/**
 * The stored bytes of layers, lowest first. `each` hands over the wanted ones in the order that costs least; a layer
 * may be handed over again where two of a pile are the same. Whoever gets one need not read it to its end, unless
 * `whole` says that its digest is to be held.
 */
export interface Layers {
  readonly count: number
  each(
    wanted: ReadonlySet<number>,
    whole: boolean,
    use: (layer: number, stored: AsyncIterable<Uint8Array>) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void>
  close?(): Promise<void>
}

export interface ImageFacts {
  /** What the image is called in messages. */
  readonly shown: string
  readonly architecture: string | undefined
  readonly config: string | undefined
}

/** The members of a layer, each content passed over; the stream is read to its end, so that its digest is held. */
export async function listLayer(stored: AsyncIterable<Uint8Array>, budget: Budget): Promise<LayerMember[]> {
  const stream = unpacked(stored, budget)
  try {
    const bytes = new Bytes(streamSource(stream))
    const found: LayerMember[] = []
    for await (const {member} of members(bytes)) {
      budget.entry(member.name)
      found.push({...member, number: found.length})
    }
    await bytes.drain()
    return found
  } finally {
    await stream.return(undefined)
  }
}

/** Hands over the content of some members of a layer, by their numbers. */
async function readLayer(
  stored: AsyncIterable<Uint8Array>,
  wanted: ReadonlyMap<number, string>,
  visit: (path: string, content: AsyncIterable<Uint8Array>) => Promise<void>,
  budget: Budget,
): Promise<void> {
  const stream = unpacked(stored, budget)
  try {
    let number = -1
    let left = wanted.size
    for await (const {content} of members(new Bytes(streamSource(stream)))) {
      number += 1
      const path = wanted.get(number)
      if (path === undefined) continue
      await visit(path, content())
      left -= 1
      if (left === 0) return
    }
    throw refused('it has changed while it was read')
  } finally {
    await stream.return(undefined)
  }
}

/** Layers that can be listed in their order are laid over each other as they come, and no more than one is held. */
async function mergeLayers(layers: Layers, limits: Limits | undefined, signal: AbortSignal): Promise<Merge> {
  const budget = new Budget(limits, signal)
  const merge = new Merge(budget)
  const waiting = new Map<number, readonly LayerMember[]>()
  let next = 0
  await layers.each(
    new Set(Array.from({length: layers.count}, (_, i) => i)),
    true,
    async (layer, stored) => {
      waiting.set(layer, await listLayer(stored, budget))
      for (let found = waiting.get(next); found !== undefined; found = waiting.get(next)) {
        merge.apply(next, found)
        waiting.delete(next)
        next += 1
      }
    },
    signal,
  )
  if (next < layers.count) throw refused(`its layer ${next + 1} of ${layers.count} is missing`)
  return merge
}

/**
 * Lists the layers and gives the image.
 * @throws SifstageError when they are damaged or hostile
 */
export async function layeredImage(layers: Layers, facts: ImageFacts, signal: AbortSignal, limits?: Limits): Promise<Image> {
  try {
    if (layers.count > MOST_LAYERS) throw refused(`it has ${layers.count} layers`)
    return imageOf(await mergeLayers(layers, limits, signal), layers, facts, limits)
  } catch (error) {
    signal.throwIfAborted()
    throw namingImage(facts.shown, error)
  }
}

/** The image of layers that are laid over each other already. */
export function imageOf(merge: Merge, layers: Layers, facts: ImageFacts, limits: Limits | undefined): Image {
  const {entries, places, sparse} = merge.finish()
  return {
    tree: new Listing(entries),
    ...(facts.architecture === undefined ? {} : {architecture: facts.architecture}),
    ...(facts.config === undefined ? {} : {config: facts.config}),

    async contents(paths, visit, signal) {
      try {
        let open = [...new Set(paths)]
        while (open.length > 0) {
          // A file with several names passes once in a round: the next name waits for the next.
          const byLayer = new Map<number, Map<number, string>>()
          const later: string[] = []
          for (const path of open) {
            const place = places.get(path)
            if (place === undefined) throw new Error(`${path} is no file of the image`)
            if (sparse.has(path)) throw refused(`the file ${path} is stored with holes left out, which sifstage does not fill`)
            const wanted = byLayer.get(place.layer) ?? new Map<number, string>()
            byLayer.set(place.layer, wanted)
            if (wanted.has(place.member)) later.push(path)
            else wanted.set(place.member, path)
          }
          const budget = new Budget(limits, signal)
          await layers.each(
            new Set(byLayer.keys()),
            false,
            (layer, stored) => {
              const wanted = byLayer.get(layer)
              byLayer.delete(layer)
              return wanted === undefined ? Promise.resolve() : readLayer(stored, wanted, visit, budget)
            },
            signal,
          )
          if (byLayer.size > 0) throw refused('it has changed while it was read')
          open = later
        }
      } catch (error) {
        signal.throwIfAborted()
        throw namingImage(facts.shown, error)
      }
    },

    async close() {
      await layers.close?.()
    },
  }
}
