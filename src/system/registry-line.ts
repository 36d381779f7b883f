/**
 * The line to one repository of a registry: login, patience and retries (OCI distribution specification). What is sent
 * and what comes back: registry-blobs.ts.
 */
import {setTimeout as sleep} from 'node:timers/promises'
import {reasonOf} from './registry.js'
import {authorization, isLoopback, smallBody} from './registry-login.js'

/** How long we wait, and how often we try again. */
export interface Patience {
  /** For the first byte of a small document, retries included: nobody waits for a registry that is asleep. */
  readonly firstByteMs: number
  /** For the whole of a small document from there; what is large gets more, by its size. */
  readonly documentMs: number
  /** Between two pieces of a large one. */
  readonly silenceMs: number
  /** Bytes a second, over all of it: what comes slower is of no use. */
  readonly slowest: number
  /** Tries in a row that bring nothing. */
  readonly attempts: number
  readonly pauseMs: number
  readonly longestPauseMs: number
  /** Bytes that one request of an upload carries; storage services want 5 MB at least. */
  readonly chunk: number
}

const PATIENCE: Patience = {
  firstByteMs: 5_000,
  documentMs: 10_000,
  silenceMs: 30_000,
  slowest: 128 << 10,
  attempts: 5,
  pauseMs: 500,
  longestPauseMs: 30_000,
  chunk: 16 << 20,
}

/** Tries of one who does not wait. */
const HASTY_ATTEMPTS = 3

/** Why a registry is of no use now. `passing`: it may be, a little later. */
export class RegistryTrouble extends Error {
  constructor(
    message: string,
    readonly passing: boolean,
    readonly status?: number,
    /** Milliseconds that it wants us to wait. */
    readonly after?: number,
  ) {
    super(message)
  }
}

export interface LineOptions {
  readonly registry: string
  readonly repository: string
  readonly noHttps: boolean
  readonly environment: NodeJS.ProcessEnv
  readonly actions: 'pull' | 'pull,push'
  readonly patience?: Partial<Patience>
}

export interface Sent {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Buffer
}

/** Milliseconds of a Retry-After header: seconds or a date (RFC 9110, 10.2.3). */
function retryAfter(header: string | null): number | undefined {
  if (header === null) return undefined
  if (/^\s*\d+\s*$/.test(header)) return Number(header) * 1000
  const date = Date.parse(header)
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now())
}

function meaning(status: number): string {
  switch (status) {
    case 401:
      return 'it wants a login (401)'
    case 403:
      return 'it does not allow it (403)'
    case 404:
      return 'it has no such thing (404)'
    case 413:
      return 'it takes nothing so large (413)'
    case 429:
      return 'it limits how often you may ask (429)'
    default:
      return `it answered ${status}`
  }
}

/** A signal that comes when nothing was heard for so long. */
export function listening(ms: number, signal: AbortSignal): {signal: AbortSignal; heard(): void; end(): void} {
  const silence = new AbortController()
  const give = () => silence.abort(new RegistryTrouble(`nothing came for ${ms / 1000} s`, true))
  let timer = setTimeout(give, ms)
  return {
    signal: AbortSignal.any([signal, silence.signal]),
    heard() {
      clearTimeout(timer)
      timer = setTimeout(give, ms)
    },
    end: () => clearTimeout(timer),
  }
}

export class RegistryLine {
  readonly patience: Patience
  readonly host: string
  #base: string | undefined
  #authorization: string | undefined

  constructor(readonly options: LineOptions) {
    this.patience = {...PATIENCE, ...options.patience}
    this.host = options.registry === 'docker.io' ? 'registry-1.docker.io' : options.registry
  }

  /** The same line for one who does not wait: what is small and wanted before anything else can go on. */
  get hasty(): RegistryLine {
    const {firstByteMs: silenceMs} = this.patience
    const hasty = new RegistryLine({
      ...this.options,
      patience: {...this.patience, silenceMs, slowest: 1 << 20, attempts: HASTY_ATTEMPTS},
    })
    hasty.#base = this.#base
    hasty.#authorization = this.#authorization
    return hasty
  }

  /** The path of something in the repository. */
  path(rest: string): string {
    return `/v2/${this.options.repository}/${rest}`
  }

  /** Uses the line that the registry answers on: loopback may be plain http, as the engines take it. */
  async #reach(ask: (base: string) => Promise<Response>, signal: AbortSignal): Promise<Response> {
    if (this.#base !== undefined) return ask(this.#base)
    const schemes = this.options.noHttps ? ['http'] : isLoopback(this.host) ? ['https', 'http'] : ['https']
    let last: unknown
    for (const scheme of schemes) {
      const base = `${scheme}://${this.host}`
      try {
        const response = await ask(base)
        this.#base = base
        return response
      } catch (error) {
        signal.throwIfAborted()
        last = error
      }
    }
    // One that has never answered is not asked again and again.
    throw new RegistryTrouble(`it cannot be reached: ${reasonOf(last)}`, false)
  }

  /**
   * One request, with a login where it is asked for; any status is an answer.
   * @param target a path, or an address that the registry gave
   */
  send(method: string, target: string, {headers = {}, body}: Sent, signal: AbortSignal): Promise<Response> {
    return this.#reach(async base => {
      const url = new URL(target, base)
      // The login is for the registry itself. Behind a proxy it may not know that it is spoken to over https.
      const ours = url.host === new URL(base).host
      if (ours) url.protocol = new URL(base).protocol
      const ask = () =>
        fetch(url, {
          method,
          signal,
          // As it lies there: a length and a digest are of that.
          headers: {
            'accept-encoding': 'identity',
            ...headers,
            ...(ours && this.#authorization !== undefined ? {authorization: this.#authorization} : {}),
          },
          ...(body === undefined ? {} : {body}),
        })
      const response = await ask()
      if (response.status !== 401 || !ours) return response
      // Also when a token has run out.
      const challenge = response.headers.get('www-authenticate') ?? ''
      const {environment, registry, repository, actions} = this.options
      const fresh = await authorization(challenge, {registry, repository, tag: undefined, digest: undefined}, actions, {
        environment,
        signal,
      })
      if (fresh === undefined) return response
      await response.body?.cancel().catch(() => {})
      this.#authorization = fresh
      return ask()
    }, signal)
  }

  /** What an answer that is not a good one comes to; its body is let go. */
  async trouble(response: Response): Promise<RegistryTrouble> {
    await response.body?.cancel().catch(() => {})
    const {status} = response
    const passing = status === 429 || status === 408 || (status >= 500 && status !== 501)
    return new RegistryTrouble(meaning(status), passing, status, retryAfter(response.headers.get('retry-after')))
  }

  /**
   * Does something again, after growing pauses, as long as what stops it may pass. Tries that got further count anew.
   * @param until no pause reaches beyond this moment
   */
  async retrying<T>(work: () => Promise<T>, signal: AbortSignal, progress = () => 0, until = Infinity): Promise<T> {
    const {pauseMs, longestPauseMs} = this.patience
    const attempts = until === Infinity ? this.patience.attempts : HASTY_ATTEMPTS
    let failures = 0
    for (;;) {
      const before = progress()
      try {
        return await work()
      } catch (error) {
        signal.throwIfAborted()
        const trouble = asTrouble(error)
        if (!(trouble instanceof RegistryTrouble) || !trouble.passing) throw trouble
        failures = progress() > before ? 1 : failures + 1
        const growing = Math.min(longestPauseMs, pauseMs * 2 ** (failures - 1)) * (0.75 + Math.random() / 2)
        const pause = trouble.after ?? growing
        if (failures >= attempts || pause > longestPauseMs * 1.25 || Date.now() + pause > until) throw trouble
        await sleep(pause, undefined, {signal})
      }
    }
  }

  /**
   * A small document; undefined where the registry has none.
   * @throws RegistryTrouble when it gives none in time
   */
  async document(
    path: string,
    accept: string,
    largest: number,
    signal: AbortSignal,
  ): Promise<{readonly body: Buffer; readonly digest: string | undefined} | undefined> {
    const {firstByteMs, documentMs} = this.patience
    const late = new AbortController()
    const limit = (ms: number) =>
      setTimeout(() => late.abort(new RegistryTrouble(`it did not answer within ${ms / 1000} s`, false)), ms)
    let timer = limit(firstByteMs)
    const either = AbortSignal.any([signal, late.signal])
    try {
      return await this.retrying(
        async () => {
          const response = await this.send('GET', this.path(path), {headers: {accept}}, either)
          if (response.status === 404) {
            await response.body?.cancel().catch(() => {})
            return undefined
          }
          if (!response.ok) throw await this.trouble(response)
          clearTimeout(timer)
          timer = limit(documentMs)
          const body = await smallBody(response, largest)
          if (body === undefined) throw new RegistryTrouble(`it sends more than ${largest} bytes where little is due`, false)
          return {body, digest: response.headers.get('docker-content-digest') ?? undefined}
        },
        either,
        undefined,
        Date.now() + firstByteMs,
      )
    } finally {
      clearTimeout(timer)
    }
  }
}

/** What fetch throws for a line that broke is worth another try; all else is what it is. */
function asTrouble(error: unknown): unknown {
  if (error instanceof TypeError && /fetch failed|terminated/.test(error.message))
    return new RegistryTrouble(`the connection broke: ${reasonOf(error)}`, true)
  return error
}
