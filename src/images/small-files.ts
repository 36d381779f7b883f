/** Reads small files of an image whole. */
import {Buffer} from 'node:buffer'
import type {Image} from '../model/image.js'

/** Settings and scripts are shorter; of a longer file nobody wants the rest. */
const MOST = 4 * 1024 * 1024
/** A longer one is not kept among the facts about an image. */
const MOST_KEPT = 1024 * 1024

/**
 * The content of files, by the path that was asked for; links are followed inside the image, and what is no file is
 * left out. A file of more than 4 MiB is cut there.
 */
export async function readSmallFiles(image: Image, paths: Iterable<string>, signal: AbortSignal): Promise<Map<string, Buffer>> {
  const asked = new Map<string, string[]>()
  for (const path of paths) {
    const found = image.tree.resolve(path)
    if (found.kind !== 'found' || found.entry.kind !== 'file') continue
    asked.set(found.entry.path, [...(asked.get(found.entry.path) ?? []), path])
  }
  const result = new Map<string, Buffer>()
  if (asked.size === 0) return result
  const known = await image.facts?.loadTexts()
  const fresh = new Map<string, Uint8Array>()
  const digestOf = (path: string) => image.tree.lookup(path)?.digest ?? ''
  for (const [path, names] of asked) {
    const text = known?.get(digestOf(path))
    if (text === undefined) continue
    for (const name of names) result.set(name, Buffer.from(text))
    asked.delete(path)
  }
  if (asked.size === 0) return result
  await image.contents(
    [...asked.keys()],
    async (path, content) => {
      const chunks: Uint8Array[] = []
      let bytes = 0
      for await (const chunk of content) {
        chunks.push(chunk)
        bytes += chunk.length
        if (bytes >= MOST) break
      }
      const whole = Buffer.concat(chunks).subarray(0, MOST)
      for (const name of asked.get(path) ?? []) result.set(name, whole)
      if (whole.length <= MOST_KEPT && digestOf(path) !== '') fresh.set(digestOf(path), whole)
    },
    signal,
  )
  if (fresh.size > 0) await image.facts?.saveTexts(new Map([...(known ?? []), ...fresh]))
  return result
}
