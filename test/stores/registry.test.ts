/** A registry as a store: what is sent comes back, and nothing else is believed, whatever the registry does. */
import {randomBytes} from 'node:crypto'
import {existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, it} from 'vitest'
import type {Store} from '../../src/model/store.js'
import {type DirectoryStore, directoryStore} from '../../src/stores/directory.js'
import {type Entry, manifestOf, mediaTypeOf, tagOf} from '../../src/stores/entry-manifest.js'
import {layeredStore} from '../../src/stores/layered.js'
import {parseRegistryStore, registryStore} from '../../src/stores/registry.js'
import {registryTarget} from '../../src/stores/registry-target.js'
import {ownIdentity} from '../../src/system/identity.js'
import type {Patience} from '../../src/system/registry-line.js'
import {makeSigner, readSigner, type Signer} from '../../src/system/signing.js'
import {type RegistryServer, registryServer, sha256} from '../support/registry-server.js'
import {keyOf, putStage} from '../support/stored-stage.js'

const folder = mkdtempSync(join(tmpdir(), 'sifstage-registry-store-'))
const {signal} = new AbortController()
const environment = {HOME: folder}
const patience: Partial<Patience> = {firstByteMs: 400, documentMs: 800, silenceMs: 300, pauseMs: 5, attempts: 3}
const image = randomBytes(200_000)
let signer: Signer
let foreigner: Signer
let server: RegistryServer
let here: DirectoryStore
let notes: string[]
let stores = 0

function folderStore(): DirectoryStore {
  stores += 1
  return directoryStore(join(folder, `store-${stores}`), {owner: ownIdentity(), onDamage: text => notes.push(text)})
}

const reference = () => `oras://${server.host}/team/stages`
const note = (severity: string, text: string) => notes.push(`${severity}: ${text}`)
const warnings = () => notes.filter(each => each.startsWith('warning'))

/** A second machine: an empty store with the registry behind it. */
function machine(trusted = [signer.publicLine]): {readonly store: Store; readonly local: DirectoryStore} {
  const local = folderStore()
  const options = {local, owner: ownIdentity(), noHttps: true, environment, patience, note}
  const source = registryStore(reference(), {...options, trusted: new Set(trusted)})
  return {local, store: layeredStore(local, [source], {note})}
}

function target(by = signer) {
  return registryTarget(reference(), {
    local: here,
    noHttps: true,
    environment,
    signer: by,
    trusted: new Set([by.publicLine]),
    patience,
  })
}

interface Manifest {
  readonly layers: {digest: string; size: number; mediaType: string; annotations: Record<string, string>}[]
  readonly annotations: Record<string, string>
}

const manifest = (tag: string): Manifest => JSON.parse(server.manifests.get(tag)?.toString() ?? '{}')

/** Puts an entry there that claims what it likes; its files are kept as blobs. */
function plant(key: string, files: Readonly<Record<string, string>>, by: Signer): void {
  const entry: Entry = {
    kind: 'stage',
    key,
    files: Object.entries(files).map(([name, text]) => {
      server.blobs.set(sha256(text), Buffer.from(text))
      return {name, mediaType: mediaTypeOf('stage', name), digest: sha256(text), size: Buffer.byteLength(text)}
    }),
  }
  server.manifests.set(tagOf('stage', key), manifestOf(entry, by))
}

beforeAll(async () => {
  for (const name of ['mine.pem', 'foreign.pem']) await makeSigner(join(folder, name))
  const [mine, foreign] = await Promise.all([readSigner(join(folder, 'mine.pem')), readSigner(join(folder, 'foreign.pem'))])
  if (mine === undefined || foreign === undefined) throw new Error('no keys')
  signer = mine
  foreigner = foreign
})
afterAll(() => rmSync(folder, {recursive: true, force: true}))
beforeEach(async () => {
  server = await registryServer()
  notes = []
  here = folderStore()
  await putStage(here, 'tool', image)
})
afterEach(() => server.close())

describe('what was sent', () => {
  beforeEach(() => target().sendStage(keyOf('tool'), signal))

  it('is found: the record and listing at once, the image when it is wanted, once', async () => {
    const {store, local} = machine()
    const stored = await store.find(keyOf('tool'), signal)
    expect(stored?.record).toEqual((await here.find(keyOf('tool'), signal))?.record)
    expect((await stored?.tree())?.lookup('/bin/tool')?.kind).toBe('file')
    const entry = join(local.folder, 'stages', keyOf('tool').slice(7))
    expect(readdirSync(entry).sort()).toEqual(['listing.jsonl', 'record.json'])
    const packed = await stored?.image(signal)
    expect(packed?.path).toBe(join(entry, 'image.sqfs'))
    expect(readFileSync(packed?.path ?? '').equals(image)).toBe(true)
    expect(readdirSync(join(local.folder, 'partial'))).toEqual([])
    // From now on it is our own, whatever the registry does.
    server.misbehave = (_, response) => {
      response.writeHead(500).end()
      return true
    }
    server.asked.length = 0
    expect((await (await store.find(keyOf('tool'), signal))?.image(signal))?.path).toBe(packed?.path)
    expect(server.asked).toEqual([])
    expect(warnings()).toEqual([])
  })

  it('is an artifact that ORAS reads', () => {
    const {layers, ...rest} = manifest(tagOf('stage', keyOf('tool')))
    expect(rest).toMatchObject({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      artifactType: 'application/vnd.sifstage.stage.v2',
      config: {mediaType: 'application/vnd.oci.empty.v1+json', size: 2, data: 'e30='},
    })
    expect(layers.map(each => [each.annotations['org.opencontainers.image.title'], each.mediaType])).toEqual([
      ['record.json', 'application/vnd.sifstage.stage.record.v2+json'],
      ['listing.jsonl', 'application/vnd.sifstage.stage.listing.v2+jsonl'],
      ['image.sqfs', 'application/vnd.sifstage.stage.image.v2.squashfs'],
    ])
    // The empty configuration is there as a blob.
    expect(server.blobs.get(sha256('{}'))?.toString()).toBe('{}')
  })

  it('comes with the manifest last, and is not sent again', async () => {
    const puts = server.asked.filter(each => each.method === 'PUT').map(each => each.path)
    expect(puts.at(-1)).toContain('/manifests/')
    expect(puts.filter(each => each.includes('/manifests/'))).toHaveLength(1)
    server.asked.length = 0
    await target().sendStage(keyOf('tool'), signal)
    expect(server.asked.map(each => each.method)).toEqual(['GET'])
  })

  it('is fetched once however many want the image', async () => {
    const {store, local} = machine()
    const another = layeredStore(
      local,
      [
        registryStore(reference(), {
          local,
          owner: ownIdentity(),
          noHttps: true,
          environment,
          patience,
          note,
          trusted: new Set([signer.publicLine]),
        }),
      ],
      {note},
    )
    const found = [await store.find(keyOf('tool'), signal), await another.find(keyOf('tool'), signal)]
    server.asked.length = 0
    const images = await Promise.all(found.map(each => each?.image(signal)))
    expect(images[0]).toEqual(images[1])
    expect(server.asked.filter(each => each.path.includes(sha256(image)))).toHaveLength(1)
  })

  it('gives the image again that was dropped for room, by the digest of our own record', async () => {
    const {store} = machine([])
    const {local} = machine()
    await putStage(local, 'tool', image)
    rmSync(join(local.folder, 'stages', keyOf('tool').slice(7), 'image.sqfs'))
    const options = {local, owner: ownIdentity(), noHttps: true, environment, patience, note, trusted: new Set<string>()}
    const layered = layeredStore(local, [registryStore(reference(), options)], {note})
    const packed = await (await layered.find(keyOf('tool'), signal))?.image(signal)
    expect(statSync(packed?.path ?? '').size).toBe(image.length)
    expect(await store.find(keyOf('other'), signal)).toBeUndefined()
  })

  it('goes on where an image was cut, by Range', async () => {
    const {store, local} = machine()
    const stored = await store.find(keyOf('tool'), signal)
    let cut = false
    server.asked.length = 0
    server.misbehave = (request, response) => {
      if (cut || !request.url?.includes(sha256(image))) return false
      cut = true
      response.writeHead(200, {'content-length': image.length})
      response.write(image.subarray(0, 120_000), () => setTimeout(() => response.destroy(), 20))
      return true
    }
    const packed = await stored?.image(signal)
    expect(readFileSync(packed?.path ?? '').equals(image)).toBe(true)
    expect(server.asked.map(each => each.headers.range)).toEqual([undefined, 'bytes=120000-'])
    expect(existsSync(join(local.folder, 'partial'))).toBe(true)
    expect(warnings()).toEqual([])
  })

  it.each([
    ['cut short each time', () => image.subarray(0, 1000), /sent \d+ bytes of 200000/],
    ['of another content', () => randomBytes(image.length), /it sent sha256:\w+ for sha256:/],
    ['too long', () => Buffer.concat([image, image]), /more than the 200000 bytes/],
  ] as const)('has no image that is %s: one warning, and nothing left', async (_, sent, message) => {
    const {store, local} = machine()
    const stored = await store.find(keyOf('tool'), signal)
    server.misbehave = (request, response) => {
      if (!request.url?.includes(sha256(image))) return false
      response.writeHead(200).end(sent())
      return true
    }
    expect(await stored?.image(signal)).toBeUndefined()
    expect(warnings()).toEqual([expect.stringMatching(message)])
    expect(readdirSync(join(local.folder, 'partial'))).toEqual([])
    // Left out from then on.
    server.asked.length = 0
    expect(await store.find(keyOf('other'), signal)).toBeUndefined()
    expect(server.asked).toEqual([])
  })

  it('has no image where the registry has lost it: no other is taken', async () => {
    const {store} = machine()
    const stored = await store.find(keyOf('tool'), signal)
    server.blobs.delete(sha256(image))
    expect(await stored?.image(signal)).toBeUndefined()
    expect(warnings()).toEqual([])
  })
})

describe('a registry that fails', () => {
  it.each([
    [
      '401',
      (_: unknown, response: {writeHead(status: number): {end(): void}}) => response.writeHead(401).end(),
      /login \(401\); log in/,
    ],
    [
      '403',
      (_: unknown, response: {writeHead(status: number): {end(): void}}) => response.writeHead(403).end(),
      /\(403\); look at the rights/,
    ],
    ['500', (_: unknown, response: {writeHead(status: number): {end(): void}}) => response.writeHead(500).end(), /answered 500/],
    ['silence', () => {}, /did not answer within 0.4 s/],
  ] as const)('with %s: one warning, and it is not asked again', async (_, answer, message) => {
    server.misbehave = (request, response) => {
      answer(request, response)
      return true
    }
    const {store} = machine()
    const began = Date.now()
    expect(await store.find(keyOf('tool'), signal)).toBeUndefined()
    const asked = server.asked.length
    expect(await store.find(keyOf('other'), signal)).toBeUndefined()
    expect(await store.findArtifacts(keyOf('other'), signal)).toBeUndefined()
    expect(server.asked.length).toBe(asked)
    expect(warnings()).toEqual([expect.stringMatching(message)])
    expect(Date.now() - began).toBeLessThan(3_000)
  })

  it('with a gigantic manifest', async () => {
    server.misbehave = (_, response) => {
      response.writeHead(200).end(Buffer.alloc(8 << 20, ' '))
      return true
    }
    expect(await machine().store.find(keyOf('tool'), signal)).toBeUndefined()
    expect(warnings()).toEqual([expect.stringMatching(/more than 1048576 bytes/)])
  })

  it('for nobody is a failure of the build: an interrupted one ends all the same', async () => {
    const stop = new AbortController()
    server.misbehave = () => {
      setTimeout(() => stop.abort(new Error('stopped')), 10)
      return true
    }
    await expect(machine().store.find(keyOf('tool'), stop.signal)).rejects.toThrow('stopped')
  })
})

describe('entries that nobody has to believe', () => {
  const key = keyOf('tool')
  const tag = tagOf('stage', key)
  /** All that the entry consists of, as it was sent. */
  let files: Record<string, string>

  beforeEach(async () => {
    await target().sendStage(key, signal)
    const entry = join(here.folder, 'stages', key.slice(7))
    files = Object.fromEntries(
      ['record.json', 'listing.jsonl', 'image.sqfs'].map(name => [name, readFileSync(join(entry, name), 'latin1')]),
    )
    files['image.sqfs'] = 'an image'
  })

  const rewritten = (change: (manifest: Manifest) => void) => {
    const changed = manifest(tag)
    change(changed)
    server.manifests.set(tag, Buffer.from(JSON.stringify(changed)))
  }
  /** The record as it would be of the files above, but for something. */
  const record = (changed: object) => {
    const parsed = JSON.parse(files['record.json'] ?? '')
    const bytes = Buffer.from(files['image.sqfs'] ?? '')
    return JSON.stringify({...parsed, image: {...parsed.image, bytes: bytes.length, digest: sha256(bytes)}, ...changed})
  }
  const planted = (changed: object, by = signer) => plant(key, {...files, 'record.json': record(changed)}, by)
  const listing = (entry: object) => {
    const text = `${JSON.stringify(entry)}\n`
    plant(
      key,
      {...files, 'listing.jsonl': text, 'record.json': record({listing: {file: 'listing.jsonl', digest: sha256(text)}})},
      signer,
    )
  }

  it('but one planted by a trusted signer is: the cases below differ from it in one thing each', async () => {
    planted({})
    expect((await machine().store.find(key, signal))?.record.stage).toBe('tool')
    expect(notes).toEqual([expect.stringMatching(/^info: found in/)])
  })

  it.each<[string, () => void, RegExp]>([
    ['garbage', () => server.manifests.set(tag, Buffer.from('<html>')), /no JSON/],
    ['a list', () => server.manifests.set(tag, Buffer.from('[1]')), /not of an entry/],
    ['no signature', () => rewritten(each => void delete each.annotations['vnd.sifstage.store.signature']), /nobody signed/],
    ['a signer whom nobody named', () => planted({}, foreigner), /signed by ed25519:\S+, who is not trusted/],
    [
      'a trusted name over a foreign signature',
      () => {
        planted({}, foreigner)
        rewritten(each => {
          each.annotations['vnd.sifstage.store.signer'] = signer.publicLine
        })
      },
      /signature does not hold/,
    ],
    [
      'a file that was exchanged after it was signed',
      () =>
        rewritten(each => {
          const layer = each.layers.find(one => one.mediaType.endsWith('squashfs'))
          if (layer !== undefined) layer.digest = sha256('another image')
        }),
      /signature does not hold/,
    ],
    [
      'the whole entry of another key under this one',
      () => {
        const other = server.manifests.get(tag)
        planted({})
        plant(keyOf('another'), files, signer)
        const moved = server.manifests.get(tagOf('stage', keyOf('another'))) ?? other
        if (moved !== undefined) server.manifests.set(tag, moved)
      },
      /signature does not hold for this key/,
    ],
    ['a signed record of another key', () => planted({key: keyOf('another')}), /record is not one of this key/],
    [
      'a record that tells another image',
      () => planted({image: {file: 'image.sqfs', offset: 0, bytes: 3, digest: sha256('abc')}}),
      /record is not/,
    ],
    [
      'a record whose image lies elsewhere',
      () => planted({image: {...JSON.parse(record({})).image, file: '../../x'}}),
      /record is not/,
    ],
    ['a record of another version', () => planted({version: 3}), /record is not/],
    ['a record without parts', () => planted({parts: 'none'}), /record is not/],
    ['a record of another tree', () => planted({digest: sha256('another tree')}), /listing is not of the tree/],
    [
      'a listing with a path that leads out',
      () => listing({path: '/../etc/passwd', kind: 'file', mode: 1, uid: 0, gid: 0, size: 1}),
      /listing is not/,
    ],
    ['a listing of something else', () => listing({path: '/a', kind: 'file', mode: 'x'}), /listing is not/],
    [
      'a file name that leads elsewhere',
      () =>
        rewritten(each => {
          const [layer] = each.layers
          if (layer !== undefined) layer.annotations['org.opencontainers.image.title'] = '../../../etc/cron.d/x'
        }),
      /files are not those/,
    ],
    ['a file twice', () => rewritten(each => void each.layers.push(...each.layers.slice(0, 1))), /files are not those/],
    ['a file too little', () => rewritten(each => void each.layers.pop()), /files are not those/],
    [
      'a size that no file has',
      () =>
        rewritten(each => {
          const [layer] = each.layers
          if (layer !== undefined) layer.size = 2 ** 60
        }),
      /files are not those/,
    ],
  ])('%s', async (_, tamper, message) => {
    tamper()
    const {store, local} = machine()
    expect(await store.find(key, signal)).toBeUndefined()
    expect(await store.find(key, signal)).toBeUndefined()
    expect(warnings()).toEqual([expect.stringMatching(message)])
    expect(existsSync(join(local.folder, 'stages', key.slice(7)))).toBe(false)
  })

  it('a blob that is not what its digest says: the registry is not asked again', async () => {
    const digest = manifest(tag).layers[1]?.digest ?? ''
    server.blobs.set(digest, Buffer.from('x'.repeat(server.blobs.get(digest)?.length ?? 0)))
    expect(await machine().store.find(key, signal)).toBeUndefined()
    expect(warnings()).toEqual([expect.stringMatching(/left out for the rest of this build: it sent sha256:/)])
  })

  it('facts about programs that are none: the stage is taken without them', async () => {
    plant(key, {...files, 'record.json': record({}), 'programs.json': '{"version":1,"facts":[["x",{"kind":"elf"}]]}'}, signer)
    const stored = await machine().store.find(key, signal)
    expect((await stored?.facts.load())?.size).toBe(0)
    expect(stored?.record.stage).toBe('tool')
  })
})

describe('artifacts', () => {
  it('are sent and found by the name of their content', async () => {
    const file = join(folder, 'pack')
    writeFileSync(file, 'a squashfs')
    const name = keyOf('artifacts')
    await here.putArtifacts(name, file)
    await target().sendArtifacts(name, signal)
    const {store, local} = machine()
    const packed = await store.findArtifacts(name, signal)
    expect(packed?.path.startsWith(local.folder)).toBe(true)
    expect(readFileSync(packed?.path ?? '', 'utf8')).toBe('a squashfs')
    expect(await machine([foreigner.publicLine]).store.findArtifacts(name, signal)).toBeUndefined()
    expect(warnings()).toEqual([expect.stringMatching(/not trusted/)])
  })
})

it('a place that is none is told apart', () => {
  expect(parseRegistryStore('oras://localhost:5000/a/b-c')).toEqual({registry: 'localhost:5000', repository: 'a/b-c'})
  for (const wrong of [
    'docker://localhost/a',
    'oras://localhost',
    'oras://localhost/a:tag',
    'oras://localhost/A',
    'oras://h/a/../b',
  ])
    expect(() => parseRegistryStore(wrong)).toThrow(/names no store/)
})
