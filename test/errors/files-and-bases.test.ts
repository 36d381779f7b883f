/** Errors about what stages take from elsewhere: files, downloads, repositories, bases. Registries that do not answer are ports nobody listens at. */
import {mkdirSync, writeFileSync} from 'node:fs'
import {createServer} from 'node:http'
import {join} from 'node:path'
import {execa} from 'execa'
import {afterAll, beforeAll, describe} from 'vitest'
import {hostDigest} from '../../src/build/context.js'
import type {Base, CopyStep} from '../../src/model/description.js'
import type {Pins} from '../../src/model/ports.js'
import {showTemplate} from '../../src/model/template.js'
import {archives} from '../../src/system/archives.js'
import {baseResolver} from '../../src/system/bases.js'
import {contextFiles} from '../../src/system/context.js'
import {fetching} from '../../src/system/fetch-image.js'
import {ownIdentity} from '../../src/system/identity.js'
import {remoteSources} from '../../src/system/remote.js'
import {workFolder} from '../support/engine.js'
import {lay, raises, types} from '../support/errors.js'
import {tar} from '../support/images.js'

const work = workFolder()
const at = (name: string) => join(work.path, name)
const {signal} = new AbortController()
const me = ownIdentity()
const span = {file: 'tool.def', start: {line: 3, column: 1}, end: {line: 3, column: 2}}
const server = createServer((_, response) => void response.writeHead(200).end('text'))
let port = 0
/** A registry that has nothing. */
const gone = createServer((request, response) => void response.writeHead(request.url === '/v2/' ? 200 : 404).end('{}'))
let gonePort = 0

beforeAll(async () => {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  port = typeof address === 'object' && address !== null ? address.port : 0
  await new Promise<void>(resolve => gone.listen(0, '127.0.0.1', resolve))
  const other = gone.address()
  gonePort = typeof other === 'object' && other !== null ? other.port : 0
  lay(at('context'), {'out@': '', 'a.txt': 'a', leaves: '->/etc/passwd'})
  mkdirSync(at('repository'))
  const git = (...args: readonly string[]) =>
    execa('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], {cwd: at('repository')})
  await git('init', '-q', '-b', 'main')
  writeFileSync(join(at('repository'), 'x'), 'x')
  await git('add', 'x')
  await git('commit', '-q', '-m', 'x')
})
afterAll(async () => {
  server.close()
  gone.close()
  await work.remove()
})

const remote = (environment: NodeJS.ProcessEnv = process.env, offline = false) =>
  remoteSources(at('work/store'), me, environment, offline)
const repository = (more: object = {}) => ({kind: 'git' as const, repository: at('repository'), ref: undefined, ...more}) as never

describe('downloads and repositories', () => {
  raises('cannot-be-fetched', () => remote().download('http://127.0.0.1:1/x', undefined, signal))
  raises('cannot-be-fetched-it-is-not-in', () => remote(process.env, true).download('http://127.0.0.1:1/y', undefined, signal))
  raises('its-checksum-is-not', () => remote().download(`http://127.0.0.1:${port}/x`, `sha256:${'0'.repeat(64)}`, signal))
  raises('git-is-not-installed-and-of-a', () => remote({PATH: '/nowhere'}).commitOf(repository(), signal))
  raises('is-not-asked-offline-was-given', () => remote(process.env, true).commitOf(repository(), signal))
  raises('repository-has-no-head', () => remote().commitOf(repository({ref: 'nope'}), signal))
  raises('is-commit-not', () => remote().commitOf(repository({ref: 'main', checksum: '0'.repeat(40)}), signal))
  raises('has-no-folder-at', async () => {
    const source = repository({ref: 'main', folder: 'none'})
    const commit = await remote().commitOf(source, signal)
    return remote().checkOut(source, commit, at('work/checkout'), signal)
  })
  raises('what-reason', () => remote().commitOf(repository({repository: at('nowhere')}), signal))
  raises('the-archive-cannot-be-unpacked', async () => {
    const whole = await tar([{name: 'x', text: 'x'.repeat(5000)}])
    lay(at('work'), {'cut.tar': whole.subarray(0, 2000)})
    return archives.takeApart(at('work/cut.tar'), at('work/unpacked'), signal)
  })
})

const copy = (path: string, rules: 'def' | 'docker'): CopyStep => ({
  kind: 'copy',
  rules,
  span,
  from: {kind: 'context', span},
  sources: [{path: [path], span}],
  destination: {path: ['/x'], span},
})
const digest = (path: string, rules: 'def' | 'docker') => {
  const place = {context: contextFiles(at('context')), ignore: undefined}
  return hostDigest(copy(path, rules), place as never, template => showTemplate(template), new Set() as never)
}

describe('files of the build context', () => {
  raises('in-the-build-context', () => digest('none.txt', 'docker'))
  raises('leads-out-of-the-build-context', () => digest('leaves', 'docker'))
  raises('a-file-that-a-stage-copies-cannot', () => digest('/proc/self/mem', 'def'))
  raises('file-line-text-reason', () => digest('$(ls)', 'def'))
})

const options = (more: object = {}) => ({
  folder: at('work/store'),
  identity: me,
  architecture: 'amd64',
  offline: false,
  noHttps: true,
  environment: {HOME: at('work')},
  pins: undefined,
  signal,
  ...more,
})
const image = (name: string, transport = 'docker'): Base => ({kind: 'image', reference: {transport, name} as never, span})
const local = (path: string, agent = 'localimage'): Base => ({kind: 'local', reference: {agent, path} as never, span})
const mirror: Base = {kind: 'mirror', agent: 'debootstrap', header: 'x', span} as never
const pins = (strict: boolean, pin: string | undefined): Pins => ({
  file: 'x.lock',
  strict,
  image: () => pin,
  local: () => pin,
  mirror: () => undefined,
})
const resolve = (base: Base, more: object = {}) => baseResolver(options(more) as never).resolve(base, work.path, signal)
const pin = `sha256:${'1'.repeat(64)}`

describe('bases', () => {
  raises('the-base', () => resolve(local('./none.sif')))
  raises('is-no-layout', () => {
    lay(at('layout'), {x: ''})
    return resolve(local('./layout', 'oci'))
  })
  raises('the-base-is-not-the-one-that', () => resolve(local('./context'), {pins: pins(true, pin)}))
  raises('does-not-lock-the-base-that-makes', () => resolve(mirror, {pins: pins(true, undefined)}))
  raises('the-base-cannot-be-resolved', () => resolve(image('127.0.0.1:1/x')))
  raises('the-base-is-not-known-here-and', () => resolve(image('127.0.0.1:1/x'), {offline: true}))
  raises('the-base-is-locked-at-and-the', () => resolve(image(`127.0.0.1:${gonePort}/x`), {pins: pins(false, pin)}))
  raises('the-base-is-locked-at-which-is', () => resolve(image('127.0.0.1:1/x'), {pins: pins(false, pin)}))
  raises('the-base-comes-from-the-network-and', () =>
    baseResolver(options({offline: true}) as never).supply(
      image('lab/x', 'library'),
      {digest: undefined, notes: []} as never,
      at('work'),
      signal,
    ),
  )
  raises('the-base-that-makes-comes-from-the', () =>
    baseResolver(options({offline: true}) as never).supply(mirror, {digest: undefined, notes: []} as never, at('work'), signal),
  )
  raises('is-not-in-the-store-and-offline', () => fetching('127.0.0.1:1/x:1', options({offline: true}) as never).line())
  types(work, 'the-image-cannot-be-fetched', 'report docker://127.0.0.1:1/x --cache-dir store --no-https', {})
  types(work, 'cannot-be-locked', 'lock Dockerfile --cache-dir store', {files: {Dockerfile: 'FROM 127.0.0.1:1/x\n'}})
  types(work, 'the-lock-file-cannot-be-read', 'plan tool.def --lock-file tool.def/x', {
    files: {'tool.def': 'Bootstrap: docker\nFrom: debian:12\n'},
  })
})
