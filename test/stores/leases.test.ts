/** Leases among real processes: one works, the others wait; the dead and the silent are passed over; clocks don't matter. */
import {type ChildProcess, spawn} from 'node:child_process'
import {
  chmodSync,
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
import {execa} from 'execa'
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {breakLease, leases, readLease} from '../../src/stores/leases.js'
import {type Holder, ownHolder} from '../../src/system/holder.js'
import {ownIdentity} from '../../src/system/identity.js'
import {root} from '../support/engine.js'

const key = `sha256:${'a'.repeat(64)}`
const never = new AbortController().signal
const owner = ownIdentity()
const program = join(root, 'test/support/holder.mjs')
const node = process.execPath
let folder: string
let store: string
let file: string
const children: ChildProcess[] = []

const locks = () => readdirSync(join(store, 'locks'))
const nobody = () => {}

/** A process that holds or waits; its words as they come. */
function start(argv: readonly string[]): {
  readonly child: ChildProcess
  readonly words: string[]
  readonly ended: Promise<number>
} {
  const [command = '', ...args] = argv
  const child = spawn(command, args, {stdio: ['ignore', 'pipe', 'inherit'], env: {...process.env, NODE_OPTIONS: ''}})
  children.push(child)
  const words: string[] = []
  child.stdout?.on('data', chunk => words.push(...String(chunk).trimEnd().split('\n')))
  return {child, words, ended: new Promise(done => child.once('close', code => done(code ?? -1)))}
}

const holder = (milliseconds: number, result = 'result', more: readonly string[] = []) => [
  node,
  program,
  store,
  key,
  join(folder, result),
  String(milliseconds),
  ...more,
]

async function until(what: () => boolean): Promise<void> {
  for (let i = 0; i < 400 && !what(); i += 1) await sleep(25)
  expect(what()).toBe(true)
}

/** A lease that somebody else left. */
function leave(who: Partial<Holder>, counter = 0): void {
  mkdirSync(join(store, 'locks'), {recursive: true})
  writeFileSync(file, JSON.stringify({version: 1, token: 'theirs', counter, holder: {...ownHolder(), ...who}}))
}

const elsewhere = {
  since: '2026-01-02T03:04:05.678Z',
  host: 'node77',
  boot: 'another',
  namespace: 'pid:[1]',
  pid: 7,
  job: 'Slurm job 12_4',
}

beforeEach(() => {
  folder = mkdtempSync('/var/tmp/sifstage-leases-')
  store = join(folder, 'store')
  file = join(store, 'locks', 'a'.repeat(64))
})
afterEach(() => {
  vi.useRealTimers()
  for (const child of children.splice(0)) child.kill('SIGKILL')
  rmSync(folder, {recursive: true, force: true})
})

describe('two processes', () => {
  it('work one after the other, and the second is told who is at work', async () => {
    const first = start(holder(700))
    await until(() => first.words.includes('working'))
    const second = start(holder(700))
    expect(await first.ended).toBe(0)
    expect(await second.ended).toBe(0)
    expect(first.words).toEqual(['working', 'made'])
    expect(second.words[0]).toMatch(new RegExp(`^waiting pid ${first.child.pid} on .+, since \\d{4}-`))
    expect(second.words.slice(1)).toEqual(['reused'])
    expect(locks()).toEqual([])
  })

  it('the second goes on at once when the first is killed', async () => {
    const first = start(holder(60_000))
    await until(() => first.words.includes('working'))
    const second = start(holder(0))
    await until(() => second.words.length > 0)
    first.child.kill('SIGKILL')
    const at = performance.now()
    expect(await second.ended).toBe(0)
    expect(performance.now() - at).toBeLessThan(5_000)
    expect(second.words.slice(1)).toEqual(['working', 'made'])
    expect(locks()).toEqual([])
  })

  it('a holder that is stopped and goes on does not take what is another’s by now', async () => {
    const first = start(holder(1_500, 'first', ['600', '100']))
    await until(() => first.words.includes('working'))
    first.child.kill('SIGSTOP')
    const second = start(holder(2_500, 'second', ['600', '100']))
    await until(() => second.words.includes('working'))
    first.child.kill('SIGCONT')
    expect(await first.ended).toBe(0)
    const theirs = await readLease(file)
    expect(theirs?.holder?.pid).toBe(second.child.pid)
    expect(await second.ended).toBe(0)
    expect(second.words).toEqual([expect.stringMatching(/^waiting/), 'working', 'made'])
    expect(locks()).toEqual([])
  })

  it('in two pid namespaces, where one’s pid says nothing to the other, take turns too', async () => {
    if (process.getuid?.() !== 0) expect.fail('the tests of namespaces are made for root')
    const contained = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child']
    const first = start([...contained, ...holder(2_000, 'result', ['1500', '200'])])
    await until(() => first.words.includes('working'))
    const second = start([...contained, ...holder(0, 'result', ['1500', '200'])])
    expect(await first.ended).toBe(0)
    expect(await second.ended).toBe(0)
    expect(second.words).toEqual([expect.stringMatching(/^waiting pid 1 on/), 'reused'])
  })

  it('in two pid namespaces: the dead one is waited for as long as one of another machine', async () => {
    const contained = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child']
    const first = start([...contained, ...holder(60_000, 'result', ['1500', '200'])])
    await until(() => first.words.includes('working'))
    first.child.kill('SIGKILL')
    await first.ended
    const at = performance.now()
    const second = start([...contained, ...holder(0, 'result', ['1500', '200'])])
    expect(await second.ended).toBe(0)
    expect(performance.now() - at).toBeGreaterThan(1_500)
    expect(second.words.slice(1)).toEqual(['working', 'made'])
  })
})

describe('a holder on another machine', () => {
  const patient = () => leases(store, {owner, lease: 600, beat: 100})

  it('is told by host, process and job, and is dead once its counter has stood still', async () => {
    leave(elsewhere)
    const told: string[] = []
    const at = performance.now()
    expect(
      await patient().held(
        key,
        who => told.push(who),
        never,
        async () => 'mine',
      ),
    ).toBe('mine')
    expect(performance.now() - at).toBeGreaterThan(600)
    expect(told).toEqual(['pid 7 on node77, Slurm job 12_4, since 2026-01-02 03:04:05 UTC'])
    expect(locks()).toEqual([])
  })

  it('is waited for as long as its counter rises', async () => {
    let counter = 0
    leave(elsewhere)
    const beating = setInterval(() => {
      counter += 1
      leave(elsewhere, counter)
    }, 200)
    setTimeout(() => {
      clearInterval(beating)
      rmSync(file)
    }, 2_000)
    const at = performance.now()
    await patient().held(key, nobody, never, async () => {})
    expect(performance.now() - at).toBeGreaterThan(1_900)
    expect(performance.now() - at).toBeLessThan(6_000)
  })

  it.each<[string, () => void]>([
    ['its lease dated in the future', () => utimesSync(file, new Date('2100-01-01'), new Date('2100-01-01'))],
    ['its lease dated in the past', () => utimesSync(file, 1, 1)],
    ['our own clock going backwards', () => vi.useFakeTimers({toFake: ['Date'], now: 0})],
    ['our own clock years ahead', () => vi.useFakeTimers({toFake: ['Date'], now: new Date('2100-01-01')})],
  ])('is judged the same with %s', async (_, change) => {
    leave(elsewhere)
    change()
    const at = performance.now()
    await patient().held(key, nobody, never, async () => {})
    expect(performance.now() - at).toBeGreaterThan(600)
    expect(performance.now() - at).toBeLessThan(6_000)
  })

  it.each<[string, () => void]>([
    ['an empty file, as a power cut leaves it', () => writeFileSync(file, '')],
    ['a file of something else', () => writeFileSync(file, 'x'.repeat(100_000))],
    ['a link that leads nowhere', () => symlinkSync('/nowhere', file)],
    ['a link to a file of somebody', () => symlinkSync(join(folder, 'precious'), file)],
    ['a folder', () => mkdirSync(join(file, 'in it'), {recursive: true})],
  ])('%s in the place of a lease is passed over in the end, and nothing outside is touched', async (_, put) => {
    mkdirSync(join(store, 'locks'), {recursive: true})
    writeFileSync(join(folder, 'precious'), 'precious')
    put()
    expect(await patient().held(key, nobody, never, async () => readFileSync(file, 'utf8'))).toContain(`"pid":${process.pid}`)
    expect(locks()).toEqual([])
    expect(readFileSync(join(folder, 'precious'), 'utf8')).toBe('precious')
  })
})

describe('breaking a dead lease', () => {
  it('gives back what is another’s fresh one by now', async () => {
    leave(elsewhere)
    const dead = await readLease(file)
    if (dead === undefined) return expect.fail('there is a lease')
    leave(elsewhere, 5)
    const fresh = readFileSync(file, 'utf8')
    await breakLease(file, dead, join(store, 'aside'))
    expect(readFileSync(file, 'utf8')).toBe(fresh)
    leave(elsewhere, 0)
    await breakLease(file, dead, join(store, 'aside'))
    expect(locks()).toEqual([])
    await breakLease(file, dead, join(store, 'aside'))
    expect(existsSync(file)).toBe(false)
  })

  it('is done once when many find it dead at the same time', async () => {
    leave({...ownHolder(), pid: 2 ** 22 + 1})
    let inside = 0
    let most = 0
    const one = leases(store, {owner})
    await Promise.all(
      Array.from({length: 20}, () =>
        one.held(key, nobody, never, async () => {
          inside += 1
          most = Math.max(most, inside)
          await sleep(5)
          inside -= 1
        }),
      ),
    )
    expect(most).toBe(1)
    expect(locks()).toEqual([])
  })
})

it('a job array of a hundred: one does the work', {timeout: 60_000}, async () => {
  let made = 0
  let reused = 0
  const jobs = Array.from({length: 100}, (_, i) =>
    leases(store, {owner}).held(key, nobody, never, async () => {
      if (existsSync(join(folder, 'result'))) reused += 1
      else {
        made += 1
        await sleep(500 + i)
        writeFileSync(join(folder, 'result'), '', {flag: 'wx'})
      }
    }),
  )
  await Promise.all(jobs)
  expect({made, reused}).toEqual({made: 1, reused: 99})
  expect(locks()).toEqual([])
})

it('who waits is woken by an interruption', async () => {
  const stop = new AbortController()
  const reason = new Error('stopped')
  await leases(store, {owner}).held(key, nobody, never, async () => {
    const at = performance.now()
    const waiting = leases(store, {owner}).held(
      key,
      () => setTimeout(() => stop.abort(reason), 300),
      stop.signal,
      async () => {},
    )
    await expect(waiting).rejects.toBe(reason)
    expect(performance.now() - at).toBeLessThan(1_000)
  })
})

it('signs of life are given while the work goes on, and none after', async () => {
  const counters = new Set<string>()
  await leases(store, {owner, beat: 50}).held(key, nobody, never, async () => {
    for (let i = 0; i < 20; i += 1) {
      counters.add(readFileSync(file, 'utf8'))
      await sleep(50)
    }
  })
  expect(counters.size).toBeGreaterThan(5)
  expect(new Set([...counters].map(each => each.length)).size).toBe(1)
  await sleep(200)
  expect(locks()).toEqual([])
})

describe('where no lease can be written', () => {
  it('the work is done without, and that is said once', async () => {
    if (process.getuid?.() !== 0) expect.fail('the tests of read-only stores are made for root')
    mkdirSync(store)
    const script = 'mount -t tmpfs -o ro tmpfs "$1" && shift && "$@"'
    const ran = await execa('unshare', ['--mount', 'sh', '-c', script, 'sh', store, ...holder(0)])
    expect(ran.stdout.split('\n')).toEqual([expect.stringMatching(/^no lock can be written .*read-only/), 'working', 'made'])
  })

  it('a full disk is said before the work, not after it', async () => {
    if (process.getuid?.() !== 0) expect.fail('the tests of full disks are made for root')
    mkdirSync(store)
    const script =
      'mount -t tmpfs -o size=64k tmpfs "$1" && mkdir "$1/locks" "$1/partial" && { head -c 1M /dev/zero >"$1/full" 2>/dev/null; shift; "$@"; }'
    const ran = await execa('unshare', ['--mount', 'sh', '-c', script, 'sh', store, ...holder(0)], {reject: false})
    expect(ran.exitCode).not.toBe(0)
    expect(ran.stderr).toContain('the disk is full')
    expect(ran.stdout).toBe('')
  })

  it('a folder of locks that is another user’s is one of those places', async () => {
    mkdirSync(join(store, 'locks'), {recursive: true})
    chmodSync(folder, 0o755)
    chmodSync(store, 0o755)
    chmodSync(join(store, 'locks'), 0o555)
    const said: string[] = []
    const other = process.getuid?.() === 0 ? ['setpriv', '--reuid=1', '--regid=1', '--clear-groups', '--'] : []
    mkdirSync(join(folder, 'open'))
    chmodSync(join(folder, 'open'), 0o777)
    const ran = start([...other, ...holder(0, 'open/result')])
    said.push(...ran.words)
    expect(await ran.ended).toBe(0)
    expect(ran.words).toEqual([expect.stringMatching(/^no lock can be written .*permission denied/), 'working', 'made'])
  })
})
