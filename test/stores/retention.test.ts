/** What goes when there is no room, in which order, and what stays because somebody relies on it. */
import {execFileSync, spawn} from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {Listing} from '../../src/images/listing.js'
import type {StageRecord} from '../../src/model/record.js'
import type {Store} from '../../src/model/store.js'
import {checkUp} from '../../src/stores/check-up.js'
import {directoryStore} from '../../src/stores/directory.js'
import {activityOn, takeInventory} from '../../src/stores/inventory.js'
import {makeRoom, prune} from '../../src/stores/retention.js'
import {runningBuilds, useMarks} from '../../src/stores/session.js'
import {hashFile, hashText} from '../../src/system/files.js'
import {ownHolder} from '../../src/system/holder.js'
import {ownIdentity} from '../../src/system/identity.js'

const owner = ownIdentity()
const never = new AbortController().signal
const day = 86_400_000
let folder: string
let at: string
let store: Store

const key = (name: string) => hashText(name)
const hex = (name: string) => hashText(name).slice('sha256:'.length)
const path = (kind: string, name: string) => join(at, kind, hex(name))
const listed = async () => takeInventory(at, owner, await activityOn(at))

/** Makes something as if it had been used so many days ago. */
function age(file: string, days: number): void {
  const then = new Date(Date.now() - days * day)
  utimesSync(file, then, then)
}

function temporary(text: string | Buffer): string {
  const file = join(folder, `part-${Math.random()}`)
  writeFileSync(file, text)
  return file
}

async function stage(name: string, days: number, parts: StageRecord['parts'] = []): Promise<void> {
  const image = temporary(Buffer.alloc(100_000, name))
  const listing = temporary('')
  const digest = await store.writeListing(listing, new Listing([]))
  const record: StageRecord = {
    version: 2,
    key: key(name),
    parts,
    stage: name,
    digest: key('tree'),
    image: {file: 'image.sqfs', offset: 0, bytes: 100_000, digest: await hashFile(image)},
    listing: {file: 'listing.jsonl', digest},
    engine: {name: 'apptainer', version: '1'},
    treeBytes: 0,
    seconds: 1,
    created: '',
  }
  await store.put(key(name), {image, listing}, record)
  age(join(path('stages', name), 'record.json'), days)
}

async function checkpoint(name: string, days: number): Promise<void> {
  const archive = temporary(Buffer.alloc(50_000, name))
  await store.putCheckpoint(key(name), archive, {
    version: 2,
    key: key(name),
    before: undefined,
    stage: 'compiler',
    steps: 1,
    archive: {file: 'changes.tar.zst', bytes: 50_000, digest: await hashFile(archive), compression: 'zstd'},
    removed: [],
    seconds: 1,
    created: '',
  })
  age(join(path('checkpoints', name), 'record.json'), days)
}

async function output(name: string, days: number): Promise<void> {
  const file = temporary(Buffer.alloc(80_000, name))
  await store.putOutput(key(name), file, {version: 2, key: key(name), digest: await hashFile(file), bytes: 80_000, created: ''})
  age(join(path('outputs', name), 'record.json'), days)
}

async function artifacts(name: string, days: number): Promise<void> {
  await store.putArtifacts(key(name), temporary(Buffer.alloc(30_000, name)))
  age(join(path('artifacts', name), 'record.json'), days)
}

function layer(text: string, days: number): void {
  mkdirSync(join(at, 'blobs/sha256'), {recursive: true})
  writeFileSync(join(at, 'blobs/sha256', hex(text)), text)
  age(join(at, 'blobs/sha256', hex(text)), days)
}

/** An entry of the first version, which is never read. */
function old(name: string): void {
  mkdirSync(path('stages', name), {recursive: true})
  writeFileSync(join(path('stages', name), 'image.sqfs'), 'old')
  writeFileSync(join(path('stages', name), 'record.json'), JSON.stringify({version: 1, key: key(name), stage: name}))
}

beforeEach(() => {
  folder = mkdtempSync('/var/tmp/sifstage-retention-')
  at = join(folder, 'store')
  store = directoryStore(at, {owner, onDamage: () => {}})
})
afterEach(() => rmSync(folder, {recursive: true, force: true}))

describe('what is there', () => {
  it('is told with its size on disk, its last use and the stages that name it', async () => {
    await artifacts('library', 3)
    await stage('compiler', 2)
    await stage('final', 1, [{name: 'artifacts of compiler', value: key('library')}])
    layer('a layer', 5)
    old('ancient')
    const items = await listed()
    expect(items.map(item => [item.kind, item.stages, item.old])).toEqual([
      ['stage', ['ancient'], true],
      ['stage', ['final'], false],
      ['stage', ['compiler'], false],
      ['artifacts', ['final'], false],
      ['layer', [], false],
    ])
    const final = items[1]
    const disk = Number(execFileSync('du', ['-s', '-B1', path('stages', 'final')], {encoding: 'utf8'}).split('\t')[0])
    expect(final?.bytes).toBe(disk)
    expect(final?.imageBytes).toBeGreaterThanOrEqual(100_000)
    expect(Math.abs((final?.used ?? 0) - (Date.now() - day))).toBeLessThan(60_000)
  })
})

describe('when there is no room', () => {
  it('goes in two tiers: old formats, then images and checkpoints, then what can be made again, then the rest', async () => {
    await artifacts('library', 9)
    await stage('older', 8)
    await checkpoint('point', 7)
    await stage('newer', 6)
    await output('result', 10)
    layer('a layer', 11)
    old('ancient')
    const order: string[] = []
    const all = (await listed()).reduce((sum, item) => sum + item.bytes, 0)
    for (let most = all - 1; most >= 0; ) {
      const {removed, bytesAfter} = await prune(at, {owner, most})
      for (const {item, part} of removed) order.push(`${item.kind} ${item.stages[0] ?? ''} ${part}`)
      expect(bytesAfter).toBeLessThanOrEqual(most)
      most = bytesAfter - 1
    }
    expect(order).toEqual([
      'stage ancient whole',
      'stage older image',
      'checkpoint compiler whole',
      'stage newer image',
      'layer  whole',
      'output  whole',
      'artifacts  whole',
      'stage older whole',
      'stage newer whole',
    ])
    expect(await listed()).toEqual([])
    expect(readdirSync(join(at, 'partial'))).toEqual([])
    expect(readdirSync(join(at, 'users'))).toEqual([])
  })

  it('for a build that is about to start, only images and checkpoints make way', async () => {
    await artifacts('library', 9)
    await stage('older', 8)
    await stage('newer', 6)
    await output('result', 10)
    const gone = async (bytes: number) =>
      (await makeRoom(at, bytes, owner)).removed.map(({item, part}) => `${item.stages[0]} ${part}`)
    expect(await gone(50_000)).toEqual(['older image'])
    expect(await gone(10_000_000)).toEqual(['newer image'])
    expect(await gone(10_000_000)).toEqual([])
    expect((await listed()).map(item => item.kind).sort()).toEqual(['artifacts', 'output', 'stage', 'stage'])
  })

  it('a stage without its image is still found, with its listing', async () => {
    await stage('one', 8)
    const most = (await listed()).reduce((sum, item) => sum + item.bytes, 0) - 1
    await prune(at, {owner, most})
    const found = await store.find(key('one'), never)
    expect(found?.record.stage).toBe('one')
    expect(await found?.image(never)).toBeUndefined()
    expect([...((await found?.tree())?.below('/') ?? [])].map(each => each.path)).toEqual(['/'])
  })

  it('by age all goes that was not used, and nothing else', async () => {
    await stage('older', 20)
    await stage('newer', 10)
    await output('older', 20)
    await prune(at, {owner, unusedFor: 14 * day})
    expect((await listed()).map(item => item.stages[0])).toEqual(['newer'])
    expect(await (await store.find(key('newer'), never))?.image(never)).toBeDefined()
  })

  it('a dry run tells the same and removes nothing', async () => {
    await stage('older', 20)
    await stage('newer', 10)
    const before = await listed()
    const told = await prune(at, {owner, most: 150_000, dryRun: true})
    expect(await listed()).toEqual(before)
    const done = await prune(at, {owner, most: 150_000})
    expect(done.removed).toEqual(told.removed)
    expect(done.bytesAfter).toBe((await listed()).reduce((sum, item) => sum + item.bytes, 0))
  })

  it('a link in the place of an entry goes, and not what it leads to', async () => {
    mkdirSync(join(folder, 'precious'))
    writeFileSync(join(folder, 'precious/record.json'), '{}')
    mkdirSync(join(at, 'stages'), {recursive: true})
    symlinkSync(join(folder, 'precious'), path('stages', 'linked'))
    expect(await store.find(key('linked'), never)).toBeUndefined()
    await prune(at, {owner, all: true})
    expect(existsSync(path('stages', 'linked'))).toBe(false)
    expect(existsSync(join(folder, 'precious/record.json'))).toBe(true)
  })
})

describe('what a running build relies on', () => {
  it('stays, and goes when the build has ended', async () => {
    await stage('used', 20)
    await stage('unused', 20)
    const marks = useMarks(at, {owner})
    const build = directoryStore(at, {owner, onDamage: () => {}, uses: marks})
    await build.find(key('used'), never)
    age(join(path('stages', 'used'), 'record.json'), 20)
    const {held} = await prune(at, {owner, all: true})
    expect(held.map(item => item.stages[0])).toEqual(['used'])
    expect(held[0]?.heldBy[0]).toContain(`pid ${process.pid} on`)
    expect((await listed()).map(item => item.stages[0])).toEqual(['used'])
    await marks.close()
    await prune(at, {owner, all: true})
    expect(await listed()).toEqual([])
  })

  it('stays with what is on its way into the store, which goes with a build that dies', async () => {
    const marks = useMarks(at, {owner})
    const build = directoryStore(at, {owner, onDamage: () => {}, uses: marks})
    await build.inPartial('registry', async beside => {
      writeFileSync(join(beside, 'image.sqfs'), 'half of')
      await prune(at, {owner, all: true})
      expect(readFileSync(join(beside, 'image.sqfs'), 'utf8')).toBe('half of')
      // The same mark, of a process that is no more.
      const [name = ''] = readdirSync(join(at, 'users'))
      const [header = '', ...entries] = readFileSync(join(at, 'users', name), 'utf8').split('\n')
      const mark: {holder: object} = JSON.parse(header)
      const dead = {...mark, holder: {...mark.holder, pid: 2 ** 22 + 1}}
      writeFileSync(join(at, 'users', name), [JSON.stringify(dead), ...entries].join('\n'))
      await runningBuilds(at)
      expect(existsSync(beside)).toBe(false)
    })
    await marks.close()
  })

  it('stays while another host shows signs of life, by the file server’s clock, and no longer', async () => {
    await stage('used', 20)
    mkdirSync(join(at, 'users'), {recursive: true})
    const mark = join(at, 'users/theirs.jsonl')
    const theirs = {...ownHolder(), host: 'node77', boot: 'another'}
    writeFileSync(
      mark,
      `${JSON.stringify({version: 1, counter: 1, holder: theirs})}\n${JSON.stringify(`stages/${hex('used')}`)}\n"stages/half a li`,
    )
    await prune(at, {owner, all: true})
    expect((await listed())[0]?.heldBy[0]).toContain('on node77')
    age(mark, 1)
    await prune(at, {owner, all: true})
    expect(await listed()).toEqual([])
    expect(existsSync(mark)).toBe(false)
  })

  it('is given free when it was killed, and what it was just writing is swept', async () => {
    await stage('used', 20)
    const source = `
      import {useMarks} from ${JSON.stringify(join(import.meta.dirname, '../../dist/stores/session.js'))}
      const marks = useMarks(${JSON.stringify(at)}, {owner: ${JSON.stringify(owner)}})
      await marks.add('stages/${hex('used')}')
      await marks.add('partial/half')
      console.log('marked')
      setInterval(() => {}, 1000)`
    const child = spawn(process.execPath, ['--input-type=module', '-e', source], {stdio: ['ignore', 'pipe', 'inherit']})
    await new Promise(done => child.stdout.once('data', done))
    mkdirSync(join(at, 'partial/half'), {recursive: true})
    await prune(at, {owner, all: true})
    expect((await listed()).map(item => item.stages[0])).toEqual(['used'])
    expect(existsSync(join(at, 'partial/half'))).toBe(true)
    child.kill('SIGKILL')
    await new Promise(done => child.once('close', done))
    expect(await runningBuilds(at)).toEqual([])
    expect(existsSync(join(at, 'partial/half'))).toBe(false)
    expect(readdirSync(join(at, 'users'))).toEqual([])
    await prune(at, {owner, all: true})
    expect(await listed()).toEqual([])
  })

  it('is marked anew when somebody took the mark for dead', async () => {
    const marks = useMarks(at, {owner, beat: 50})
    await marks.add('stages/one')
    const users = join(at, 'users')
    for (const name of readdirSync(users)) rmSync(join(users, name))
    await sleep(300)
    const [again = ''] = readdirSync(users)
    expect(readFileSync(join(users, again), 'utf8')).toContain('"stages/one"')
    await marks.add('stages/two')
    expect([...((await runningBuilds(at))[0]?.entries ?? [])]).toEqual(['stages/one', 'stages/two'])
    await marks.close()
    await sleep(100)
    expect(readdirSync(users)).toEqual([])
  })

  it('stays while its lease is held', async () => {
    await stage('leased', 20)
    await store.locked(
      key('leased'),
      () => {},
      never,
      async () => {
        await prune(at, {owner, all: true})
        expect((await listed()).map(item => item.stages[0])).toEqual(['leased'])
      },
    )
    await prune(at, {owner, all: true})
    expect(await listed()).toEqual([])
  })
})

describe('a check-up', () => {
  const spoil = (file: string) => {
    const bytes = readFileSync(file)
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1
    writeFileSync(file, bytes)
  }

  it('finds nothing where all is whole', async () => {
    await stage('one', 1)
    await checkpoint('point', 1)
    await output('result', 1)
    await artifacts('library', 1)
    layer('a layer', 1)
    old('ancient')
    expect(await checkUp(at, owner, never)).toEqual({looked: 6, foreign: 1, damaged: []})
  })

  it.each<[string, () => string, boolean]>([
    ['the image of a stage', () => join(path('stages', 'one'), 'image.sqfs'), false],
    ['a listing', () => join(path('stages', 'one'), 'listing.jsonl'), true],
    ['a checkpoint', () => join(path('checkpoints', 'point'), 'changes.tar.zst'), true],
    ['an output', () => join(path('outputs', 'result'), 'image.sif'), true],
    ['artifacts', () => join(path('artifacts', 'library'), 'files.sqfs'), true],
    ['a layer', () => join(at, 'blobs/sha256', hex('a layer')), true],
    ['a record', () => join(path('artifacts', 'library'), 'record.json'), true],
  ])('drops %s of which one bit is another, and nothing else', async (_, file, whole) => {
    await stage('one', 1)
    await checkpoint('point', 1)
    await output('result', 1)
    await artifacts('library', 1)
    layer('a layer', 1)
    if (file().endsWith('record.json')) writeFileSync(file(), '{"version":2,')
    else spoil(file())
    const before = (await listed()).length
    const {damaged} = await checkUp(at, owner, never)
    expect(damaged).toEqual([expect.stringMatching(/is damaged .*: dropped/)])
    expect(existsSync(file())).toBe(false)
    expect((await listed()).length).toBe(whole ? before - 1 : before)
    expect((await checkUp(at, owner, never)).damaged).toEqual([])
    expect(readdirSync(join(at, 'partial'))).toEqual([])
  })
})
