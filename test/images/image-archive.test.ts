/** Archives that we write: what was put in is what others read, whatever is odd about it, and the same each time. */
import {readdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {Readable} from 'node:stream'
import {execa} from 'execa'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {Bytes} from '../../src/images/bytes.js'
import {type ImageForm, writeImageArchive, writeLayer} from '../../src/images/image-archive.js'
import {members} from '../../src/images/members.js'
import {memberHeader} from '../../src/images/tar-writer.js'
import {openImage} from '../../src/library/open-image.js'
import type {TreeLayer} from '../../src/model/ports.js'
import {imageTools} from '../../src/runners/image-tools.js'
import {localRunner} from '../../src/runners/local.js'
import {lookUpIdentity, mappingOf, ownIdentity} from '../../src/system/identity.js'
import {asUser, user, workFolder} from '../support/engine.js'
import {archive, describeImage, dockerFiles, openOptions, sha256, type TestMember, tar} from '../support/images.js'
import {oddMerged} from '../support/odd-image.js'

const work = workFolder()
const inWork = join(work.path, 'work')
const signal = new AbortController().signal
const identity = user === undefined ? ownIdentity() : lookUpIdentity(user)
const environment = {PATH: process.env['PATH'] ?? ''}
const mapping = mappingOf(identity, false)
const tools = imageTools({identity, mapping, environment, runner: localRunner({identity, mapping, environment})})
const at = (name: string) => join(work.path, name)
const config = {Env: ['A=b'], Cmd: ['/bin/tool'], Labels: {c: 'd'}}
const image = {architecture: 'amd64', created: Date.UTC(2024, 1, 2, 3, 4, 5, 678), config, names: ['localhost/odd:1']}

/** `cap_net_raw+ep`. */
const capability = Buffer.from('0100000200200000000000000000000000000000', 'hex').toString('latin1')
const tree: readonly TestMember[] = [
  ...oddMerged,
  {name: 'capable', text: 'x', mode: 0o755, pax: {'SCHILY.xattr.security.capability': capability}},
  {name: 'noted', text: 'y', pax: {'SCHILY.xattr.user.note': 'kept'}},
]
const treeRoot = join(inWork, 'root')
const namespace = ['unshare', '--map-root-user', '--map-auto']

beforeAll(async () => {
  writeFileSync(at('tree.tar'), await tar(tree))
  const unpack =
    'mkdir "$1" && tar -x --xattrs --xattrs-include="*" --same-owner -C "$1" -f "$2" && cd "$1" && printf 9 > "$(printf "b\\377d")" && mkdir engine && echo x > engine/left && touch usr replaced'
  const made = await asUser([...namespace, 'sh', '-euc', unpack, 'sh', treeRoot, at('tree.tar')], '/')
  expect(made.code, made.stderr).toBe(0)
})
afterAll(() => work.remove())

async function layerOf(name: string, form: ImageForm): Promise<TreeLayer> {
  return tools.layer(treeRoot, at(name), {form, leaveOut: ['/engine'], newest: 1_700_000_000}, signal)
}

describe.each([
  ['oci', 'oci-archive'],
  ['docker', 'docker-archive'],
] as const)('the %s form', (form, transport) => {
  it('has the whole tree and the settings, and is the same each time', async () => {
    const file = at(`odd.${form}.tar`)
    const made = await writeImageArchive(file, form, await layerOf('layer', form), image, signal)
    const bytes = readFileSync(file)
    expect(made).toEqual({bytes: bytes.length, digest: sha256(bytes)})
    const read = await openImage(file, openOptions(work.path))
    writeFileSync(at('expected.tar'), await archive(dockerFiles([await tar(tree)])))
    const expected = await openImage(at('expected.tar'), openOptions(work.path))
    const lines = (await describeImage(read)).filter(line => !line.includes('"/b'))
    expect(lines.filter(line => !/^\["\/odd/.test(line)).length).toBeGreaterThan(20)
    expect(lines).toEqual((await describeImage(expected)).filter(line => !line.includes('"/b')))
    expect(read.tree.list('/').filter(name => /^b.+d$/.test(name)).length).toBe(1)
    expect(read.tree.lookup('/engine')).toBeUndefined()
    expect(read.tree.lookup('/usr/bin/tool2')?.sameAs).toBe('/usr/bin/tool')
    expect(read.tree.lookup('/capable')?.capabilities).toBe(Buffer.from(capability, 'latin1').toString('hex'))
    expect(JSON.parse(read.config ?? '')).toEqual(config)
    await read.close()
    await expected.close()

    // What is newer than the image has the image's date, however new it is.
    await asUser([...namespace, 'sh', '-c', 'touch "$1"/usr "$1"/replaced', 'sh', treeRoot], '/')
    await writeImageArchive(at('again'), form, await layerOf('layer', form), image, signal)
    expect(readFileSync(at('again')).equals(bytes)).toBe(true)
  })

  it('is taken by skopeo, which checks every digest', async () => {
    const folder = at(`copy-${form}`)
    await execa('skopeo', ['copy', '--quiet', `${transport}:${at(`odd.${form}.tar`)}`, `dir:${folder}`])
    const inspected = JSON.parse((await execa('skopeo', ['inspect', '--config', `dir:${folder}`])).stdout)
    expect(inspected).toMatchObject({created: '2024-02-02T03:04:05Z', architecture: 'amd64', os: 'linux', config})
    expect(readdirSync(folder).length).toBe(4)
  })

  it('may be of an empty tree, without a name', async () => {
    const layer = await writeLayer(
      Readable.from([await tar([{name: './', type: 'directory', mode: 0o755}])]),
      at('empty'),
      form,
      signal,
    )
    await writeImageArchive(at('empty.tar'), form, layer, {...image, config: {}, names: []}, signal)
    const read = await openImage(at('empty.tar'), openOptions(work.path))
    expect([...read.tree.below('/')].map(each => each.path)).toEqual(['/'])
    await read.close()
  })
})

it('an extended attribute goes along', async () => {
  const layer = await layerOf('layer', 'docker')
  expect(readFileSync(layer.path).includes('SCHILY.xattr.user.note=kept')).toBe(true)
})

it('a layer that is cut short meanwhile is no archive', async () => {
  const layer = await layerOf('layer', 'docker')
  writeFileSync(layer.path, readFileSync(layer.path).subarray(0, -1))
  await expect(writeImageArchive(at('cut.tar'), 'docker', layer, image, signal)).rejects.toThrow(/has \d+ bytes, not \d+/)
})

it('a tree that is not there fails in the words of tar', async () => {
  const none = tools.layer(join(inWork, 'none'), at('none'), {form: 'oci', leaveOut: [], newest: 0}, signal)
  await expect(none).rejects.toMatchObject({exitCode: 5, message: expect.stringContaining('No such file or directory')})
})

it('a full disk is said to be full', async () => {
  const full = tools.layer(treeRoot, '/dev/full', {form: 'docker', leaveOut: [], newest: 0}, signal)
  await expect(full).rejects.toMatchObject({exitCode: 5, message: expect.stringContaining('the disk is full')})
})

it.each([0, 1, 8 * 2 ** 30 - 1, 8 * 2 ** 30, 90 * 2 ** 30])('a size of %d bytes is read by us and by tar', async bytes => {
  const header = memberHeader('blobs/sha256/x', bytes, 1_700_000_000)
  for await (const {member} of members(new Bytes({next: async () => header}))) {
    expect(member).toMatchObject({name: 'blobs/sha256/x', kind: 'file', size: bytes, stored: bytes, mode: 0o644})
    break
  }
  // tar lists it before it finds that there is no more.
  writeFileSync(at('size.tar'), header)
  const {stdout} = await execa('tar', ['-tvf', at('size.tar')], {reject: false, env: {LC_ALL: 'C'}})
  expect(stdout).toMatch(new RegExp(`^-rw-r--r-- 0/0 +${bytes} 2023-11-14 .*blobs/sha256/x$`))
})
