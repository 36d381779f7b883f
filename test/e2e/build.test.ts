/** `sifstage build` as a person types it, with the real engine. */
import {chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {Ajv2020} from 'ajv/dist/2020.js'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {asUser, bases, type Ran, registry, root, sifstage, user, workFolder} from '../support/engine.js'

const work = workFolder()
const out = join(work.path, 'work')
const store = join(out, 'store')
const bin = join(work.path, 'bin')
const starts = join(work.path, 'engine-starts')
const validate = new Ajv2020({strict: false}).compile(
  JSON.parse(readFileSync(join(root, 'test/contract/build.schema.json'), 'utf8')),
)

const gcc = ['--base', `gcc:12=${bases}/gcc/rootfs`]
const alpine = ['--base', `alpine:3.20=${bases}/busybox/rootfs`]
const debian = ['--base', `debian:12-slim=${bases}/debian/rootfs`]

interface BuildDocument {
  readonly status: string
  readonly output?: {readonly path: string; readonly digest: string; readonly bytes: number}
  readonly stages: readonly {
    readonly name: string
    readonly status: string
    readonly log?: string
    readonly artifacts: readonly {
      readonly path: string
      readonly status: string
      readonly kind?: string
      readonly matches: readonly string[]
    }[]
  }[]
  readonly diagnostics: readonly {
    readonly rule: string
    readonly message: string
    readonly hint?: string
    readonly file: string
    readonly line: number
  }[]
}

/** `sifstage` with every start of the engine written down. */
async function counted(
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Ran & {readonly starts: readonly string[]}> {
  writeFileSync(starts, '')
  chmodSync(starts, 0o666)
  const ran = await sifstage(args, {cwd, env: {PATH: `${bin}:${process.env['PATH'] ?? ''}`, SIFSTAGE_CACHE_DIR: store, ...env}})
  return {
    ...ran,
    starts: readFileSync(starts, 'utf8')
      .split('\n')
      .filter(line => line !== ''),
  }
}

function documentOf(ran: Ran): BuildDocument {
  const document: BuildDocument = JSON.parse(ran.stdout)
  expect(validate(document), JSON.stringify(validate.errors)).toBe(true)
  return document
}

const statuses = (document: BuildDocument) => Object.fromEntries(document.stages.map(each => [each.name, each.status]))

function write(name: string, text: string): string {
  work.write({[name]: text.replaceAll('REGISTRY', registry)})
  return name
}

/** A definition file of busybox stages: name to sections. */
function stages(parts: Readonly<Record<string, string>>): string {
  return Object.entries(parts)
    .map(([name, text]) => `Bootstrap: docker\nFrom: ${registry}/busybox\nStage: ${name}\n\n${text}\n`)
    .join('\n')
}

beforeAll(async () => {
  const engine = (await asUser(['sh', '-c', 'command -v apptainer'], '/')).stdout.trim()
  mkdirSync(bin)
  writeFileSync(join(bin, 'apptainer'), `#!/bin/sh\necho "$*" >> "${starts}"\nexec "${engine}" "$@"\n`)
  chmodSync(join(bin, 'apptainer'), 0o755)
  for (const name of ['lab3', 'lab3-wrong', 'helloworld', 'href-counter', 'web'])
    cpSync(join(root, 'examples', name), join(work.path, name), {recursive: true})
})
afterAll(() => work.remove())

describe('lab3', () => {
  const lab3 = join(work.path, 'lab3')
  const args = ['build', 'lab3.def', '--json', ...gcc, ...alpine, '-o', join(out, 'lab3.sif')]

  it('is built and runs; again, all is cached and no engine runs', {timeout: 120_000}, async () => {
    const first = await counted(args, lab3)
    expect(first.code, first.stderr).toBe(0)
    const built = documentOf(first)
    expect(built.status).toBe('ok')
    expect(statuses(built)).toEqual({compiler: 'built', final: 'built'})
    expect(built.stages[0]?.artifacts).toMatchObject([
      {path: '/root/hello', status: 'ok', kind: 'file', matches: ['/root/hello']},
    ])
    expect(built.output?.path).toBe(join(out, 'lab3.sif'))
    expect(built.output?.bytes).toBe(statSync(join(out, 'lab3.sif')).size)
    // The wrapper really counts.
    expect(first.starts.filter(line => line.includes('build')).length).toBeGreaterThanOrEqual(2)
    expect((await asUser(['apptainer', 'run', join(out, 'lab3.sif')], '/')).stdout).toBe('Hello from lab 3\n')

    const second = await counted(args, lab3)
    expect(second.code, second.stderr).toBe(0)
    expect(statuses(documentOf(second))).toEqual({compiler: 'cached', final: 'cached'})
    expect(documentOf(second).output?.digest).toBe(built.output?.digest)
    expect(second.starts).toEqual([])
  })

  it('a new comment in the source re-runs the compiler alone; the image tells its definition', {timeout: 120_000}, async () => {
    const source = readFileSync(join(lab3, 'hello.c'), 'utf8')
    writeFileSync(join(lab3, 'hello.c'), `/* Says hello. */\n${source}`)
    const ran = await counted(args, lab3)
    expect(ran.code, ran.stderr).toBe(0)
    expect(statuses(documentOf(ran))).toEqual({compiler: 'built', final: 'cached'})
    const stored = await asUser(['apptainer', 'sif', 'dump', '1', join(out, 'lab3.sif')], '/')
    // From its first header on, as Apptainer itself keeps it.
    const text = readFileSync(join(lab3, 'lab3.def'), 'utf8')
    expect(stored.stdout.trim()).toBe(text.slice(text.indexOf('Bootstrap:')).trim())
    // The image's own copy, which busybox can show.
    const inside = await asUser(['apptainer', 'exec', join(out, 'lab3.sif'), 'cat', '/.singularity.d/Singularity'], '/')
    expect(inside.stdout).not.toContain('sifstage-scratch')
    expect(inside.stdout).toContain('/root/hello /usr/local/bin/hello')
  })

  it('in the wrong order is refused by check, at its line, and by build without an engine', async () => {
    const cwd = join(work.path, 'lab3-wrong')
    const line = readFileSync(join(cwd, 'lab3-wrong.def'), 'utf8').split('\n').indexOf('%files from compiler') + 1
    const checked = await counted(['check', 'lab3-wrong.def', '--json'], cwd)
    expect(checked.code).toBe(1)
    expect(JSON.parse(checked.stdout).diagnostics).toMatchObject([
      {rule: 'copy-from-later-stage', severity: 'error', file: 'lab3-wrong.def', line},
    ])
    const built = await counted(['build', 'lab3-wrong.def', '--json', ...gcc, ...alpine], cwd)
    expect(built.code).toBe(1)
    expect(documentOf(built).diagnostics[0]).toMatchObject({rule: 'copy-from-later-stage', line})
    for (const ran of [checked, built]) expect(ran.starts).toEqual([])
    expect(existsSync(join(cwd, 'lab3-wrong.sif'))).toBe(false)
  })
})

describe('the other examples', () => {
  it.each([
    {name: 'helloworld', input: 'Dockerfile', args: [...gcc, ...alpine], printed: /^Hello World\n$/},
    {name: 'href-counter', input: 'Dockerfile', args: [...gcc, ...alpine], printed: /^\{"internal": 2, "external": 1\}\n$/},
    {
      name: 'web',
      input: 'stages.yaml',
      args: debian,
      printed: /^web-example serves \/srv\/www:\n {2}about\.txt \(12 bytes\)\n {2}bundle\.js \(\d+ bytes\)\n$/,
    },
  ])('$name', {timeout: 180_000}, async ({name, input, args, printed}) => {
    const image = join(out, `${name}.sif`)
    const ran = await counted(['build', input, '--json', ...args, '-o', image], join(work.path, name))
    expect(ran.code, ran.stderr).toBe(0)
    documentOf(ran)
    expect((await asUser(['apptainer', 'run', image], '/')).stdout).toMatch(printed)
  })
})

describe('an artifact that is not there', () => {
  it('stops the build after its stage; OUT stays as it was', {timeout: 60_000}, async () => {
    const text = stages({
      one: '%post\n    mkdir -p /opt && echo 1 > /opt/result.txt',
      two: '%files from one\n    /opt/reslt.txt /opt/two.txt\n%post\n    touch /two-ran',
      three: '%files from two\n    /opt/two.txt /opt/three.txt',
    })
    write('missing.def', text)
    const image = join(out, 'missing.sif')
    const good = await counted(
      ['build', write('older.def', stages({only: '%post\n    echo older > /older'})), '-o', image],
      work.path,
    )
    expect(good.code, good.stderr).toBe(0)
    const before = readFileSync(image)

    const ran = await counted(['build', 'missing.def', '--json', '-o', image], work.path)
    expect(ran.code).toBe(1)
    const document = documentOf(ran)
    expect(document.status).toBe('failed')
    expect(statuses(document)).toEqual({one: 'failed', two: 'not-run', three: 'not-run'})
    expect(document.stages[0]?.artifacts).toMatchObject([{path: '/opt/reslt.txt', status: 'failed', kind: 'missing'}])
    const line = text.split('\n').findIndex(each => each.includes('/opt/reslt.txt')) + 1
    expect(document.diagnostics.filter(each => each.severity === 'error')).toHaveLength(1)
    const [found] = document.diagnostics.filter(each => each.severity === 'error')
    expect(found).toMatchObject({rule: 'artifact-missing', file: 'missing.def', line})
    expect(found?.hint).toContain('/opt/result.txt')
    expect(document.output).toBeUndefined()
    expect(ran.stderr).not.toContain('[two] →')
    expect(readFileSync(image).equals(before)).toBe(true)

    const nowhere = await counted(['build', 'missing.def', '-o', join(out, 'never.sif')], work.path)
    expect(nowhere.code).toBe(1)
    expect(readdirSync(out).filter(name => name.includes('never'))).toEqual([])
  })

  it.each([
    {title: 'a dangling link', made: 'ln -s /nowhere /opt-link', wanted: '/opt-link', rule: 'artifact-dangling-link'},
    {title: 'a path above the image', made: 'touch /fruit', wanted: '/../../fruit', rule: 'artifact-outside-image'},
  ])('$title fails', {timeout: 60_000}, async ({made, wanted, rule}) => {
    write('wrong.def', stages({one: `%post\n    ${made}`, two: `%files from one\n    ${wanted} /fruit`}))
    const ran = await counted(['build', 'wrong.def', '--json', '-o', join(out, 'wrong.sif')], work.path)
    expect(ran.code, ran.stderr).toBe(1)
    expect(documentOf(ran).diagnostics.map(each => each.rule)).toEqual([rule])
    expect(existsSync(join(out, 'wrong.sif'))).toBe(false)
  })

  it('a path through .. that stays inside is the path it means', {timeout: 60_000}, async () => {
    write(
      'dots.def',
      stages({
        one: '%post\n    mkdir -p /opt/a /opt/b && echo fruit > /opt/b/fruit',
        two: '%files from one\n    /opt/a/../b/fruit /fruit',
      }),
    )
    const ran = await counted(['build', 'dots.def', '--json', '-o', join(out, 'dots.sif')], work.path)
    expect(ran.code, ran.stderr).toBe(0)
    expect(documentOf(ran).stages[0]?.artifacts).toMatchObject([{path: '/opt/b/fruit', status: 'ok', kind: 'file'}])
    expect((await asUser(['apptainer', 'exec', join(out, 'dots.sif'), 'cat', '/fruit'], '/')).stdout).toBe('fruit\n')
  })
})

describe('how a build runs', () => {
  it('two stages side by side with -j 2, one after the other with -j 1', {timeout: 90_000}, async () => {
    write(
      'side.def',
      stages({
        left: '%post\n    sleep 2; echo l > /left',
        right: '%post\n    sleep 2; echo r > /right',
        both: '%files from left\n    /left\n%files from right\n    /right',
      }),
    )
    const spans = async (jobs: string) => {
      const ran = await counted(
        ['build', 'side.def', '-j', jobs, '--no-cache', '--progress', 'json', '-o', join(out, 'side.sif')],
        work.path,
      )
      expect(ran.code, ran.stderr).toBe(0)
      const events: {event: string; stage?: string}[] = ran.stderr
        .split('\n')
        .filter(line => line.startsWith('{'))
        .map(line => JSON.parse(line))
      return events.filter(each => /^stage-(start|end)$/.test(each.event) && each.stage !== 'both').map(each => each.event)
    }
    expect(await spans('2')).toEqual(['stage-start', 'stage-start', 'stage-end', 'stage-end'])
    expect(await spans('1')).toEqual(['stage-start', 'stage-end', 'stage-start', 'stage-end'])
    expect((await asUser(['apptainer', 'exec', join(out, 'side.sif'), 'cat', '/left', '/right'], '/')).stdout).toBe('l\nr\n')
  })

  it('--dry-run shows files and commands and runs nothing', async () => {
    write('dry.def', stages({one: '%post\n    echo made-by-dry > /one', two: '%files from one\n    /one'}))
    const ran = await counted(['build', 'dry.def', '--dry-run', '-o', join(out, 'dry.sif')], work.path)
    expect(ran.code, ran.stderr).toBe(0)
    expect(ran.stdout).toContain('# stage one')
    expect(ran.stdout).toContain('# stage two')
    expect(ran.stdout).toContain('made-by-dry')
    expect(ran.stdout).toMatch(/apptainer build/)
    expect(ran.starts.filter(line => /\bbuild\b/.test(line) && !line.includes('buildcfg'))).toEqual([])
    expect(existsSync(join(out, 'dry.sif'))).toBe(false)
    const document = documentOf(await counted(['build', 'dry.def', '--dry-run', '--json', '-o', join(out, 'dry.sif')], work.path))
    expect(statuses(document)).toEqual({one: 'not-run', two: 'not-run'})
  })

  it('writes a sandbox folder', {timeout: 60_000}, async () => {
    write('sandbox.def', stages({one: '%post\n    echo 1 > /one', two: '%files from one\n    /one\n%runscript\n    cat /one'}))
    const folder = join(out, 'sandbox/')
    const ran = await counted(['build', 'sandbox.def', '--json', '-o', folder], work.path)
    expect(ran.code, ran.stderr).toBe(0)
    expect(documentOf(ran).output?.digest).toMatch(/^sha256:/)
    expect(readFileSync(join(folder, 'one'), 'utf8')).toBe('1\n')
    expect((await asUser(['apptainer', 'run', folder], '/')).stdout).toBe('1\n')
    // It is ours to replace.
    expect((await counted(['build', 'sandbox.def', '-o', folder], work.path)).code).toBe(0)
  })
})

describe('a step that fails', () => {
  const kept = ['build', 'broken.def', '--on-failure', 'keep', '-o', join(out, 'broken.sif')]

  it('ends with 5, and names the stage and its log', {timeout: 60_000}, async () => {
    write(
      'broken.def',
      stages({
        fine: '%post\n    echo fine > /fine',
        broken: '%files from fine\n    /fine\n%post\n    touch /got-this-far\n    echo the-last-word\n    false',
      }),
    )
    const ran = await counted(['build', 'broken.def', '--json', '-o', join(out, 'broken.sif')], work.path)
    expect(ran.code, ran.stderr).toBe(5)
    const document = documentOf(ran)
    expect(statuses(document)).toEqual({fine: 'built', broken: 'failed'})
    expect(document.diagnostics).toHaveLength(1)
    expect(document.diagnostics[0]?.message).toContain('stage "broken"')
    expect(ran.stderr).toContain('the-last-word')
    const log = /whole log: (\S+)/.exec(ran.stderr)?.[1] ?? ''
    expect(readFileSync(log, 'utf8')).toContain('the-last-word')
    // What a stage prints is its owner's business.
    expect(statSync(log).mode & 0o777).toBe(0o600)
    expect(document.stages.find(each => each.name === 'broken')?.log).toBe(log)
    expect(readFileSync(document.stages.find(each => each.name === 'fine')?.log ?? '', 'utf8')).toContain('echo fine')
    expect(existsSync(join(out, 'broken.sif'))).toBe(false)
  })

  it('beside another that fails says whose lines are whose', {timeout: 60_000}, async () => {
    const base = `Bootstrap: docker\nFrom: ${registry}/busybox\n`
    const stage = (name: string) => `${base}Stage: ${name}\n\n%post\n    sleep 1; echo "words of ${name}"; touch /x/y/${name}\n\n`
    work.write({
      'both.def': `${stage('one')}${stage('two')}${base}\n%files from one\n    /x/y/one /one\n\n%files from two\n    /x/y/two /two\n`,
    })
    const ran = await sifstage(['build', 'both.def', '-o', join(out, 'both.sif'), '--no-https', '-j', '2', '--keep-going'], {
      cwd: work.path,
      env: {SIFSTAGE_CACHE_DIR: store},
    })
    expect(ran.code).toBe(5)
    for (const name of ['one', 'two'])
      expect(ran.stderr).toMatch(
        new RegExp(`\\n {2}the engine's last lines in stage "${name}":\\n(?: {4}.*\\n)* {4}words of ${name}\\n`),
      )
  })

  it('keeps its tree for a shell on request, until cache prune', {timeout: 90_000}, async () => {
    expect((await counted(kept, work.path)).code).toBe(5)
    const env = {SIFSTAGE_CACHE_DIR: store}
    const shell = () => sifstage(['shell', 'broken.def', '--stage', 'broken'], {cwd: work.path, env, input: 'ls /\nexit\n'})
    const inside = await shell()
    expect(inside.code, inside.stderr).toBe(0)
    expect(inside.stdout.split('\n')).toEqual(expect.arrayContaining(['got-this-far', 'fine']))
    const notes = readdirSync(join(store, 'kept'))
    expect(notes).toHaveLength(1)
    const {scratch}: {scratch: string} = JSON.parse(readFileSync(join(store, 'kept', notes[0] ?? ''), 'utf8'))
    expect(existsSync(scratch)).toBe(true)
    const pruned = await sifstage(['cache', 'prune'], {cwd: work.path, env})
    expect(pruned.code, pruned.stderr).toBe(0)
    expect(existsSync(scratch)).toBe(false)
    expect(readdirSync(join(store, 'kept'))).toEqual([])
    const gone = await shell()
    expect(gone.code).toBe(1)
    expect(gone.stderr).toContain('--on-failure keep')
  })

  it('leaves no tree without the request', {timeout: 60_000}, async () => {
    const scratch = join(work.path, 'scratch')
    rmSync(scratch, {recursive: true, force: true})
    mkdirSync(scratch)
    chmodSync(scratch, 0o777)
    expect(
      (await counted(['build', 'broken.def', '-o', join(out, 'broken.sif')], work.path, {SIFSTAGE_TMPDIR: scratch})).code,
    ).toBe(5)
    expect(readdirSync(scratch)).toEqual([])
  })
})

describe('without subordinate ids (--ignore-subuid)', () => {
  const two = (name: string) =>
    `Bootstrap: docker\nFrom: ${registry}/${name}\nStage: one\n\n%post\n    echo made > /made\n\nBootstrap: docker\nFrom: ${registry}/${name}\n\n%files from one\n    /made /copied\n%post\n    cat /copied\n`

  it('a base with a dynamic linker is built', {timeout: 120_000}, async () => {
    write('mapped.def', two('debian'))
    const ran = await counted(['build', 'mapped.def', '--engine-arg=--ignore-subuid', '-o', join(out, 'mapped.sif')], work.path)
    expect(ran.code, ran.stderr).toBe(0)
    expect((await asUser(['apptainer', 'exec', join(out, 'mapped.sif'), 'cat', '/copied'], '/')).stdout).toBe('made\n')
  })

  it('a static base is built, or told about the fakeroot command', {timeout: 120_000}, async () => {
    write('static.def', two('busybox'))
    const ran = await counted(['build', 'static.def', '--engine-arg=--ignore-subuid', '-o', join(out, 'static.sif')], work.path)
    if (ran.code === 0)
      expect((await asUser(['apptainer', 'exec', join(out, 'static.sif'), 'cat', '/copied'], '/')).stdout).toBe('made\n')
    else {
      expect(ran.code).toBe(5)
      expect(ran.stderr).toMatch(/hint:.*fakeroot/)
      expect(existsSync(join(out, 'static.sif'))).toBe(false)
    }
  })
})

// An ordinary user has nobody to name.
describe.runIf(process.getuid?.() === 0 && user !== undefined)('as root', () => {
  it('without --run-as says what to do, with 4', {timeout: 60_000}, async () => {
    write('rooted.def', stages({one: '%post\n    true'}))
    const ran = await counted(['build', 'rooted.def', '--json', '-o', join(out, 'rooted.sif')], work.path, {
      SIFSTAGE_RUN_AS: '',
      SIFSTAGE_CACHE_DIR: join(work.path, 'root-store'),
    })
    expect(ran.code, ran.stderr).toBe(4)
    expect(ran.stderr).toContain('--run-as')
    expect(documentOf(ran).status).toBe('failed')
    expect(existsSync(join(out, 'rooted.sif'))).toBe(false)
  })
})
