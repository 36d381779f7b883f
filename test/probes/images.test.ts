/** What docker, podman and buildah say of themselves, and what that means. `recorded/` is of Docker 28.5, podman 4.3, buildah 1.28. */
import {readFileSync} from 'node:fs'
import {fileURLToPath} from 'node:url'
import {describe, expect, it} from 'vitest'
import {type ContainersMachine, containersFacts, containersNotes, readContainersInfo} from '../../src/probes/containers-info.js'
import {daemonTrouble, dockerFacts, dockerNotes, readDockerInfo} from '../../src/probes/docker-info.js'
import type {Note} from '../../src/probes/probe.js'

function recorded(name: string): string[] {
  return readFileSync(fileURLToPath(new URL(`recorded/${name}.txt`, import.meta.url)), 'utf8')
    .trimEnd()
    .split('\n')
}

/** `✓` works, `!` works and could be better, `✗` does not. */
function shown(notes: readonly Note[]): string[] {
  return notes.map(({ok, text, fix}) => `${ok ? (fix === undefined ? '✓' : '!') : '✗'} ${text}`)
}

describe('docker', () => {
  const info = readDockerInfo(recorded('docker-info'))
  if (info === undefined) throw new Error('the recorded answer cannot be read')

  it('is read from what docker info says', () => {
    expect(info).toEqual({
      serverVersion: '28.5.2+dfsg4',
      buildx: '0.29.1+ds1',
      context: 'default',
      storage: 'containerd',
      rootless: false,
      operatingSystem: 'linux',
    })
    expect(shown(dockerNotes(info))).toEqual([
      '✓ buildx 0.29.1+ds1',
      '✓ the daemon answers: 28.5.2+dfsg4',
      '✓ images in containerd: OCI archives and registry caches work',
    ])
    expect(dockerFacts(info, '/usr/bin/docker', '28.5.2')).toMatchObject({
      builder: 'default',
      exports: true,
      storage: 'containerd',
    })
  })

  it.each([
    [{buildx: undefined}, '✗ buildx is missing: the client cannot build with BuildKit'],
    [{buildx: '0.7.1'}, '✗ buildx 0.7.1 is too old: earlier stages are handed on by --build-context, which 0.8 brought'],
    [{buildx: '0.10.5'}, '✓ buildx 0.10.5'],
    [
      {serverVersion: '20.10.24+dfsg1'},
      '✗ the daemon (20.10.24+dfsg1) is too old: its BuildKit knows neither named contexts nor here-documents, which 23.0 brought',
    ],
    [{rootless: true}, '✓ the daemon answers: 28.5.2+dfsg4, rootless'],
    [
      {storage: 'overlay2'},
      '! images in overlay2: the builder cannot write OCI archives and caches in a registry (inline caches work)',
    ],
    [{storage: 'vfs'}, '! images in vfs, which copies the whole image for each layer: slow and large'],
    [{operatingSystem: 'windows'}, '✗ the daemon builds for windows'],
  ])('%j', (change, note) => {
    expect(shown(dockerNotes({...info, ...change}))).toContain(note)
  })

  it.each([
    [
      'permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: Get "http://%2Fvar%2Frun%2Fdocker.sock/v1.51/info": dial unix /var/run/docker.sock: connect: permission denied',
      {},
      "you may not use the daemon's socket: unix:///var/run/docker.sock",
    ],
    [
      'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?',
      {},
      'no daemon answers at its socket',
    ],
    [
      'Cannot connect to the Docker daemon at tcp://127.0.0.1:1. Is the docker daemon running?',
      {DOCKER_HOST: 'tcp://127.0.0.1:1'},
      'no daemon answers at DOCKER_HOST=tcp://127.0.0.1:1',
    ],
    [
      'Failed to initialize: unable to resolve docker endpoint: context "nosuch": context not found: open /root/.docker/contexts/meta/x/meta.json: no such file or directory',
      {DOCKER_CONTEXT: 'nosuch'},
      'the docker context "nosuch" does not exist',
    ],
    [
      'Error response from daemon: client version 1.51 is too new. Maximum supported API version is 1.41',
      {},
      'client and daemon do not understand each other: client version 1.51 is too new. Maximum supported API version is 1.41',
    ],
    ['something else', {}, 'the daemon behind its socket cannot be asked: something else'],
  ])('%s', (line, environment, text) => {
    const note = daemonTrouble(['{"ServerVersion":""}', line], false, environment)
    expect(note).toMatchObject({ok: false, text})
    expect(note.fix).toMatch(/\S/)
  })

  it('does not wait for a daemon that hangs', () => {
    expect(daemonTrouble([], true, {}).text).toBe('the daemon behind its socket does not answer')
  })

  it('is not read from anything else', () => {
    expect(readDockerInfo(['{', 'garbage'])).toBeUndefined()
    expect(readDockerInfo([])).toBeUndefined()
    expect(readDockerInfo(['{"ClientInfo":{"Plugins":null},"DriverStatus":null}'])).toMatchObject({
      serverVersion: undefined,
      buildx: undefined,
    })
  })
})

describe.each([
  {name: 'podman', version: '4.3.1', old: '4.1.0', new: '4.9.0', newer: '1.33.3'},
  {name: 'buildah', version: '1.28.2', old: '1.26.4', new: '1.33.0', newer: undefined},
] as const)('$name', ({name, version, old, new: recent, newer}) => {
  const info = readContainersInfo(['time="now" level=warning msg="a warning"', ...recorded(`${name}-info`)])
  if (info === undefined) throw new Error('the recorded answer cannot be read')
  const machine: ContainersMachine = {
    mapping: 'subuid',
    user: 'hpc',
    network: undefined,
    hasFuse: true,
    canMount: true,
    ids: [{ok: false, text: 'no subordinate ids', fix: 'usermod'}],
  }
  const notes = (change: Partial<typeof info>, here: Partial<ContainersMachine> = {}, of = version as string) =>
    shown(containersNotes(name, of, {...info, ...change}, {...machine, ...here}))

  it('is read from what it says of itself, warnings left out', () => {
    expect(info).toEqual({
      buildah: name === 'podman' ? '1.28.2' : undefined,
      rootless: true,
      remote: false,
      storage: 'overlay',
      graphRoot: '/home/hpc/.local/share/containers/graph',
      mountProgram: undefined,
      ignoresOwners: false,
      runtime: 'runc',
    })
  })

  it('is too old without --build-context', () => {
    expect(notes({}, {}, old)[0]).toMatch(/^✗ .* is too old: earlier stages are handed on by --build-context/)
  })

  it('is told where it reads no here-documents', () => {
    expect(notes({})[0]).toMatch(/^! .* reads no here-documents/)
    expect(notes({buildah: newer}, {}, recent).join()).not.toMatch(/here-documents/)
    const facts = (of: string, buildah: string | undefined) =>
      containersFacts(name, '/usr/bin/x', of, {...info, buildah}, 'subuid', 'default')
    expect(facts(version, info.buildah).heredocs).toBe(false)
    expect(facts(recent, newer).heredocs).toBe(true)
  })

  it.each([
    [{storage: 'vfs'}, {}, '! storage driver vfs: the whole image is copied for each layer, which is slow and large'],
    [
      {mountProgram: '/usr/bin/fuse-overlayfs'},
      {},
      "✓ storage driver overlay by /usr/bin/fuse-overlayfs, slower than the kernel's own",
    ],
    [
      {mountProgram: '/usr/bin/fuse-overlayfs'},
      {hasFuse: false},
      '✗ /usr/bin/fuse-overlayfs mounts the layers and needs /dev/fuse, which is not here',
    ],
    [
      {},
      {network: 'NFS'},
      '✗ images lie on NFS (/home/hpc/.local/share/containers/graph), where subordinate owners cannot be kept',
    ],
    [
      {rootless: false},
      {network: 'Lustre'},
      '! images lie on Lustre (/home/hpc/.local/share/containers/graph), where builds are slow',
    ],
    [{remote: true}, {}, '✗ podman here only asks a podman elsewhere, which sees none of our folders'],
    [{}, {mapping: 'root-mapped'}, '✗ no subordinate ids'],
    [{ignoresOwners: true}, {mapping: 'root-mapped'}, '✓ hpc has no subordinate ids: all owners in images become the one user'],
    [{rootless: false}, {canMount: false}, '✓ runs as root without the right to mount (a container)'],
  ] as const)('%j %j', (change, here, note) => {
    expect(notes(change, here)).toContain(note)
  })
})
