/** Trees as tar writes them: read to the very end, and capabilities byte by byte. */
import {Readable} from 'node:stream'
import {pack} from 'tar-stream'
import {describe, expect, it} from 'vitest'
import {readTar} from '../../src/images/tar.js'

async function archive(): Promise<Buffer> {
  const made = pack()
  made.entry({name: './a'}, 'text')
  made.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of made) chunks.push(chunk)
  return Buffer.concat(chunks)
}

describe('a tree as a tar stream', () => {
  it('is taken to its end, whatever fills up the last record: tar waits for that', async () => {
    const bytes = await archive()
    let ended = false
    async function* late(): AsyncGenerator<Buffer> {
      yield bytes
      for (let i = 0; i < 18; i += 1) yield Buffer.alloc(512)
      ended = true
    }
    const entries = await readTar(Readable.from(late()))
    expect(entries.map(each => [each.path, each.size])).toEqual([['/a', 4]])
    expect(ended).toBe(true)
  })
})
