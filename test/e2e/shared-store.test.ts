/** One store for many: what a machine built and sent is taken by the next one, with the real engine and registry. */
import {createHash} from 'node:crypto'
import {chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs'
import {createServer, type RequestListener} from 'node:http'
import type {AddressInfo} from 'node:net'
import {join} from 'node:path'
import {execa} from 'execa'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {asUser, type Ran, registry, sifstage, workFolder} from '../support/engine.js'

const work = workFolder()
const out = join(work.path, 'work')
const bin = join(work.path, 'bin')
const starts = join(work.path, 'engine-starts')
const repository = `shared/run-${process.pid}-${Date.now()}`
const shared = `oras://${registry}/${repository}`
let publicLine: string

interface Document {
  readonly stages: readonly {readonly name: string; readonly status: string; readonly key?: string}[]
}

interface Built extends Ran {
  readonly statuses: Readonly<Record<string, string>>
  readonly keys: Readonly<Record<string, string>>
  /** Stages that the engine was started to build. */
  readonly builds: number
  readonly warnings: readonly string[]
}

/** A machine: a store of its own, and a home without logins. With a key of its own it can sign. */
async function machine(name: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Built> {
  writeFileSync(starts, '')
  chmodSync(starts, 0o666)
  const ran = await sifstage(['build', 'x.def', '--json', '-o', join(out, `${name}.sif`), ...args], {
    cwd: work.path,
    env: {
      PATH: `${bin}:${process.env['PATH'] ?? ''}`,
      SIFSTAGE_CACHE_DIR: join(out, name),
      XDG_CONFIG_HOME: join(work.path, 'config', name),
      ...env,
    },
  })
  const document: Document = JSON.parse(ran.stdout)
  return {
    ...ran,
    statuses: Object.fromEntries(document.stages.map(each => [each.name, each.status])),
    keys: Object.fromEntries(document.stages.map(each => [each.name, each.key ?? ''])),
    builds: readFileSync(starts, 'utf8')
      .split('\n')
      .filter(line => /^build /.test(line)).length,
    warnings: ran.stderr.split('\n').filter(line => line.includes('warning:')),
  }
}

/** Two stages beside each other, and one that takes from both; their texts may change. */
function definition({tool = 'echo tool > /tool', data = 'echo data > /data'} = {}): void {
  const stage = (name: string, text: string) => `Bootstrap: docker\nFrom: ${registry}/busybox\nStage: ${name}\n\n${text}\n`
  work.write({
    'x.def': [
      stage('tool', `%post\n  ${tool}`),
      stage('data', `%post\n  ${data}`),
      stage(
        'final',
        '%files from tool\n  /tool /got/tool\n%files from data\n  /data /got/data\n%runscript\n  cat /got/tool /got/data',
      ),
    ].join('\n'),
  })
}

const run = async (name: string) => (await asUser(['apptainer', 'run', join(out, `${name}.sif`)], '/')).stdout

/** A registry that is none. */
async function badRegistry<T>(answer: RequestListener, use: (place: string) => Promise<T>): Promise<T> {
  const server = createServer(answer)
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  try {
    return await use(`oras://127.0.0.1:${(server.address() as AddressInfo).port}/team/stages`)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

beforeAll(async () => {
  const engine = (await asUser(['sh', '-c', 'command -v apptainer'], '/')).stdout.trim()
  mkdirSync(bin)
  writeFileSync(join(bin, 'apptainer'), `#!/bin/sh\necho "$*" >> "${starts}"\nexec "${engine}" "$@"\n`)
  chmodSync(join(bin, 'apptainer'), 0o755)
  definition()
  const env = {XDG_CONFIG_HOME: join(work.path, 'config', 'a')}
  const made = await sifstage(['cache', 'key'], {cwd: work.path, env})
  publicLine = made.stdout.trim()
  const first = await machine('a', ['--store-to', shared])
  expect(first.code, first.stderr).toBe(0)
  expect(first.statuses).toEqual({tool: 'built', data: 'built', final: 'built'})
  // The wrapper really counts.
  expect(first.builds).toBe(3)
  expect(first.warnings).toEqual([])
}, 120_000)
afterAll(() => work.remove())

describe('a second machine', {timeout: 60_000}, () => {
  it('takes all from the registry: the engine builds nothing, and images come only where one is needed', async () => {
    const second = await machine('b', ['--store-from', shared, '--store-trust', publicLine])
    expect(second.code, second.stderr).toBe(0)
    expect(second.statuses).toEqual({tool: 'cached', data: 'cached', final: 'cached'})
    expect(second.builds).toBe(0)
    expect(second.warnings).toEqual([])
    expect(second.stderr).toContain(`[tool] found in ${shared}`)
    expect(second.stderr).toMatch(/\[final\] fetching its image \(\d+\.\d MB\)/)
    expect(await run('b')).toBe('tool\ndata\n')
    const images = Object.entries(second.keys).filter(([, key]) => existsSync(join(out, 'b/stages', key.slice(7), 'image.sqfs')))
    expect(images.map(([name]) => name)).toEqual(['final'])
    // And from then on it needs no registry.
    const again = await machine('b', [])
    expect(again.statuses).toEqual({tool: 'cached', data: 'cached', final: 'cached'})
    expect(again.builds).toBe(0)
  })

  it('builds what changed and what depends on it, and nothing else', async () => {
    definition({data: 'echo other data > /data'})
    const ran = await machine('c', ['--store-from', shared, '--store-trust', publicLine])
    expect(ran.code, ran.stderr).toBe(0)
    expect(ran.statuses).toEqual({tool: 'cached', data: 'built', final: 'built'})
    expect(ran.builds).toBe(2)
    expect(await run('c')).toBe('tool\nother data\n')
    // What is taken from the tool came packed by itself: its image was not wanted.
    expect(existsSync(join(out, 'c/stages', (ran.keys['tool'] ?? '').slice(7), 'image.sqfs'))).toBe(false)
  })

  it('takes the last stage, too, where a changed one makes the same', async () => {
    definition({tool: 'echo tool > /tool\n  # a comment'})
    const ran = await machine('d', [], {SIFSTAGE_STORE_FROM: shared, SIFSTAGE_STORE_TRUST: publicLine})
    expect(ran.statuses).toEqual({tool: 'built', data: 'cached', final: 'cached'})
    expect(ran.builds).toBe(1)
    definition()
  })

  it('plans with it, and says so to a colleague who trusts nobody', async () => {
    work.write({'sifstage.config.yaml': `store-from: ${shared}\nstore-trust: ["${publicLine}"]\n`})
    const options = {cwd: work.path, env: {SIFSTAGE_CACHE_DIR: join(out, 'e'), XDG_CONFIG_HOME: join(work.path, 'config/e')}}
    const planned = await sifstage(['plan', 'x.def', '--json'], options)
    const plan: {stages: {cached: boolean}[]} = JSON.parse(planned.stdout)
    expect(plan.stages.map(each => each.cached)).toEqual([true, true, true])
    work.write({'sifstage.config.yaml': '{}\n'})
    const wrong = await sifstage(['plan', 'x.def', '--store-from', shared, '--store-trust', 'ed25519:no'], options)
    expect(wrong.code).toBe(2)
    expect(wrong.stderr).toContain('cache key')
  })

  it('believes no stranger: it builds itself, with one warning', async () => {
    const ran = await machine('f', ['--store-from', shared, '--store-trust', `ed25519:${'A'.repeat(43)}`])
    expect(ran.code, ran.stderr).toBe(0)
    expect(ran.builds).toBe(3)
    expect(ran.warnings).toEqual([expect.stringMatching(/is not taken: it is signed by ed25519:\S+, who is not trusted/)])
  })
})

describe('in the registry', () => {
  it('there are artifacts that others can read', async () => {
    const key = (await machine('b', [])).keys['tool'] ?? ''
    const tag = `stage-${key.slice(7)}`
    const place = `docker://${registry}/${repository}:${tag}`
    const {stdout} = await execa('skopeo', ['inspect', '--raw', '--tls-verify=false', place])
    const manifest: {
      artifactType: string
      config: {mediaType: string}
      layers: {mediaType: string; digest: string; size: number; annotations: Record<string, string>}[]
    } = JSON.parse(stdout)
    expect(manifest.artifactType).toBe('application/vnd.sifstage.stage.v2')
    expect(manifest.config.mediaType).toBe('application/vnd.oci.empty.v1+json')
    const titles = manifest.layers.map(each => each.annotations['org.opencontainers.image.title'])
    expect(titles).toEqual(expect.arrayContaining(['record.json', 'listing.jsonl', 'image.sqfs', 'programs.json']))
    const answer = await fetch(`http://${registry}/v2/${repository}/manifests/${tag}`, {
      headers: {accept: 'application/vnd.oci.image.manifest.v1+json'},
    })
    expect(answer.headers.get('content-type')).toBe('application/vnd.oci.image.manifest.v1+json')
    for (const {digest, size, mediaType} of manifest.layers) {
      expect(mediaType).toMatch(/^application\/vnd\.sifstage\.stage\.(record|listing|programs|texts|image)\.v2/)
      const bytes = Buffer.from(await (await fetch(`http://${registry}/v2/${repository}/blobs/${digest}`)).arrayBuffer())
      expect([bytes.length, `sha256:${createHash('sha256').update(bytes).digest('hex')}`]).toEqual([size, digest])
    }
    const tags: {tags: string[]} = await (await fetch(`http://${registry}/v2/${repository}/tags/list`)).json()
    expect(tags.tags.map(each => each.replace(/-[0-9a-f]{64}$/, '')).sort()).toEqual([
      'artifacts',
      'artifacts',
      'stage',
      'stage',
      'stage',
    ])
  })
})

describe('a folder', {timeout: 60_000}, () => {
  it('of the group is used in place, and one copied to another machine is its store', async () => {
    const before = readdirSync(join(out, 'a'), {recursive: true}).length
    const ran = await machine('g', ['--store-from', join(out, 'a')])
    expect(ran.code, ran.stderr).toBe(0)
    expect(ran.statuses).toEqual({tool: 'cached', data: 'cached', final: 'cached'})
    expect(ran.builds).toBe(0)
    expect(existsSync(join(out, 'g/stages'))).toBe(false)
    expect(readdirSync(join(out, 'a'), {recursive: true}).length).toBe(before)
    expect(await run('g')).toBe('tool\ndata\n')
    cpSync(join(out, 'a'), join(out, 'h'), {recursive: true, preserveTimestamps: true})
    const copied = await machine('h', ['--no-cache-filter', 'data'])
    expect(copied.code, copied.stderr).toBe(0)
    expect(copied.statuses).toEqual({tool: 'cached', data: 'built', final: 'cached'})
  })

  it('is filled by --store-to', async () => {
    const ran = await machine('b', ['--store-to', join(out, 'site')])
    expect(ran.builds).toBe(0)
    const taken = await machine('i', ['--store-from', join(out, 'site'), '--store-from', shared, '--store-trust', publicLine])
    expect(taken.statuses).toEqual({tool: 'cached', data: 'cached', final: 'cached'})
    expect(taken.stderr).toContain(`[final] found in ${join(out, 'site')}`)
  })
})

describe('a registry that is none', {timeout: 60_000}, () => {
  it.each<[string, RequestListener, RegExp]>([
    ['never answers', () => {}, /is left out for the rest of this build: it did not answer within 5 s/],
    ['answers 500', (_, response) => response.writeHead(500).end(), /left out.*: it answered 500/],
    ['lets nobody in', (_, response) => response.writeHead(401).end(), /left out.*login \(401\)/],
    ['talks rubbish', (_, response) => response.end('<html>'), /is not taken: its manifest is no JSON/],
  ])('that %s: the build succeeds, with one warning', async (name, answer, warning) => {
    const ran = await badRegistry(answer, place =>
      machine(name.replaceAll(' ', '-'), ['--store-from', place, '--store-trust', publicLine, '--target', 'tool']),
    )
    expect(ran.code, ran.stderr).toBe(0)
    expect(ran.statuses).toEqual({tool: 'built'})
    expect(ran.warnings).toEqual([expect.stringMatching(warning)])
  })

  it('is told by plan, too', async () => {
    const planned = await badRegistry(
      (_, response) => response.writeHead(403).end(),
      place =>
        sifstage(['plan', 'x.def', '--json', '--store-from', place, '--store-trust', publicLine], {
          cwd: work.path,
          env: {SIFSTAGE_CACHE_DIR: join(out, 'l')},
        }),
    )
    expect(planned.code).toBe(0)
    const plan: {diagnostics: {message: string; severity: string}[]} = JSON.parse(planned.stdout)
    expect(plan.diagnostics).toMatchObject([{severity: 'warning', message: expect.stringContaining('does not allow it (403)')}])
  })

  it('that takes nothing: the build succeeds, with one warning', async () => {
    const config = {XDG_CONFIG_HOME: join(work.path, 'config', 'a')}
    const ran = await badRegistry(
      (request, response) => {
        request.resume()
        response.writeHead(request.method === 'GET' || request.method === 'HEAD' ? 404 : 403).end()
      },
      place => machine('j', ['--store-to', place, '--target', 'tool'], config),
    )
    expect(ran.code, ran.stderr).toBe(0)
    expect(ran.warnings).toEqual([expect.stringMatching(/nothing more is sent to oras:.*does not allow it \(403\)/)])
  })

  it('without a key nothing is sent, and that is said', async () => {
    const ran = await machine('b', ['--store-to', shared])
    expect(ran.code).toBe(0)
    expect(ran.warnings).toEqual([expect.stringMatching(/no key to sign it with: sifstage cache key/)])
  })

  it('whose image is not what it says: the stage is built after all', async () => {
    const ran = await badRegistry(
      async (request, response) => {
        // The real one, but for images.
        const answer = await fetch(`http://${registry}${(request.url ?? '').replace('team/stages', repository)}`, {
          headers: {accept: String(request.headers.accept)},
        })
        const body = Buffer.from(await answer.arrayBuffer())
        if (body.subarray(0, 4).toString() === 'hsqs') body[200] = (body[200] ?? 0) ^ 0xff
        response.writeHead(answer.status).end(body)
      },
      place => machine('k', ['--store-from', place, '--store-trust', publicLine, '--target', 'tool']),
    )
    expect(ran.code, ran.stderr).toBe(0)
    expect(ran.statuses).toEqual({tool: 'built'})
    expect(ran.builds).toBe(1)
    expect(ran.warnings).toEqual([expect.stringMatching(/left out.*: it sent sha256:\w+ for sha256:/)])
  })
})
