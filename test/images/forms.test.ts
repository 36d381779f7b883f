/** One image in all its forms: the same paths, kinds, owners and contents, whoever made it. */
import {chmodSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {gzipSync} from 'node:zlib'
import {execa} from 'execa'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {writeSif} from '../../src/images/sif.js'
import {openImage} from '../../src/library/open-image.js'
import type {Image} from '../../src/model/image.js'
import {asUser as asIdentity, insideNamespace, lookUpIdentity, ownIdentity} from '../../src/system/identity.js'
import {sandboxImage} from '../../src/system/sandbox-image.js'
import {asUser, user, workFolder} from '../support/engine.js'
import {
  archive,
  contentOf,
  describeImage,
  dockerFiles,
  json,
  ociFiles,
  openOptions,
  serve,
  tar,
  writeFiles,
} from '../support/images.js'
import {oddLayers, oddMerged} from '../support/odd-image.js'

const work = workFolder()
const at = (name: string) => join(work.path, name)
const signal = new AbortController().signal
const root = process.getuid?.() === 0
const inNamespace = ['unshare', '--map-root-user', '--map-auto', '--']
let registry: Awaited<ReturnType<typeof serve>>
let expected: readonly string[]

/** Foreign owners can be made by root, or in the namespace. */
async function withOwners(argv: readonly string[]): Promise<void> {
  const [file = '', ...args] = root ? argv : [...inNamespace, ...argv]
  await execa(file, args)
}

async function opened<T>(image: string, use: (image: Image) => Promise<T>, environment = process.env): Promise<T> {
  const found = await openImage(image, openOptions(at('store'), {environment}))
  try {
    return await use(found)
  } finally {
    await found.close()
  }
}

beforeAll(async () => {
  const layers = await Promise.all(oddLayers.map(tar))
  for (const compression of ['none', 'gzip', 'zstd'] as const)
    writeFiles(at(`layout-${compression}`), ociFiles(layers, compression, {name: 'one'}))
  const oci = ociFiles(layers, 'gzip', {name: 'one'})
  const docker = dockerFiles(layers)
  const link: [string, Buffer] = ['oci-layout', json({imageLayoutVersion: '1.0.0'})]
  writeFileSync(at('oci.tar'), await archive(oci))
  writeFileSync(at('oci.tar.gz'), gzipSync(await archive(oci)))
  writeFileSync(at('docker.tar'), await archive(docker))
  writeFileSync(at('docker.tar.gz'), gzipSync(await archive(docker)))
  writeFileSync(at('both.tar'), await archive(new Map([...docker, ...ociFiles(layers, 'none'), link])))
  // Old Docker: a layer that another image has too is a link to it.
  const [first = ''] = [...docker.keys()].filter(name => name.endsWith('layer.tar'))
  const linked = [...docker].map(([name, text]) =>
    name === first ? {name, type: 'symlink' as const, linkname: '../shared/layer.tar'} : {name, text},
  )
  const members = [...linked, {name: 'shared/layer.tar', text: docker.get(first) ?? ''}]
  writeFileSync(at('linked.tar'), await tar(members))
  writeFileSync(at('linked.tar.gz'), gzipSync(await tar(members)))

  writeFileSync(at('merged.tar'), await tar(oddMerged))
  mkdirSync(at('sandbox'))
  await withOwners(['tar', '-xpf', at('merged.tar'), '--numeric-owner', '-C', at('sandbox')])
  await withOwners(['mksquashfs', at('sandbox'), at('image.sqfs'), '-quiet', '-no-progress'])
  await writeSif(at('image.sif'), {definition: '', json: [], squashfs: at('image.sqfs'), architecture: 'amd64', created: 1})
  registry = await serve(ociFiles(layers, 'gzip'))
  expected = await opened(at('sandbox'), describeImage)
}, 60_000)
afterAll(async () => {
  await registry.close()
  if (!root) await withOwners(['rm', '-rf', at('sandbox')])
  await work.remove()
})

describe('the same image', () => {
  it('is what its layers come to', () => {
    const paths = expected.map(line => String(JSON.parse(line)[0]))
    const merged = oddMerged.map(({name}) => `/${name.replace(/^\.\//, '')}`)
    expect(paths.sort()).toEqual(merged.sort())
  })

  it.each([
    'image.sqfs',
    'image.sif',
    'layout-none',
    'layout-gzip',
    'layout-zstd',
    'layout-gzip:one',
    'oci.tar',
    'oci.tar.gz',
    'docker.tar',
    'docker.tar:made/by:hand',
    'docker.tar.gz',
    'both.tar',
    'linked.tar',
    'linked.tar.gz',
  ])('%s', async name => {
    expect(await opened(at(name), describeImage)).toEqual(expected)
  })

  it.each([
    ['oci', 'layout-gzip'],
    ['oci-archive', 'oci.tar'],
    ['oci-archive', 'both.tar'],
    ['docker-archive', 'both.tar'],
    ['docker-archive', 'docker.tar.gz'],
  ])('%s:%s', async (form, name) => {
    expect(await opened(`${form}:${at(name)}`, describeImage)).toEqual(expected)
  })

  it('docker://, whose layers are fetched once', async () => {
    const image = `docker://${registry.host}/it`
    expect(await opened(image, describeImage)).toEqual(expected)
    expect(registry.asked.filter(each => each.startsWith('blobs/'))).toHaveLength(4)
    registry.asked.length = 0
    expect(await opened(image, describeImage)).toEqual(expected)
    // Neither the configuration nor the layers are asked for again.
    expect(registry.asked.filter(each => each.startsWith('blobs/'))).toEqual([])
    const kept = readdirSync(at('store/blobs/sha256'))
    expect(kept.every(name => /^[0-9a-f]{64}$/.test(name))).toBe(true)
    // One that was damaged meanwhile is fetched anew.
    const file = at(`store/blobs/sha256/${kept[0]}`)
    writeFileSync(file, Buffer.alloc(statSync(file).size))
    expect(await opened(image, describeImage)).toEqual(expected)
  })

  it('a sandbox of subordinate owners, read in the namespace', async () => {
    const folder = join(work.path, 'work/sandbox')
    const made = await asUser(
      [
        ...inNamespace,
        'sh',
        '-c',
        'mkdir "$1" && tar -xpf "$2" --numeric-owner -C "$1" && chmod 0700 "$1"',
        'sh',
        folder,
        at('merged.tar'),
      ],
      '/',
    )
    expect(made.code, made.stderr).toBe(0)
    const identity = user === undefined ? ownIdentity() : lookUpIdentity(user)
    const inside = [...asIdentity(identity), ...insideNamespace('subuid')]
    const image = await sandboxImage(folder, {
      shown: folder,
      inside,
      env: {PATH: '/usr/bin:/bin', LC_ALL: 'C'},
      signal,
      onlyInside: true,
    })
    const [top = '', ...rest] = await describeImage(image)
    expect(top).toContain('"700"')
    expect(rest).toEqual(expected.slice(1))
  })

  it('a squashfs without -cat, as in squashfs-tools before 4.5', async () => {
    mkdirSync(at('old-tools'))
    const script =
      '#!/bin/sh\ncase " $* " in *" -version "*) echo "unsquashfs version 4.4 (2019/08/29)"; exit;; *" -cat "*) exit 1;; esac\nexec /usr/bin/unsquashfs "$@"\n'
    writeFileSync(at('old-tools/unsquashfs'), script)
    chmodSync(at('old-tools/unsquashfs'), 0o755)
    const environment = {...process.env, PATH: `${at('old-tools')}:${process.env['PATH']}`, SIFSTAGE_TMPDIR: at('work')}
    expect(await opened(at('image.sqfs'), describeImage, environment)).toEqual(expected)
    expect(readdirSync(at('work')).filter(name => name.startsWith('sifstage-scratch'))).toEqual([])
  })
})

describe('an image', () => {
  it.each(['sandbox', 'image.sif', 'layout-gzip', 'oci.tar.gz', 'docker.tar'])(
    'of %s hands over a part of one content',
    async name => {
      await opened(at(name), async image => {
        const seen: string[] = []
        const paths = ['/usr/lib/libx.so.1.2', '/replaced', '/usr/bin/su', '/replaced-by-link', '/empty']
        await image.contents(
          paths,
          async (path, content) => {
            seen.push(path)
            if (path.startsWith('/usr/lib')) for await (const _ of content) break
          },
          signal,
        )
        expect(seen.sort()).toEqual(paths.sort())
        expect((await contentOf(image, '/replaced')).toString()).toBe('third, and longer')
      })
    },
  )

  it.each(['sandbox', 'layout-gzip', 'oci.tar.gz', 'docker.tar'])('of %s tells hard links', async name => {
    await opened(at(name), async ({tree}) => {
      expect(tree.lookup('/usr/bin/tool')?.sameAs).toBeUndefined()
      expect(tree.lookup('/usr/bin/tool2')?.sameAs).toBe('/usr/bin/tool')
      expect(tree.lookup('/usr/bin/su')?.sameAs).toBe('/replaced-by-link')
      expect(tree.lookup('/replaced')?.sameAs).toBeUndefined()
    })
  })

  it.each(['layout-zstd', 'oci.tar', 'docker.tar.gz', 'image.sif'])('of %s says what it is for', async name => {
    await opened(at(name), async image => {
      expect(image.architecture).toBe('amd64')
      expect(image.config).toBe(name === 'image.sif' ? undefined : '{"Env":["A=b"]}')
    })
  })

  it('passes an error of its reader on', async () => {
    for (const name of ['sandbox', 'image.sif', 'layout-gzip', 'oci.tar.gz', 'docker.tar']) {
      await opened(at(name), async image => {
        const failing = image.contents(['/replaced', '/usr/bin/su'], () => Promise.reject(new Error('mine')), signal)
        await expect(failing).rejects.toThrow('mine')
      })
    }
  })

  it('stops when it is told to', async () => {
    for (const name of ['image.sif', 'layout-gzip', 'oci.tar.gz', 'docker.tar']) {
      await opened(at(name), async image => {
        const aborted = AbortSignal.abort(new Error('stopped'))
        await expect(image.contents(['/replaced'], async () => {}, aborted)).rejects.toThrow('stopped')
      })
    }
    expect(existsSync(at('sandbox'))).toBe(true)
  })
})
