/** The lock file with a real registry: tags that move, a registry that is gone, files that are damaged. */
import {existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, beforeAll, beforeEach, describe, expect, it} from 'vitest'
import {bases, sifstage, workFolder} from '../support/engine.js'
import {type OwnRegistry, ownRegistry} from '../support/own-registry.js'

const work = workFolder()
const out = join(work.path, 'work')
const at = (name: string) => join(work.path, name)
let registry: OwnRegistry
let old = ''
let moved = ''
let number = 0

beforeAll(async () => {
  registry = await ownRegistry()
  await registry.start()
})
beforeEach(async () => {
  number += 1
  old = await registry.push('busybox', `base-${number}:1`)
  work.write({
    [`${number}/one.def`]: `Bootstrap: docker\nFrom: ${registry.host}/base-${number}:1\n\n%post\n    echo one > /one\n`,
    [`${number}/Dockerfile`]: `FROM ${registry.host}/base-${number}:1 AS one\nRUN echo one > /one\nFROM scratch\nCOPY --from=one /one /\nCOPY --from=${registry.host}/base-${number}:1 /bin/busybox /busybox\n`,
  })
})
afterAll(async () => {
  await registry.remove()
  await work.remove()
}, 60_000)

const store = () => join(out, `store-${number}`)
function run(args: readonly string[], options: {readonly cacheDir?: string; readonly input?: string} = {}) {
  return sifstage([...args, '--cache-dir', options.cacheDir ?? store()], {
    cwd: at(String(number)),
    ...(options.input === undefined ? {} : {input: options.input}),
  })
}
const build = (...flags: string[]) => run(['build', 'one.def', '-o', join(out, `one-${number}.sif`), '--json', ...flags])
const lockFile = () => at(`${number}/one.def.lock`)
const moveTag = async () => {
  moved = await registry.push('musl', `base-${number}:1`)
  expect(moved).not.toBe(old)
}

describe('a lock file', () => {
  it('is written sorted, with every base and foreign image once, and kept as it is', async () => {
    const first = await run(['lock', 'Dockerfile', '--json'])
    expect(first.code, first.stderr).toBe(0)
    const name = `docker://${registry.host}/base-${number}:1`
    expect(JSON.parse(first.stdout)).toMatchObject({
      version: 1,
      input: 'Dockerfile',
      file: 'Dockerfile.lock',
      written: true,
      entries: [{kind: 'image', name, change: 'added', digest: old}],
    })
    const text = readFileSync(at(`${number}/Dockerfile.lock`), 'utf8')
    expect(text).toBe(`${JSON.stringify({version: 1, images: {[name]: {'linux/amd64': old}}}, undefined, 2)}\n`)
    await moveTag()
    const again = await run(['lock', 'Dockerfile', '--json'])
    expect(JSON.parse(again.stdout)).toMatchObject({written: false, entries: [{change: 'kept', digest: old}]})
    expect(readFileSync(at(`${number}/Dockerfile.lock`), 'utf8')).toBe(text)
    // It is not taken for another Dockerfile.
    rmSync(at(`${number}/one.def`))
    const only = await run(['lock', '--check'])
    expect(only.code, only.stderr).toBe(0)
  })

  it('holds a build to its base when the tag moves; plan tells, --update follows', async () => {
    const locked = await run(['lock', 'one.def'])
    expect(locked.code, locked.stderr).toBe(0)
    const first = await build('--locked')
    expect(first.code, first.stderr).toBe(0)
    await moveTag()
    const second = await build('--locked')
    expect(JSON.parse(second.stdout).stages).toMatchObject([{status: 'cached', key: JSON.parse(first.stdout).stages[0].key}])
    const plan = await run(['plan', 'one.def', '--json'])
    expect(JSON.parse(plan.stdout)).toMatchObject({
      stages: [{cached: true}],
      diagnostics: [
        {
          rule: 'base-moved',
          severity: 'info',
          line: 2,
          message: expect.stringMatching(`${old}.*${moved}`),
          hint: expect.stringContaining('sifstage lock one.def --update'),
        },
      ],
    })
    const offline = await run(['plan', 'one.def', '--json', '--offline'])
    expect(JSON.parse(offline.stdout).diagnostics).toEqual([])
    // Built anew it is still the old one.
    const fresh = await build('--no-cache', '--metadata-file', join(out, `meta-${number}.json`))
    expect(fresh.code, fresh.stderr).toBe(0)
    expect(JSON.parse(fresh.stdout).stages[0].digest).toBe(JSON.parse(first.stdout).stages[0].digest)
    const name = `${registry.host}/base-${number}:1`
    const updated = await run(['lock', 'one.def', '--update', name])
    expect(updated.stdout).toContain('updated')
    expect(readFileSync(lockFile(), 'utf8')).toContain(moved)
    const third = await build()
    expect(JSON.parse(third.stdout).stages[0]).toMatchObject({status: 'built'})
    expect(JSON.parse(third.stdout).stages[0].digest).not.toBe(JSON.parse(first.stdout).stages[0].digest)
  }, 60_000)

  it('says it when the registry has the locked image no more', async () => {
    work.write({[`${number}/one.def.lock`]: lockText(`sha256:${'7'.repeat(64)}`)})
    const built = await build()
    expect(built.code).toBe(5)
    expect(built.stderr).toContain('the registry does not have that any more')
    expect(built.stderr).toContain('--update')
  })

  it('of a local base holds its content', async () => {
    const copy = at(`${number}/base`)
    mkdirSync(copy)
    writeFileSync(join(copy, 'file'), 'one')
    work.write({[`${number}/one.def`]: 'Bootstrap: localimage\nFrom: ./base\n'})
    expect((await run(['lock', 'one.def'])).code).toBe(0)
    expect(JSON.parse(readFileSync(lockFile(), 'utf8'))).toEqual({
      version: 1,
      local: {'./base': expect.stringMatching(/^sha256:/)},
    })
    expect((await run(['lock', 'one.def', '--check'])).code).toBe(0)
    writeFileSync(join(copy, 'file'), 'two')
    expect((await run(['lock', 'one.def', '--check'])).code).toBe(1)
    const strict = await build('--locked')
    expect(strict.code).toBe(2)
    expect(strict.stderr).toContain('./base is not the one that one.def.lock locks')
    expect((await run(['lock', 'one.def', '--update', './base'])).code).toBe(0)
    expect((await run(['lock', 'one.def', '--check'])).code).toBe(0)
  })

  it('gives what package tools make a date, and --update another', async () => {
    const header = 'Bootstrap: debootstrap\nOSVersion: bookworm\nMirrorURL: http://127.0.0.1:9/debian\n'
    work.write({[`${number}/one.def`]: header})
    const key = async () => JSON.parse((await run(['plan', 'one.def', '--json'])).stdout).stages[0].key
    const without = await key()
    expect((await run(['lock', 'one.def'])).code).toBe(0)
    const first = JSON.parse(readFileSync(lockFile(), 'utf8'))
    expect(Object.keys(first.mirrors)).toEqual([
      'bootstrap: debootstrap\nmirrorurl: http://127.0.0.1:9/debian\nosversion: bookworm',
    ])
    const before = await key()
    expect(before).not.toBe(without)
    expect((await run(['lock', 'one.def'])).stdout).toContain('kept')
    expect(await key()).toBe(before)
    expect((await run(['lock', 'one.def', '--update'])).stdout).toContain('updated')
    expect(await key()).not.toBe(before)
    // A build on it would need the network.
    const offline = await build('--offline')
    expect(offline.code).toBe(5)
    expect(offline.stderr).toContain('comes from the network, and --offline was given')
  })
})

function lockText(digest: string): string {
  return JSON.stringify({version: 1, images: {[`docker://${registry.host}/base-${number}:1`]: {'linux/amd64': digest}}})
}

describe('--locked', () => {
  it('fails without a lock file, and where it lacks a base, before anything is asked or built', async () => {
    const none = await build('--locked')
    expect(none.code).toBe(2)
    expect(none.stderr).toContain('there is no lock file one.def.lock')
    writeFileSync(lockFile(), '{"version": 1}\n')
    for (const verb of [
      ['build', 'one.def', '-o', join(out, 'no.sif')],
      ['plan', 'one.def'],
      ['shell', 'one.def', '--stage', '0'],
    ]) {
      const lacking = await run([...verb, '--locked'])
      expect(lacking.code, lacking.stderr).toBe(2)
      expect(lacking.stderr).toContain('one.def.lock does not lock docker://')
    }
    expect(existsSync(join(out, 'no.sif'))).toBe(false)
    const check = await run(['lock', 'one.def', '--check'])
    expect(check.code).toBe(1)
    expect(check.stdout).toContain('missing')
    expect(readFileSync(lockFile(), 'utf8')).toBe('{"version": 1}\n')
  })

  it('lets a base of the command line be', async () => {
    writeFileSync(lockFile(), '{"version": 1}\n')
    const plan = await run(['plan', 'one.def', '--locked', '--base', `${registry.host}/base-${number}:1=${bases}/busybox/rootfs`])
    expect(plan.code, plan.stderr).toBe(0)
  })

  it('of standard input needs a name', async () => {
    const text = readFileSync(at(`${number}/one.def`), 'utf8')
    const none = await run(['plan', '-', '--from', 'def', '--locked'], {input: text})
    expect(none.code).toBe(2)
    expect(none.stderr).toContain('--lock-file')
    expect((await run(['lock', '-', '--from', 'def'], {input: text})).code).toBe(2)
    const named = await run(['lock', '-', '--from', 'def', '--lock-file', 'named.lock'], {input: text})
    expect(named.code, named.stderr).toBe(0)
    const plan = await run(['plan', '-', '--from', 'def', '--locked', '--lock-file', 'named.lock'], {input: text})
    expect(plan.code, plan.stderr).toBe(0)
  })
})

describe('--offline', () => {
  it('builds a changed stage from the blobs of the store, with and without a lock file', async () => {
    expect((await build()).code).toBe(0)
    await registry.stop()
    try {
      for (const change of ['two', 'three']) {
        const text = readFileSync(at(`${number}/one.def`), 'utf8')
        writeFileSync(at(`${number}/one.def`), text.replace(/> \/\w+/, `> /${change}`))
        const built = await build('--offline')
        expect(built.code, built.stderr).toBe(0)
        expect(JSON.parse(built.stdout).stages).toMatchObject([{status: 'built'}])
        writeFileSync(lockFile(), lockText(old))
      }
      const other = await run(['build', 'one.def', '-o', join(out, 'no.sif'), '--offline'], {
        cacheDir: join(out, `other-${number}`),
      })
      expect(other.code).toBe(5)
      expect(other.stderr).toContain('not in the store')
      rmSync(lockFile())
      const unknown = await run(['build', 'one.def', '-o', join(out, 'no.sif'), '--offline'], {
        cacheDir: join(out, `other-${number}`),
      })
      expect(unknown.code).toBe(5)
      expect(unknown.stderr).toContain('--offline asks no registry')
      // Only a layer is missing.
      rmSync(join(store(), 'blobs'), {recursive: true})
      const bare = await build('--offline', '--no-cache')
      expect(bare.code).toBe(5)
      expect(bare.stderr).toMatch(/not in the store.*--offline/s)
    } finally {
      await registry.start()
    }
  }, 60_000)
})

describe('a lock file that cannot be used', () => {
  it.each([
    ['no JSON', '{', 'it is no JSON'],
    ['a list', '[]', 'it is no JSON object'],
    ['no version', '{}', 'no version that sifstage knows'],
    ['a newer version', '{"version": 2}', 'use a newer one'],
    ['a version in words', '{"version": "1"}', 'no version that sifstage knows'],
    ['no images', '{"version": 1, "images": []}', '"images" is no object'],
    [
      'a digest that is a path',
      '{"version": 1, "images": {"a": {"linux/amd64": "sha256:../../../etc/passwd"}}}',
      'in its "images"',
    ],
    ['a platform that is a path', `{"version": 1, "images": {"a": {"../x": "sha256:${'1'.repeat(64)}"}}}`, 'in its "images"'],
    ['an empty digest', '{"version": 1, "local": {"./a": ""}}', 'in its "local"'],
    ['a digest that is none', '{"version": 1, "local": {"__proto__": {"a": 1}}}', 'in its "local"'],
    ['a date that is none', '{"version": 1, "mirrors": {"a": "yesterday"}}', 'in its "mirrors"'],
  ])('%s', async (_, text, why) => {
    writeFileSync(lockFile(), text)
    for (const verb of ['plan', 'lock']) {
      const ran = await run([verb, 'one.def'])
      expect(ran.code).toBe(2)
      expect(ran.stderr).toContain(why)
    }
    expect(readFileSync(lockFile(), 'utf8')).toBe(text)
  })

  it('a folder, a device, a link to nothing', async () => {
    mkdirSync(lockFile())
    expect((await run(['plan', 'one.def'])).code).toBe(2)
    rmSync(lockFile(), {recursive: true})
    symlinkSync('/dev/zero', lockFile())
    expect((await run(['plan', 'one.def'])).code).toBe(2)
    rmSync(lockFile())
    symlinkSync('/nowhere/else', lockFile())
    // Written in the place of the link, never where it leads.
    expect((await run(['lock', 'one.def'])).code).toBe(0)
    expect(existsSync('/nowhere')).toBe(false)
    expect(readFileSync(lockFile(), 'utf8')).toContain(old)
  })
})
