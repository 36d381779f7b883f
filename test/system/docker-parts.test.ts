/** Single paths of a real image of Docker's daemon are what they are in all of it. */
import {join} from 'node:path'
import {execa} from 'execa'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {artifactDigest} from '../../src/images/digest.js'
import {Listing} from '../../src/images/listing.js'
import {openImage} from '../../src/library/open-image.js'
import type {HeldStage} from '../../src/model/store.js'
import {DockerApi, dockerSocket} from '../../src/system/docker-api.js'
import {plainParts, readContents, readParts} from '../../src/system/docker-parts.js'
import {heldImage} from '../../src/system/held-image.js'
import {registry, workFolder} from '../support/engine.js'
import {openOptions} from '../support/images.js'

const work = workFolder()
const name = `sifstage-test/parts:${process.pid}`
const signal = new AbortController().signal
const dockerfile = `FROM ${registry}/busybox
RUN mkdir -p /o/real/deep /o/modes && echo file >/o/real/file && echo deep >/o/real/deep/file \\
 && ln -s real /o/link && ln -s /o/link/file /o/absolute && ln -s ../../../../o/real /o/modes/up && ln -s nowhere /o/dangling \\
 && ln -s loop2 /o/loop1 && ln -s loop1 /o/loop2 && ln /o/real/file /o/real/second \\
 && chmod 4750 /o/real/file && chown 33:44 /o/real/deep/file && chmod 1777 /o/modes
`
let api: DockerApi

beforeAll(async () => {
  const socket = await dockerSocket(process.env)
  if (socket === undefined) throw new Error('no socket of Docker: DOCKER_HOST')
  api = new DockerApi(socket)
  await execa('docker', ['buildx', 'build', '--network=none', '--load', '--tag', name, '-'], {input: dockerfile})
}, 120_000)
afterAll(async () => {
  await execa('docker', ['image', 'rm', '--force', name], {reject: false})
  await work.remove()
})

/** The same, of an image that was read as a whole. */
async function held(paths: readonly string[]): Promise<Awaited<ReturnType<typeof heldImage>>> {
  const {stdout} = await execa('docker', ['image', 'inspect', '--format', '{{.Id}}', name])
  const stage: HeldStage = {
    kind: 'held',
    record: {
      version: 2,
      key: '',
      parts: [],
      stage: 'a',
      engine: {name: 'podman', version: ''},
      seconds: 0,
      created: '',
      digest: stdout,
      name,
      bytes: 0,
    },
    facts: {load: async () => new Map(), save: async () => {}, loadTexts: async () => new Map(), saveTexts: async () => {}},
    known: {load: async () => undefined, save: async () => {}},
  }
  const openWhole = () => openImage(`docker-daemon:${name}`, openOptions(join(work.path, 'store')))
  return heldImage(stage, paths, {environment: process.env, signal, openWhole, isThere: async () => true})
}

describe('paths of an image', () => {
  it.each([
    '/o/real/file',
    '/o/real',
    '/o/link/file',
    '/o/link',
    '/o/absolute',
    '/o/modes/up/deep',
    '/o/dangling',
    '/o/nothing',
    '/o/real/file/below',
    '/bin/busybox',
  ])('%s has the same digest by itself and in all of it', async path => {
    const parts = new Listing(await readParts(api, name, [path], signal))
    const whole = await held([path])
    expect(parts.resolve(path).kind).toBe(whole.tree.resolve(path).kind)
    expect(artifactDigest(parts, [path])).toBe(artifactDigest(whole.tree, [path]))
    await whole.close()
  })

  it('that go round in a circle are for whoever reads the whole image', async () => {
    await expect(readParts(api, name, ['/o/loop1'], signal)).rejects.toThrow('does not tell')
    const whole = await held(['/o/loop1'])
    expect(whole.tree.resolve('/o/loop1').kind).toBe('loop')
    await whole.close()
  })

  it('that are patterns are looked at in their folder', async () => {
    expect(plainParts(['/o/real/*', '/o/link'])).toEqual(['/o/real', '/o/link'])
    expect(plainParts(['/usr/lib/*'])).toBeUndefined()
    expect(plainParts(['/$HOME'])).toBeUndefined()
    expect(plainParts(['/etc/hosts'])).toBeUndefined()
    const parts = new Listing(await readParts(api, name, ['/o/real'], signal))
    expect(parts.list('/o/real')).toEqual(['deep', 'file', 'second'])
  })

  it('have their contents, and leave no container', async () => {
    const found = new Map<string, string>()
    await readContents(
      api,
      name,
      ['/o/real/file', '/o/real/deep/file'],
      async (path, content) => {
        let text = ''
        for await (const chunk of content) text += Buffer.from(chunk).toString()
        found.set(path, text)
      },
      signal,
    )
    expect([...found]).toEqual([
      ['/o/real/file', 'file\n'],
      ['/o/real/deep/file', 'deep\n'],
    ])
    const {stdout} = await execa('docker', ['ps', '--all', '--quiet', '--filter', `ancestor=${name}`])
    expect(stdout).toBe('')
  })
})
