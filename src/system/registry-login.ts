/** Logins of registries as people have them, and the tokens that registries give for them. Neither is ever shown. */
import {readFileSync} from 'node:fs'
import {homedir} from 'node:os'
import {join} from 'node:path'
import {isRecord} from '../images/manifest.js'
import type {DockerName} from '../model/reference.js'

/** A registry gives tokens of a few kB. */
const LARGEST_ANSWER = 1 << 20

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** Files in which people keep registry logins, best first. */
export function authFiles(environment: NodeJS.ProcessEnv): string[] {
  const home = environment['HOME'] ?? homedir()
  const runtime = environment['XDG_RUNTIME_DIR']
  return [
    environment['REGISTRY_AUTH_FILE'],
    runtime === undefined ? undefined : join(runtime, 'containers/auth.json'),
    join(environment['XDG_CONFIG_HOME'] ?? join(home, '.config'), 'containers/auth.json'),
    join(environment['DOCKER_CONFIG'] ?? join(home, '.docker'), 'config.json'),
    join(home, '.apptainer/docker-config.json'),
    join(home, '.singularity/docker-config.json'),
  ].filter(file => file !== undefined)
}

/** `user:password` in base 64 for a registry, from the first file that has it; helpers are asked as docker does. */
async function login(name: DockerName, environment: NodeJS.ProcessEnv): Promise<string | undefined> {
  const keys =
    name.registry === 'docker.io'
      ? ['https://index.docker.io/v1/', 'docker.io', 'index.docker.io', 'registry-1.docker.io']
      : [name.registry, `https://${name.registry}`]
  for (const file of authFiles(environment)) {
    let config: unknown
    try {
      config = JSON.parse(readFileSync(file, 'utf8'))
    } catch {
      continue
    }
    if (!isRecord(config)) continue
    const helpers = isRecord(config['credHelpers']) ? config['credHelpers'] : {}
    for (const key of keys) {
      const entry = isRecord(config['auths']) ? config['auths'][key] : undefined
      const auth = isRecord(entry) ? textOf(entry['auth']) : undefined
      if (auth) return auth
      const helper = textOf(helpers[key]) ?? (isRecord(entry) ? textOf(config['credsStore']) : undefined)
      if (helper === undefined || !/^[\w.-]+$/.test(helper)) continue
      // Few have a helper, and it is much to load.
      const {execa} = await import('execa')
      const answer = await execa(`docker-credential-${helper}`, ['get'], {input: key, reject: false, timeout: 5_000})
      try {
        const parsed: unknown = JSON.parse(answer.stdout)
        if (isRecord(parsed))
          return Buffer.from(`${textOf(parsed['Username']) ?? ''}:${textOf(parsed['Secret']) ?? ''}`).toString('base64')
      } catch {
        // The helper has nothing for this registry.
      }
    }
  }
  return undefined
}

/** Hosts that plain http is tried for, as the engines do. */
export function isLoopback(registry: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/.test(registry)
}

/** A small body, read to its end or given up where it is larger than it can be. */
export async function smallBody(response: Response, largest: number): Promise<Buffer | undefined> {
  const pieces: Uint8Array[] = []
  let bytes = 0
  for await (const piece of response.body ?? []) {
    bytes += piece.length
    if (bytes > largest) return undefined
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

export interface LoginOptions {
  readonly environment: NodeJS.ProcessEnv
  readonly signal: AbortSignal
}

/**
 * The value for the Authorization header that a registry's challenge (RFC 9110, 11.6.1) asks for; undefined where nobody
 * has logged in, or a login would go over an open line.
 */
export async function authorization(
  challenge: string,
  name: DockerName,
  actions: 'pull' | 'pull,push',
  {environment, signal}: LoginOptions,
): Promise<string | undefined> {
  const auth = await login(name, environment)
  if (/^basic\b/i.test(challenge)) return auth === undefined ? undefined : `Basic ${auth}`
  const field = (key: string) => new RegExp(`${key}="([^"]*)"`, 'i').exec(challenge)?.[1]
  const realm = field('realm')
  if (realm === undefined || !/^https?:\/\//.test(realm)) return undefined
  // A login goes over a safe line only, unless the registry itself is on this machine.
  if (auth !== undefined && realm.startsWith('http:') && !isLoopback(new URL(realm).host)) return undefined
  const url = new URL(realm)
  const service = field('service')
  if (service !== undefined) url.searchParams.set('service', service)
  url.searchParams.set('scope', `repository:${name.repository}:${actions}`)
  const response = await fetch(url, {signal, headers: auth === undefined ? {} : {authorization: `Basic ${auth}`}})
  const body = response.ok ? await smallBody(response, LARGEST_ANSWER) : undefined
  if (body === undefined) {
    await response.body?.cancel().catch(() => {})
    return undefined
  }
  let parsed: unknown
  try {
    parsed = JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
  const token = isRecord(parsed) ? (textOf(parsed['token']) ?? textOf(parsed['access_token'])) : undefined
  return token === undefined ? undefined : `Bearer ${token}`
}
