/**
 * Images with a few bytes changed, in every form: each ends soon, as an image or as an error in plain words, and
 * nothing outside is read or written. SIFSTAGE_FUZZ_SECONDS (20) is how long it looks; a failure prints its seed.
 */
import {mkdirSync, readdirSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {gzipSync, zstdCompressSync} from 'node:zlib'
import {execa} from 'execa'
import fc from 'fast-check'
import {afterAll, beforeAll, expect, it} from 'vitest'
import {writeSif} from '../../src/images/sif.js'
import {openImage} from '../../src/library/open-image.js'
import {SifstageError} from '../../src/model/errors.js'
import type {Image} from '../../src/model/image.js'
import {workFolder} from '../support/engine.js'
import {
  archive,
  dockerFiles,
  type Files,
  json,
  ociFiles,
  openOptions,
  read,
  sha256,
  type TestMember,
  tar,
  writeFiles,
} from '../support/images.js'

const seconds = Number(process.env['SIFSTAGE_FUZZ_SECONDS'] ?? 5)
/** Each image is a few kilobytes. */
const PATIENCE_MS = 10_000

const work = workFolder()
const place = join(work.path, 'image')
const canary = 'never to be read'
let layer: Buffer
let squashfs: Buffer
let sif: Buffer

beforeAll(async () => {
  writeFileSync(join(work.path, 'canary'), canary)
  layer = await tar([
    {name: './', type: 'directory', mode: 0o755},
    {name: 'usr/bin/tool', text: 'tool', mode: 0o755},
    {name: 'usr/bin/other', type: 'link', linkname: 'usr/bin/tool'},
    {name: 'out', type: 'symlink', linkname: `../../../../..${work.path}/canary`},
    {name: `long/${'n'.repeat(150)}`, text: 'long', pax: {comment: 'pax'}},
    {name: 'gone/.wh.x', text: ''},
    {name: 'opaque/.wh..wh..opq', text: ''},
    {name: 'big', text: Buffer.alloc(3000, 'x')},
  ])
  const folder = join(work.path, 'tree')
  mkdirSync(folder)
  for (const name of ['a', 'b', 'c']) writeFileSync(join(folder, name), Buffer.alloc(20_000, name))
  const file = join(work.path, 'image.sqfs')
  await execa('mksquashfs', [folder, file, '-quiet', '-no-progress', '-all-root'])
  squashfs = read(file)
  await writeSif(join(work.path, 'image.sif'), {definition: 'x', json: [], squashfs: file, architecture: 'amd64', created: 1})
  sif = read(join(work.path, 'image.sif'))
})
afterAll(() => work.remove())

/** One change to some bytes. */
type Change = (bytes: Buffer) => Buffer
const at = fc.double({min: 0, max: 1, noNaN: true})
const index = (bytes: Buffer, where: number) => Math.min(bytes.length, Math.floor(where * bytes.length))
const telling = fc.constantFrom(0, 1, 0x2e, 0x2f, 0x30, 0x37, 0x7f, 0x80, 0xff)
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(at, fc.oneof(telling, fc.nat(255))).map(
    ([where, value]): Change =>
      bytes => {
        const changed = Buffer.from(bytes)
        changed[index(bytes, where)] = value
        return changed
      },
  ),
  fc.tuple(at, fc.nat(40), telling).map(
    ([where, length, value]): Change =>
      bytes => {
        const from = index(bytes, where)
        return Buffer.from(bytes).fill(value, from, Math.min(bytes.length, from + length))
      },
  ),
  at.map(
    (where): Change =>
      bytes =>
        bytes.subarray(0, index(bytes, where)),
  ),
  fc.tuple(at, at, fc.nat(600)).map(
    ([from, to, length]): Change =>
      bytes => {
        const piece = bytes.subarray(index(bytes, from), index(bytes, from) + length)
        return Buffer.concat([bytes.subarray(0, index(bytes, to)), piece, bytes.subarray(index(bytes, to))])
      },
  ),
  fc.tuple(at, fc.nat(600)).map(
    ([from, length]): Change =>
      bytes =>
        Buffer.concat([bytes.subarray(0, index(bytes, from)), bytes.subarray(index(bytes, from) + length)]),
  ),
)

/** Every header's checksum made right, so that what is behind it is reached. */
function checksummed(bytes: Buffer): Buffer {
  const changed = Buffer.from(bytes)
  for (let block = 0; block + 512 <= changed.length; block += 512) {
    const header = changed.subarray(block, block + 512)
    if (header.toString('latin1', 257, 262) !== 'ustar') continue
    header.write('        ', 148, 'latin1')
    header.write(
      `${header
        .reduce((sum, byte) => sum + byte, 0)
        .toString(8)
        .padStart(6, '0')}\0 `,
      148,
      'latin1',
    )
  }
  return changed
}

function onFile(bytes: Buffer): void {
  writeFileSync(place, bytes)
}

function onLayout(files: Files): void {
  writeFiles(place, files)
}

/** Changes one file of a layout, and what names it by its digest as well, up to the index. */
function manifestChanged(change: Change): Files {
  const files = ociFiles([layer], 'none')
  const [named] = JSON.parse(String(files.get('index.json'))).manifests
  const manifest = change(files.get(`blobs/${named.digest.replace(':', '/')}`) ?? Buffer.alloc(0))
  const digest = sha256(manifest)
  files.set(`blobs/${digest.replace(':', '/')}`, manifest)
  files.set('index.json', json({manifests: [{...named, digest, size: manifest.length}]}))
  return files
}

/** Ways to make an image with the change somewhere in it. */
const forms: Readonly<Record<string, (change: Change) => Promise<void> | void>> = {
  layer: change => onLayout(ociFiles([layer, change(layer)], 'none')),
  'layer with right checksums': change => onLayout(ociFiles([layer, checksummed(change(layer))], 'gzip')),
  'layer in zstd': change => onLayout(ociFiles([checksummed(change(layer))], 'zstd')),
  'index of a layout': change => {
    const files = ociFiles([layer], 'gzip')
    files.set('index.json', change(files.get('index.json') ?? Buffer.alloc(0)))
    onLayout(files)
  },
  'manifest of a layout': change => onLayout(manifestChanged(change)),
  'layer that streams': async change => onFile(gzipSync(await archive(dockerFiles([checksummed(change(layer))])))),
  'docker archive': async change => onFile(change(await archive(dockerFiles([layer])))),
  'docker archive with right checksums': async change => onFile(checksummed(change(await archive(dockerFiles([layer]))))),
  'oci archive': async change => onFile(checksummed(change(await archive(ociFiles([layer], 'gzip'))))),
  'archive in gzip': async change => onFile(change(gzipSync(await archive(dockerFiles([layer]))))),
  'archive in zstd': async change => onFile(change(zstdCompressSync(await archive(ociFiles([layer], 'none'))))),
  'archive inside gzip': async change => onFile(gzipSync(checksummed(change(await archive(ociFiles([layer], 'zstd')))))),
  'header of a SIF': change => onFile(Buffer.concat([change(sif.subarray(0, 6000)), sif.subarray(6000)])),
  squashfs: change => onFile(change(squashfs)),
  'start of a squashfs': change => onFile(Buffer.concat([change(squashfs.subarray(0, 96)), squashfs.subarray(96)])),
}

async function readAll(image: Image, signal: AbortSignal): Promise<void> {
  const entries = [...image.tree.below('/')]
  for (const {path} of entries) {
    expect(path.startsWith('/')).toBe(true)
    if (path !== '/') expect(path.split('/').slice(1)).not.toContain('..')
    image.tree.resolve(path)
  }
  const files = entries.filter(each => each.kind === 'file').map(each => each.path)
  await image.contents(
    files,
    async (path, content) => {
      let bytes = 0
      for await (const chunk of content) {
        bytes += chunk.length
        expect(Buffer.from(chunk).includes(canary)).toBe(false)
      }
      expect(bytes).toBe(image.tree.lookup(path)?.size)
    },
    signal,
  )
}

/** Whether it was an image all the same. */
async function judge(signal: AbortSignal): Promise<boolean> {
  let image: Image | undefined
  try {
    image = await openImage(place, openOptions(join(work.path, 'store'), {signal}))
    await readAll(image, signal)
    return true
  } catch (error) {
    if (!(error instanceof SifstageError)) throw error
    expect(error.exitCode).toBe(2)
    expect(error.message).not.toBe('')
    return false
  } finally {
    await image?.close()
  }
}

/** Runs a property for a while, and holds that it saw images as well as errors. */
async function look<T>(made: fc.Arbitrary<T>, share: number, make: (made: T) => Promise<void> | void): Promise<void> {
  let runs = 0
  let images = 0
  await fc.assert(
    fc.asyncProperty(made, async each => {
      rmSync(place, {recursive: true, force: true})
      await make(each)
      const before = readdirSync(work.path)
      if (await judge(AbortSignal.timeout(PATIENCE_MS))) images += 1
      expect(readdirSync(work.path)).toEqual(before)
      runs += 1
    }),
    {numRuns: 1e9, interruptAfterTimeLimit: seconds * share * 1000, endOnFailure: seconds <= 60},
  )
  process.stderr.write(`${runs} made images were read, and ${images} were still images\n`)
  // Neither all refused nor none: then it would look at nothing.
  expect(images).toBeGreaterThan(10)
  expect(runs - images).toBeGreaterThan(10)
}

it(
  'ends soon with bytes changed, as an image or as an error',
  () =>
    look(
      fc.tuple(fc.constantFrom(...Object.keys(forms)), fc.array(change, {minLength: 1, maxLength: 4})),
      0.7,
      async ([form, changes]) => forms[form]?.(bytes => changes.reduce((changed, each) => each(changed), bytes)),
    ),
  (seconds + 60) * 1000,
)

const part = fc.constantFrom(
  'a',
  'b',
  'c',
  '.',
  '..',
  '',
  '.wh.a',
  '.wh.b',
  '.wh.',
  '.wh..',
  '.wh..wh..opq',
  '.wh..wh.plnk',
  'é',
  'n'.repeat(99),
)
const name = fc
  .tuple(fc.constantFrom('', '/', './', '../'), fc.array(part, {minLength: 1, maxLength: 5}))
  .map(([start, parts]) => start + parts.join('/'))
const member: fc.Arbitrary<TestMember> = fc.oneof(
  {weight: 3, arbitrary: fc.record({name, text: fc.string({maxLength: 20}), mode: fc.nat(0o7777)})},
  {weight: 3, arbitrary: fc.record({name, type: fc.constant('directory' as const)})},
  {weight: 2, arbitrary: fc.record({name, type: fc.constantFrom('symlink' as const, 'link' as const), linkname: name})},
  {weight: 1, arbitrary: fc.record({name, type: fc.constantFrom('fifo' as const, 'character-device' as const)})},
)

it(
  'ends soon with members of any kind in any order, as an image or as an error',
  () =>
    look(fc.array(fc.array(member, {maxLength: 12}), {maxLength: 4}), 0.3, async layers =>
      onLayout(ociFiles(await Promise.all(layers.map(tar)), 'none')),
    ),
  (seconds + 60) * 1000,
)
