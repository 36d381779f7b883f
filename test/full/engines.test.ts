/** `engines` with a real daemon of Docker and real podman and buildah, as root and as the engine's user. */
import {chmodSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {execa} from 'execa'
import {afterAll, beforeAll, expect, it} from 'vitest'
import {asUser, root, sifstage, user, workFolder} from '../support/engine.js'

const work = workFolder()
const script = join(root, 'scripts/containers.sh')
let containers: Record<string, string> = {}

/** Variables that the script prints, for a user. */
async function variables(of: string): Promise<Record<string, string>> {
  const {stdout} = await execa(script, ['env', of])
  return Object.fromEntries([...stdout.matchAll(/(CONTAINERS_\w+)=(\S+)/g)].map(([, name = '', value = '']) => [name, value]))
}

beforeAll(async () => {
  if (process.env['DOCKER_HOST'] === undefined) throw new Error('no Docker: eval "$(scripts/docker.sh start)"')
  await execa(script, ['install'])
  containers = await variables(user ?? 'root')
}, 300_000)
afterAll(() => work.remove())

function images(): Promise<string> {
  const env = Object.entries(containers).map(([name, value]) => `${name}=${value}`)
  return asUser(['env', ...env, 'podman', 'images', '--all', '--quiet'], '/').then(({stdout}) => stdout)
}

it('finds all of them usable, tries a RUN, and leaves nothing behind', async () => {
  const before = await images()
  const {stdout} = await sifstage(['engines', '--json'], {
    cwd: work.path,
    env: {...containers, SIFSTAGE_CACHE_DIR: join(work.path, 'work/store')},
  })
  const {engines} = JSON.parse(stdout)
  const byName = (name: string) => engines.find((each: {readonly name: string}) => each.name === name)
  expect(byName('docker')).toMatchObject({usable: true, facts: {builder: 'default', storage: 'containerd', exports: true}})
  for (const name of ['podman', 'buildah']) {
    const found = byName(name)
    expect(found).toMatchObject({usable: true, facts: {rootless: user !== undefined, storage: 'overlay'}})
    const texts = found.notes.map((note: {readonly text: string}) => note.text).join('\n')
    expect(texts).toMatch(/^tried: a RUN works/m)
  }
  expect(await images()).toBe(before)
}, 120_000)

it('finds that only chroot works where the program that starts containers fails, and says why', async () => {
  const runtime = join(work.path, 'runtime')
  writeFileSync(runtime, '#!/bin/sh\necho "error setting rlimit type 7: operation not permitted" >&2\nexit 1\n')
  chmodSync(runtime, 0o755)
  const conf = join(work.path, 'containers.conf')
  writeFileSync(
    conf,
    readFileSync(containers['CONTAINERS_CONF'] ?? '', 'utf8').replace('runtime = "runc"', `runtime = "${runtime}"`),
  )
  const {stdout} = await sifstage(['engines', '--json'], {
    cwd: work.path,
    env: {...containers, CONTAINERS_CONF: conf, SIFSTAGE_CACHE_DIR: join(work.path, 'work/store')},
  })
  const {engines} = JSON.parse(stdout)
  for (const name of ['podman', 'buildah']) {
    const found = engines.find((each: {readonly name: string}) => each.name === name)
    expect(found).toMatchObject({usable: true, facts: {isolation: 'chroot'}})
    expect(found.notes.at(-1)).toMatchObject({
      ok: true,
      text: expect.stringMatching(/--isolation chroot only.*more open files or processes than this machine allows$/),
      fix: expect.stringContaining('default_ulimits = []'),
    })
  }
}, 120_000)
