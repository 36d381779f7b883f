/** A store on a bad day: full, read-only, taken away, with links in it. Each ends with one clear message or a right image, never half. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {execa} from 'execa'
import {afterAll, beforeAll, beforeEach, expect, it} from 'vitest'
import {asUser, registry, root, sifstage, user, workFolder} from '../support/engine.js'

const work = workFolder()
const folder = join(work.path, 'work')
const store = join(folder, 'store')
const full = join(folder, 'full')
const out = join(folder, 'out.sif')
const from = `Bootstrap: docker\nFrom: ${registry}/busybox\n`
const command = ['build', 'two.def', '-o', out, '--no-https']
const options = {cwd: work.path, env: {SIFSTAGE_CACHE_DIR: store}}

function description(wait: number): string {
  return `${from}Stage: one\n\n%post\n    echo made-by-one > /made; head -c 3000000 /dev/urandom > /much\n\n${from}Stage: two\n\n%files from one\n    /made /made\n\n%post\n    echo now-in-two; sleep ${wait}\n`
}

const build = () => sifstage(command, options)

/** Builds, and does something once the second stage runs. */
async function buildAnd(disturb: () => void | Promise<void>): Promise<{readonly code: number; readonly stderr: string}> {
  const running = execa(join(root, 'bin/sifstage'), command, {
    cwd: work.path,
    env: {...options.env, NO_COLOR: '1', ...(user === undefined ? {} : {SIFSTAGE_RUN_AS: user})},
    reject: false,
  })
  let text = ''
  let done = false
  running.stderr?.on('data', chunk => {
    text += String(chunk)
  })
  void running.finally(() => {
    done = true
  })
  while (!done && !text.includes('] now-in-two')) await sleep(20)
  await disturb()
  const ended = await running
  return {code: ended.exitCode ?? -1, stderr: ended.stderr}
}

/** A build whose store lies on a small disk, or one that cannot be written, in a mount namespace of its own. */
async function buildOn(mount: string, ...args: readonly string[]) {
  if (process.getuid?.() !== 0) expect.fail('the tests of mounts are made for root')
  mkdirSync(store, {recursive: true})
  return execa(
    'unshare',
    ['--mount', 'sh', '-c', `${mount} && shift && exec "$@"`, 'sh', store, join(root, 'bin/sifstage'), ...args],
    {
      cwd: work.path,
      env: {...options.env, NO_COLOR: '1', ...(user === undefined ? {} : {SIFSTAGE_RUN_AS: user})},
      reject: false,
    },
  )
}

beforeAll(async () => {
  work.write({'two.def': description(0)})
  expect((await build()).code).toBe(0)
  renameSync(store, full)
})
beforeEach(async () => {
  rmSync(store, {recursive: true, force: true})
  rmSync(out, {force: true})
  work.write({'two.def': description(0)})
})
afterAll(() => work.remove())

async function nextIsRight(): Promise<void> {
  const ran = await build()
  expect(ran.code, ran.stderr).toBe(0)
  expect(existsSync(out)).toBe(true)
  expect(await sifstage(['cache', 'verify'], options)).toMatchObject({code: 0})
  for (const name of ['partial', 'locks', 'users']) expect(readdirSync(join(store, name)), name).toEqual([])
}

it('a full disk: one message with what to do, exit code 5, nothing half-written', async () => {
  const ran = await buildOn('mount -t tmpfs -o size=2m,mode=1777 tmpfs "$1"', ...command)
  expect(ran.stderr).toContain('the disk is full')
  expect(ran.stderr).toContain('--cache-dir DIR')
  expect(ran.stderr).not.toMatch(/^\s+at .+:\d+:\d+/m)
  expect(ran.exitCode).toBe(5)
  expect(existsSync(out)).toBe(false)
  await nextIsRight()
})

it('a store that is read-only: said before anything is built', async () => {
  const ran = await buildOn('mount -t tmpfs -o ro tmpfs "$1"', ...command)
  expect(ran.stderr).toMatch(/the store .* cannot be written: the file system is read-only/)
  expect(ran.stderr).toContain('--cache-dir DIR')
  expect(ran.exitCode).toBe(2)
  expect(ran.stderr).not.toContain('[one]')
})

it('a store that is read-only can be listed and checked', async () => {
  await asUser(['cp', '-a', full, store], '/')
  const bind = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1"'
  const listed = await buildOn(bind, 'cache', 'ls', '--json')
  expect(listed.exitCode, listed.stderr).toBe(0)
  const {entries}: {readonly entries: readonly {readonly kind: string}[]} = JSON.parse(listed.stdout)
  expect(entries.filter(each => each.kind === 'stage')).toHaveLength(2)
  expect((await buildOn(bind, 'cache', 'verify')).exitCode).toBe(0)
})

it('permission lost half-way: one message, and the stage that was finished is still there', async () => {
  work.write({'two.def': description(2)})
  const ran = await buildAnd(() => {
    // Root may write anywhere: a folder that nobody can make in its place stands for it.
    for (const name of ['stages', 'partial']) {
      renameSync(join(store, name), join(store, `${name}-away`))
      writeFileSync(join(store, name), '')
    }
  })
  expect(ran.stderr).toMatch(/the store .* cannot be written/)
  expect(ran.stderr).not.toMatch(/^\s+at .+:\d+:\d+/m)
  expect([2, 5]).toContain(ran.code)
  expect(existsSync(out)).toBe(false)
  for (const name of ['stages', 'partial']) {
    rmSync(join(store, name))
    renameSync(join(store, `${name}-away`), join(store, name))
  }
  const next = await build()
  expect(next.code, next.stderr).toBe(0)
  expect(next.stderr).toContain('[one] cached')
  await nextIsRight()
})

it.each<[string, () => void]>([
  ['the image of a stage', () => rmSync(join(store, 'stages', theOnly('stages'), 'image.sqfs'))],
  ['a whole stage', () => rmSync(join(store, 'stages', theOnly('stages')), {recursive: true})],
  ['the whole store', () => rmSync(store, {recursive: true})],
])('%s is deleted during the build: the build or the next one is right', async (_, remove) => {
  work.write({'two.def': description(2)})
  const ran = await buildAnd(remove)
  expect(ran.stderr).not.toMatch(/^\s+at .+:\d+:\d+/m)
  expect(existsSync(out)).toBe(ran.code === 0)
  expect([0, 2, 5], ran.stderr).toContain(ran.code)
  await nextIsRight()
})

it.each<[string, (precious: string) => void]>([
  ['an entry', precious => swap(join(store, 'stages', theOnly('stages')), precious)],
  ['an image', precious => swap(join(store, 'stages', theOnly('stages'), 'image.sqfs'), join(precious, 'file'))],
  ['a record', precious => swap(join(store, 'stages', theOnly('stages'), 'record.json'), join(precious, 'file'))],
  ['an output', precious => swap(join(store, 'outputs', theOnly('outputs'), 'image.sif'), join(precious, 'file'))],
])('a link in the place of %s is not followed', async (_, put) => {
  await asUser(['cp', '-a', full, store], '/')
  const precious = join(work.path, 'precious')
  mkdirSync(precious, {recursive: true})
  writeFileSync(join(precious, 'file'), 'precious')
  writeFileSync(join(precious, 'record.json'), 'precious')
  put(precious)
  const verified = await sifstage(['cache', 'verify'], options)
  expect(verified.code, verified.stdout + verified.stderr).toBe(1)
  await nextIsRight()
  expect(readdirSync(precious).sort()).toEqual(['file', 'record.json'])
  expect(readFileSync(join(precious, 'file'), 'utf8')).toBe('precious')
  expect(readFileSync(join(precious, 'record.json'), 'utf8')).toBe('precious')
})

function theOnly(kind: string): string {
  return readdirSync(join(store, kind)).sort()[0] ?? ''
}

/** Something of ours goes, and a link to a stranger's stands in its place. */
function swap(path: string, target: string): void {
  rmSync(path, {recursive: true})
  symlinkSync(target, path)
  chmodSync(work.path, 0o755)
}

it('a place where nothing can be made is told at once', async () => {
  const {exitCode, stderr} = await execa(join(root, 'bin/sifstage'), [...command, '--cache-dir', '/proc/sifstage'], {
    cwd: work.path,
    env: {NO_COLOR: '1', ...(user === undefined ? {} : {SIFSTAGE_RUN_AS: user})},
    reject: false,
    timeout: 20_000,
  })
  expect(exitCode, stderr).toBe(2)
  expect(stderr).toContain('the store /proc/sifstage cannot be written')
})

it('a caller who lets nobody read his files builds all the same', async () => {
  const argv = ['-c', 'umask 077; exec "$@"', 'sh', join(root, 'bin/sifstage'), ...command]
  const {exitCode, stderr} = await execa('sh', argv, {
    cwd: work.path,
    env: {...options.env, NO_COLOR: '1', ...(user === undefined ? {} : {SIFSTAGE_RUN_AS: user})},
    reject: false,
  })
  expect(exitCode, stderr).toBe(0)
  expect(statSync(out).mode & 0o077).toBe(0)
})

it.each<[string, readonly string[], string]>([
  ['a folder of something else', ['cache', 'ls', '--cache-dir', '/etc'], '/etc is no store'],
  ['no folder', ['cache', 'verify', '--cache-dir', '/nowhere/store'], 'there is no store at /nowhere/store'],
  ['a file', ['cache', 'prune', '--cache-dir', '/etc/passwd'], '/etc/passwd is no store'],
  ['another store without a name', [...command, '--store-from', ''], '--store-from: no place is named'],
  ['a target without a name', [...command, '--store-to', ''], '--store-to: no place is named'],
])('%s is no store', async (_, args, message) => {
  const {code, stderr} = await sifstage(args, options)
  expect(code, stderr).toBe(2)
  expect(stderr).toContain(message)
})
