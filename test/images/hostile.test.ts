/** Images that are broken or made to harm: each is refused in plain words, or read without leaving it. */
import {execFileSync} from 'node:child_process'
import {existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, truncateSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {gzipSync, zstdCompressSync} from 'node:zlib'
import {execa} from 'execa'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {layoutImage} from '../../src/images/oci.js'
import {writeSif} from '../../src/images/sif.js'
import {openImage} from '../../src/library/open-image.js'
import {SifstageError} from '../../src/model/errors.js'
import {workFolder} from '../support/engine.js'
import {
  archive,
  contentOf,
  describeImage,
  dockerFiles,
  type Files,
  json,
  ociFiles,
  openOptions,
  read,
  serve,
  sha256,
  type TestMember,
  tar,
  writeFiles,
} from '../support/images.js'

const work = workFolder()
const signal = new AbortController().signal
let number = 0

/** A place of its own for each case. */
function place(): string {
  number += 1
  return join(work.path, `case-${number}`)
}

function open(image: string) {
  return openImage(image, openOptions(join(work.path, 'store')))
}

/** Opens an image and reads all of it. */
async function readAll(image: string): Promise<readonly string[]> {
  const opened = await open(image)
  try {
    return await describeImage(opened)
  } finally {
    await opened.close()
  }
}

async function refuses(image: string, why: RegExp, code = 2): Promise<void> {
  const error: unknown = await readAll(image).then(
    () => undefined,
    thrown => thrown,
  )
  expect(error).toBeInstanceOf(SifstageError)
  if (!(error instanceof SifstageError)) return
  expect(error.exitCode).toBe(code)
  expect(error.message).toMatch(why)
  expect(error.message).toContain(image)
}

function layout(files: Files): string {
  return writeFiles(place(), files)
}

function fileOf(bytes: Buffer): string {
  const path = place()
  writeFileSync(path, bytes)
  return path
}

/** A layer of one member whose header's bytes are replaced, checksum made right again. */
async function patched(member: TestMember, at: number, bytes: Buffer): Promise<Buffer> {
  const whole = await tar([member])
  bytes.copy(whole, at)
  whole.write('        ', 148, 'latin1')
  let sum = 0
  for (const byte of whole.subarray(0, 512)) sum += byte
  whole.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return whole
}

const good: TestMember = {name: 'file', text: 'content'}

/** A pax header that says it has so many bytes, and has them. */
async function hugePax(bytes: number): Promise<Buffer> {
  const header = await patched({name: 'pax', text: Buffer.alloc(bytes, 0x61)}, 156, Buffer.from('x'))
  return Buffer.concat([header.subarray(0, 512 + Math.ceil(bytes / 512) * 512), await tar([good])])
}

async function pax(records: string): Promise<Buffer> {
  const header = await patched({name: 'pax', text: records}, 156, Buffer.from('x'))
  return Buffer.concat([header.subarray(0, 512 + Math.ceil(records.length / 512) * 512), await tar([good])])
}

describe('a layer that is refused', () => {
  const cases: readonly (readonly [string, () => Promise<Buffer>, RegExp])[] = [
    ['a path above the root', () => tar([{name: '../x', text: ''}]), /leads out of it/],
    ['a path above the root, later', () => tar([{name: 'a/../../x', text: ''}]), /leads out of it/],
    ['a hard link to nothing', () => tar([{name: 'a', type: 'link', linkname: 'b'}]), /hard link/],
    ['a hard link to what comes later', () => tar([{name: 'a', type: 'link', linkname: 'file'}, good]), /hard link/],
    ['a hard link out', () => tar([{name: 'a', type: 'link', linkname: '../../etc/passwd'}]), /leads out of it/],
    [
      'a hard link to a folder',
      () =>
        tar([
          {name: 'd', type: 'directory'},
          {name: 'a', type: 'link', linkname: 'd'},
        ]),
      /hard link/,
    ],
    ['a hard link to itself', () => tar([{name: 'a', type: 'link', linkname: 'a'}]), /hard link/],
    ['a whiteout of the root', () => tar([{name: '.wh.', text: ''}]), /whiteout of a folder itself/],
    ['a whiteout of a folder itself', () => tar([{name: 'a/.wh..', text: ''}]), /whiteout of a folder itself/],
    ['a whiteout of what is above', () => tar([{name: 'a/.wh...', text: ''}]), /whiteout of a folder itself/],
    ['a file as the root', () => tar([{name: './', type: 'symlink', linkname: '/etc'}]), /as its root/],
    ['a path below a file', () => tar([good, {name: 'file/below', text: ''}]), /below what is no folder/],
    [
      'a path through a loop',
      () =>
        tar([
          {name: 'a', type: 'symlink', linkname: 'a'},
          {name: 'a/b', text: ''},
        ]),
      /too many links/,
    ],
    ['a path without end', () => tar([{name: 'a/'.repeat(3000), type: 'directory'}]), /path of 6000 characters/],
    ['a link without end', () => tar([{name: 'a', type: 'symlink', linkname: 'b/'.repeat(3000)}]), /link with a text of 6000/],
    ['a negative size', () => patched(good, 124, Buffer.alloc(12, 0xff)), /negative size/],
    [
      'an absurd size',
      () => patched(good, 124, Buffer.from([0x80, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])),
      /absurd size/,
    ],
    ['a size beyond its end', () => patched(good, 124, Buffer.from('77777777777\0')), /cut short/],
    ['a size in no digits', () => patched(good, 124, Buffer.from('0000000x007\0')), /damaged size/],
    ['a member of an unknown type', () => patched(good, 156, Buffer.from('Q')), /unknown type/],
    ['an extended header of 3 MB', () => hugePax(3_000_000), /extended header of 3000000 bytes/],
    ['an extended header of nonsense', () => pax('nonsense'), /damaged extended header/],
    ['an extended record of no length', () => pax('0 path=a\n'), /damaged extended header/],
    ['an extended record that is too long', () => pax('99 path=a\n'), /damaged extended header/],
    ['a negative size in an extended header', () => pax('11 size=-1\n'), /damaged size/],
    ['a zero byte in a name', () => pax('12 path=a\0b\n'), /zero byte/],
    ['a damaged header', async () => (await tar([good, good])).fill(1, 1024, 1100), /damaged header/],
    ['nothing but text', async () => Buffer.alloc(2048, 'no archive '), /damaged header/],
    ['xz', async () => Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0, 0]), /compressed with xz|cut short/],
  ]

  it.each(cases)('%s, in a layout', async (_, make, why) => {
    await refuses(layout(ociFiles([await make()], 'gzip')), why)
  })

  it.each(cases)('%s, in an archive that streams', async (_, make, why) => {
    await refuses(fileOf(gzipSync(await archive(dockerFiles([await make()])))), why)
  })

  it('a file with holes left out: it is listed, its content is not made up', async () => {
    const map = '25 GNU.sparse.realsize=9\n22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n'
    const path = layout(ociFiles([await pax(map)], 'none'))
    const image = await open(path)
    expect(image.tree.lookup('/file')?.size).toBe(9)
    await expect(contentOf(image, '/file')).rejects.toThrow(/holes/)
  })
})

describe('a layer that is read', () => {
  it('has absolute paths inside the root, links that stay links, and no device is opened', async () => {
    const layer = await tar([
      {name: '/etc/passwd', text: 'inside'},
      {name: 'out', type: 'symlink', linkname: '../../../../etc/shadow'},
      {name: 'above', type: 'symlink', linkname: '/../..'},
      {name: 'above/written', text: 'inside as well'},
      {name: 'zero', type: 'character-device', devmajor: 1, devminor: 5},
      {name: 'fifo', type: 'fifo'},
    ])
    const path = layout(ociFiles([layer], 'gzip'))
    const image = await open(path)
    expect((await contentOf(image, '/etc/passwd')).toString()).toBe('inside')
    expect((await contentOf(image, '/written')).toString()).toBe('inside as well')
    expect(image.tree.resolve('/out')).toMatchObject({kind: 'missing', at: '/etc/shadow'})
    expect(image.tree.lookup('/zero')?.kind).toBe('device')
    expect(image.tree.lookup('/fifo')?.kind).toBe('fifo')
    await readAll(path)
  })

  it('has names that are no UTF-8, each its own', async () => {
    const layer = Buffer.concat([
      (await patched({name: 'aX', text: '1'}, 1, Buffer.from([0xff]))).subarray(0, 1024),
      await patched({name: 'aX', text: '2'}, 1, Buffer.from([0xfe])),
    ])
    const image = await open(layout(ociFiles([layer], 'none')))
    expect(image.tree.list('/')).toEqual(['a\udcfe', 'a\udcff'])
    expect((await contentOf(image, '/a\udcff')).toString()).toBe('1')
  })

  it('has capabilities byte for byte', async () => {
    const value = Buffer.from([1, 0, 0, 2, 0, 0x20, 0xff, 0x80])
    const record = Buffer.concat([Buffer.from('45 SCHILY.xattr.security.capability='), value, Buffer.from('\n')])
    const header = await patched({name: 'pax', text: record}, 156, Buffer.from('x'))
    const image = await open(layout(ociFiles([Buffer.concat([header.subarray(0, 1024), await tar([good])])], 'none')))
    expect(image.tree.lookup('/file')?.capabilities).toBe(value.toString('hex'))
  })
})

describe('limits', () => {
  const opened = async (
    members: readonly TestMember[],
    limits: {entries?: number; pathBytes?: number; steps?: number; unpackedBytes?: number},
  ) =>
    layoutImage(layout(ociFiles([await tar(members)], 'gzip')), {
      shown: 'it',
      architecture: 'amd64',
      signal,
      limits: {entries: 1000, pathBytes: 10_000, steps: 100_000, unpackedBytes: 1 << 20, ...limits},
    })
  const many = Array.from({length: 200}, (_, i) => ({name: `file-${i}`, text: ''}))

  it('on entries', () => expect(opened(many, {entries: 100})).rejects.toThrow(/more than 100 entries/))
  it('on folders that no member names', () =>
    expect(opened([{name: 'a/'.repeat(200), type: 'directory'}], {entries: 100, pathBytes: 1 << 20})).rejects.toThrow(
      /more than 100 entries/,
    ))
  it('on the length of all paths', () => expect(opened(many, {pathBytes: 500})).rejects.toThrow(/more than 500 bytes/))
  it('on what a bomb unpacks to', () =>
    expect(opened([{name: 'zeros', text: Buffer.alloc(5 << 20)}], {})).rejects.toThrow(/unpacks to more than/))
  it('on links that lead to and fro', () =>
    expect(
      opened(
        [
          {name: 'l', type: 'symlink', linkname: 'd/../'.repeat(500)},
          {name: 'd', type: 'directory'},
          ...many.map(({name}) => ({name: `l/${name}`, text: ''})),
        ],
        {},
      ),
    ).rejects.toThrow(/to and fro/))
})

describe('a layout that is refused', () => {
  const changed = async (change: (files: Files) => void): Promise<string> => {
    const files = ociFiles([await tar([good])], 'gzip')
    change(files)
    return layout(files)
  }
  const index = (files: Files): {manifests: Record<string, unknown>[]} => JSON.parse(String(files.get('index.json')))
  const cases: readonly (readonly [string, (files: Files) => void, RegExp])[] = [
    ['without an index', files => void files.delete('index.json'), /index\.json is missing/],
    ['with an index of nonsense', files => void files.set('index.json', Buffer.from('{')), /no JSON object/],
    ['with an index that is a list', files => void files.set('index.json', Buffer.from('[]')), /no JSON object/],
    ['with an empty index', files => void files.set('index.json', json({manifests: []})), /index is empty/],
    ['with an index of 5 MB', files => void files.set('index.json', Buffer.alloc(5 << 20, ' ')), /5242880 bytes/],
    [
      'with a digest that leads out',
      files => {
        const [one] = index(files).manifests
        files.set('index.json', json({manifests: [{...one, digest: 'sha256:../../../etc/passwd'}]}))
      },
      /no digest that can be checked/,
    ],
    [
      'with a negative size',
      files => {
        const [one] = index(files).manifests
        files.set('index.json', json({manifests: [{...one, size: -1}]}))
      },
      /damaged size/,
    ],
    [
      'with a manifest of another size',
      files => {
        const [one] = index(files).manifests
        files.set('index.json', json({manifests: [{...one, size: 7}]}))
      },
      /bytes, not 7/,
    ],
    [
      'for other platforms only',
      files => {
        const [one] = index(files).manifests
        files.set('index.json', json({manifests: [{...one, platform: {os: 'linux', architecture: 's390x'}}]}))
      },
      /no image for linux\/amd64, but for linux\/s390x/,
    ],
    [
      'with several images',
      files => {
        const other = ociFiles([], 'none', {name: 'other'})
        for (const [name, bytes] of other) if (name.startsWith('blobs/')) files.set(name, bytes)
        files.set('index.json', json({manifests: [...index(files).manifests, ...index(other).manifests]}))
      },
      /several images/,
    ],
  ]
  it.each(cases)('%s', async (_, change, why) => refuses(await changed(change), why))

  it('with a blob that is another', async () => {
    for (const which of ['manifest', 'config', 'layer']) {
      const path = await changed(files => {
        for (const [name, bytes] of files) {
          const kind = bytes[0] !== 0x7b ? 'layer' : bytes.includes('"layers":[') ? 'manifest' : 'config'
          if (name.startsWith('blobs/') && kind === which) {
            const other = Buffer.from(bytes)
            // The time in gzip's header changes nothing but the digest.
            other[which === 'layer' ? 4 : bytes.length - 1] = 0x20
            files.set(name, other)
          }
        }
      })
      await refuses(path, /is not what its digest says/)
    }
  })

  it.each([
    ['with a layer of another size', (layer: Record<string, unknown>) => (layer['size'] = 1), /bytes, not 1/],
    [
      'with a layer of an unknown type',
      (layer: Record<string, unknown>) => (layer['mediaType'] = 'application/x-tar'),
      /unknown type/,
    ],
    ['with a layer that is missing', (layer: Record<string, unknown>) => (layer['digest'] = sha256('')), /is missing/],
    [
      'with a layer by a digest that nobody can check',
      (layer: Record<string, unknown>) => (layer['digest'] = 'md5:00'),
      /no digest/,
    ],
  ] as const)('%s', async (_, change, why) => {
    const files = ociFiles([await tar([good])], 'gzip', {
      change: manifest => {
        const layers = manifest['layers']
        if (Array.isArray(layers)) change(layers[0])
      },
    })
    await refuses(layout(files), why)
  })

  it('with a thousand and more layers', async () => {
    const empty = await tar([])
    await refuses(
      layout(
        ociFiles(
          Array.from({length: 1100}, () => empty),
          'none',
        ),
      ),
      /1100 layers/,
    )
  })

  it('that holds a SIF', async () => {
    const files = ociFiles([], 'none', {
      change: manifest => Object.assign(Object(manifest['config']), {mediaType: 'application/vnd.sylabs.sif.config.v1+json'}),
    })
    await refuses(layout(files), /holds a SIF file/)
  })

  it('whose indexes lead to themselves, or ever deeper', async () => {
    const files = ociFiles([await tar([good])], 'none')
    for (let i = 0; i < 6; i += 1) {
      const bytes = files.get('index.json') ?? Buffer.alloc(0)
      const digest = sha256(bytes)
      files.set(`blobs/${digest.replace(':', '/')}`, bytes)
      files.set(
        'index.json',
        json({manifests: [{mediaType: 'application/vnd.oci.image.index.v1+json', digest, size: bytes.length}]}),
      )
    }
    await refuses(layout(files), /nested more than 4 deep/)
  })

  it('whose blobs are links that lead out', async () => {
    const files = ociFiles([await tar([good])], 'none')
    const [layer = ''] = [...files.keys()].filter(name => name.startsWith('blobs/'))
    const folder = layout(files)
    rmSync(join(folder, layer))
    symlinkSync('/etc/passwd', join(folder, layer))
    await refuses(folder, /leads out of the folder/)
    rmSync(join(folder, 'blobs'), {recursive: true})
    symlinkSync('/etc', join(folder, 'blobs'))
    await refuses(folder, /leads out of the folder|is missing/)
  })

  it('whose index is a FIFO, or a folder', async () => {
    const folder = layout(new Map([['oci-layout', Buffer.from('{}')]]))
    execFileSync('mkfifo', [join(folder, 'index.json')])
    await refuses(folder, /no regular file/)
    rmSync(join(folder, 'index.json'))
    mkdirSync(join(folder, 'index.json'))
    await refuses(folder, /no regular file/)
  })

  it('whose layer is cut short', async () => {
    for (const compression of ['none', 'gzip', 'zstd'] as const) {
      const files = ociFiles([await tar([{name: 'file', text: Buffer.alloc(100_000, 'abcdefg')}])], compression, {
        change: manifest => {
          const layers = manifest['layers']
          if (!Array.isArray(layers)) return
          const layer = Object(layers[0])
          cut = {from: layer.digest, size: layer.size - 20}
          Object.assign(layer, {size: cut.size})
        },
      })
      const name = `blobs/${cut.from.replace(':', '/')}`
      files.set(name, (files.get(name) ?? Buffer.alloc(0)).subarray(0, cut.size))
      await refuses(layout(files), /cut short|is not what its digest says/)
    }
  })
  let cut = {from: '', size: 0}
})

describe('an archive that is refused', () => {
  const cases: readonly (readonly [string, (files: Files) => void, RegExp])[] = [
    ['without a manifest', files => void files.delete('manifest.json'), /neither an index\.json nor a manifest\.json/],
    ['with a manifest of nonsense', files => void files.set('manifest.json', Buffer.from('[1]')), /no list of images/],
    ['with a manifest of no images', files => void files.set('manifest.json', Buffer.from('[]')), /holds no image/],
    [
      'with a manifest that lacks all',
      files => void files.set('manifest.json', Buffer.from('[{}]')),
      /manifest\.json is damaged/,
    ],
    ['with a manifest of 5 MB', files => void files.set('manifest.json', Buffer.alloc(5 << 20, ' ')), /bytes|has no|neither/],
    [
      'with a missing layer',
      files => {
        for (const name of files.keys()) if (name.endsWith('layer.tar')) files.delete(name)
      },
      /it has no/,
    ],
    [
      'with a layer that is another',
      files => {
        for (const [name, bytes] of files)
          if (name.endsWith('layer.tar')) files.set(name, Buffer.concat([bytes, Buffer.alloc(512)]))
      },
      /is not what its digest says/,
    ],
  ]

  it.each(cases)('%s', async (_, change, why) => {
    const files = dockerFiles([await tar([good])])
    change(files)
    const bytes = await archive(files)
    await refuses(fileOf(bytes), why)
    await refuses(fileOf(gzipSync(bytes)), why)
    await refuses(fileOf(zstdCompressSync(bytes)), why)
  })

  it('cut short', async () => {
    const bytes = await archive(dockerFiles([await tar([good])]))
    await refuses(fileOf(bytes.subarray(0, 3000)), /cut short|neither/)
    const compressed = gzipSync(bytes)
    await refuses(fileOf(compressed.subarray(0, compressed.length - 30)), /cut short/)
  })

  it('of something else, or of nothing', async () => {
    await refuses(fileOf(await tar([good])), /neither an index\.json nor/)
    await refuses(fileOf(Buffer.from('text')), /is no image/)
    await refuses(fileOf(Buffer.alloc(0)), /is no image/)
    await refuses(join(work.path, 'nowhere'), /does not exist/)
    await refuses('oci-archive:/dev/null', /no oci-archive/)
    await refuses('oras://x/y', /cannot read images from oras/)
  })

  it('whose layers are links in a circle, or out of it', async () => {
    const files = dockerFiles([await tar([good])])
    const layer = [...files.keys()].find(name => name.endsWith('layer.tar')) ?? ''
    for (const linkname of [layer.split('/')[1] ?? '', '/etc/passwd', '../../../../etc/passwd']) {
      const bytes = await tar(
        [...files].map(([name, text]) => (name === layer ? {name, type: 'symlink', linkname} : {name, text})),
      )
      await refuses(fileOf(bytes), /circle|has no/)
      await refuses(fileOf(gzipSync(bytes)), /circle|has no/)
    }
  })

  it('with several images and none named', async () => {
    const files = dockerFiles([await tar([good])], ['a:1'])
    const [one] = JSON.parse(String(files.get('manifest.json')))
    files.set('manifest.json', json([one, {...one, RepoTags: ['b:1']}]))
    const path = fileOf(await archive(files))
    await refuses(path, /several images, and none is named: a:1, b:1/)
    expect(await readAll(`docker-archive:${path}:b:1`)).toHaveLength(2)
    await refuses(`docker-archive:${path}:c`, /no image c/)
  })
})

describe('a registry that is refused', () => {
  it.each([
    [
      'sends another layer',
      (files: Files, digest: string) => void files.set(`blobs/${digest.replace(':', '/')}`, Buffer.alloc(1)),
      /cannot be fetched|sent/,
      5,
    ],
    [
      'sends too much',
      (files: Files, digest: string) => void files.set(`blobs/${digest.replace(':', '/')}`, Buffer.alloc(1 << 20)),
      /cannot be fetched|sent/,
      5,
    ],
    [
      'lacks a layer',
      (files: Files, digest: string) => void files.delete(`blobs/${digest.replace(':', '/')}`),
      /cannot be fetched|no such image/,
      5,
    ],
    [
      'sends a manifest without end',
      (files: Files) => void files.set('index.json', Buffer.alloc(9 << 20)),
      /too large for a manifest/,
      5,
    ],
    ['sends nonsense', (files: Files) => void files.set('index.json', Buffer.from('<html>')), /no JSON object/, 2],
    ['has no image', (files: Files) => void files.delete('index.json'), /no such image/, 2],
  ] as const)('it %s', async (_, change, why, code) => {
    let digest = ''
    const files = ociFiles([await tar([{name: `file-${number}`, text: String(Math.random())}])], 'gzip', {
      change: manifest => {
        const layers = manifest['layers']
        if (Array.isArray(layers)) digest = Object(layers[0]).digest
      },
    })
    change(files, digest)
    const registry = await serve(files)
    try {
      const error: unknown = await readAll(`docker://${registry.host}/it`).catch(thrown => thrown)
      expect(error).toBeInstanceOf(SifstageError)
      expect(error).toMatchObject({exitCode: code, message: expect.stringMatching(why)})
      const folder = join(work.path, 'store/blobs/sha256')
      expect(existsSync(join(folder, digest.slice(7)))).toBe(false)
      if (existsSync(folder)) expect(readdirSync(folder).filter(name => name.endsWith('.partial'))).toEqual([])
    } finally {
      await registry.close()
    }
  })
})

describe('a squashfs that is refused', () => {
  const squashfs = join(work.path, 'good.sqfs')
  beforeAll(async () => {
    const folder = place()
    mkdirSync(folder)
    for (let i = 0; i < 50; i += 1) writeFileSync(join(folder, `file-${i}`), Buffer.alloc(20_000, `${i} `))
    await execa('mksquashfs', [folder, squashfs, '-quiet', '-no-progress', '-all-root'])
  })

  it('cut short', async () => {
    const path = fileOf(read(squashfs))
    truncateSync(path, 2000)
    await refuses(path, /cannot be read/)
  })

  it('with damaged content: what was handed over before counts for nothing', async () => {
    const bytes = read(squashfs)
    bytes.fill(0x55, 100, 400)
    await refuses(fileOf(bytes), /cannot be read/)
  })

  it('in a SIF with an ext3 root, or an overlay', async () => {
    const sif = place()
    await writeSif(sif, {definition: '', json: [], squashfs, architecture: 'amd64', created: 1})
    const row = 4096 + 585
    const ext3 = read(sif)
    ext3.writeInt32LE(2, row + 201)
    await refuses(fileOf(ext3), /not a squashfs/)
    const overlay = read(sif)
    overlay.writeInt32LE(4, row + 205)
    await refuses(fileOf(overlay), /overlay partition/)
  })
})

afterAll(() => work.remove())
