/**
 * Errors of engines, of the tools around them and of the folders that builds work in. Where a machine would have to be
 * broken, programs that fail stand in for its engines, and folders that are not there for its disks.
 */
import {chmodSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, afterEach, beforeAll, describe, vi} from 'vitest'
import {dockerfileOf} from '../../src/build/image-stage.js'
import {readableFolder} from '../../src/build/readable.js'
import {buildRequest} from '../../src/library/workshop.js'
import {imageTools} from '../../src/runners/image-tools.js'
import {localRunner} from '../../src/runners/local.js'
import {containersStorage} from '../../src/system/containers-storage.js'
import {dockerStorage} from '../../src/system/docker-storage.js'
import {lookUpIdentity, ownIdentity} from '../../src/system/identity.js'
import {lazyScratch} from '../../src/system/lazy-scratch.js'
import {explained, printedBy} from '../../src/system/printed-image.js'
import {containersReceiver, imageReceivers} from '../../src/system/receivers.js'
import {makeScratch} from '../../src/system/scratch.js'
import {makeSigner} from '../../src/system/signing.js'
import {describeText} from '../checks/reading.js'
import {workFolder} from '../support/engine.js'
import {lay, raises, types} from '../support/errors.js'

const work = workFolder()
const at = (name: string) => join(work.path, name)
const {signal} = new AbortController()
const me = ownIdentity()
const system = '/usr/bin:/bin:/usr/sbin:/sbin'
const own = {SIFSTAGE_CACHE_DIR: at('work/store')}
const scratch = {Dockerfile: 'FROM scratch AS a\nCOPY a /a\n', a: 'a'}

/** Engines that say what they are told to fail with. */
function engine(name: string, script: string): NodeJS.ProcessEnv {
  lay(at(`${name}-bin`), {[name]: `#!/bin/sh\n${script}\n`})
  chmodSync(join(at(`${name}-bin`), name), 0o755)
  return {PATH: `${at(`${name}-bin`)}:${system}`, HOME: at('work'), DOCKER_HOST: 'unix:///nowhere'}
}
const deaf = 'echo boom >&2; exit 1'
const forgetful = 'case "$*" in *inspect*) echo boom >&2; exit 1;; *) echo loaded;; esac'

beforeAll(() => {
  lay(at('work/tree'), {a: 'a'})
  lay(at('work'), {junk: 'junk'})
})
afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})
afterAll(() => work.remove())

describe('engines', () => {
  types(work, 'no-usable-engine-for', 'build Dockerfile --engine docker -o x.oci.tar', {
    files: scratch,
    env: {...own, DOCKER_HOST: 'unix:///nowhere.sock'},
  })
  types(work, 'cache-mount-no-stage-of-is-one', 'build Dockerfile --cache-mount /x', {files: scratch, env: own})
  types(work, 'platform-linux-builds-for-the-machine-that', 'build Dockerfile -o x.sif --platform linux/arm64', {
    files: scratch,
    env: own,
  })
  types(work, 'keeps-no-images-of-its-own-that', 'build Dockerfile --engine apptainer --cache-to 127.0.0.1:1/x/y', {
    files: scratch,
    env: own,
  })
  types(work, 'has-no-such-thing-when-it-builds', 'build Dockerfile --engine buildah -o x.oci.tar --nv', {
    files: scratch,
    env: own,
  })
  types(work, 'stage-has-no-image-it-was-not', 'shell Dockerfile --stage a --cache-dir store', {files: scratch})
  types(work, 'stage-has-no-image-in-it-was', 'shell Dockerfile --stage a --engine buildah', {files: scratch, env: own})
  types(work, 'secret-shows-the-commands-of-a-definition', 'build x.def --engine buildah -o x.oci.tar --secret id=a,env=HOME', {
    files: {'x.def': 'Bootstrap: scratch\n%files\n  a /a\n', a: 'a'},
    env: own,
  })
  types(work, 'metadata-file-cannot-be-written', 'build Dockerfile -o x.sif --metadata-file none/x', {files: scratch, env: own})
  raises('run-as-only-root-can-run-the', () => {
    vi.spyOn(process, 'getuid').mockReturnValue(12345)
    return lookUpIdentity('somebody-else')
  })
  raises('a-dockerfile-cannot-say-this-stage', () => {
    const description = describeText('dockerfile', 'FROM debian:12\n')
    const refused = {rule: 'x', severity: 'error', message: 'no words.', hint: 'Other words.', span: description.stages[0]?.span}
    const dockerfiles = () => ({files: undefined, diagnostics: [refused]})
    return dockerfileOf(description.stages[0] as never, description, undefined, {dockerfiles} as never, true)
  })
})

describe('requests', () => {
  const loaded = (text: string) => ({input: 'x', description: describeText('def', text), settings: {}, context: {root: '/'}})
  raises('could-not-be-read', () => buildRequest({input: 'x', description: undefined} as never, {}, {} as never))
  raises('there-is-no-stage', () => buildRequest(loaded('Bootstrap: docker\nFrom: a\n') as never, {target: 'none'}, {} as never))
  raises('stage-cannot-be-built-on-its-own', () => {
    const {description, ...rest} = loaded('Bootstrap: docker\nFrom: a\n')
    const stages = description.stages.map(stage => ({...stage, definition: {...stage.definition, text: 'From: a\n'}}))
    return buildRequest({...rest, description: {...description, stages}} as never, {}, {} as never)
  })
  raises('cannot-be-read-by-whom-the-engine', () => {
    const [stage] = describeText('def', 'Bootstrap: docker\nFrom: a\n%files\n  /etc/shadow /x\n').stages
    const runner = {run: async (_: unknown, onLine: (line: string) => void) => onLine('/etc/shadow')}
    const ports = {identity: {...me, user: 'other', uid: 12345}, runner}
    const request = {context: {root: at('work'), environment: new Map(), kindFollowed: () => 'file', kind: () => 'file'}}
    return readableFolder(stage as never, at('work/readable'), request as never, ports as never, signal)
  })
})

describe('images of engines', () => {
  const storage = (script: string, explain = () => undefined) =>
    dockerStorage({program: 'docker', environment: engine('docker', script) as Record<string, string>, explain})
  raises('docker-does-not-tell-whether-it-has', () => storage(deaf).find('x', signal))
  raises('docker-does-not-say-what-it-has', () => storage(forgetful).load('x', 'y', signal))
  raises('cannot-be-pulled', () => storage(deaf).pull('x', 'y', signal))
  raises('cannot-be-pushed', () => storage('case "$*" in *push*) exit 1;; esac').push('x', 'y', signal))
  raises('the-image-cannot-be-named', () => storage(deaf).tag('x', 'y', signal))
  raises('the-image-cannot-be-saved-as-an', () => storage(deaf).save('x', 'oci', at('work/x.tar'), signal))
  raises('cannot-be-taken-out-of-the-image', () => storage(deaf).takeOut('x', ['/a'], at('work/out.tar'), signal))
  raises('the-archive-cannot-be-loaded', () => storage(deaf).load('x', 'y', signal))
  const containers = (script: string) =>
    containersStorage({
      program: 'podman',
      kind: 'podman',
      identity: me,
      environment: engine('podman', script),
      explain: () => undefined,
      noHttps: false,
    } as never)
  raises('does-not-tell-whether-it-has-the', () => containers(deaf).find('x', signal))
  raises('does-not-say-what-it-has-loaded', () => containers(forgetful).load('x', 'y', signal))
  raises('docker-cannot-be-used', () => imageReceivers(engine('docker', deaf), me)['docker-daemon'].check(signal))
  raises('docker-did-not-take-the-image', () =>
    imageReceivers(engine('docker', deaf), me)['docker-daemon'].load('x', 'y', signal),
  )
  raises('docker-has-no-image-after-it-was', () =>
    imageReceivers(engine('docker', forgetful), me)['docker-daemon'].load('x', 'y', signal),
  )
  raises('the-docker-daemon-cannot-be-reached-2', () =>
    imageReceivers(engine('docker', 'echo Cannot connect to the Docker daemon >&2; exit 1'), me)['docker-daemon'].check(signal),
  )
  raises('the-docker-daemon-cannot-be-reached', () => {
    throw explained(['Cannot connect to the Docker daemon'], 'docker-daemon:x')
  })
  raises('cannot-be-used-by', () => containersReceiver(engine('podman', deaf), me).check(signal))
  raises('did-not-take-the-image', () => containersReceiver(engine('podman', deaf), me).load('x', 'y', signal))
  raises('has-no-image-after-it-was-loaded', () => containersReceiver(engine('podman', forgetful), me).load('x', 'y', signal))
  raises('containers-storage-needs-podman-or-buildah-and', () => containersReceiver({}, me, []).check(signal))
  raises('needs-which-is-not-installed', () =>
    printedBy(['docker', 'image', 'save', 'x'], 'docker-daemon:x', {PATH: '/nowhere'})({} as never, signal),
  )
})

describe('tools', () => {
  const tools = (PATH = system) =>
    imageTools({
      identity: me,
      mapping: 'none',
      environment: {PATH},
      runner: localRunner({environment: {}, identity: me, mapping: 'none'} as never),
    })
  raises('the-image-tree-cannot-be-read', () => tools().inventory('/nowhere', signal))
  raises('the-image-cannot-be-packed', () => tools().pack(at('work/tree'), '/nowhere/x', ['-comp', 'gzip'], signal))
  raises('the-image-cannot-be-unpacked', () =>
    tools().unpack({path: at('work/junk'), offset: 0} as never, at('work/un'), undefined, signal),
  )
  raises('artifacts-cannot-be-taken-out-of-the', () =>
    tools().unpack({path: at('work/junk'), offset: 0} as never, at('work/un2'), ['a'], signal),
  )
  raises('what-was-taken-out-of-the-image', () => tools().extract(at('work/junk'), at('work/ex'), signal))
  raises('what-changed-in-the-image-cannot-be', () =>
    tools().packChanges('/nowhere', {changed: ['a'], removed: [], bytes: 1}, at('work/changes'), signal),
  )
  raises('what-changed-in-the-image-cannot-be-told', () => tools().changes('/nowhere/a', '/nowhere/b', signal))
  raises('mksquashfs-is-not-installed-stage-images-are', () =>
    tools('/nowhere').pack(at('work/tree'), at('work/x'), undefined, signal),
  )
  raises('is-not-installed-stage-images-are-squashfs', () =>
    tools('/nowhere').pack(at('work/tree'), at('work/x'), ['-comp', 'gzip'], signal),
  )
  raises('the-image-cannot-be-changed', async () => {
    // The program inside the namespace is compiled code.
    const {imageTools: built} = await import('../../dist/runners/image-tools.js')
    const {localRunner: runs} = await import('../../dist/runners/local.js')
    const runner = runs({environment: {PATH: system}, identity: me, mapping: 'none'})
    const operations = {root: '/nowhere', steps: [{op: 'remove', paths: ['/x']}]}
    return built({identity: me, mapping: 'none', environment: {PATH: system}, runner}).operate(operations, at('work'), signal)
  })
})

describe('folders', () => {
  raises('no-folder-for-temporary-files', () => makeScratch({SIFSTAGE_TMPDIR: '/proc'}, me, 'none'))
  raises('cannot-be-given-to', () =>
    lazyScratch({
      environment: {},
      identity: {...me, user: 'other', uid: 12345},
      mapping: 'none',
      input: 'x',
      notes: at('work/notes'),
      onSweep: () => {},
    }).give('/nowhere'),
  )
  raises('the-key-cannot-be-written', () => makeSigner(at('work/junk/key')))
  types(work, 'the-store-cannot-be-written', 'build Dockerfile --cache-dir a/store', {files: scratch})
})
