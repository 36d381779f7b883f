/** Stages built with docker, podman and buildah, by themselves and beside Apptainer; the real engines all. */
import {existsSync, readFileSync, rmSync} from 'node:fs'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {Ajv2020} from 'ajv/dist/2020.js'
import {execa} from 'execa'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {openImage} from '../../src/library/open-image.js'
import {extent} from '../support/cases.js'
import {asUser, containersEnvironment, type Ran, registry, root, sifstage, user, workFolder} from '../support/engine.js'
import {contentOf, describeImage, openOptions, sha256} from '../support/images.js'

const engines = ['docker', 'podman', 'buildah'] as const
type EngineName = (typeof engines)[number]
/** One of them each day for what is ours more than theirs, all for every change. */
const some: readonly EngineName[] = extent === 'everyday' ? ['docker'] : engines

const work = workFolder()
const out = join(work.path, 'work')
const validate = new Ajv2020({strict: false}).compile(
  JSON.parse(readFileSync(join(root, 'test/contract/build.schema.json'), 'utf8')),
)
let containers: Readonly<Record<string, string>> = {}

interface Document {
  readonly status: string
  readonly engine: {readonly name: string; readonly version: string}
  readonly output?: {readonly path: string; readonly digest: string; readonly bytes: number}
  readonly stages: readonly {
    readonly name: string
    readonly status: string
    readonly key?: string
    readonly artifacts: readonly {readonly path: string; readonly status: string; readonly digest?: string}[]
  }[]
  readonly diagnostics: readonly {
    readonly rule: string
    readonly message: string
    readonly hint?: string
    readonly line: number
  }[]
}

/** What every engine here is told: there is neither a network for containers nor a registry by https. */
function engineFlags(engine: string): string[] {
  const own =
    engine === 'docker' ? ['--engine-arg=--network=none'] : engine === 'apptainer' ? [] : ['--engine-arg=--isolation=chroot']
  return ['--engine', engine, '--no-https', ...own]
}

const bases = [
  `gcc:12=docker://${registry}/gcc`,
  `alpine:3.20=docker://${registry}/busybox`,
  `debian:12-slim=docker://${registry}/debian`,
]

async function build(
  input: string,
  engine: string,
  output: string,
  more: readonly string[] = [],
  cwd = work.path,
): Promise<Ran & {readonly document: Document}> {
  const text = readFileSync(join(cwd, input), 'utf8')
  const flags = bases.filter(each => text.includes(each.split('=')[0] ?? '')).flatMap(each => ['--base', each])
  const store = more.includes('--cache-dir') ? [] : ['--cache-dir', join(out, 'store')]
  const argv = ['build', input, '-o', output, '--json', ...engineFlags(engine), ...store, ...flags, ...more]
  const ran = await sifstage(argv, {cwd, env: containers})
  const document: Document = JSON.parse(ran.stdout)
  expect(validate(document), JSON.stringify(validate.errors)).toBe(true)
  return {...ran, document}
}

/** Everything in an archive, but for what is an engine's own: podman and buildah leave the places behind that they mount files over. */
async function entriesOf(archive: string): Promise<readonly string[]> {
  const image = await openImage(archive, openOptions(join(work.path, 'read')))
  try {
    return (await describeImage(image)).filter(
      line =>
        !/^\["\/(\.singularity\.d[/"]|\.(exec|run|shell|test)"|environment"|singularity"|(dev|proc|sys)[/"]|etc\/(hosts|hostname|resolv\.conf)")/.test(
          line,
        ) && !line.startsWith('["/",'),
    )
  } finally {
    await image.close()
  }
}

/** What an image's archive does when it is run by docker. */
async function runArchive(archive: string, name: string): Promise<string> {
  await execa('docker', ['load', '--quiet', '--input', archive])
  try {
    return (await execa('docker', ['run', '--rm', '--network', 'none', name], {stdin: 'ignore'})).stdout
  } finally {
    await execa('docker', ['image', 'rm', '--force', name])
  }
}

const twoStages = (source: string) => `FROM ${registry}/busybox AS make
RUN mkdir -p /made/in && echo hello > /made/in/file && ln -s in/file /made/link
FROM ${registry}/busybox
COPY --from=make ${source} /opt/made
CMD ["cat", "/opt/made"]
`

beforeAll(async () => {
  containers = await containersEnvironment()
  work.write({
    Dockerfile: twoStages('/made/link'),
    'missing.Dockerfile': twoStages('/made/in/fiel'),
    'failing.Dockerfile': `FROM ${registry}/busybox\nRUN echo before && exit 7\n`,
    'slow.Dockerfile': `FROM ${registry}/busybox\nRUN echo started here; sleep 300\n`,
    'lost.Dockerfile': `FROM ${registry}/nowhere\nRUN true\n`,
    'mixed.yaml': `sifstage: 1
stages:
  first:
    from: docker://${registry}/busybox
    engine: apptainer
    steps:
      - run: mkdir /made && echo first >/made/first && chown 33:44 /made/first && chmod 4755 /made/first
    env: {FIRST: "by apptainer"}
  second:
    from: {stage: first}
    engine: docker
    steps:
      - run: echo "second, $FIRST" >/made/second
  third:
    from: docker://${registry}/busybox
    engine: buildah
    steps:
      - copy: /made
        from: second
        to: /from-second
      - run: ls -ln /from-second >/list
  final:
    from: {stage: second}
    engine: apptainer
    steps:
      - copy: /from-second
        from: third
        to: /from-third
      - copy: /list
        from: third
        to: /list
    cmd: [cat, /list]
target: final
`,
  })
}, 120_000)

afterAll(async () => {
  await work.remove()
})

const examples = [
  {folder: 'helloworld', input: 'Dockerfile', prints: 'Hello World'},
  {folder: 'href-counter', input: 'Dockerfile', prints: '{"internal": 2, "external": 1}'},
  {folder: 'lab3', input: 'lab3.def', prints: 'Hello from lab 3'},
  {folder: 'web', input: 'stages.yaml', prints: 'web-example serves /srv/www:'},
] as const

// A Dockerfile and a definition file by every engine each day, the others for every change.
const tried = examples.filter(({folder}) => extent !== 'everyday' || folder === 'helloworld' || folder === 'lab3')

describe.each(tried)('the example $folder', ({folder, input, prints}) => {
  const cwd = join(root, 'examples', folder)
  const archive = (engine: string) => join(out, `${folder}-${engine}.docker.tar`)

  it.each([...engines, 'apptainer'])('is built and verified by %s, and runs', {timeout: 120_000}, async engine => {
    const {code, stderr, document} = await build(input, engine, archive(engine), [], cwd)
    expect(code, stderr).toBe(0)
    expect(document.engine.name).toBe(engine)
    expect(document.stages.every(each => each.status === 'built')).toBe(true)
    expect(document.stages.flatMap(each => each.artifacts).every(each => each.status === 'ok')).toBe(true)
    expect((await runArchive(archive(engine), `localhost/${folder}-${engine}:latest`)).split('\n')[0]).toBe(prints)
  })

  it('is the same files whoever builds it', async () => {
    const [docker, ...others] = await Promise.all(engines.map(engine => entriesOf(archive(engine))))
    for (const other of others) expect(other).toEqual(docker)
  })
})

describe.each(engines)('%s', engine => {
  it('finds a missing artifact right after its stage', async () => {
    const target = join(out, `missing-${engine}.oci.tar`)
    const {code, document, stderr} = await build('missing.Dockerfile', engine, target)
    expect(code, stderr).toBe(1)
    expect(document.stages.map(each => each.status)).toEqual(['failed', 'not-run'])
    const [finding] = document.diagnostics.filter(each => each.rule === 'artifact-missing')
    expect(finding?.hint ?? finding?.message).toMatch(/made.in holds file/)
    expect(finding?.line).toBe(4)
    expect(existsSync(target)).toBe(false)
  })

  it('says what failed in a step, and which image is not there', async () => {
    const failing = await build('failing.Dockerfile', engine, join(out, 'failing.oci.tar'))
    expect(failing.code).toBe(5)
    expect(failing.document.diagnostics.map(each => each.message).join()).toMatch(/status 7|exit 7/)
    const lost = await build('lost.Dockerfile', engine, join(out, 'lost.oci.tar'))
    expect(lost.code).toBe(5)
    expect(lost.document.diagnostics.map(each => each.message).join()).toMatch(/no such|not found|unknown/i)
  })
})

describe.each(some)('%s besides', engine => {
  it('builds nothing that has not changed, and goes on after its images were removed', async () => {
    const target = join(out, `again-${engine}.oci.tar`)
    const first = await build('Dockerfile', engine, target)
    expect(first.code, first.stderr).toBe(0)
    const again = await build('Dockerfile', engine, target)
    expect(again.document.stages.map(each => each.status)).toEqual(['cached', 'cached'])
    const keys = again.document.stages.map(each => each.key?.slice('sha256:'.length))
    for (const key of keys) await inStorage(engine, ['rmi', '--force', `localhost/sifstage/stage:${key}`])
    const anew = await build('Dockerfile', engine, target)
    expect(anew.code, anew.stderr).toBe(0)
    expect(anew.document.stages.at(-1)?.status).toBe('built')
    expect(await entriesOf(target)).toContain(
      `["/opt/made","file","644",0,0,6,"","${sha256('hello\n').slice('sha256:'.length)}"]`,
    )
  })

  it('delivers a .sif', async () => {
    const sif = join(out, `${engine}.sif`)
    const {code, stderr} = await build('Dockerfile', engine, sif)
    expect(code, stderr).toBe(0)
    const ran = await asUser(['apptainer', 'run', sif], out)
    expect(ran.stdout).toBe('hello\n')
  })
})

async function inStorage(engine: EngineName, argv: readonly string[]): Promise<void> {
  if (engine === 'docker') await execa('docker', ['image', 'rm', ...argv.slice(1)], {reject: false})
  else await asUser(['env', ...Object.entries(containers).map(([name, value]) => `${name}=${value}`), engine, ...argv], '/')
}

describe('stages of one description by different engines', () => {
  it('hand on images and artifacts, with owners and modes', {timeout: 120_000}, async () => {
    const sif = join(out, 'mixed.sif')
    const own = ['--engine-arg=docker:--network=none', '--engine-arg=buildah:--isolation=chroot']
    const {code, stderr, document} = await build('mixed.yaml', 'apptainer', sif, own)
    expect(code, stderr).toBe(0)
    expect(document.stages.map(each => each.status)).toEqual(['built', 'built', 'built', 'built'])
    const ran = await asUser(['apptainer', 'run', sif], out)
    expect(ran.stdout).toMatch(/-rwsr-xr-x +1 33 +44 .*first\n.*second\n/)
    const text = await asUser(['apptainer', 'exec', sif, 'cat', '/from-third/second', '/made/second'], out)
    expect(text.stdout).toBe('second, by apptainer\nsecond, by apptainer\n')
    const again = await build('mixed.yaml', 'apptainer', sif, own)
    expect(again.document.stages.map(each => each.status)).toEqual(['cached', 'cached', 'cached', 'cached'])
  })
})

describe('a registry between two machines', () => {
  it.each(some)('hands over every stage that has not changed (%s)', {timeout: 120_000}, async engine => {
    const repository = `${registry}/sifstage-test/stages-${engine}-${process.pid}`
    const target = join(out, `shared-${engine}.oci.tar`)
    const there = ['--cache-dir', join(out, `there-${engine}`), '--cache-to', repository]
    const first = await build('Dockerfile', engine, target, there)
    expect(first.code, first.stderr).toBe(0)
    const keys = first.document.stages.map(each => each.key?.slice('sha256:'.length))
    for (const key of keys) await inStorage(engine, ['rmi', '--force', `localhost/sifstage/stage:${key}`])
    rmSync(target)
    const second = await build('Dockerfile', engine, target, [
      '--cache-dir',
      join(out, `here-${engine}`),
      '--cache-from',
      repository,
    ])
    expect(second.code, second.stderr).toBe(0)
    expect(second.document.stages.map(each => each.status)).toEqual(['cached', 'cached'])
    expect(second.stderr).not.toContain('→ build')
    expect(existsSync(target)).toBe(true)
  })
})

describe.each(extent === 'everyday' ? (['docker'] as const) : engines)('a secret with %s', engine => {
  it('is seen by the command that asks for it, and by nobody else', async () => {
    const value = `s3cret-${engine}-${process.pid}`
    work.write({
      'secret.Dockerfile': `FROM ${registry}/busybox AS one
RUN --mount=type=secret,id=token sha256sum </run/secrets/token >/sum && cat /run/secrets/token && ls /run/secrets
FROM ${registry}/busybox
COPY --from=one /sum /sum
`,
    })
    const target = join(out, `secret-${engine}.oci.tar`)
    const store = join(out, `secret-${engine}`)
    const flags = ['--secret', 'id=token,env=TOKEN', '--no-cache', '--cache-dir', store]
    const argv = ['build', 'secret.Dockerfile', '-o', target, '--json', ...engineFlags(engine), ...flags]
    const ran = await sifstage(argv, {cwd: work.path, env: {...containers, TOKEN: value}})
    expect(ran.code, ran.stderr).toBe(0)
    expect(ran.stderr + ran.stdout).not.toContain(value)
    expect(ran.stderr).toContain('***')
    expect((await execa('grep', ['-rlF', value, store, target], {reject: false})).stdout).toBe('')
    const image = await openImage(target, openOptions(join(work.path, 'read')))
    expect((await contentOf(image, '/sum')).toString()).toContain(sha256(value).slice('sha256:'.length))
    await image.close()
  })
})

describe('an engine that prints megabytes', () => {
  it('is heard to its end', {timeout: 60_000}, async () => {
    work.write({'loud.Dockerfile': `FROM ${registry}/busybox\nRUN yes "$(seq 1 400)" | head -c 5000000; echo the end >/end\n`})
    for (const engine of ['docker', 'buildah']) {
      const {code, stderr} = await build('loud.Dockerfile', engine, join(out, 'loud.oci.tar'), ['--cache-dir', join(out, 'loud')])
      expect(code, stderr.slice(-2000)).toBe(0)
    }
  })
})

describe('options', () => {
  it('that an engine has no notion of are refused', async () => {
    const ran = await sifstage(['build', 'Dockerfile', '-o', join(out, 'x.oci.tar'), '--engine', 'docker', '--bind', '/mnt'], {
      cwd: work.path,
    })
    expect(ran.code).toBe(2)
    expect(ran.stderr).toContain('--bind: docker has no such thing')
    const cache = ['--engine', 'apptainer', '--cache-to', `${registry}/sifstage-test/x`]
    const shared = await sifstage(['build', 'Dockerfile', '-o', join(out, 'x.sif'), ...cache], {cwd: work.path})
    expect(shared.code).toBe(2)
    expect(shared.stderr).toContain('--cache-to: apptainer keeps no images of its own')
  })
})

describe.each(extent === 'everyday' ? (['buildah'] as const) : engines)('a build with %s that is cut short', engine => {
  const containersOf = async (): Promise<string> => {
    // Of docker's daemon, which other tests use meanwhile, those of builds are never listed.
    if (engine === 'docker') return ''
    const argv =
      engine === 'podman' ? ['podman', 'ps', '--all', '--external', '--quiet'] : ['buildah', 'containers', '--all', '--quiet']
    return (await asUser(['env', ...Object.entries(containers).map(([name, value]) => `${name}=${value}`), ...argv], '/')).stdout
  }

  it.each(['an interrupt', "the engine's death"])('by %s leaves no container and no image', {timeout: 60_000}, async how => {
    const before = await containersOf()
    const target = join(out, `cut-${engine}.oci.tar`)
    const env = {...containers, ...(user === undefined ? {} : {SIFSTAGE_RUN_AS: user}), NO_COLOR: '1'}
    const argv = ['build', 'slow.Dockerfile', '-o', target, '--no-cache', '--cache-dir', join(out, 'cut'), ...engineFlags(engine)]
    const build = execa(join(root, 'bin/sifstage'), argv, {cwd: work.path, env, reject: false, all: true, stdin: 'ignore'})
    let said = ''
    build.all.on('data', chunk => (said += String(chunk)))
    while (!said.includes('started here')) await sleep(50)
    // What is said first is the command; it runs a moment later.
    await sleep(1500)
    if (how === 'an interrupt') build.kill('SIGINT')
    else await execa('pkill', ['-KILL', '-f', `${engine === 'docker' ? 'docker buildx' : engine} build .* ${work.path}$`])
    const ended = await build
    expect(ended.exitCode, ended.all).toBe(how === 'an interrupt' ? 130 : 5)
    expect(await containersOf()).toBe(before)
    expect(existsSync(target)).toBe(false)
  })
})

describe('--platform', () => {
  it('is handed to engines that can, and refused for those that cannot', {timeout: 60_000}, async () => {
    work.write({'scratch.Dockerfile': 'FROM scratch AS one\nCOPY Dockerfile /one\nFROM scratch\nCOPY --from=one /one /two\n'})
    const target = join(out, 'arm.oci.tar')
    for (const engine of engines) {
      const {code, stderr} = await build('scratch.Dockerfile', engine, target, ['--platform', 'linux/arm64'])
      expect(code, stderr).toBe(0)
      const image = await openImage(target, {...openOptions(join(work.path, 'read')), architecture: 'arm64'})
      expect(image.architecture).toBe('arm64')
      await image.close()
      const base = await build('Dockerfile', engine, target, ['--platform', 'linux/arm64'])
      expect(base.code).toBe(5)
      expect(base.document.diagnostics.map(each => each.message).join()).toContain('it has the image for linux/amd64 alone')
    }
    const refused = await sifstage(['build', 'scratch.Dockerfile', '-o', join(out, 'arm.sif'), '--platform', 'linux/arm64'], {
      cwd: work.path,
    })
    expect(refused.code).toBe(4)
    expect(refused.stderr).toContain('apptainer builds for the machine that it runs on alone')
  })
})

describe('cache prune', () => {
  it('takes the images of an engine away with their records', async () => {
    const store = join(out, 'pruned')
    const {document} = await build('Dockerfile', 'docker', join(out, 'pruned.oci.tar'), ['--cache-dir', store])
    const names = document.stages.map(({key}) => `localhost/sifstage/stage:${key?.slice('sha256:'.length)}`)
    for (const name of names) await execa('docker', ['image', 'inspect', name])
    expect((await sifstage(['cache', 'prune', '--all', '--cache-dir', store], {cwd: work.path})).code).toBe(0)
    for (const name of names) expect((await execa('docker', ['image', 'inspect', name], {reject: false})).exitCode).toBe(1)
  })
})
