/** What ADD brings in from archives and the network, and what cache mounts keep, with the real engine. */
import {chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs'
import {createServer, type Server} from 'node:http'
import type {AddressInfo} from 'node:net'
import {join} from 'node:path'
import {execa} from 'execa'
import {pack} from 'tar-stream'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {asUser, bases, type Ran, sifstage, workFolder} from '../support/engine.js'

const work = workFolder()
const out = join(work.path, 'work')
const store = join(out, 'store')
const context = join(work.path, 'context')

mkdirSync(context)
afterAll(() => work.remove())

interface Built extends Ran {
  /** What a command prints in the image. */
  run(...argv: readonly string[]): Promise<string>
}

let count = 0
async function build(dockerfile: string, ...args: readonly string[]): Promise<Built> {
  count += 1
  const name = `case-${count}.Dockerfile`
  writeFileSync(join(context, name), `FROM busybox\n${dockerfile}`)
  const image = join(out, `image-${count}.sif`)
  const ran = await sifstage(
    ['build', name, '-o', image, '--cache-dir', store, '--base', `busybox=${bases}/busybox/oci`, '--json', ...args],
    {cwd: context},
  )
  return {
    ...ran,
    run: async (...argv) =>
      (await asUser(['apptainer', 'exec', '--cleanenv', '--no-mount', 'tmp,home,cwd', image, ...argv], '/')).stdout,
  }
}

/** An archive of members as they stand, however hostile. */
async function archive(name: string, members: readonly (Parameters<ReturnType<typeof pack>['entry']>[0] & {text?: string})[]) {
  const tar = pack()
  for (const {text, ...header} of members) tar.entry(header, text ?? '')
  tar.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of tar) chunks.push(Buffer.from(chunk))
  writeFileSync(join(context, name), Buffer.concat(chunks))
}

describe('an archive', {timeout: 60_000}, () => {
  it('never puts anything outside of the image, whatever its names and links say', async () => {
    const victim = join(out, 'victim')
    mkdirSync(victim)
    chmodSync(victim, 0o777)
    await archive('links.tar', [
      {name: 'escape', type: 'symlink', linkname: victim},
      {name: 'escape/through-absolute', text: 'x'},
      {name: 'up', type: 'symlink', linkname: '../../../../../../../../..'},
      {name: `up${victim}/through-relative`, text: 'x'},
      {name: `${victim}/absolute`, text: 'x'},
      {name: 'other', type: 'link', linkname: 'escape/through-absolute'},
      {name: 'device', type: 'character-device', devmajor: 1, devminor: 3},
    ])
    const built = await build('ADD links.tar /x/\n')
    expect(built.code, built.stderr).toBe(0)
    expect(existsSync(join(victim, 'through-absolute'))).toBe(false)
    expect(existsSync(join(victim, 'through-relative'))).toBe(false)
    expect(existsSync(join(victim, 'absolute'))).toBe(false)
    expect(await built.run('cat', `/x${victim}/through-absolute`, `/x${victim}/absolute`, `/x${victim}/through-relative`)).toBe(
      'xxx',
    )
    expect(await built.run('ls', '/x')).not.toContain('device')
  })

  it('with a name that leads up is refused', async () => {
    await archive('up.tar', [{name: '../../evil', text: 'x'}])
    const built = await build('ADD up.tar /x/\n')
    expect(built.code).toBe(5)
    expect(built.stdout).toContain('up.tar')
  })

  it('follows links of the image inside the image only', async () => {
    await archive('into.tar', [{name: 'l/f', text: 'x'}])
    const built = await build(`RUN mkdir /x && ln -s ${out} /x/l\nADD into.tar /x/\n`)
    expect(built.code, built.stderr).toBe(0)
    expect(existsSync(join(out, 'f'))).toBe(false)
    expect(await built.run('cat', `/x${out}/f`)).toBe('x')
  })

  it('that is cut short is an error', async () => {
    await archive('whole.tar', [{name: 'f', text: 'x'.repeat(5000)}])
    writeFileSync(join(context, 'cut.tar'), readFileSync(join(context, 'whole.tar')).subarray(0, 3000))
    const built = await build('ADD cut.tar /x/\n')
    expect(built.code).toBe(5)
    expect(built.stderr).toContain('cannot be unpacked')
  })

  it('is unpacked as zstd too, and only where it is wanted', async () => {
    await archive('z.tar', [{name: 'f', text: 'zstd', uid: 5, gid: 6, mode: 0o604}])
    await execa('zstd', ['-q', '-f', 'z.tar', '-o', 'z.tar.zst'], {cwd: context})
    const built = await build('ADD z.tar.zst /one/\nADD --unpack=false z.tar /two/\nADD --chown=9:9 z.tar /three/\n')
    expect(built.code, built.stderr).toBe(0)
    expect(await built.run('cat', '/one/f')).toBe('zstd')
    expect((await built.run('stat', '-c', '%u:%g %a', '/three/f')).trim()).toMatch(/ 604$/)
    expect((await built.run('ls', '/two')).trim()).toBe('z.tar')
  })
})

describe('a file from the web', {timeout: 60_000}, () => {
  let server: Server
  let url = ''
  let asked = 0
  beforeAll(async () => {
    server = createServer((request, response) => {
      asked += 1
      if (request.url === '/gone') response.writeHead(404).end()
      else if (request.headers['if-none-match'] === '"one"') response.writeHead(304).end()
      else response.writeHead(200, {'last-modified': 'Wed, 21 Oct 2015 07:28:00 GMT', etag: '"one"'}).end('from the web')
    })
    await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(() => server.close())

  it('is private, has its date, and is asked for again only to hear that it is the same', async () => {
    const built = await build(`ADD ${url}/dir/f.txt /x/\nADD ${url}/g /y\n`)
    expect(built.code, built.stderr).toBe(0)
    const before = asked
    expect((await built.run('stat', '-c', '%a %Y', '/y')).trim()).toBe('600 1445412480')
    expect(await built.run('ls', '/x')).toBe('f.txt\n')
    const again = await build(`ADD ${url}/dir/f.txt /x/\nADD ${url}/g /y\n`)
    expect(JSON.parse(again.stdout).stages).toMatchObject([{status: 'cached'}])
    expect(asked).toBeGreaterThan(before)
  })

  it('has to have the checksum that the description names', async () => {
    const right = 'sha256:8a7a0c0ee9ee8d6cc0fbc3b34ddd1d43dd3a5a4cd3d9f7a2c8f3d6f9f0c0d1e2'
    const built = await build(`ADD --checksum=${right} ${url}/f /x\n`)
    expect(built.code).toBe(5)
    expect(built.stderr).toContain('its checksum is sha256:')
  })

  it('that is not there is an error that says so', async () => {
    const built = await build(`ADD ${url}/gone /x\n`)
    expect(built.code).toBe(5)
    expect(built.stderr).toContain('404')
  })
})

describe('a git repository', {timeout: 60_000}, () => {
  const repository = join(out, 'project.git')
  let commit = ''
  let server: Server
  let url = ''
  beforeAll(async () => {
    const source = join(out, 'project')
    mkdirSync(join(source, 'sub'), {recursive: true})
    writeFileSync(join(source, 'top'), 'top')
    writeFileSync(join(source, 'sub/file'), 'file')
    const git = (...args: readonly string[]) =>
      execa('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], {cwd: source})
    await git('init', '-q', '-b', 'main')
    await git('add', '.')
    await git('commit', '-q', '-m', 'one')
    await git('tag', '-a', 'v1', '-m', 'v1')
    commit = (await git('rev-parse', 'HEAD')).stdout
    await execa('git', ['clone', '-q', '--bare', source, repository])
    await execa('git', ['update-server-info'], {cwd: repository})
    // The dumb protocol: files as they lie.
    server = createServer((request, response) => {
      const file = join(out, decodeURIComponent((request.url ?? '').split('?')[0] ?? ''))
      if (existsSync(file)) response.writeHead(200).end(readFileSync(file))
      else response.writeHead(404).end()
    })
    await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/project.git`
  })
  afterAll(() => server.close())

  it('comes without its history, at a branch, tag or folder', async () => {
    const built = await build(`ADD ${url}#main /all/\nADD ${url}#v1:sub /part/\nADD --keep-git-dir=true ${url} /whole/\n`)
    expect(built.code, built.stderr).toBe(0)
    expect(await built.run('ls', '-A', '/all')).toBe('sub\ntop\n')
    expect(await built.run('cat', '/part/file')).toBe('file')
    expect(await built.run('ls', '-A', '/whole')).toBe('.git\nsub\ntop\n')
  })

  it('has to be at the commit that the description names', async () => {
    expect((await build(`ADD --checksum=${commit} ${url}#main /x/\n`)).code).toBe(0)
    const other = await build(`ADD --checksum=${'0'.repeat(40)} ${url}#main /x/\n`)
    expect(other.code).toBe(5)
    expect(other.stderr).toContain(`is commit ${commit}`)
  })
})

describe('a cache mount', {timeout: 60_000}, () => {
  it('keeps its content from build to build, and out of image and key', async () => {
    const text = (what: string) => `RUN --mount=type=cache,target=/c,id=counter echo ${what} >> /c/log; cat /c/log > /seen\n`
    const first = await build(text('one'))
    expect(first.code, first.stderr).toBe(0)
    const second = await build(text('two'))
    expect(await second.run('cat', '/seen')).toBe('one\ntwo\n')
    expect(await second.run('ls', '/')).not.toMatch(/^c$/m)
    expect(JSON.parse((await build(text('one'))).stdout).stages).toMatchObject([{status: 'cached'}])
  })

  it('starts with what it is told to', async () => {
    writeFileSync(join(context, 'seed'), 'seed\n')
    mkdirSync(join(context, 'seeds'))
    writeFileSync(join(context, 'seeds/a'), 'a\n')
    const built = await build(
      'FROM busybox AS b\nRUN mkdir /s && echo stage > /s/b\nFROM busybox\nRUN --mount=type=cache,target=/c,id=seeded,from=b,source=/s ls /c > /seen\n',
    )
    expect(built.code, built.stderr).toBe(0)
    expect(await built.run('cat', '/seen')).toBe('b\n')
  })
})
