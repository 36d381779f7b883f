/** Our own store first, then the others in their order; none of them fails a build or holds it up. */
import {randomBytes} from 'node:crypto'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import type {CheckpointRecord} from '../../src/model/store.js'
import {type DirectoryStore, directoryStore} from '../../src/stores/directory.js'
import {folderSource, folderTarget} from '../../src/stores/folder-source.js'
import {layeredStore} from '../../src/stores/layered.js'
import {sending} from '../../src/stores/sending.js'
import type {Source, Target} from '../../src/stores/source.js'
import {hashText} from '../../src/system/files.js'
import {lookUpIdentity, ownIdentity} from '../../src/system/identity.js'
import {user} from '../support/engine.js'
import {keyOf, putStage} from '../support/stored-stage.js'

const {signal} = new AbortController()
const owner = ownIdentity()
const image = randomBytes(10_000)
let folder: string
let notes: string[]
let here: DirectoryStore
let group: DirectoryStore

const note = (severity: string, text: string) => notes.push(`${severity}: ${text}`)
const warnings = () => notes.filter(each => each.startsWith('warning'))
const onDamage = (text: string) => note('warning', text)
const groupSource = () => folderSource(group.folder, {owner, onDamage})
const entryOf = (store: DirectoryStore, name: string) => join(store.folder, 'stages', keyOf(name).slice(7))

/** Everything in a folder with what would show that it was touched. */
function state(path: string): unknown[] {
  return readdirSync(path, {recursive: true})
    .map(String)
    .sort()
    .map(name => {
      const {mtimeMs, ino, size} = lstatSync(join(path, name))
      return [name, mtimeMs, ino, size]
    })
}

const broken = (what: string): Source => {
  const fail = async () => {
    throw new Error(what)
  }
  return {name: 'oras://broken/store', find: fail, findArtifacts: fail, findCheckpoint: fail, imageOf: fail}
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sifstage-layered-'))
  notes = []
  here = directoryStore(join(folder, 'here'), {owner, onDamage})
  group = directoryStore(join(folder, 'group'), {owner, onDamage})
})
afterEach(() => rmSync(folder, {recursive: true, force: true}))

describe('a second folder', () => {
  it('is used in place: nothing is copied, nothing in it changed', async () => {
    await putStage(group, 'tool', image)
    writeFileSync(join(folder, 'pack'), 'squashfs')
    await group.putArtifacts(keyOf('pack'), join(folder, 'pack'))
    const before = state(group.folder)
    const store = layeredStore(here, [groupSource()], {note})
    const stored = await store.find(keyOf('tool'), signal)
    expect((await stored?.image(signal))?.path).toBe(join(entryOf(group, 'tool'), 'image.sqfs'))
    expect((await store.findArtifacts(keyOf('pack'), signal))?.path.startsWith(group.folder)).toBe(true)
    await stored?.facts.save(new Map([[keyOf('x'), {kind: 'other'}]]))
    expect(state(group.folder)).toEqual(before)
    expect(existsSync(join(here.folder, 'stages'))).toBe(false)
    expect(warnings()).toEqual([])
  })

  it('is asked after our own, and before the next', async () => {
    const third = directoryStore(join(folder, 'third'), {owner, onDamage})
    await putStage(here, 'a', image, {stage: 'ours'})
    for (const name of ['a', 'b']) await putStage(group, name, image, {stage: "the group's"})
    for (const name of ['a', 'b', 'c']) await putStage(third, name, image, {stage: 'the third'})
    const store = layeredStore(here, [groupSource(), folderSource(third.folder, {owner, onDamage})], {note})
    const found = await Promise.all(['a', 'b', 'c', 'd'].map(name => store.find(keyOf(name), signal)))
    expect(found.map(each => each?.record.stage)).toEqual(['ours', "the group's", 'the third', undefined])
  })

  it('gives the image that ours has dropped, if it is of the very same tree', async () => {
    for (const name of ['same', 'other']) {
      await putStage(here, name, image)
      rmSync(join(entryOf(here, name), 'image.sqfs'))
    }
    await putStage(group, 'same', randomBytes(20_000))
    await putStage(group, 'other', image, {digest: hashText('another tree')})
    const store = layeredStore(here, [groupSource()], {note})
    const images = await Promise.all(['same', 'other'].map(async name => (await store.find(keyOf(name), signal))?.image(signal)))
    expect(images[0]?.path).toBe(join(entryOf(group, 'same'), 'image.sqfs'))
    expect(images[1]).toBeUndefined()
  })

  it('that is damaged is left as it is, told once, and not used', async () => {
    await putStage(group, 'tool', image)
    const file = join(entryOf(group, 'tool'), 'image.sqfs')
    truncateSync(file, 100)
    const store = layeredStore(here, [groupSource()], {note})
    for (let times = 0; times < 2; times += 1)
      expect(await (await store.find(keyOf('tool'), signal))?.image(signal)).toBeUndefined()
    expect(statSync(file).size).toBe(100)
    expect(warnings()).toEqual([expect.stringMatching(/damaged.*it is not used/)])
  })

  it('whose entries belong to a stranger has nothing', async ({skip}) => {
    // Giving files away takes root.
    if (process.getuid?.() !== 0) return skip()
    await putStage(group, 'tool', image)
    const {chownSync} = await import('node:fs')
    chownSync(entryOf(group, 'tool'), 12_345, 12_345)
    const store = layeredStore(here, [groupSource()], {note})
    expect(await store.find(keyOf('tool'), signal)).toBeUndefined()
  })

  it("that the engine's user cannot read is told, and not used", async ({skip}) => {
    // Root alone may start the engine as another.
    if (process.getuid?.() !== 0 || user === undefined) return skip()
    await putStage(group, 'tool', image)
    chmodSync(group.folder, 0o700)
    const source = folderSource(group.folder, {owner: lookUpIdentity(user), onDamage})
    const stored = await layeredStore(here, [source], {note}).find(keyOf('tool'), signal)
    expect(await stored?.image(signal)).toBeUndefined()
    expect(warnings()).toEqual([expect.stringMatching(/cannot read .*image\.sqfs: it is not used/)])
  })

  it('that is not there is told once', async () => {
    const store = layeredStore(here, [folderSource(join(folder, 'nowhere'), {owner, onDamage})], {note})
    expect(await store.find(keyOf('tool'), signal)).toBeUndefined()
    expect(await store.find(keyOf('other'), signal)).toBeUndefined()
    expect(warnings()).toEqual([expect.stringMatching(/nowhere is left out.*: it does not exist/)])
  })

  it('has points inside stages, too', async () => {
    writeFileSync(join(folder, 'changes'), 'tar')
    const record: CheckpointRecord = {
      version: 2,
      key: keyOf('point'),
      before: undefined,
      stage: 'tool',
      steps: 1,
      archive: {file: 'changes.tar.zst', bytes: 3, digest: hashText('tar'), compression: 'zstd'},
      removed: [],
      seconds: 1,
      created: '2026-01-01T00:00:00.000Z',
    }
    await group.putCheckpoint(keyOf('point'), join(folder, 'changes'), record)
    const found = await layeredStore(here, [groupSource()], {note}).findCheckpoint(keyOf('point'), signal)
    expect(readFileSync((await found?.changes(signal)) ?? '', 'utf8')).toBe('tar')
  })
})

it('a store that fails is left out with one warning, and the next is asked', async () => {
  await putStage(group, 'tool', image)
  const store = layeredStore(here, [broken('it is on fire'), groupSource()], {note})
  const both = await Promise.all([store.find(keyOf('tool'), signal), store.find(keyOf('tool'), signal)])
  expect(both.map(each => each?.record.stage)).toEqual(['tool', 'tool'])
  expect(warnings()).toEqual(['warning: the store oras://broken/store is left out for the rest of this build: it is on fire'])
})

it('a store that is slow to have nothing is left out in time; one stage is not asked for twice at once', async () => {
  const asked: string[] = []
  const slow: Source = {
    ...broken(''),
    name: 'oras://slow/store',
    async find(key) {
      asked.push(key)
      await sleep(60)
      return undefined
    },
  }
  const store = layeredStore(here, [slow], {note, patienceMs: 100})
  for (const name of ['a', 'a', 'b', 'c', 'd']) expect(await store.find(keyOf(name), signal)).toBeUndefined()
  expect(asked).toEqual([keyOf('a'), keyOf('b')])
  expect(warnings()).toEqual([
    expect.stringMatching(/oras:\/\/slow\/store is left out .*: it took 0 s to say that it has nothing/),
  ])
})

it('an image that fails in its own store is looked for in the next', async () => {
  await putStage(group, 'tool', image)
  const third = directoryStore(join(folder, 'third'), {owner, onDamage})
  await putStage(third, 'tool', image)
  const half: Source = {
    ...groupSource(),
    async find(key) {
      const stored = await group.find(key, signal)
      return stored && {...stored, image: () => Promise.reject(new Error('the line broke'))}
    },
  }
  const store = layeredStore(here, [half, folderSource(third.folder, {owner, onDamage})], {note})
  const packed = await (await store.find(keyOf('tool'), signal))?.image(signal)
  expect(packed?.path.startsWith(third.folder)).toBe(true)
  expect(warnings()).toEqual([expect.stringMatching(/the line broke/)])
})

describe('sending', () => {
  it('copies what is put, and what is found in our own, into a folder that is a store', async () => {
    await putStage(here, 'old', image)
    const target = folderTarget(group.folder, {local: here, owner})
    const queue = sending(target, note, signal)
    const store = layeredStore(here, [], {note, sending: queue})
    const put = await putStage(store as DirectoryStore, 'tool', image)
    await store.find(keyOf('old'), signal)
    writeFileSync(join(folder, 'pack'), 'squashfs')
    await store.putArtifacts(keyOf('pack'), join(folder, 'pack'))
    await queue.finish()
    for (const name of ['tool', 'old']) {
      const copy = await group.find(keyOf(name), signal)
      expect(readFileSync((await copy?.image(signal))?.path ?? '').equals(image)).toBe(true)
    }
    expect((await group.find(keyOf('tool'), signal))?.record).toEqual(put.record)
    expect(await group.findArtifacts(keyOf('pack'), signal)).toBeDefined()
    expect(JSON.parse(readFileSync(join(group.folder, 'store.json'), 'utf8'))).toEqual({version: 2})
    expect(readdirSync(join(group.folder, 'partial'))).toEqual([])
    expect(warnings()).toEqual([])
    // Whoever works on that store knows what was being copied, until the end.
    const marks = readdirSync(join(group.folder, 'users'))
    expect(marks.map(name => readFileSync(join(group.folder, 'users', name), 'utf8'))).toEqual([
      expect.stringContaining('"partial/sent-'),
    ])
    await target.close?.()
    expect(readdirSync(join(group.folder, 'users'))).toEqual([])
  })

  it('holds nothing up, ends with the first failure, and says so once', async () => {
    let sent = 0
    const target: Target = {
      name: 'oras://broken/store',
      async sendStage() {
        sent += 1
        throw new Error('no room')
      },
      sendArtifacts: async () => {},
    }
    const queue = sending(target, note, signal)
    const store = layeredStore(here, [], {note, sending: queue})
    for (const name of ['a', 'b', 'c']) await putStage(store as DirectoryStore, name, image)
    await queue.finish()
    expect(sent).toBe(1)
    expect(notes).toEqual(['warning: nothing more is sent to oras://broken/store: no room; the build is as good without'])
  })

  it('into a folder that cannot be made is a warning', async () => {
    await putStage(here, 'tool', image)
    writeFileSync(join(folder, 'file'), '')
    const queue = sending(folderTarget(join(folder, 'file/store'), {local: here, owner}), note, signal)
    queue.stage(keyOf('tool'), true)
    await queue.finish()
    expect(warnings()).toEqual([expect.stringMatching(/nothing more is sent to .*a part of its path is not a directory/)])
  })
})
