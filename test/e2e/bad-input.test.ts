/** Input that is wrong in every way: a clear message, the contract's exit code, nothing left behind. */
import {chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {Ajv2020} from 'ajv/dist/2020.js'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {asUser, type Ran, registry, root, sifstage, workFolder} from '../support/engine.js'

const work = workFolder()
const out = join(work.path, 'work')
const scratch = join(work.path, 'scratch')
const context = join(work.path, 'context')
const env = {SIFSTAGE_TMPDIR: scratch, TMPDIR: scratch, SIFSTAGE_CACHE_DIR: join(out, 'store')}
const schema = (name: string) =>
  new Ajv2020({strict: false}).compile(JSON.parse(readFileSync(join(root, `test/contract/${name}.schema.json`), 'utf8')))
const validCheck = schema('check')
const validBuild = schema('build')

const header = `Bootstrap: docker\nFrom: ${registry}/busybox\n`

interface Found {
  readonly rule: string
  readonly severity: string
  readonly message: string
  readonly line: number
}

function clean(ran: Ran): void {
  expect(ran.stderr).not.toMatch(/^\s+at .+:\d+:\d+/m)
  expect(ran.stderr).not.toMatch(/TypeError|ReferenceError|RangeError|node:internal/)
  expect(readdirSync(scratch)).toEqual([])
}

/** `check --json` and `build` of an input: both end with the code, and check's document holds. */
async function judge(input: string, code: number, args: readonly string[] = []): Promise<readonly Found[]> {
  const checked = await sifstage(['check', input, '--json', ...args], {cwd: context, env})
  expect(checked.code, checked.stderr + checked.stdout).toBe(code)
  const document = JSON.parse(checked.stdout)
  expect(validCheck(document), JSON.stringify(validCheck.errors)).toBe(true)
  clean(checked)
  if (code !== 0) {
    expect(document.summary.error).toBeGreaterThan(0)
    const built = await sifstage(['build', input, '--json', '-o', join(out, 'bad.sif'), ...args], {cwd: context, env})
    expect(built.code, built.stderr).toBe(code)
    const result = JSON.parse(built.stdout)
    expect(validBuild(result), JSON.stringify(validBuild.errors)).toBe(true)
    expect(result.status).toBe('failed')
    clean(built)
    expect(readdirSync(out).filter(name => name.startsWith('bad'))).toEqual([])
  }
  return document.diagnostics
}

function put(name: string, content: string | Buffer): string {
  writeFileSync(join(context, name), content)
  return name
}

beforeAll(() => {
  mkdirSync(scratch)
  chmodSync(scratch, 0o777)
  mkdirSync(join(context, 'folder.def'), {recursive: true})
  writeFileSync(join(context, 'file'), 'file\n')
})
afterAll(() => work.remove())

describe('an input that cannot be read', () => {
  it.each(['nowhere.def', 'folder.def', 'file/below.def', 'nowhere/Dockerfile'])('%s', async name => {
    const [found] = await judge(name, 2)
    expect(found?.message).toContain(name)
  })

  it.each(['empty.def', 'empty.yaml', 'Dockerfile'])('empty: %s', async name => {
    put(name, '')
    expect((await judge(name, 2)).every(each => each.line === 1)).toBe(true)
  })

  it.each(['rubbish.def', 'rubbish.yaml', 'rubbish.Dockerfile'])('binary: %s', async name => {
    const bytes = Buffer.alloc(4096)
    for (let i = 0; i < bytes.length; i += 1) bytes[i] = (i * 197 + 31) % 256
    await judge(put(name, bytes), 2)
  })

  it.each(['large.def', 'large.yaml', 'large.Dockerfile'])('50 MB: %s', {timeout: 60_000}, async name => {
    await judge(put(name, Buffer.alloc(50 << 20, 'all work and no play\n')), 2)
  })
})

describe('an input from another system', () => {
  const text = `${header}\n%files\n    file /file\n\n%post\n    test "$(cat /file)" = file\n    echo ok > /result\n`

  it.each([
    ['CRLF', 'crlf.def', text.replaceAll('\n', '\r\n')],
    ['a BOM', 'bom.Dockerfile', `\uFEFFFROM ${registry}/busybox\nRUN echo ok > /result\n`],
    [
      'a BOM',
      'bom.yaml',
      `\uFEFFsifstage: 1\nstages:\n  only:\n    from: docker://${registry}/busybox\n    steps:\n      - run: echo ok > /result\n`,
    ],
  ])('%s is fine: %s', {timeout: 60_000}, async (_, name, content) => {
    const found = await judge(put(name, content), 0)
    expect(found.filter(each => each.severity === 'error')).toEqual([])
    const image = join(out, `${name}.sif`)
    const built = await sifstage(['build', name, '-o', image], {cwd: context, env})
    expect(built.code, built.stderr).toBe(0)
    clean(built)
    expect((await asUser(['apptainer', 'exec', image, 'cat', '/result'], '/')).stdout.trim()).toBe('ok')
  })

  it('a BOM in a definition file, which Apptainer does not take, is named', async () => {
    const found = await judge(put('bom.def', `\uFEFF${text}`), 2)
    expect(found).toMatchObject([{rule: 'syntax', line: 1, message: expect.stringContaining('byte-order mark')}])
  })
})

describe('stages that cannot be', () => {
  it('a cycle', async () => {
    put('cycle.yaml', 'sifstage: 1\nstages:\n  a:\n    from: {stage: b}\n  b:\n    from: {stage: a}\n')
    expect((await judge('cycle.yaml', 1)).map(each => each.rule)).toContain('stage-cycle')
  })

  it.each(['post', 'files', 'Bootstrap'])('a stage called %s is a stage like any other', {timeout: 60_000}, async name => {
    put('named.def', `${header}Stage: ${name}\n\n%post\n    echo 1 > /one\n\n${header}\n%files from ${name}\n    /one\n`)
    await judge('named.def', 0)
    const built = await sifstage(['build', 'named.def', '-o', join(out, 'named.sif')], {cwd: context, env})
    expect(built.code, built.stderr).toBe(0)
    clean(built)
  })
})

describe('host paths of an odd shape', () => {
  const names = ['with  two blanks', "it's", 'double"quote', '$HOME', '-rf', '`id`', 'semi;colon', 'ümläut']

  it.each(names)('%s is copied under its own name', {timeout: 60_000}, async name => {
    writeFileSync(join(context, name), `${name}\n`)
    // Also in the JSON form, quotes and variables are the shell's, unless they are escaped (K42).
    put('odd.Dockerfile', `FROM ${registry}/busybox\nCOPY ${JSON.stringify([name.replaceAll(/['"$]/g, '\\$&'), '/copied'])}\n`)
    const image = join(out, 'odd.sif')
    const ran = await sifstage(['build', 'odd.Dockerfile', '-o', image], {cwd: context, env})
    expect(ran.code, ran.stderr).toBe(0)
    clean(ran)
    expect((await asUser(['apptainer', 'exec', image, 'cat', '/copied'], '/')).stdout).toBe(`${name}\n`)
  })

  it.each([
    ['with a blank', '"no such file"'],
    ['with a quote', "no'such"],
    ['with a dollar', 'no\\$such'],
    ['with a dash', '-no-such'],
  ])('missing, %s: said at its line', async (_, written) => {
    put('gone.def', `${header}\n%files\n    ${written} /x\n`)
    const errors = (await judge('gone.def', 1)).filter(each => each.severity === 'error')
    expect(errors.map(each => each.rule)).toContain('context-path-missing')
    expect(errors.every(each => each.line === 5)).toBe(true)
  })

  it('with a line break is not there, and says so in one line', async () => {
    put('line.Dockerfile', `FROM ${registry}/busybox:1\nCOPY ["a\\nb", "/x"]\n`)
    const [found] = await judge('line.Dockerfile', 1)
    expect(found).toMatchObject({rule: 'context-path-missing', line: 2})
    const ran = await sifstage(['check', 'line.Dockerfile'], {cwd: context, env})
    expect(ran.stderr + ran.stdout).not.toMatch(/^b/m)
  })

  it('out of the context with ..: a Dockerfile stays in', async () => {
    writeFileSync(join(work.path, 'outside'), 'secret\n')
    put('up.Dockerfile', `FROM ${registry}/busybox:1\nCOPY ../outside /x\n`)
    const found = await judge('up.Dockerfile', 1)
    expect(found[0]).toMatchObject({line: 2, rule: expect.stringMatching(/^context-path-(missing|outside)$/)})
  })
})

describe('a wrong command line', () => {
  it.each([
    ['an unknown flag', ['build', 'ok.def', '--no-such-flag']],
    ['an unknown command', ['bild', 'ok.def']],
    ['a flag without its value', ['build', 'ok.def', '-o']],
    ['two inputs', ['build', 'ok.def', 'ok.def']],
    ['a format that does not exist', ['check', 'ok.def', '--from', 'toml']],
    ['a base that matches nothing', ['build', 'ok.def', '--base', 'fedora=/nowhere']],
    ['a base without =', ['check', 'ok.def', '--base', 'fedora']],
    ['a replacement that is not there', ['build', 'ok.def', '--base', `${registry}/busybox=/nowhere/rootfs`]],
    ['jobs that are no number', ['build', 'ok.def', '-j', 'many']],
    ['an OUT of no known kind', ['build', 'ok.def', '-o', 'image.txt']],
    ['an OUT in a folder that is not there', ['build', 'ok.def', '-o', 'no/such/folder/image.sif']],
    ['a user that does not exist', ['build', 'ok.def', '--run-as', 'no-such-user-here']],
  ])('%s: 2', async (_, args) => {
    put('ok.def', `${header}\n%post\n    true\n`)
    const ran = await sifstage(args, {cwd: context, env})
    expect(ran.code, ran.stderr).toBe(2)
    expect(ran.stderr.trim()).not.toBe('')
    clean(ran)
    expect(existsSync(join(context, 'ok.sif'))).toBe(false)
  })

  it('an unknown target: 1, with the stages there are', async () => {
    put('ok.def', `${header}Stage: only\n\n%post\n    true\n`)
    const found = await judge('ok.def', 1, ['--target', 'onyl'])
    expect(found.map(each => each.rule)).toContain('unknown-target')
  })

  it.each([
    ['a text', 'notes.sif', 'my notes, not an image\n'],
    ['an empty file', 'empty.sif', ''],
  ])('an OUT that is %s is left alone: 2', async (_, name, content) => {
    put('ok.def', `${header}\n%post\n    true\n`)
    writeFileSync(join(out, name), content)
    const ran = await sifstage(['build', 'ok.def', '-o', join(out, name)], {cwd: context, env})
    expect(ran.code, ran.stderr).toBe(2)
    expect(ran.stderr).toContain('--force')
    clean(ran)
    expect(readFileSync(join(out, name), 'utf8')).toBe(content)
  })
})
