/** The store as a folder: whole entries only, damage is noticed, locks let one work at a time. */
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {Listing} from '../../src/images/listing.js'
import {readPrograms} from '../../src/images/programs.js'
import type {Image} from '../../src/model/image.js'
import type {StageRecord} from '../../src/model/record.js'
import type {Store, StoredStage} from '../../src/model/store.js'
import {directoryStore, storedKeys} from '../../src/stores/directory.js'
import {imageFacts} from '../../src/stores/image-facts.js'
import {hashFile} from '../../src/system/files.js'
import {ownIdentity} from '../../src/system/identity.js'

const key = `sha256:${'a'.repeat(64)}`
const other = `sha256:${'b'.repeat(64)}`
const never = new AbortController().signal
let folder: string
let damage: string[]
let store: Store

const tree = new Listing([
  {path: '/bin', kind: 'directory', mode: 0o755, uid: 0, gid: 0, size: 0},
  {path: '/bin/tool', kind: 'file', mode: 0o4755, uid: 5, gid: 6, size: 3, digest: `sha256:${'c'.repeat(64)}`},
  {path: '/name\nwith a line', kind: 'symlink', mode: 0o777, uid: 0, gid: 0, size: 0, link: 'bin/tool'},
])

async function put(text = 'squashfs', at = key): Promise<StoredStage> {
  const image = join(folder, 'image.part')
  const listing = join(folder, 'listing.part')
  writeFileSync(image, text)
  const digest = await store.writeListing(listing, tree)
  const record: StageRecord = {
    version: 2,
    key: at,
    parts: [{name: 'engine', value: 'apptainer'}],
    stage: 'compiler',
    digest: `sha256:${'d'.repeat(64)}`,
    image: {file: 'image.squashfs', offset: 0, bytes: text.length, digest: await hashFile(image)},
    listing: {file: 'tree.jsonl', digest},
    engine: {name: 'apptainer', version: '1.4.5'},
    treeBytes: 0,
    seconds: 1,
    created: '2026-01-01T00:00:00.000Z',
  }
  return store.put(at, {image, listing}, record)
}

/** The text of a stage's image; undefined when it is not kept. */
async function imageOf(stored: StoredStage | undefined): Promise<string | undefined> {
  const image = await stored?.image(never)
  return image === undefined ? undefined : readFileSync(image.path, 'utf8')
}

const entry = (at = key) => join(folder, 'store/stages', at.slice('sha256:'.length))

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sifstage-store-'))
  damage = []
  store = directoryStore(join(folder, 'store'), {owner: ownIdentity(), onDamage: text => damage.push(text)})
})
afterEach(() => rmSync(folder, {recursive: true, force: true}))

describe('an entry', () => {
  it('is found as it was put, with its tree', async () => {
    expect(await store.find(key, never)).toBeUndefined()
    await put()
    const found = await store.find(key, never)
    expect(found?.record.stage).toBe('compiler')
    expect(await imageOf(found)).toBe('squashfs')
    expect([...((await found?.tree())?.below('/') ?? [])]).toEqual([...tree.below('/')])
    expect(await storedKeys(join(folder, 'store'), 'stages')).toEqual([key])
    expect(damage).toEqual([])
  })

  it('leaves nothing beside it, and takes its files in', async () => {
    await put()
    expect(readdirSync(join(folder, 'store/partial'))).toEqual([])
    expect(existsSync(join(folder, 'image.part'))).toBe(false)
  })

  it('is replaced by a later one of the same key', async () => {
    await put('first')
    await put('the second')
    expect(await imageOf(await store.find(key, never))).toBe('the second')
  })

  it('counts as used when it is found', async () => {
    await put()
    const record = join(entry(), 'record.json')
    utimesSync(record, 1, 1)
    await store.find(key, never)
    expect(Date.now() - statSync(record).mtimeMs).toBeLessThan(60_000)
  })

  it('is put whole or not at all', async () => {
    await expect(
      store.put(key, {image: join(folder, 'nothing'), listing: join(folder, 'nothing')}, (await put('x', other)).record),
    ).rejects.toThrow(/cannot be written/)
    expect(existsSync(entry())).toBe(false)
    expect(readdirSync(join(folder, 'store/partial'))).toEqual([])
  })
})

describe('a damaged entry is dropped, and the others stay', () => {
  it.each<[string, () => void]>([
    ['the listing is changed', () => writeFileSync(join(entry(), 'tree.jsonl'), '{}\n')],
    ['the listing is gone', () => rmSync(join(entry(), 'tree.jsonl'))],
  ])('%s', async (_, spoil) => {
    await put()
    await put('other', other)
    spoil()
    expect(await store.find(key, never)).toBeUndefined()
    expect(existsSync(entry())).toBe(false)
    expect(damage).toHaveLength(1)
    expect(damage[0]).toContain(entry())
    expect((await store.find(other, never))?.record.key).toBe(other)
    // It can be made anew.
    await put()
    expect((await store.find(key, never))?.record.key).toBe(key)
  })

  it.each<[string, () => void]>([
    ['is cut short', () => truncateSync(join(entry(), 'image.squashfs'), 3)],
    ['has other bytes', () => writeFileSync(join(entry(), 'image.squashfs'), 'squashfz')],
    [
      'is a link',
      () => {
        writeFileSync(join(folder, 'elsewhere'), 'squashfs')
        rmSync(join(entry(), 'image.squashfs'))
        symlinkSync(join(folder, 'elsewhere'), join(entry(), 'image.squashfs'))
      },
    ],
  ])('an image that %s: the rest of its entry stays', async (_, spoil) => {
    await put()
    spoil()
    const found = await store.find(key, never)
    expect(await imageOf(found)).toBeUndefined()
    expect([...((await found?.tree())?.below('/') ?? [])]).toEqual([...tree.below('/')])
    expect(damage).toHaveLength(1)
    expect(damage[0]).toContain('image.squashfs is damaged')
    expect(existsSync(join(entry(), 'image.squashfs'))).toBe(false)
    await put()
    expect(await imageOf(await store.find(key, never))).toBe('squashfs')
  })

  it('an image that was dropped for room is no damage', async () => {
    await put()
    rmSync(join(entry(), 'image.squashfs'))
    const found = await store.find(key, never)
    expect(found?.record.stage).toBe('compiler')
    expect(await imageOf(found)).toBeUndefined()
    expect(damage).toEqual([])
  })

  it('but not one that another build has just published anew', async () => {
    await put('first')
    const before = await store.find(key, never)
    await put('second')
    expect(await imageOf(before)).toBeUndefined()
    expect(await imageOf(await store.find(key, never))).toBe('second')
    expect(damage).toEqual([])
  })

  it('artifacts and points inside a stage whose bytes changed', async () => {
    const file = join(folder, 'part')
    const spoil = (kind: string, name: string) => writeFileSync(join(folder, 'store', kind, 'a'.repeat(64), name), 'partZ')
    writeFileSync(file, 'part!')
    await store.putArtifacts(key, file)
    expect(readFileSync((await store.findArtifacts(key, never))?.path ?? '', 'utf8')).toBe('part!')
    spoil('artifacts', 'files.sqfs')
    expect(await store.findArtifacts(key, never)).toBeUndefined()
    writeFileSync(file, 'part!')
    await store.putCheckpoint(key, file, {
      version: 2,
      key,
      before: undefined,
      stage: 'compiler',
      steps: 1,
      archive: {file: 'changes.tar.zst', bytes: 5, digest: await hashFile(file), compression: 'zstd'},
      removed: [],
      seconds: 1,
      created: '',
    })
    const changes = await (await store.findCheckpoint(key, never))?.changes(never)
    expect(readFileSync(changes ?? '', 'utf8')).toBe('part!')
    spoil('checkpoints', 'changes.tar.zst')
    expect(await (await store.findCheckpoint(key, never))?.changes(never)).toBeUndefined()
    expect(damage).toHaveLength(2)
    expect(await storedKeys(join(folder, 'store'), 'artifacts')).toEqual([])
    expect(await storedKeys(join(folder, 'store'), 'checkpoints')).toEqual([])
  })

  it('an output whose bytes changed, though not its size', async () => {
    const file = join(folder, 'out.sif')
    writeFileSync(file, 'image')
    await store.putOutput(key, file, {version: 2, key, digest: await hashFile(file), bytes: 5, created: ''})
    const stored = await store.findOutput(key)
    expect(stored?.record.bytes).toBe(5)
    writeFileSync(stored?.path ?? '', 'imagE')
    expect(await store.findOutput(key)).toBeUndefined()
    expect(damage[0]).toContain('not what was written')
  })
})

describe('an entry that is not ours to read', () => {
  const change = (record: (old: Record<string, unknown>) => unknown) => {
    const file = join(entry(), 'record.json')
    writeFileSync(file, JSON.stringify(record(JSON.parse(readFileSync(file, 'utf8')))))
  }

  it.each<[string, (old: Record<string, unknown>) => unknown]>([
    ['of a later version', old => ({...old, version: 3})],
    ['of an earlier version', old => ({...old, version: 1})],
    ['of another key', old => ({...old, key: other})],
    ['that is no record', () => null],
  ])('%s is not there, and is left alone', async (_, record) => {
    await put()
    change(record)
    expect(await store.find(key, never)).toBeUndefined()
    expect(existsSync(join(entry(), 'image.squashfs'))).toBe(true)
    expect(damage).toEqual([])
  })

  it('a folder with a strange name is no key', async () => {
    await put()
    writeFileSync(join(folder, 'store/stages/README'), '')
    expect(await storedKeys(join(folder, 'store'), 'stages')).toEqual([key])
  })
})

describe('a lock', () => {
  it('lets two with the same key work one after the other', async () => {
    const log: string[] = []
    const waited: string[] = []
    const job = (name: string) => () =>
      store.locked(
        key,
        who => waited.push(who),
        never,
        async () => {
          log.push(`${name} begins`)
          await sleep(200)
          log.push(`${name} ends`)
          return name
        },
      )
    const results = await Promise.all([job('one')(), job('two')()])
    expect(results).toEqual(['one', 'two'])
    const [first = ''] = log
    const name = first.split(' ')[0] ?? ''
    const second = name === 'one' ? 'two' : 'one'
    expect(log).toEqual([`${name} begins`, `${name} ends`, `${second} begins`, `${second} ends`])
    expect(waited).toHaveLength(1)
    expect(readdirSync(join(folder, 'store/locks'))).toEqual([])
  })

  it('lets those with different keys work side by side', async () => {
    let inside = 0
    let most = 0
    const job = (at: string) =>
      store.locked(
        at,
        () => {},
        never,
        async () => {
          inside += 1
          most = Math.max(most, inside)
          await sleep(200)
          inside -= 1
        },
      )
    await Promise.all([job(key), job(other)])
    expect(most).toBe(2)
  })

  it('is given back when the work fails', async () => {
    await expect(
      store.locked(
        key,
        () => {},
        never,
        () => Promise.reject(new Error('no')),
      ),
    ).rejects.toThrow('no')
    await expect(
      store.locked(
        key,
        () => {},
        never,
        () => Promise.resolve('yes'),
      ),
    ).resolves.toBe('yes')
  })

  it('is not waited for after an interruption', async () => {
    const stop = new AbortController()
    await store.locked(
      key,
      () => {},
      never,
      async () => {
        const waiting = store.locked(
          key,
          () => stop.abort(),
          stop.signal,
          () => Promise.resolve('never'),
        )
        await expect(waiting).rejects.toThrow(/abort/i)
      },
    )
  })
})

describe('facts about programs', () => {
  it('are read from the content once, and again when the file that keeps them is damaged', async () => {
    const folder = mkdtempSync('/var/tmp/sifstage-facts-')
    const bytes = readFileSync('/bin/cat')
    let asked = 0
    const image = (): Image => ({
      tree: new Listing([
        {path: '/cat', kind: 'file', mode: 0o755, uid: 0, gid: 0, size: bytes.length, digest: `sha256:${'a'.repeat(64)}`},
      ]),
      facts: imageFacts(folder),
      async contents(paths, visit) {
        for (const path of paths) {
          asked += 1
          await visit(
            path,
            (async function* () {
              yield bytes
            })(),
          )
        }
      },
      close: async () => {},
    })
    const signal = new AbortController().signal
    try {
      const first = await readPrograms(image(), ['/cat'], signal)
      expect(first.get('/cat')).toMatchObject({kind: 'elf', needed: ['libc.so.6']})
      expect(await readPrograms(image(), ['/cat'], signal)).toEqual(first)
      expect(asked).toBe(1)
      writeFileSync(join(folder, 'programs.json'), '{"version":1,"facts":[[')
      expect(await readPrograms(image(), ['/cat'], signal)).toEqual(first)
      expect(asked).toBe(2)
    } finally {
      rmSync(folder, {recursive: true, force: true})
    }
  })
})
