/** OUT beside a SIF: archives, Docker's daemon, the storage of podman and buildah; with the real engines, and back into Apptainer. */
import {spawn, spawnSync} from 'node:child_process'
import {chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {Ajv2020} from 'ajv/dist/2020.js'
import {execa} from 'execa'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {openImage} from '../../src/library/open-image.js'
import {lookUpIdentity, ownIdentity} from '../../src/system/identity.js'
import {containersReceiver} from '../../src/system/receivers.js'
import {asUser, listImage, registry, root, sifstage, user, workFolder} from '../support/engine.js'
import {reaches} from '../support/errors.js'
import {describeImage, openOptions, sha256} from '../support/images.js'

const work = workFolder()
const out = join(work.path, 'work')
// Trees of Apptainer are what goes into these kinds of OUT here; auto would take the engine whose own they are.
const env = {SIFSTAGE_CACHE_DIR: join(out, 'store'), SIFSTAGE_ENGINE: 'apptainer'}
const signal = new AbortController().signal
const validate = new Ajv2020({strict: false}).compile(
  JSON.parse(readFileSync(join(root, 'test/contract/build.schema.json'), 'utf8')),
)
const tag = `sifstage-test/out${process.pid}`

interface Built {
  readonly status: string
  readonly output?: {readonly path: string; readonly digest: string; readonly bytes: number}
  readonly stages: readonly {readonly status: string}[]
}

async function build(input: string, output: string, more: Readonly<Record<string, string>> = {}): Promise<Built> {
  const ran = await sifstage(['build', input, '-o', output, '--json'], {cwd: work.path, env: {...env, ...more}})
  expect(ran.code, ran.stderr).toBe(0)
  const document: Built = JSON.parse(ran.stdout)
  expect(validate(document), JSON.stringify(validate.errors)).toBe(true)
  return document
}

const dockerfile = `FROM ${registry}/busybox AS make
RUN mkdir /made && echo made > /made/file && ln /made/file /made/second
FROM ${registry}/busybox
COPY --from=make /made /opt/made
RUN chmod 4755 /opt/made/file && chown 33:44 /opt/made && ln -s ../made /opt/link && mkfifo /opt/fifo && : > "/opt/a b"
ENV NAME="a value" OTHER=$PATH
WORKDIR /opt/made
USER 33:44
EXPOSE 8080
LABEL kind=test
ENTRYPOINT ["cat"]
CMD ["file"]
`
const definition = (environment: string) => `Bootstrap: docker
From: ${registry}/busybox

%post
    mkdir -p /opt/x && echo 'echo tool "$@"' > /opt/x/tool && chmod 755 /opt/x/tool
    sed -i '1i #!/bin/sh' /opt/x/tool

%environment
    export LAB=${environment}
    export PATH=/opt/x:$PATH

%runscript
    echo "lab $LAB"
    exec tool "$@"

%startscript
    exec sleep 1

%labels
    kind test
`

const run = async (...argv: readonly string[]) =>
  (await execa('docker', ['run', '--rm', '--network', 'none', ...argv], {stdin: 'ignore'})).stdout
const configOf = async (name: string): Promise<Record<string, unknown>> =>
  JSON.parse((await execa('docker', ['image', 'inspect', '--format', '{{json .Config}}', name])).stdout)

/** The entries of an image, without what Apptainer puts into its own. */
async function entriesOf(name: string, more: Parameters<typeof openOptions>[1] = {}): Promise<readonly string[]> {
  const image = await openImage(name, openOptions(join(work.path, 'store'), more))
  try {
    return (await describeImage(image)).filter(
      line =>
        !/^\["\/(\.singularity\.d[/"]|\.(exec|run|shell|test)"|environment"|singularity")/.test(line) &&
        !line.startsWith('["/",'),
    )
  } finally {
    await image.close()
  }
}

/** What Apptainer makes of an archive, as a SIF. */
async function intoApptainer(archive: string, sif: string): Promise<void> {
  const ran = await asUser(['apptainer', 'build', '--disable-cache', '--force', sif, archive], out)
  expect(ran.code, ran.stderr).toBe(0)
}

beforeAll(async () => {
  work.write({
    Dockerfile: dockerfile,
    'plain.def': definition('3'),
    'worked-out.def': definition('"$(echo 3)"'),
    'empty/Dockerfile': 'FROM scratch\nENV A=b\n',
    'whiteout/Dockerfile': `FROM ${registry}/busybox\nRUN touch /tmp/.wh.x\n`,
  })
  await build('Dockerfile', join(out, 'image.sif'))
}, 120_000)
afterAll(async () => {
  const {stdout} = await execa('docker', ['image', 'ls', '-q', '--filter', `reference=${tag}*`], {reject: false})
  const ids = [...new Set(stdout.split('\n').filter(each => each !== ''))]
  if (ids.length > 0) await execa('docker', ['image', 'rm', '-f', ...ids], {reject: false})
  await work.remove()
})

describe('an archive', () => {
  it.each(['oci', 'docker'])('of the %s form has the files of the SIF, and runs', {timeout: 60_000}, async form => {
    const file = join(out, `Some Image.${form}.tar`)
    const {output, stages} = await build('Dockerfile', file)
    expect(stages.map(each => each.status)).toEqual(['cached', 'cached'])
    const bytes = readFileSync(file)
    expect(output).toEqual({path: file, digest: sha256(bytes), bytes: bytes.length})
    const entries = await entriesOf(file)
    expect(entries).toEqual(await entriesOf(join(out, 'image.sif')))
    expect(entries).toContain(`["/opt/made/file","file","4755",0,0,5,"","${sha256('made\n').slice(7)}"]`)
    expect(entries).toContain('["/opt/made","directory","755",33,44,0,"",""]')

    // Again, over the one that is there: the same bytes.
    await build('Dockerfile', file)
    expect(readFileSync(file).equals(bytes)).toBe(true)

    const loaded = await execa('docker', ['load', '--quiet', '-i', file])
    expect(loaded.stdout).toContain('localhost/some-image:latest')
    try {
      expect(await run('localhost/some-image')).toBe('made')
    } finally {
      await execa('docker', ['image', 'rm', '-f', 'localhost/some-image'])
    }
    await intoApptainer(`${form}-archive:${file}`, join(out, 'back.sif'))
    const [back, first] = [await listImage(join(out, 'back.sif')), await listImage(join(out, 'image.sif'))]
    // Apptainer loses the owners of what it unpacks (D55).
    const others = (tree: Map<string, string>) =>
      [...tree]
        .filter(([path]) => !path.startsWith('/.singularity.d'))
        .map(([path, entry]) => [path, entry.replace(/"uid":\d+,"gid":\d+,/, '')])
    expect(others(back)).toEqual(others(first))
    const ran = await asUser(['apptainer', 'run', '--pwd', '/opt/made', join(out, 'back.sif')], '/')
    expect(ran.stdout).toBe('made\n')
  })

  it('may be of an empty image', async () => {
    const file = join(out, 'empty.docker.tar')
    await build('empty/Dockerfile', file)
    await execa('docker', ['load', '--quiet', '-i', file])
    expect(await configOf('localhost/empty')).toMatchObject({Env: [expect.stringContaining('PATH='), 'A=b']})
    await execa('docker', ['image', 'rm', '-f', 'localhost/empty'])
  })

  it('cannot hold a name that means something else there', async () => {
    const ran = await sifstage(['build', 'whiteout/Dockerfile', '-o', join(out, 'w.oci.tar')], {cwd: work.path, env})
    expect(ran.code, ran.stderr).toBe(3)
    expect(ran.stderr).toContain('/tmp/.wh.x cannot be in an image of layers')
    reaches('cannot-be-in-an-image-of-layers', {code: ran.code, text: ran.stderr})
    expect(existsSync(join(out, 'w.oci.tar'))).toBe(false)
  })

  it('takes the place of an image archive without asking, of any other file only with --force', async () => {
    const file = join(out, 'other.oci.tar')
    writeFileSync(file, 'mine')
    const refused = await sifstage(['build', 'Dockerfile', '-o', file], {cwd: work.path, env})
    expect(refused.code).toBe(2)
    expect(readFileSync(file, 'utf8')).toBe('mine')
    const forced = await sifstage(['build', 'Dockerfile', '-o', file, '--force'], {cwd: work.path, env})
    expect(forced.code, forced.stderr).toBe(0)
    await execa('tar', ['-cf', file, '-C', work.path, 'Dockerfile'])
    expect((await sifstage(['build', 'Dockerfile', '-o', file], {cwd: work.path, env})).code).toBe(2)
  })

  it('is not written where the disk is full', async () => {
    if (process.getuid?.() !== 0) expect.fail('the tests of mounts are made for root')
    const place = join(work.path, 'small')
    mkdirSync(place)
    const ran = await execa(
      'unshare',
      [
        ...[
          '--mount',
          'sh',
          '-c',
          'mount -t tmpfs -o size=1m tmpfs "$1" && shift && "$@"; s=$?; ls -A "$0"; exit $s',
          place,
          place,
        ],
        ...[join(root, 'bin/sifstage'), 'build', 'Dockerfile', '-o', join(place, 'x.docker.tar')],
      ],
      {cwd: work.path, env: {...env, ...(user === undefined ? {} : {SIFSTAGE_RUN_AS: user}), NO_COLOR: '1'}, reject: false},
    )
    expect(ran.exitCode, ran.stderr).toBe(5)
    expect(ran.stderr).toMatch(/x\.docker\.tar cannot be written: the disk is full/)
    expect(ran.stdout).toBe('')
  })

  it('is the old one after an interrupt', {timeout: 60_000}, async () => {
    const file = join(out, 'stopped.oci.tar')
    await build('Dockerfile', file)
    const before = readFileSync(file)
    work.write({'large/Dockerfile': `FROM ${registry}/busybox\nRUN dd if=/dev/urandom of=/large bs=1M count=60\n`})
    const scratch = join(work.path, 'scratch')
    mkdirSync(scratch)
    chmodSync(scratch, 0o777)
    const child = spawn(join(root, 'bin/sifstage'), ['build', 'large/Dockerfile', '-o', file], {
      cwd: work.path,
      env: {...process.env, ...env, ...(user === undefined ? {} : {SIFSTAGE_RUN_AS: user}), SIFSTAGE_TMPDIR: scratch},
      stdio: 'ignore',
    })
    const ended = new Promise<number | null>(done => child.once('exit', code => done(code)))
    const hasLayer = () => spawnSync('find', [scratch, '-name', 'layer.oci'], {encoding: 'utf8'}).stdout !== ''
    for (let i = 0; i < 2000 && !hasLayer(); i += 1) await sleep(20)
    expect(hasLayer()).toBe(true)
    child.kill('SIGINT')
    expect(await ended).toBe(130)
    expect(readFileSync(file).equals(before)).toBe(true)
    expect(readdirSync(out).filter(name => name.endsWith('.partial'))).toEqual([])
    expect(readdirSync(scratch)).toEqual([])
  })
})

describe('an image of a definition file', () => {
  it('has its environment, labels and run script, and says what is lost', {timeout: 60_000}, async () => {
    const name = `docker-daemon:${tag}-plain`
    const ran = await sifstage(['build', 'plain.def', '-o', name], {cwd: work.path, env})
    expect(ran.code, ran.stderr).toBe(0)
    expect(ran.stderr).toContain("an image of docker's kind has no %startscript")
    const {Env, Labels, Entrypoint} = await configOf(`${tag}-plain`)
    expect(Env).toEqual(['PATH=/opt/x:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'LAB=3'])
    expect(Labels).toEqual({kind: 'test'})
    expect(Entrypoint).toEqual(['/.singularity.d/docker/runscript'])
    expect(await run(`${tag}-plain`, 'one', '$HOME *')).toBe('lab 3\ntool one $HOME *')
    expect(await run('--entrypoint', 'tool', `${tag}-plain`, 'two')).toBe('tool two')
  })

  it('works its environment out when it starts, where only a shell can', {timeout: 60_000}, async () => {
    const file = join(out, 'worked-out.docker.tar')
    const ran = await sifstage(['build', 'worked-out.def', '-o', file], {cwd: work.path, env})
    expect(ran.code, ran.stderr).toBe(0)
    expect(ran.stderr).toContain('its environment is worked out when it starts')
    await execa('docker', ['load', '--quiet', '-i', file])
    expect(await run('localhost/worked-out', 'one')).toBe('lab 3\ntool one')
    await execa('docker', ['image', 'rm', '-f', 'localhost/worked-out'])
    // Apptainer writes scripts of its own over those that came along.
    await intoApptainer(`docker-archive:${file}`, join(out, 'worked-out.sif'))
    expect((await asUser(['apptainer', 'run', join(out, 'worked-out.sif'), 'one'], '/')).stdout).toBe('lab 3\ntool one\n')
  })
})

describe("Docker's daemon", () => {
  it('has the image under its name, which an earlier one loses', {timeout: 60_000}, async () => {
    const out = `docker-daemon:${tag}`
    const {output} = await build('Dockerfile', out)
    const id = (await execa('docker', ['image', 'inspect', '--format', '{{.Id}}', tag])).stdout
    expect(output).toEqual({path: out, digest: id, bytes: expect.any(Number)})
    expect(await run(tag)).toBe('made')
    expect(await run('--entrypoint', 'sh', tag, '-c', 'id -u; echo $NAME; pwd')).toBe('33\na value\n/opt/made')
    expect(await entriesOf(`docker-daemon:${tag}`)).toEqual(await entriesOf(join(work.path, 'work/image.sif')))
    // Unchanged: the very same image.
    expect((await build('Dockerfile', out)).output?.digest).toBe(id)
    work.write({'next/Dockerfile': `${dockerfile}ENV NEXT=1\n`})
    await build('next/Dockerfile', out)
    expect((await configOf(tag))['Env']).toContain('NEXT=1')
    expect((await execa('docker', ['image', 'inspect', '--format', '{{.RepoTags}}', id], {reject: false})).stdout).not.toContain(
      tag,
    )
  })

  it('that is not there ends the build before it begins', async () => {
    const args = ['build', 'plain.def', '--no-cache', '-o', 'docker-daemon:x']
    const ran = await sifstage(args, {cwd: work.path, env: {...env, DOCKER_HOST: 'unix:///nowhere/docker.sock'}})
    expect([ran.code, ran.stderr]).toEqual([4, expect.stringContaining('the Docker daemon cannot be reached')])
    expect(ran.stderr).toContain('DOCKER_HOST')
    expect(ran.stderr).not.toContain('[stage-0]')
  })

  it('whose socket is closed to us says so', async () => {
    if (user === undefined) expect.fail('this test needs a user who may not use the socket')
    const socket = process.env['DOCKER_HOST'] ?? ''
    const argv = ['env', `DOCKER_HOST=${socket}`, `PATH=${process.env['PATH']}`, `SIFSTAGE_CACHE_DIR=${out}/own-store`]
    const ran = await asUser([...argv, join(root, 'bin/sifstage'), 'build', 'plain.def', '-o', 'docker-daemon:x'], work.path)
    expect([ran.code, ran.stderr]).toEqual([4, expect.stringContaining('join the group docker')])
  })

  it.each([
    'docker-daemon:',
    'docker-daemon:Upper',
    'docker-daemon:a@sha256:x',
    'docker-daemon:-x',
    'containers-storage:a b',
    'x.tar',
  ])('%s is no OUT', async name => {
    const ran = await sifstage(['build', 'plain.def', '-o', name], {cwd: work.path, env})
    expect(ran.code, ran.stderr).toBe(2)
    expect(ran.stderr).not.toContain('[stage-0]')
  })
})

/** The variables of a storage that is ours alone. */
async function storageOf(who: string): Promise<Record<string, string>> {
  const {stdout} = await execa(join(root, 'scripts/containers.sh'), ['env', who])
  return Object.fromEntries([...stdout.matchAll(/(\w+)=(\S+)/g)].map(([, name = '', value = '']) => [name, value]))
}

/** Where nobody reaps its helper, as in many containers, `podman run` waits for it 20 seconds. */
const runsPodman = process.env['SIFSTAGE_TEST_FULL'] === '1'

describe('the storage of podman and buildah', () => {
  const engineUser = user ?? ownIdentity().user
  const name = `localhost/${tag}:1.0`

  it("of the engine's user has the image", {timeout: 90_000}, async () => {
    const storage = await storageOf(engineUser)
    const {output} = await build('Dockerfile', `containers-storage:${tag}:1.0`, storage)
    const as = ['env', ...Object.entries(storage).map(pair => pair.join('=')), `XDG_CACHE_HOME=${out}/cache`]
    const asked = await asUser([...as, 'podman', 'image', 'inspect', name], '/')
    const [{Id = '', Config = {}} = {}]: {Id?: string; Config?: object}[] = JSON.parse(asked.stdout)
    expect(output).toEqual({path: `containers-storage:${tag}:1.0`, digest: `sha256:${Id}`, bytes: expect.any(Number)})
    expect(Config).toMatchObject({Entrypoint: ['cat'], Cmd: ['file'], User: '33:44', WorkingDir: '/opt/made'})
    try {
      const identity = user === undefined ? ownIdentity() : lookUpIdentity(user)
      const more = {identity, environment: {...process.env, ...storage}}
      expect(await entriesOf(`containers-storage:${name}`, more)).toEqual(await entriesOf(join(out, 'image.sif')))
      if (!runsPodman) return
      const ran = await asUser([...as, 'podman', 'run', '--rm', '--network', 'none', name], '/')
      expect(ran.stdout, ran.stderr).toBe('made\n')
    } finally {
      await asUser([...as, 'podman', 'image', 'rm', '-f', name], '/')
    }
  })

  it.each(['podman', 'buildah'] as const)('%s takes it in for us', {timeout: 60_000}, async program => {
    const identity = ownIdentity()
    const storage = {...process.env, ...(await storageOf(identity.user))}
    const file = join(out, 'received.docker.tar')
    await build('Dockerfile', file)
    const received = 'localhost/received:latest'
    const receiver = containersReceiver(storage, identity, [program])
    await receiver.check(signal)
    const id = await receiver.load(file, received, signal)
    const podman = (...argv: readonly string[]) => execa('podman', [...argv], {env: storage, stdin: 'ignore'})
    expect((await podman('image', 'inspect', '--format', 'sha256:{{.Id}}', received)).stdout).toBe(id)
    if (runsPodman) expect((await podman('run', '--rm', '--network', 'none', received)).stdout).toBe('made')
    await podman('image', 'rm', '-f', received)
  })

  it('that cannot be used ends the build before it begins', async () => {
    const storage = {CONTAINERS_STORAGE_CONF: join(work.path, 'none.conf'), CONTAINERS_CONF: join(work.path, 'none.conf')}
    const args = ['build', 'plain.def', '--no-cache', '-o', 'containers-storage:x']
    const ran = await sifstage(args, {cwd: work.path, env: {...env, ...storage}})
    expect([ran.code, ran.stderr]).toEqual([4, expect.stringMatching(/podman cannot be used by .*none\.conf/)])
    expect(ran.stderr).not.toContain('[stage-0]')
  })
})
