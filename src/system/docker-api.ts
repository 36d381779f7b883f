/**
 * The few calls of Docker's own interface (Engine API, from v1.24 on) that the command line has no equal for: to look at
 * single paths of an image takes milliseconds by them, and the command would print the whole image.
 */
import {readFile} from 'node:fs/promises'
import {type IncomingMessage, request} from 'node:http'
import {join} from 'node:path'

/** What the daemon says of a path, links not followed. `mode` is in Go's words (`os.FileMode`). */
export interface PathStat {
  readonly mode: number
  readonly size: number
}

/** Bits of Go's `os.FileMode` that tell a kind. */
export const GO_DIRECTORY = 2 ** 31
export const GO_SYMLINK = 2 ** 27

/** A status that the daemon answered with. */
export class DockerStatus extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message)
  }
}

export class DockerApi {
  constructor(readonly socket: string) {}

  #ask(method: string, path: string, signal: AbortSignal | undefined, body?: unknown): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const text = body === undefined ? undefined : JSON.stringify(body)
      const sent = request(
        {
          socketPath: this.socket,
          method,
          path,
          headers: {
            host: 'docker',
            ...(text === undefined ? {} : {'content-type': 'application/json', 'content-length': Buffer.byteLength(text)}),
          },
          ...(signal === undefined ? {} : {signal}),
        },
        resolve,
      )
      sent.on('error', reject)
      sent.end(text)
    })
  }

  async #document(answer: IncomingMessage): Promise<unknown> {
    const chunks: Buffer[] = []
    for await (const chunk of answer) chunks.push(chunk)
    const text = Buffer.concat(chunks).toString('utf8')
    const parsed: unknown = text.trim() === '' ? undefined : JSON.parse(text)
    const status = answer.statusCode ?? 0
    if (status >= 200 && status < 300) return parsed
    const message = typeof parsed === 'object' && parsed !== null && 'message' in parsed ? String(parsed.message) : text
    throw new DockerStatus(status, message)
  }

  /** What the daemon says of itself (`docker info` without what its client adds). */
  async info(signal: AbortSignal): Promise<unknown> {
    return this.#document(await this.#ask('GET', '/v1.24/info', signal))
  }

  /** What `docker image inspect` says; undefined when the image is not there. */
  async image(name: string, signal: AbortSignal): Promise<unknown> {
    try {
      return await this.#document(await this.#ask('GET', `/v1.24/images/${encodeURIComponent(name)}/json`, signal))
    } catch (error) {
      if (error instanceof DockerStatus && error.status === 404) return undefined
      throw error
    }
  }

  /** @param tag behind the last colon of the name */
  async tag(image: string, repository: string, tag: string, signal: AbortSignal): Promise<void> {
    const query = new URLSearchParams({repo: repository, tag})
    await this.#document(await this.#ask('POST', `/v1.24/images/${encodeURIComponent(image)}/tag?${query}`, signal))
  }

  /** Makes a container that never runs, to look into its image. */
  async create(image: string, signal: AbortSignal): Promise<string> {
    // The command is never run, but an image without one needs it.
    const body = {Image: image, Cmd: ['/nothing'], Entrypoint: [], NetworkDisabled: true, Labels: {'sifstage.look': '1'}}
    const made = await this.#document(await this.#ask('POST', '/v1.24/containers/create', signal, body))
    const id = typeof made === 'object' && made !== null && 'Id' in made ? made.Id : undefined
    if (typeof id !== 'string' || !/^[0-9a-f]{64}$/.test(id)) throw new DockerStatus(200, 'it made no container')
    return id
  }

  /** Also after an interrupt. */
  async remove(container: string): Promise<void> {
    const answer = await this.#ask('DELETE', `/v1.24/containers/${container}?force=1&v=1`, undefined)
    answer.resume()
  }

  /** Undefined when nothing is there. */
  async stat(container: string, path: string, signal: AbortSignal): Promise<PathStat | undefined> {
    const answer = await this.#ask('HEAD', `/v1.24/containers/${container}/archive?path=${encodeURIComponent(path)}`, signal)
    answer.resume()
    if (answer.statusCode === 404) return undefined
    const header = answer.headers['x-docker-container-path-stat']
    if (answer.statusCode !== 200 || typeof header !== 'string')
      throw new DockerStatus(answer.statusCode ?? 0, `it does not tell what ${path} is`)
    const parsed: {readonly mode?: unknown; readonly size?: unknown} = JSON.parse(Buffer.from(header, 'base64').toString('utf8'))
    return {mode: Number(parsed.mode), size: Number(parsed.size)}
  }

  /** A tar archive of what lies at a path, links not followed, its names starting with the last part of the path. */
  async archive(container: string, path: string, signal: AbortSignal): Promise<IncomingMessage> {
    const answer = await this.#ask('GET', `/v1.24/containers/${container}/archive?path=${encodeURIComponent(path)}`, signal)
    if (answer.statusCode === 200) return answer
    await this.#document(answer)
    throw new DockerStatus(answer.statusCode ?? 0, `it does not give ${path}`)
  }
}

/** The daemon's socket, where docker's own command would use one; undefined for any other way to it. */
export async function dockerSocket(environment: NodeJS.ProcessEnv): Promise<string | undefined> {
  const host = environment['DOCKER_HOST']
  if (host !== undefined && host !== '') return /^unix:\/\/(\/.+)$/.exec(host)?.[1]
  if (environment['DOCKER_CONTEXT']) return undefined
  const folder = environment['DOCKER_CONFIG'] ?? join(environment['HOME'] ?? '/', '.docker')
  try {
    const config: {readonly currentContext?: unknown} = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'))
    if (config.currentContext !== undefined && config.currentContext !== 'default') return undefined
  } catch {
    // No configuration, or one that the command itself will complain of.
  }
  return '/var/run/docker.sock'
}
