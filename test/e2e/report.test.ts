/** `sifstage report` after a build by the real engine: every number against what other programs count. */
import {chmodSync, cpSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {Ajv2020} from 'ajv/dist/2020.js'
import {execa} from 'execa'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {asUser, bases, type Ran, root, sifstage, workFolder} from '../support/engine.js'

const work = workFolder()
const out = join(work.path, 'work')
const store = join(out, 'store')
const bin = join(work.path, 'bin')
const starts = join(work.path, 'engine-starts')
const project = join(work.path, 'project')
const sif = join(out, 'project.sif')
const sandbox = join(out, 'sandbox')
const validate = new Ajv2020({strict: false}).compile(
  JSON.parse(readFileSync(join(root, 'test/contract/report.schema.json'), 'utf8')),
)
const replaced = ['--base', `gcc:12=${bases}/gcc/rootfs`, '--base', `debian:12-slim=${bases}/debian/rootfs`]

const dockerfile = `FROM gcc:12 AS compiler
WORKDIR /src
RUN printf 'int main(void) { return 0; }\\n' > a.c && gcc -O2 -march=native -o app a.c && ln app again
RUN mkdir lib && printf 'int f(void) { return 1; }\\n' > f.c && gcc -shared -fPIC -Wl,-soname,libf.so.1 -o lib/libf.so.1 f.c

FROM debian:12-slim
COPY --from=compiler /src/app /usr/bin/app
COPY --from=compiler /src/lib/ /opt/app/lib/
RUN mkdir -p /root/.cache/pip /srv/open && head -c 100000 /dev/zero > /root/.cache/pip/wheel \\
 && cp /usr/bin/app /usr/local/bin/raised && chmod 4755 /usr/local/bin/raised && chmod 777 /srv/open \\
 && touch "/srv/open/$(printf 'a\\033[2Jb\\nc')" && chmod 666 /srv/open/* && ln /usr/bin/app /usr/bin/app2
ENV LEVEL=3
CMD ["app", "--fast"]
`

interface Folder {
  readonly path: string
  readonly bytes: number
  readonly files: number
}

interface Document {
  readonly stages: readonly {
    readonly name: string
    readonly cached: boolean
    readonly why?: string
    readonly bytes?: number
    readonly files?: number
    readonly imageBytes?: number
    readonly seconds?: number
    readonly key?: string
  }[]
  readonly artifacts: readonly {readonly path: string; readonly kind?: string; readonly bytes?: number}[]
  readonly tuning: readonly object[]
  readonly saved?: {
    readonly finalBytes: number
    readonly sumBytes: number
    readonly largest: {readonly stage: string; readonly bytes: number}
  }
  readonly image?: {
    readonly name: string
    readonly fileBytes: number
    readonly sizes: {
      readonly hardLinksOnce: boolean
      readonly bytes: number
      readonly files: number
      readonly directories: number
      readonly symlinks: number
      readonly folders: readonly Folder[]
    }
    readonly privileges: Readonly<Record<string, {readonly count: number; readonly list: readonly unknown[]}>>
    readonly leftovers: {readonly list: readonly {readonly what: string; readonly path?: string; readonly bytes: number}[]}
    readonly libc: {
      readonly glibc: {readonly version: string; readonly kernel: string}
      readonly glibcWanted: {readonly version: string; readonly by: string}
    }
    readonly start: {readonly environment: readonly {readonly name: string; readonly value: string}[]}
    readonly distribution: {readonly id: string}
  }
  readonly diagnostics: readonly {readonly rule: string; readonly severity: string; readonly line: number}[]
}

/** `sifstage report` with every start of the engine written down. */
async function report(args: readonly string[], cwd = project): Promise<Ran & {readonly starts: readonly string[]}> {
  writeFileSync(starts, '')
  chmodSync(starts, 0o666)
  const ran = await sifstage(['report', ...args], {
    cwd,
    env: {PATH: `${bin}:${process.env['PATH'] ?? ''}`, SIFSTAGE_CACHE_DIR: store},
  })
  return {
    ...ran,
    starts: readFileSync(starts, 'utf8')
      .split('\n')
      .filter(line => line !== ''),
  }
}

function documentOf(ran: Ran): Document {
  expect(ran.code, ran.stderr).toBe(0)
  const document: Document = JSON.parse(ran.stdout)
  expect(validate(document), JSON.stringify(validate.errors)).toBe(true)
  return document
}

/** A command over the unpacked image, in the namespace where its owners are real; one result a line. */
async function inside(...argv: readonly string[]): Promise<string[]> {
  const ran = await asUser(['unshare', '--map-root-user', '--map-auto', ...argv], '/')
  expect(ran.code, ran.stderr).toBe(0)
  return ran.stdout.split('\n').filter(line => line !== '')
}

const find = (...tests: readonly string[]) => inside('find', sandbox, '-mindepth', '1', ...tests)

/** Bytes of the files below a folder, each counted once. */
async function bytesBelow(folder: string): Promise<{bytes: number; files: number}> {
  const lines = await inside('find', join(sandbox, folder), '-type', 'f', '-printf', '%i %s\n')
  const sizes = [...new Set(lines)].map(line => Number(line.split(' ')[1]))
  return {bytes: sizes.reduce((sum, size) => sum + size, 0), files: sizes.length}
}

beforeAll(async () => {
  const engine = (await asUser(['sh', '-c', 'command -v apptainer'], '/')).stdout.trim()
  mkdirSync(bin)
  writeFileSync(join(bin, 'apptainer'), `#!/bin/sh\necho "$*" >> "${starts}"\nexec "${engine}" "$@"\n`)
  chmodSync(join(bin, 'apptainer'), 0o755)
  work.write({'project/Dockerfile': dockerfile})
  cpSync(join(root, 'examples/helloworld'), join(work.path, 'helloworld'), {recursive: true})
})
afterAll(() => work.remove())

describe('before a build', () => {
  it('says what the store lacks, and starts no engine', {timeout: 60_000}, async () => {
    const ran = await report(['Dockerfile', '--json', ...replaced])
    const document = documentOf(ran)
    expect(document.stages.map(each => [each.name, each.cached, each.bytes])).toEqual([
      ['compiler', false, undefined],
      ['stage-1', false, undefined],
    ])
    expect(document.image).toBeUndefined()
    expect(document.saved).toBeUndefined()
    expect(document.diagnostics.map(each => each.rule)).toContain('stage-not-stored')
    expect(ran.starts.filter(line => !line.includes('version'))).toEqual([])
  })
})

describe('after a build', () => {
  let document: Document

  beforeAll(async () => {
    const built = await sifstage(['build', 'Dockerfile', ...replaced, '-o', sif, '--cache-dir', store], {cwd: project})
    expect(built.code, built.stderr).toBe(0)
    const copied = await sifstage(['build', 'Dockerfile', ...replaced, '-o', `${sandbox}/`, '--cache-dir', store], {cwd: project})
    expect(copied.code, copied.stderr).toBe(0)
    const ran = await report(['Dockerfile', '--json', ...replaced])
    document = documentOf(ran)
    expect(ran.starts.filter(line => !line.includes('version'))).toEqual([])
  }, 300_000)

  it('sizes are those that find and stat count', {timeout: 60_000}, async () => {
    const {sizes} = document.image ?? expect.fail('no image')
    expect(sizes.directories).toBe((await find('-type', 'd')).length)
    expect(sizes.symlinks).toBe((await find('-type', 'l')).length)
    expect(sizes.folders).toHaveLength(10)
    for (const {path, bytes, files} of sizes.folders.filter(each => !each.path.startsWith('/.singularity.d')))
      expect({path, ...(await bytesBelow(path))}).toEqual({path, bytes, files})
    // Of the packed file in the store, which the record measures.
    const stage = document.stages.at(-1)
    const image = join(store, 'stages', stage?.key?.slice('sha256:'.length) ?? '', 'image.sqfs')
    expect(existsSync(image)).toBe(true)
    expect(stage?.imageBytes).toBe(statSync(image).size)
    expect(document.image?.fileBytes).toBe(stage?.imageBytes)
  })

  it('rights are those that find sees', async () => {
    const {privileges} = document.image ?? expect.fail('no image')
    const paths = (list: readonly string[]) => list.map(each => each.slice(sandbox.length)).sort()
    expect(privileges['setuid']?.list.toSorted()).toEqual(paths(await find('-type', 'f', '-perm', '-4000')))
    expect(privileges['setuid']?.list).toContain('/usr/local/bin/raised')
    expect(privileges['setgid']?.list.toSorted()).toEqual(paths(await find('-type', 'f', '-perm', '-2000')))
    const writable = await inside(
      'find',
      sandbox,
      '-mindepth',
      '1',
      '(',
      '-type',
      'f',
      '-o',
      '-type',
      'd',
      '!',
      '-perm',
      '-1000',
      ')',
      '-perm',
      '-0002',
      '-printf',
      '.\n',
    )
    expect(privileges['worldWritable']?.count).toBe(writable.length)
    expect(privileges['worldWritable']?.list).toContain('/srv/open/a\u001b[2Jb\nc')
    expect(privileges['capabilities']).toEqual({count: 0, list: []})
  })

  it('what the programs want is what readelf says', async () => {
    const {libc, distribution, start, leftovers} = document.image ?? expect.fail('no image')
    const said = await execa('readelf', ['-W', '-n', '-V', join(bases, 'debian/rootfs/usr/lib/x86_64-linux-gnu/libc.so.6')], {
      env: {LC_ALL: 'C'},
    })
    expect(said.stdout).toContain(`Name: GLIBC_${libc.glibc.version}\n`)
    expect(said.stdout).toContain(`OS: Linux, ABI: ${libc.glibc.kernel}`)
    // An artifact in one of the distribution's own folders: known by its content.
    const program = (
      await asUser(['unshare', '--map-root-user', '--map-auto', 'readelf', '-W', '-V', join(sandbox, 'usr/bin/app')], '/')
    ).stdout
    expect(program).toContain(`Name: GLIBC_${libc.glibcWanted.version} `)
    expect(distribution.id).toBe('debian')
    expect(start.environment).toContainEqual({name: 'LEVEL', value: '3'})
    expect(leftovers.list).toContainEqual({what: 'cache', path: '/root/.cache', bytes: 100_000, files: 1})
  })

  it('stages, artifacts, and what stages saved', () => {
    const [compiler, final] = document.stages
    expect(document.stages.every(each => each.cached && (each.seconds ?? 0) > 0 && (each.files ?? 0) > 0)).toBe(true)
    expect(document.artifacts).toMatchObject([
      {path: '/src/app', kind: 'file'},
      {path: '/src/lib', kind: 'directory'},
    ])
    expect(document.artifacts[0]?.bytes).toBeGreaterThan(10_000)
    expect(document.saved).toEqual({
      finalBytes: final?.bytes,
      largest: {stage: 'compiler', bytes: compiler?.bytes},
      sumBytes: (compiler?.bytes ?? 0) + (final?.bytes ?? 0),
    })
    expect(document.tuning).toEqual([{stage: 'compiler', flag: '-march=native', needs: 'native', file: 'Dockerfile', line: 3}])
    expect(document.diagnostics).toMatchObject([{rule: 'built-for-this-processor', severity: 'warning', line: 3}])
  })

  it('a changed description is not in the store any more, and a SIF can stand in for it', {timeout: 60_000}, async () => {
    work.write({'project/Changed.Dockerfile': dockerfile.replace('LEVEL=3', 'LEVEL=4')})
    const changed = documentOf(await report(['Changed.Dockerfile', sif, '--json', ...replaced]))
    expect(changed.stages.map(each => each.cached)).toEqual([true, false])
    expect(changed.saved).toBeUndefined()
    expect(changed.image).toMatchObject({name: sif, from: 'image', fileBytes: statSync(sif).size})
    expect(changed.image?.sizes.folders.map(each => each.path)).toEqual(document.image?.sizes.folders.map(each => each.path))
  })

  it('an image alone, in every form the same', {timeout: 60_000}, async () => {
    const one = documentOf(await report([sif, '--json']))
    const other = documentOf(await report([sandbox, '--json', '--against-host']))
    for (const each of [one, other]) {
      expect(each.stages).toEqual([])
      expect(each.image?.privileges['setuid']).toEqual(document.image?.privileges['setuid'])
      expect(each.image?.privileges['capabilities']).toBeUndefined()
      expect(each.image?.libc.glibc).toEqual(document.image?.libc.glibc)
    }
    // All of the folder, as find counts it.
    const {bytes, files} = other.image?.sizes ?? expect.fail('no image')
    expect({bytes, files}).toEqual(await bytesBelow('/'))
    // A squashfs does not tell which names are one file: each counts.
    const names = (await inside('find', sandbox, '-type', 'f', '-printf', '%s\n')).map(Number)
    expect(one.image?.sizes).toMatchObject({hardLinksOnce: false, files: names.length})
    expect(other.image?.sizes.hardLinksOnce).toBe(true)
    // The same names, but for the definition that the file stores.
    expect(Math.abs((one.image?.sizes.bytes ?? 0) - names.reduce((sum, size) => sum + size, 0))).toBeLessThan(5000)
    // Made here, so it suits this machine.
    expect(other.diagnostics).toEqual([])
  })

  it('text and Markdown hold the same tables, and nothing that moves a cursor', async () => {
    const text = await report(['Dockerfile', ...replaced])
    const markdown = await report(['Dockerfile', '--format', 'markdown', ...replaced])
    expect(text.code).toBe(0)
    expect(text.stdout).toMatch(/^ {2}compiler +\S*gcc\S* +\d+\.\d MB +\d+ +\d+\.\d MB +\d.* yes$/m)
    expect(text.stdout).toContain('/srv/open/a\\u001b[2Jb\\nc')
    expect(text.stdout).toMatch(/^ {2}largest stage \(compiler\) +\d+\.\d MB {2}\d+\.\d % less$/m)
    expect(markdown.stdout).toMatch(/^\| compiler \|/m)
    expect(markdown.stdout).toContain('| ---: |')
    for (const {stdout} of [text, markdown]) expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/)
  })
})

describe('verify --against-host', () => {
  it('judges an image that is for other processors', {timeout: 60_000}, async () => {
    work.write({'project/f.c': 'int main(void) { return 0; }\n'})
    const tree = join(work.path, 'tree')
    mkdirSync(join(tree, 'src/lib'), {recursive: true})
    mkdirSync(join(tree, 'opt'))
    await execa('gcc', ['-o', join(tree, 'src/app'), '-Wl,-z,x86-64-v3', join(project, 'f.c')])
    const flags = (await execa('grep', ['-m1', '^flags', '/proc/cpuinfo'])).stdout.split(' ')
    const weak = !['avx2', 'bmi2', 'fma', 'movbe'].every(flag => flags.includes(flag))
    mkdirSync(join(tree, 'usr/local/cuda-13.0'), {recursive: true})
    writeFileSync(join(tree, 'usr/local/cuda-13.0/version.json'), '{"cuda": {"version": "99.0"}}')
    chmodSync(tree, 0o755)
    const ran = await sifstage(['verify', 'Dockerfile', '--stage', 'compiler', tree, '--against-host', '--json', ...replaced], {
      cwd: project,
      env: {SIFSTAGE_CACHE_DIR: store},
    })
    const found: Document = JSON.parse(ran.stdout)
    const rules = found.diagnostics.filter(each => each.rule.startsWith('host-'))
    // No machine has the driver of CUDA 99.
    expect(rules.map(each => each.rule)).toEqual([...(weak ? ['host-cpu-level'] : []), 'host-cuda-driver'])
    expect(rules.every(each => each.severity === 'warning')).toBe(true)
  })
})

describe('a command line that cannot be carried out', () => {
  it.each([
    [['none.sif'], /none\.sif/],
    [['Dockerfile', 'none.sif'], /none\.sif/],
    [['--format', 'xml'], /format/],
  ])('%j', async (args, message) => {
    const ran = await report([...args, ...(args[0] === 'Dockerfile' ? replaced : [])])
    expect(ran.code).toBe(2)
    expect(ran.stderr).toMatch(message)
  })
  it('prints its document with --json', async () => {
    const ran = await report(['none.sif', '--json'])
    expect(ran.code).toBe(2)
    const document: unknown = JSON.parse(ran.stdout)
    expect(validate(document), JSON.stringify(validate.errors)).toBe(true)
  })
})
