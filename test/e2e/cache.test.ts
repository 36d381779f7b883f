/** `cache ls`, `prune` and the setting cache-size as a person meets them, on a store that a real build filled. */
import {existsSync, readdirSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, beforeAll, expect, it} from 'vitest'
import {asUser, registry, sifstage, workFolder} from '../support/engine.js'

const work = workFolder()
const folder = join(work.path, 'work')
const store = join(folder, 'store')
const full = join(folder, 'full')
const env = {SIFSTAGE_CACHE_DIR: store}
const from = `Bootstrap: docker\nFrom: ${registry}/busybox\n`
const build = (more: Readonly<Record<string, string>> = {}) =>
  sifstage(['build', 'two.def', '-o', join(folder, 'out.sif'), '--no-https', '--json'], {
    cwd: work.path,
    env: {...env, ...more},
  })
const cache = (...args: readonly string[]) => sifstage(['cache', ...args], {cwd: work.path, env})

interface Listed {
  readonly bytes: number
  readonly totals: readonly {readonly kind: string; readonly entries: number; readonly bytes: number}[]
  readonly entries: readonly {readonly kind: string; readonly stage?: string; readonly imageBytes?: number}[]
}

async function listed(): Promise<Listed> {
  const ran = await cache('ls', '--json')
  expect(ran.code, ran.stderr).toBe(0)
  return JSON.parse(ran.stdout)
}

const kept = async () => (await listed()).entries.map(({kind, stage = ''}) => `${kind} ${stage}`.trim()).sort()

async function refill(): Promise<void> {
  await asUser(['sh', '-c', 'rm -rf -- "$1" && cp -a -- "$2" "$1"', 'sh', store, full], '/')
}

beforeAll(async () => {
  work.write({
    'two.def': `${from}Stage: one\n\n%post\n    echo one > /made\n\n${from}Stage: two\n\n%files from one\n    /made /made\n`,
  })
  const ran = await build()
  expect(ran.code, ran.stderr).toBe(0)
  await asUser(['cp', '-a', store, full], '/')
})
afterAll(() => work.remove())

it('lists every kind with sums that hold', async () => {
  await refill()
  const {bytes, totals, entries} = await listed()
  expect(entries.map(({kind, stage = ''}) => `${kind} ${stage}`.trim()).sort()).toEqual(
    expect.arrayContaining(['artifacts', 'output', 'stage one', 'stage two']),
  )
  expect(totals.reduce((sum, each) => sum + each.entries, 0)).toBe(entries.length)
  expect(totals.reduce((sum, each) => sum + each.bytes, 0)).toBe(bytes)
  const {stdout} = await cache('ls')
  expect(stdout).toMatch(/^stage +two +\d+(\.\d+)? [kM]B {2}\d{4}-\d\d-\d\d \d\d:\d\d {2}[0-9a-f]{12}$/m)
})

it('a dry run says what goes, and a real one does it; images go before records', async () => {
  await refill()
  const before = await kept()
  const {bytes} = await listed()
  const most = String(bytes - 1)
  const dry = await cache('prune', '--max-size', most, '--dry-run')
  expect(dry.stdout).toMatch(/^ {2}stage +one .* the image; record and listing stay$/m)
  expect(dry.stdout).toMatch(/^would remove 1 image of stages \(/m)
  expect(await kept()).toEqual(before)
  const done = await cache('prune', '--max-size', most)
  expect(done.stdout).toMatch(/^removed 1 image of stages \(/m)
  expect(await kept()).toEqual(before)
  expect((await listed()).bytes).toBeLessThan(bytes)
  const next = await build()
  expect(next.code, next.stderr).toBe(0)
  expect(next.stderr).toContain('[one] cached')
})

it('by age nothing goes that was just used, and all goes that was not', async () => {
  await refill()
  const before = await kept()
  expect((await cache('prune')).code).toBe(0)
  expect((await cache('prune', '--older-than', '1h')).code).toBe(0)
  expect(await kept()).toEqual(before)
  expect((await cache('prune', '--older-than', '0s')).code).toBe(0)
  expect(await kept()).toEqual([])
})

it.each([
  [['--older-than', '14'], 'not a time'],
  [['--max-size', 'much'], 'not an amount of bytes'],
  [['--older-than', '14d', '--days', '14'], 'say the same'],
])('refuses %j with what to write', async (args, message) => {
  const ran = await cache('prune', ...args)
  expect(ran.code).toBe(2)
  expect(ran.stderr).toContain(message)
})

it('the setting cache-size is kept to after a build, and the next one still finds its stages', async () => {
  await refill()
  const ran = await build({SIFSTAGE_CACHE_SIZE: '500kB'})
  expect(ran.code, ran.stderr).toBe(0)
  expect(ran.stderr).toContain('the store is kept to')
  const {bytes, entries} = await listed()
  expect(bytes).toBeLessThanOrEqual(500_000)
  expect(entries.filter(each => each.kind === 'stage').map(each => each.imageBytes)).toEqual([0, 0])
  const next = await build({SIFSTAGE_CACHE_SIZE: '500kB'})
  expect(next.code, next.stderr).toBe(0)
  expect(readdirSync(join(store, 'users'))).toEqual([])
  work.write({'sifstage.config.yaml': 'cache-size: plenty\n'})
  const wrong = await build()
  expect(wrong.code).toBe(2)
  expect(wrong.stderr).toContain('cache-size plenty')
  expect(existsSync(join(folder, 'out.sif'))).toBe(true)
})
