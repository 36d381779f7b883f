/** Searches files of an image for texts without holding them: a library may be larger than memory. */
import type {Image} from '../model/image.js'

/** Of a file, no more than this is searched. */
const MOST_BYTES = 128 << 20
/** No text that is searched for is longer. */
const LONGEST = 256
const MOST_MATCHES = 50

/**
 * The first group of each match, different ones only, in the order of the file.
 * @param wanted paths of files, each with an expression over its bytes as Latin-1
 * @throws SifstageError when the image is damaged
 */
export async function readMarks(
  image: Image,
  wanted: ReadonlyMap<string, RegExp>,
  signal: AbortSignal,
): Promise<Map<string, readonly string[]>> {
  const result = new Map<string, readonly string[]>()
  const paths = [...wanted.keys()]
  if (paths.length === 0) return result
  await image.contents(
    paths,
    async (path, content) => {
      const pattern = wanted.get(path)
      if (pattern === undefined) return
      const every = new RegExp(pattern.source, 'g')
      const found = new Set<string>()
      const search = (text: string, end: number) => {
        for (const match of text.matchAll(every)) {
          const group = match.slice(1).find(each => each !== undefined)
          if (group !== undefined && match.index < end) found.add(group)
        }
      }
      let rest = ''
      let bytes = 0
      for await (const chunk of content) {
        // A byte is a character: no text is cut within one.
        const text = rest + Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1')
        // What starts near the end may go on in the next piece; the character before it may count.
        const sure = Math.max(0, text.length - LONGEST)
        search(text, sure)
        rest = text.slice(Math.max(0, sure - 1))
        bytes += chunk.length
        if (bytes >= MOST_BYTES || found.size >= MOST_MATCHES) break
      }
      search(rest, rest.length)
      result.set(path, [...found].slice(0, MOST_MATCHES))
    },
    signal,
  )
  return result
}
