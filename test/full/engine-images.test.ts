/** Images that engines keep: what Docker, podman and buildah were given is what is read, and nothing of it stays behind. */
import {writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {execa} from 'execa'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {openImage} from '../../src/library/open-image.js'
import type {Identity} from '../../src/model/ports.js'
import {buildahImage} from '../../src/system/containers-image.js'
import {lookUpIdentity, ownIdentity} from '../../src/system/identity.js'
import {asUser, root, user, workFolder} from '../support/engine.js'
import {archive, contentOf, describeImage, dockerFiles, openOptions, tar} from '../support/images.js'
import {oddLayers, oddMerged} from '../support/odd-image.js'

const work = workFolder()
const signal = new AbortController().signal
const name = `sifstage-test/odd:${process.pid}`
const flat = `localhost/sifstage-test/flat:${process.pid}`
/** So that a few contents alone are worth it. */
const large = [{name: 'large', text: 'x'.repeat(50 << 20)}]
let expected: readonly string[]

async function described(image: string, environment: NodeJS.ProcessEnv = process.env, identity: Identity = ownIdentity()) {
  const opened = await openImage(image, openOptions(join(work.path, 'store'), {identity, environment}))
  try {
    expect(opened.architecture).toBe('amd64')
    expect(opened.config).toContain('"Env":["A=b')
    return await describeImage(opened)
  } finally {
    await opened.close()
  }
}

beforeAll(async () => {
  writeFileSync(join(work.path, 'odd.tar'), await archive(dockerFiles(await Promise.all([...oddLayers, large].map(tar)), [name])))
  writeFileSync(join(work.path, 'flat.tar'), await archive(dockerFiles([await tar([...oddMerged, ...large])], [flat])))
  expected = await described(join(work.path, 'odd.tar'))
})
afterAll(() => work.remove())

describe('Docker', () => {
  beforeAll(async () => {
    if (process.env['DOCKER_HOST'] === undefined) throw new Error('no Docker: eval "$(scripts/docker.sh start)"')
    await execa('docker', ['load', '-i', join(work.path, 'odd.tar')])
  })
  afterAll(() => execa('docker', ['image', 'rm', name, flat]))

  it('gives the image that it was given', async () => {
    expect(await described(`docker-daemon:${name}`)).toEqual(expected)
    const {stdout} = await execa('docker', ['ps', '-a', '-q'])
    expect(stdout).toBe('')
  })

  it('gives a few contents alone, and passes an error of the reader on', async () => {
    await execa('docker', ['load', '-i', join(work.path, 'flat.tar')])
    const opened = await openImage(`docker-daemon:${flat}`, openOptions(join(work.path, 'store')))
    try {
      for (const [path, text] of [
        ['/replaced', 'third, and longer'],
        ['/odd/with\nline end', '1'],
        ['/odd/-dash', '6'],
        ['/usr/lib/liby.so', 'y'],
        ['/large', 'x'.repeat(50 << 20)],
        ['/usr/bin/tool2', '#!/bin/sh\n'],
      ] as const)
        expect((await contentOf(opened, path)).equals(Buffer.from(text))).toBe(true)
      await expect(opened.contents(['/replaced'], () => Promise.reject(new Error('mine')), signal)).rejects.toThrow('mine')
      const all = [...opened.tree.below('/')].filter(each => each.kind === 'file').map(each => each.path)
      await expect(opened.contents(all, () => Promise.reject(new Error('mine')), signal)).rejects.toThrow('mine')
    } finally {
      await opened.close()
    }
    expect((await execa('docker', ['ps', '-a', '-q'])).stdout).toBe('')
  })

  it('has no such image, or is not there', async () => {
    await expect(described('docker-daemon:never/made:1')).rejects.toMatchObject({exitCode: 2})
    await expect(described('docker-daemon:--help')).rejects.toMatchObject({exitCode: 2})
    const nowhere = {...process.env, DOCKER_HOST: 'unix:///nowhere.sock'}
    await expect(described(`docker-daemon:${name}`, nowhere)).rejects.toMatchObject({exitCode: 4})
  })
})

const script = join(root, 'scripts/containers.sh')
const users = [...new Set([ownIdentity().user, user ?? ownIdentity().user])]

describe.each(users)('podman as %s', who => {
  const own = who === ownIdentity().user
  const identity = own ? ownIdentity() : lookUpIdentity(who)
  let environment: NodeJS.ProcessEnv

  /** A command as that user, with his storage. */
  async function as(argv: readonly string[]): Promise<string> {
    const variables = ['CONTAINERS_CONF', 'CONTAINERS_STORAGE_CONF'].map(each => `${each}=${environment[each]}`)
    if (!own) {
      const ran = await asUser(['env', ...variables, ...argv], '/')
      if (ran.code !== 0) throw new Error(ran.stderr)
      return ran.stdout
    }
    return (await execa('env', [...variables, ...argv], {cwd: '/'})).stdout
  }

  beforeAll(async () => {
    await execa(script, ['install'])
    const {stdout} = await execa(script, ['env', who])
    const found = [...stdout.matchAll(/(\w+)=(\S+)/g)].map(([, key = '', value = '']) => [key, value])
    environment = {...process.env, ...Object.fromEntries(found)}
    await as(['podman', 'load', '-q', '-i', join(work.path, 'flat.tar')])
  }, 120_000)
  afterAll(() => as(['podman', 'image', 'rm', '-f', flat]))

  it('gives the image that it was given, and unmounts it', async () => {
    const [top, ...rest] = await described(`containers-storage:${flat}`, environment, identity)
    // The root of its mounts is podman's own.
    expect(top).toContain('"/","directory"')
    expect(rest).toEqual(expected.slice(1))
    const inside = identity.uid === 0 ? [] : ['podman', 'unshare']
    expect((await as([...inside, 'podman', 'image', 'mount'])).trim()).toBe('')
  })

  it('has no such image', async () => {
    const missing = described('containers-storage:localhost/never/made:1', environment, identity)
    await expect(missing).rejects.toMatchObject({exitCode: 2, message: expect.not.stringContaining('level=warning')})
  })

  it('is not needed where buildah is', async () => {
    const image = await buildahImage(flat, {shown: flat, architecture: 'amd64', signal, identity, environment})
    expect(await describeImage(image)).toEqual(expected)
  })
})
