/** Blobs and manifests there and back, over lines that break and with registries that misbehave. */
import {randomBytes} from 'node:crypto'
import {mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {createServer} from 'node:http'
import {type AddressInfo, connect, createServer as createProxy, type Server, type Socket} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, it} from 'vitest'
import {downloadBlob, putManifest, uploadBlob} from '../../src/system/registry-blobs.js'
import {type Patience, RegistryLine} from '../../src/system/registry-line.js'
import {registry} from '../support/engine.js'
import {type RegistryServer, registryServer, sha256} from '../support/registry-server.js'

const folder = mkdtempSync(join(tmpdir(), 'sifstage-registry-test-'))
const {signal} = new AbortController()
const content = randomBytes(300_000)
const blob = {digest: sha256(content), size: content.length}
const source = join(folder, 'source')
let server: RegistryServer
let next = 0
function fresh(): string {
  next += 1
  return join(folder, `got-${next}`)
}
const quick: Partial<Patience> = {
  firstByteMs: 500,
  documentMs: 1_000,
  silenceMs: 200,
  pauseMs: 5,
  longestPauseMs: 2_000,
  attempts: 3,
  chunk: 64 << 10,
}

function line(environment: NodeJS.ProcessEnv = {HOME: folder}, patience: Partial<Patience> = {}): RegistryLine {
  return new RegistryLine({
    registry: server.host,
    repository: 'team/stages',
    noHttps: true,
    environment,
    actions: 'pull,push',
    patience: {...quick, ...patience},
  })
}

const methods = () => server.asked.map(each => each.method)

beforeAll(() => writeFileSync(source, content))
afterAll(() => rmSync(folder, {recursive: true, force: true}))
beforeEach(async () => {
  server = await registryServer()
})
afterEach(() => server.close())

describe('download', () => {
  it('holds size and digest', async () => {
    server.blobs.set(blob.digest, content)
    const file = fresh()
    await downloadBlob(line(), blob, file, signal)
    expect(readFileSync(file).equals(content)).toBe(true)
  })

  it('goes on where the line was cut, by Range', async () => {
    server.blobs.set(blob.digest, content)
    let cuts = 0
    server.misbehave = (request, response) => {
      if (!request.url?.includes('/blobs/') || cuts === 2) return false
      cuts += 1
      const start = Number(/\d+/.exec(request.headers.range ?? '0')?.[0])
      const headers = start === 0 ? {} : {'content-range': `bytes ${start}-${content.length - 1}/${content.length}`}
      response.writeHead(start === 0 ? 200 : 206, {'content-length': content.length - start, ...headers})
      response.write(content.subarray(start, start + 100_000), () => setTimeout(() => response.destroy(), 20))
      return true
    }
    const file = fresh()
    await downloadBlob(line(), blob, file, signal)
    expect(readFileSync(file).equals(content)).toBe(true)
    expect(server.asked.map(each => each.headers.range)).toEqual([undefined, 'bytes=100000-', 'bytes=200000-'])
  })

  it('takes the whole again from a registry that knows no Range', async () => {
    let cut = true
    server.misbehave = (_, response) => {
      response.writeHead(200, {'content-length': content.length})
      if (cut) response.write(content.subarray(0, 70_001), () => setTimeout(() => response.destroy(), 20))
      else response.end(content)
      cut = false
      return true
    }
    const file = fresh()
    await downloadBlob(line(), blob, file, signal)
    expect(readFileSync(file).equals(content)).toBe(true)
  })

  it.each([
    ['another part than was asked for', 206, {'content-range': 'bytes 200000-299999/300000'}, /another part/],
    ['another content', 200, {}, /it sent sha256:[0-9a-f]{64} for sha256:/],
  ] as const)('refuses %s', async (_, status, headers, message) => {
    server.misbehave = (_request, response) => {
      response.writeHead(status, headers).end(Buffer.alloc(status === 206 ? 100 : content.length))
      return true
    }
    await expect(downloadBlob(line(), blob, fresh(), signal)).rejects.toThrow(message)
    expect(server.asked).toHaveLength(1)
  })

  it('refuses more than the size, without reading it all', async () => {
    let sent = 0
    server.misbehave = async (_, response) => {
      response.writeHead(200)
      while (!response.destroyed && sent < 1 << 30) {
        sent += 1 << 20
        if (!response.write(Buffer.alloc(1 << 20)))
          await new Promise(done => {
            response.once('drain', done)
            response.once('close', done)
          })
      }
      return true
    }
    await expect(downloadBlob(line(), blob, fresh(), signal)).rejects.toThrow(/more than the 300000 bytes/)
    expect(sent).toBeLessThan(64 << 20)
  })

  it('gives up one that says nothing any more', async () => {
    server.misbehave = (_, response) => {
      response.writeHead(200, {'content-length': content.length})
      response.write(content.subarray(0, 10))
      return true
    }
    await expect(downloadBlob(line(undefined, {attempts: 2}), blob, fresh(), signal)).rejects.toThrow(/nothing came for 0.2 s/)
  })

  it('gives up one that says a little now and then', async () => {
    server.misbehave = (_, response) => {
      response.writeHead(200, {'content-length': content.length})
      const timer = setInterval(() => response.write('x'), 50)
      response.on('close', () => clearInterval(timer))
      return true
    }
    const slow = line(undefined, {documentMs: 300, slowest: 1 << 20})
    await expect(downloadBlob(slow, blob, fresh(), signal)).rejects.toThrow(/too slow/)
  })

  it('ends at once when the build does', async () => {
    const stop = new AbortController()
    server.misbehave = () => {
      setTimeout(() => stop.abort(new Error('stopped')), 20)
      return true
    }
    await expect(downloadBlob(line(undefined, {silenceMs: 10_000}), blob, fresh(), stop.signal)).rejects.toThrow('stopped')
  })
})

describe('a small document', () => {
  it('is asked for again after 429 and 503, as the registry wants it', async () => {
    const answers = [
      [429, {'retry-after': '1'}],
      [503, {'retry-after': new Date(Date.now() - 1000).toUTCString()}],
    ] as const
    let count = 0
    server.manifests.set('x', Buffer.from('{}'))
    server.misbehave = (_, response) => {
      const wrong = answers[count]
      count += 1
      if (wrong === undefined) return false
      response.writeHead(...wrong).end()
      return true
    }
    const began = Date.now()
    const found = await line(undefined, {firstByteMs: 5_000}).document('manifests/x', '*/*', 1000, signal)
    expect(found?.body.toString()).toBe('{}')
    expect(Date.now() - began).toBeGreaterThanOrEqual(990)
  })

  it.each([
    ['a longer wait than we have', 429, {'retry-after': '60'}, /limits how often/, 1],
    ['500 every time', 500, {}, /answered 500/, 3],
    ['403', 403, {}, /does not allow it/, 1],
    ['401 without a login', 401, {'www-authenticate': 'Basic realm="x"'}, /wants a login/, 1],
  ] as const)('ends with %s', async (_, status, headers, message, requests) => {
    server.misbehave = (_request, response) => {
      response.writeHead(status, headers).end()
      return true
    }
    await expect(line().document('manifests/x', '*/*', 1000, signal)).rejects.toThrow(message)
    expect(server.asked).toHaveLength(requests)
  })

  it('ends in time where nothing answers, or little by little', async () => {
    for (const drip of [false, true]) {
      server.misbehave = (_, response) => {
        if (!drip) return true
        response.writeHead(200)
        const timer = setInterval(() => response.write(' '), 50)
        response.on('close', () => clearInterval(timer))
        return true
      }
      const began = Date.now()
      await expect(line().document('manifests/x', '*/*', 1000, signal)).rejects.toThrow(/did not answer within/)
      expect(Date.now() - began).toBeLessThan(2_500)
    }
  })

  it('ends where it is gigantic', async () => {
    server.misbehave = (_, response) => {
      response.writeHead(200).end(Buffer.alloc(100_000))
      return true
    }
    await expect(line().document('manifests/x', '*/*', 1000, signal)).rejects.toThrow(/more than 1000 bytes/)
  })

  it('ends where nobody listens', async () => {
    const {host} = server
    await server.close()
    const gone = new RegistryLine({...line().options, registry: host})
    await expect(gone.document('manifests/x', '*/*', 1000, signal)).rejects.toThrow(/cannot be reached.*ECONNREFUSED/)
    server = await registryServer()
  })
})

describe('upload', () => {
  it('sends a small blob at once, a large one in pieces, and neither again', async () => {
    const small = Buffer.from('small')
    expect(await uploadBlob(line(), {digest: sha256(small), size: small.length}, small, signal)).toBe(true)
    expect(methods()).toEqual(['HEAD', 'POST', 'PUT'])
    server.asked.length = 0
    expect(await uploadBlob(line(), blob, source, signal)).toBe(true)
    expect(methods()).toEqual(['HEAD', 'POST', ...Array(5).fill('PATCH'), 'PUT'])
    expect(server.asked[3]?.headers['content-range']).toBe('65536-131071')
    expect(server.blobs.get(blob.digest)?.equals(content)).toBe(true)
    server.asked.length = 0
    expect(await uploadBlob(line(), blob, source, signal)).toBe(false)
    expect(methods()).toEqual(['HEAD'])
  })

  it('goes on where the registry stopped', async () => {
    let pieces = 0
    server.misbehave = async (request, _response, {method}) => {
      if (method !== 'PATCH') return false
      pieces += 1
      if (pieces !== 2) return false
      // It takes the head of the piece, and the line breaks.
      const head = content.subarray(65_536, 65_536 + 10_000)
      await fetch(`http://${server.host}${request.url}`, {
        method: 'PATCH',
        headers: {'content-range': '65536-75535'},
        body: head,
      })
      request.socket.destroy()
      return true
    }
    await uploadBlob(line(), blob, source, signal)
    expect(server.blobs.get(blob.digest)?.equals(content)).toBe(true)
    expect(methods()).toContain('GET')
    expect(server.asked.map(each => each.headers['content-range'])).toContain('75536-141071')
  })

  it('goes on as a 416 tells', async () => {
    let told = false
    server.misbehave = (request, response, {method}) => {
      if (method !== 'PATCH' || told) return false
      told = true
      request.resume()
      // Another client has written the first piece meanwhile.
      const id = /u\d+/.exec(request.url ?? '')?.[0]
      fetch(`http://${server.host}/v2/team/stages/blobs/uploads/${id}`, {
        method: 'PATCH',
        body: content.subarray(0, 1000),
      }).then(() => response.writeHead(416, {location: `/v2/team/stages/blobs/uploads/${id}`, range: '0-999'}).end())
      return true
    }
    await uploadBlob(line(), blob, source, signal)
    expect(server.blobs.get(blob.digest)?.equals(content)).toBe(true)
  })

  it('begins anew where the registry forgot it', async () => {
    let forgot = 0
    server.misbehave = (request, response, {method}) => {
      if (method !== 'PATCH' || !request.headers['content-range']?.startsWith('131072') || forgot === 1) return false
      forgot += 1
      request.resume()
      response.writeHead(404).end()
      return true
    }
    await uploadBlob(line(), blob, source, signal)
    expect(methods().filter(each => each === 'POST')).toHaveLength(2)
    expect(server.blobs.get(blob.digest)?.equals(content)).toBe(true)
  })

  it('takes pieces as large as the registry wants them', async () => {
    server.misbehave = (_, response, {method}) => {
      if (method === 'POST') response.setHeader('oci-chunk-min-length', '150000')
      return false
    }
    await uploadBlob(line(), blob, source, signal)
    expect(server.asked.flatMap(each => each.headers['content-range'] ?? [])).toEqual(['0-149999', '150000-299999'])
  })

  it.each([
    ['413', 413, /takes nothing so large/],
    ['403', 403, /does not allow it/],
  ] as const)('ends with %s', async (_, status, message) => {
    server.misbehave = (request, response, {method}) => {
      if (method !== 'PATCH') return false
      request.resume()
      response.writeHead(status).end()
      return true
    }
    await expect(uploadBlob(line(), blob, source, signal)).rejects.toThrow(message)
  })

  it('ends with a registry that keeps another blob, or another manifest', async () => {
    server.misbehave = (request, response, {method}) => {
      if (method !== 'PUT') return false
      request.resume()
      response.writeHead(201, {'docker-content-digest': sha256('another')}).end()
      return true
    }
    await expect(uploadBlob(line(), blob, source, signal)).rejects.toThrow(/keeps sha256:/)
    await expect(putManifest(line(), 'x', 'text/plain', Buffer.from('{}'), signal)).rejects.toThrow(/another manifest/)
  })

  it('ends with one that takes pieces and keeps none', async () => {
    server.misbehave = (request, response, {method}) => {
      if (method !== 'PATCH') return false
      request.resume()
      response.writeHead(202, {location: request.url ?? '', range: '0-0'}).end()
      return true
    }
    await expect(uploadBlob(line(), blob, source, signal)).rejects.toThrow(/keeps none/)
  })
})

describe('the real registry', () => {
  const large = randomBytes(5_000_000)
  const repository = `shared/blobs-${process.pid}-${Date.now()}`

  /** A line to it that breaks each time when so many bytes have gone one way. */
  async function breaking(way: 'there' | 'back', after: readonly number[]): Promise<{readonly proxy: Server; cuts(): number}> {
    const [host = '', port = ''] = registry.split(':')
    let next = 0
    const proxy = createProxy(near => {
      const far = connect(Number(port), host)
      const limit = after[next] ?? Number.POSITIVE_INFINITY
      let bytes = 0
      const pass = (from: Socket, to: Socket, counts: boolean) =>
        from.on('data', piece => {
          bytes += counts ? piece.length : 0
          if (bytes <= limit) return void to.write(piece)
          next += 1
          near.destroy()
          far.destroy()
        })
      pass(near, far, way === 'there')
      pass(far, near, way === 'back')
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        one.on('error', () => {})
        one.on('close', () => other.destroy())
      }
    })
    await new Promise<void>(done => proxy.listen(0, '127.0.0.1', done))
    return {proxy, cuts: () => next}
  }

  it('keeps what was sent and gives it back over lines that break', {timeout: 30_000}, async () => {
    const digest = sha256(large)
    const file = join(folder, 'large')
    writeFileSync(file, large)
    const there = await breaking('there', [1_500_000, 2_600_000])
    const back = await breaking('back', [2_000_000, 1_000_000])
    const over = ({proxy}: {readonly proxy: Server}) =>
      new RegistryLine({
        ...line(undefined, {chunk: 1 << 20, silenceMs: 5_000, documentMs: 10_000}).options,
        registry: `127.0.0.1:${(proxy.address() as AddressInfo).port}`,
        repository,
      })
    try {
      expect(await uploadBlob(over(there), {digest, size: large.length}, file, signal)).toBe(true)
      expect(await uploadBlob(over(there), {digest, size: large.length}, file, signal)).toBe(false)
      const got = fresh()
      await downloadBlob(over(back), {digest, size: large.length}, got, signal)
      expect(readFileSync(got).equals(large)).toBe(true)
      expect([there.cuts(), back.cuts()]).toEqual([2, 2])
    } finally {
      there.proxy.close()
      back.proxy.close()
    }
  })
})

describe('login', () => {
  const login = Buffer.from('ada:secret-of-ada').toString('base64')
  const home = join(folder, 'home')
  const environment = {HOME: home}

  beforeAll(() => mkdirSync(join(home, '.docker'), {recursive: true}))
  beforeEach(() => {
    writeFileSync(join(home, '.docker/config.json'), JSON.stringify({auths: {[server.host]: {auth: login}}}))
  })

  it('gets a token for pulling and pushing, and another when it has run out', async () => {
    const tokens: string[] = []
    const scopes: unknown[] = []
    server.misbehave = (request, response) => {
      if (request.url?.startsWith('/token')) {
        expect(request.headers.authorization).toBe(`Basic ${login}`)
        scopes.push(new URL(request.url, 'http://x').searchParams.get('scope'))
        tokens.push(`token-${tokens.length}`)
        response.writeHead(200).end(JSON.stringify({token: tokens.at(-1)}))
        return true
      }
      // Good for three requests.
      const good = request.headers.authorization === `Bearer ${tokens.at(-1)}`
      const uses = server.asked.filter(each => each.headers.authorization === request.headers.authorization).length
      if (good && uses <= 3) return false
      request.resume()
      response.writeHead(401, {'www-authenticate': `Bearer realm="http://${server.host}/token",service="registry"`}).end()
      return true
    }
    await uploadBlob(line(environment), blob, source, signal)
    expect(server.blobs.get(blob.digest)?.equals(content)).toBe(true)
    expect(tokens.length).toBeGreaterThanOrEqual(2)
    expect(new Set(scopes)).toEqual(new Set(['repository:team/stages:pull,push']))
  })

  it('stays with the registry: neither a storage host it redirects to nor a place it names gets it', async () => {
    const seen: (string | undefined)[] = []
    const storage = createServer((request, response) => {
      seen.push(request.headers.authorization)
      request.resume()
      request.on('end', () => {
        const {length} = content
        if (request.method === 'GET') response.writeHead(200, {'content-length': length}).end(content)
        else response.writeHead(201).end()
      })
    })
    await new Promise<void>(done => storage.listen(0, '127.0.0.1', done))
    const elsewhere = `http://127.0.0.1:${(storage.address() as AddressInfo).port}/place`
    server.misbehave = (request, response, {method, headers}) => {
      request.resume()
      if (headers.authorization === undefined) response.writeHead(401, {'www-authenticate': 'Basic realm="r"'}).end()
      else if (method === 'GET') response.writeHead(307, {location: elsewhere}).end()
      else if (method === 'POST') response.writeHead(202, {location: elsewhere}).end()
      else response.writeHead(404).end()
      return true
    }
    try {
      const file = fresh()
      await downloadBlob(line(environment), blob, file, signal)
      expect(readFileSync(file).equals(content)).toBe(true)
      const small = Buffer.from('small')
      await uploadBlob(line(environment), {digest: sha256(small), size: small.length}, small, signal)
      expect(server.asked.some(each => each.headers.authorization === `Basic ${login}`)).toBe(true)
      expect(seen).toEqual([undefined, undefined])
    } finally {
      storage.closeAllConnections()
      storage.close()
    }
  })

  it('is in no message', async () => {
    server.misbehave = (_, response) => {
      response.writeHead(401, {'www-authenticate': 'Basic realm="r"'}).end()
      return true
    }
    const error: unknown = await line(environment)
      .document('manifests/x', '*/*', 1000, signal)
      .catch(each => each)
    expect(error).toBeInstanceOf(Error)
    expect(`${error} ${JSON.stringify(error)}`).not.toMatch(new RegExp(`secret|${login}`))
  })
})
