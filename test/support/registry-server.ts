/**
 * A registry of our own for what a well-behaved one never does: it keeps all in memory, writes down what it was asked,
 * and a test may answer in its place. The real registry is asked too (test/e2e/shared-store.test.ts).
 */
import {createHash} from 'node:crypto'
import {createServer, type IncomingMessage, type ServerResponse} from 'node:http'
import type {AddressInfo} from 'node:net'

export interface Asked {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
}

/** Answers a request, or gives it back (false) to the registry. */
export type Misbehave = (request: IncomingMessage, response: ServerResponse, asked: Asked) => boolean | Promise<boolean>

export interface RegistryServer {
  /** `127.0.0.1:PORT` */
  readonly host: string
  readonly asked: Asked[]
  readonly blobs: Map<string, Buffer>
  /** By tag. */
  readonly manifests: Map<string, Buffer>
  misbehave: Misbehave
  close(): Promise<void>
}

export const sha256 = (bytes: Buffer | string) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`

async function bodyOf(request: IncomingMessage, into: (piece: Buffer) => void): Promise<void> {
  for await (const piece of request) into(piece)
}

/** Starts one on a free port of loopback. */
export async function registryServer(): Promise<RegistryServer> {
  const uploads = new Map<string, Buffer>()
  let uploaded = 0

  const end = (response: ServerResponse, status: number, headers: Record<string, string | number> = {}, body?: Buffer) =>
    response.writeHead(status, {'content-length': body?.length ?? 0, ...headers}).end(body)

  function blob(request: IncomingMessage, response: ServerResponse, digest: string): void {
    const bytes = server.blobs.get(digest)
    if (bytes === undefined) return void end(response, 404)
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
    const headers = {'docker-content-digest': digest, 'content-length': bytes.length - start}
    const range = start === 0 ? {} : {'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}`}
    response.writeHead(start === 0 ? 200 : 206, {...headers, ...range})
    response.end(request.method === 'HEAD' ? undefined : bytes.subarray(start))
  }

  /** Keeps what came of a piece that was cut off, as registries since distribution 3 do. */
  async function upload(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const id = url.pathname.split('/').at(-1) ?? ''
    const before = uploads.get(id)
    if (before === undefined) return void end(response, 404)
    const place = () => {
      const {length} = uploads.get(id) ?? Buffer.alloc(0)
      return {location: `/v2/team/stages/blobs/uploads/${id}?state=${length}`, range: `0-${Math.max(0, length - 1)}`}
    }
    if (request.method === 'GET') return void end(response, 204, place())
    const from = /^(\d+)-/.exec(request.headers['content-range'] ?? '')?.[1]
    if (from !== undefined && Number(from) !== before.length) return void end(response, 416, place())
    await bodyOf(request, piece => uploads.set(id, Buffer.concat([uploads.get(id) ?? Buffer.alloc(0), piece])))
    if (request.method === 'PATCH') return void end(response, 202, place())
    const bytes = uploads.get(id) ?? Buffer.alloc(0)
    const digest = url.searchParams.get('digest') ?? ''
    uploads.delete(id)
    if (sha256(bytes) !== digest) return void end(response, 400)
    server.blobs.set(digest, bytes)
    end(response, 201, {'docker-content-digest': digest})
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://registry')
    const [, kind, name = ''] = /^\/v2\/team\/stages\/(manifests|blobs\/uploads|blobs)\/(.*)$/.exec(url.pathname) ?? []
    if (kind === 'manifests' && request.method === 'PUT') {
      const pieces: Buffer[] = []
      await bodyOf(request, piece => pieces.push(piece))
      const body = Buffer.concat(pieces)
      server.manifests.set(name, body)
      return void end(response, 201, {'docker-content-digest': sha256(body)})
    }
    if (kind === 'manifests') {
      const body = server.manifests.get(name)
      if (body === undefined) return void end(response, 404)
      return void end(response, 200, {'docker-content-digest': sha256(body)}, body)
    }
    if (kind === 'blobs/uploads' && request.method === 'POST') {
      uploaded += 1
      uploads.set(`u${uploaded}`, Buffer.alloc(0))
      return void end(response, 202, {location: `/v2/team/stages/blobs/uploads/u${uploaded}?state=0`, range: '0-0'})
    }
    if (kind === 'blobs/uploads') return upload(request, response, url)
    if (kind === 'blobs') return blob(request, response, name)
    end(response, 404)
  }

  const http = createServer(async (request, response) => {
    const asked = {method: request.method ?? '', path: request.url ?? '', headers: request.headers}
    server.asked.push(asked)
    try {
      if (!(await server.misbehave(request, response, asked))) await answer(request, response)
    } catch {
      // The line was cut, by the test or by us.
      response.destroy()
    }
  })
  await new Promise<void>(done => http.listen(0, '127.0.0.1', done))
  const server: RegistryServer = {
    host: `127.0.0.1:${(http.address() as AddressInfo).port}`,
    asked: [],
    blobs: new Map(),
    manifests: new Map(),
    misbehave: () => false,
    close: () =>
      new Promise(done => {
        http.closeAllConnections()
        http.close(() => done())
      }),
  }
  return server
}
