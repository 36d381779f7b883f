/** The probes themselves, with programs that answer as real ones do that are not on this machine, or not in this state. */
import {chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, expect, it} from 'vitest'
import {selectEngine} from '../../src/library/probe.js'
import type {EngineName} from '../../src/model/engines.js'
import {probes} from '../../src/probes/index.js'
import {ask} from '../../src/probes/programs.js'
import {ownIdentity} from '../../src/system/identity.js'

const folder = mkdtempSync(join(tmpdir(), 'sifstage-test-probes-'))
afterAll(() => rmSync(folder, {recursive: true}))
let count = 0

/** A machine with these programs in front of its own. */
function machine(programs: Readonly<Record<string, string>>, more: NodeJS.ProcessEnv = {}) {
  count += 1
  const bin = join(folder, `bin-${count}`)
  mkdirSync(bin)
  for (const [name, text] of Object.entries(programs)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`)
    chmodSync(join(bin, name), 0o755)
  }
  const environment = {PATH: `${bin}:/usr/bin:/bin`, HOME: folder, ...more}
  return {identity: ownIdentity(), environment, store: join(folder, `store-${count}`), ignoreSubordinate: false}
}

function look(name: EngineName, programs: Readonly<Record<string, string>>, more?: NodeJS.ProcessEnv) {
  return probes[name]({...machine(programs, more), trial: false})
}

const info = readFileSync(new URL('recorded/docker-info.txt', import.meta.url), 'utf8').trim()
const docker = (answer: string) => `case $1 in --version) echo "Docker version 28.5.2, build x";; *) ${answer};; esac`

it('takes a docker that is podman for what it is', async () => {
  const {status, facts} = await look('docker', {docker: 'echo "podman version 4.9.3"'})
  expect(status).toMatchObject({usable: false, version: '4.9.3', notes: [{text: 'this is podman under the name of docker'}]})
  expect(facts).toBeUndefined()
})

it('says that nothing answers for docker', async () => {
  const answer = 'echo "Cannot connect to the Docker daemon at $DOCKER_HOST. Is the docker daemon running?" >&2; exit 1'
  const {status} = await look('docker', {docker: docker(answer)}, {DOCKER_HOST: 'unix:///nowhere.sock'})
  expect(status).toMatchObject({
    usable: false,
    version: '28.5.2',
    notes: [{ok: false, text: 'no daemon answers at DOCKER_HOST=unix:///nowhere.sock'}],
  })
})

it('asks a version once, and the daemon each time', async () => {
  const log = join(folder, 'asked')
  const options = machine({docker: `echo "$1" >>${log}\n${docker(`echo '${info}'`)}`})
  for (let i = 0; i < 2; i += 1) {
    const {facts} = await probes.docker({...options, trial: false})
    expect(facts).toMatchObject({version: '28.5.2', serverVersion: '28.5.2+dfsg4', buildx: '0.29.1+ds1', isolation: 'default'})
  }
  expect(readFileSync(log, 'utf8')).toBe('--version\ninfo\ninfo\n')
})

it('gives up on a program that hangs', async () => {
  const answer = await ask(['/bin/sh', '-c', 'sleep 60'], {PATH: '/usr/bin:/bin'}, ownIdentity(), 100)
  expect(answer).toMatchObject({exitCode: undefined, late: true})
})

it('takes a singularity that is Apptainer for what it is', async () => {
  const {status} = await look('singularity', {singularity: 'echo "apptainer version 1.4.5"'})
  expect(status.usable).toBe(false)
  expect(status.notes).toContainEqual({ok: false, text: 'this is Apptainer under its old name', fix: 'use --engine apptainer'})
})

it.each([
  ['singularity-ce version 3.10.5', /3\.10\.5 is too old: 3\.11 is the oldest/],
  ['singularity-ce version 4.1.3-jammy', /has not been tried by us/],
])('%s', async (line, text) => {
  const {status} = await look('singularity', {singularity: `echo "${line}"`})
  expect(status.notes.map(note => note.text).join('\n')).toMatch(text)
})

it('says why podman cannot even tell about itself', async () => {
  const {status} = await look('podman', {
    podman:
      'case $1 in --version) echo "podman version 5.2.1";; *) echo "Error: cannot clone: Operation not permitted" >&2; exit 125;; esac',
  })
  expect(status).toMatchObject({
    usable: false,
    version: '5.2.1',
    notes: [{ok: false, fix: 'sysctl -w user.max_user_namespaces=15000 kernel.unprivileged_userns_clone=1'}],
  })
  expect(status.notes[0]?.text).toMatch(/info fails: the kernel lets the engine make no user namespace$/)
})

it('chooses docker for an image of its daemon, with what is known of it and why', async () => {
  const options = machine({docker: docker(`echo '${info}'`)})
  const chosen = await selectEngine({wanted: 'auto', format: 'dockerfile', output: 'docker-daemon'}, options)
  expect(chosen).toMatchObject({
    kind: 'image',
    why: "docker: OUT is an image of docker's daemon",
    version: '28.5.2+dfsg4',
    facts: {name: 'docker', builder: 'default', storage: 'containerd'},
  })
})

it('ends with 4 and what to do where the wanted engine does not work', async () => {
  const options = machine({docker: docker('echo "permission denied while trying" >&2; exit 1')})
  const choice = selectEngine({wanted: 'docker', format: 'dockerfile', output: 'docker-daemon'}, options)
  await expect(choice).rejects.toMatchObject({exitCode: 4, message: /^no usable engine: docker: you may not use/})
})
