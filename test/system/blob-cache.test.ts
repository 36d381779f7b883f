/** Blobs come once, whole, and whatever a registry does on the way. */
import {randomBytes} from 'node:crypto'
import {existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {createServer, type ServerResponse} from 'node:http'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {afterAll, afterEach, beforeEach, describe, expect, it} from 'vitest'
import type {Descriptor} from '../../src/images/manifest.js'
import {directoryStore} from '../../src/stores/directory.js'
import {blobCache} from '../../src/system/blob-cache.js'
import {ownIdentity} from '../../src/system/identity.js'
import {repositoryOf} from '../../src/system/registry.js'
import {reaches, thrown} from '../support/errors.js'
import {sha256} from '../support/images.js'

const folder = mkdtempSync(join(tmpdir(), 'sifstage-blobs-'))
afterAll(() => rmSync(folder, {recursive: true}))

const content = randomBytes(300_000)
const blob: Descriptor = {mediaType: '', digest: sha256(content), size: content.length, annotations: {}, platform: undefined}
const {signal} = new AbortController()

/** Answers in order; the last one for all that follow. */
type Answer = (response: ServerResponse, from: number) => void
let answers: Answer[] = []
let ranges: (string | undefined)[] = []
let store = ''
let refused = {code: 0, text: ''}

const server = createServer((request, response) => {
  if (request.url === '/v2/') return void response.writeHead(200).end()
  const range = request.headers.range
  ranges.push(range)
  const answer = answers.length > 1 ? answers.shift() : answers[0]
  answer?.(response, Number(/\d+/.exec(range ?? '')?.[0] ?? 0))
})

const whole: Answer = (response, from) =>
  void (from === 0
    ? response.writeHead(200).end(content)
    : response
        .writeHead(206, {'content-range': `bytes ${from}-${content.length - 1}/${content.length}`})
        .end(content.subarray(from)))
/** So many bytes, and then the line is cut. */
const cutAfter =
  (bytes: number): Answer =>
  (response, from) => {
    response.writeHead(from === 0 ? 200 : 206, {
      'content-length': content.length - from,
      'content-range': `bytes ${from}-${content.length - 1}/${content.length}`,
    })
    response.write(content.subarray(from, from + bytes), () => setTimeout(() => response.destroy(), 20))
  }
const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  response =>
    void response.writeHead(code, headers).end()

let line: () => ReturnType<typeof repositoryOf>
await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
const address = server.address()
const port = typeof address === 'object' ? address?.port : 0
line = () => repositoryOf(`127.0.0.1:${port}/it`, {architecture: 'amd64', noHttps: true, environment: {}, signal})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})
beforeEach(() => {
  store = mkdtempSync(join(folder, 'store-'))
  ranges = []
})
afterEach(() => expect(readdirSync(dirname(place())).filter(name => name.endsWith('.partial'))).toEqual([]))

const place = () => join(store, 'blobs/sha256', blob.digest.slice(7))
const cache = () => blobCache({folder: store, owner: ownIdentity()})
const fetched = async () => readFileSync(await cache().file(line, blob, () => {}, signal))
const leave = (bytes: Buffer) => {
  mkdirSync(dirname(place()), {recursive: true})
  writeFileSync(join(dirname(place()), `.${blob.digest.slice(7)}.partial`), bytes)
}

describe('a blob', () => {
  it('goes on where the line was cut', async () => {
    answers = [cutAfter(100_000), cutAfter(50_000), whole]
    expect(await fetched()).toEqual(content)
    expect(ranges).toEqual([undefined, 'bytes=100000-', 'bytes=150000-'])
  })

  it('goes on where a killed process ended', async () => {
    answers = [whole]
    leave(content.subarray(0, 1234))
    expect(await fetched()).toEqual(content)
    expect(ranges).toEqual(['bytes=1234-'])
  })

  it('comes anew when what a killed process left is damaged, or longer than it can be', async () => {
    answers = [whole]
    leave(Buffer.alloc(1234))
    expect(await fetched()).toEqual(content)
    expect(ranges).toEqual(['bytes=1234-', undefined])
    rmSync(place())
    leave(Buffer.alloc(content.length + 1))
    expect(await fetched()).toEqual(content)
  })

  it('comes whole from a registry that sends no parts', async () => {
    answers = [response => void response.writeHead(200).end(content)]
    leave(content.subarray(0, 1234))
    expect(await fetched()).toEqual(content)
  })

  it.each([429, 500, 503])('is asked for again after %i, when the registry wants it', async code => {
    answers = [status(code, {'retry-after': '0'}), status(code, {'retry-after': '0'}), whole]
    expect(await fetched()).toEqual(content)
    expect(ranges).toHaveLength(3)
  })

  it('is not asked for again after 404', async () => {
    answers = [status(404)]
    reaches('cannot-be-fetched-2', await thrown(fetched))
    expect(ranges).toHaveLength(1)
  })

  it.each([
    ['something else', Buffer.alloc(content.length), () => reaches('sent-for', refused)],
    ['more', Buffer.concat([content, content]), () => reaches('sent-more-than-the-bytes-of', refused)],
  ])('is refused when the registry sends %s', async (_, bytes, isSaid) => {
    answers = [response => void response.writeHead(200).end(bytes)]
    refused = await thrown(fetched)
    isSaid()
    expect(existsSync(place())).toBe(false)
  })

  it('that was damaged in the store is fetched anew', async () => {
    answers = [whole]
    await fetched()
    writeFileSync(place(), Buffer.alloc(content.length))
    expect(await fetched()).toEqual(content)
    expect(ranges).toHaveLength(2)
  })

  it('is fetched once by builds side by side', async () => {
    // Slow enough that all of them ask meanwhile.
    answers = [response => void setTimeout(() => response.writeHead(200).end(content), 200)]
    const files = await Promise.all(
      [1, 2, 3].map(() => {
        const {locked} = directoryStore(store, {owner: ownIdentity(), onDamage: () => {}})
        return blobCache({folder: store, owner: ownIdentity(), locked}).file(line, blob, () => {}, signal)
      }),
    )
    expect(files.map(file => readFileSync(file).equals(content))).toEqual([true, true, true])
    expect(ranges).toHaveLength(1)
  })

  it('does no harm when builds fetch it side by side without a lock', async () => {
    answers = [cutAfter(1000), cutAfter(2000), whole]
    const all = await Promise.all([fetched(), fetched(), fetched()])
    expect(all.every(each => each.equals(content))).toBe(true)
  })

  it('is no path that leads elsewhere', async () => {
    await expect(cache().find({digest: 'sha256:../../x'})).rejects.toThrow('is no digest')
    mkdirSync(dirname(place()), {recursive: true})
  })
})
