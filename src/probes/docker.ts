/**
 * Docker with BuildKit through buildx. Its client runs as the caller, whoever the engine's user is: the daemon does the
 * work whoever asks, and logins and the right to use the socket are the caller's.
 */
import {DockerApi, dockerSocket} from '../system/docker-api.js'
import {engineEnvironment} from '../system/environment.js'
import {ownIdentity} from '../system/identity.js'
import {buildxPlugin, daemonTrouble, dockerFacts, dockerNotes, INFO_FORMAT, readDockerInfo, record} from './docker-info.js'
import {type Note, notHere, type Probed, type ProbeOptions} from './probe.js'
import {Answers, ask, fileMark, findProgram, versionOf} from './programs.js'

/** The file of a client's plugin, as it is now. */
function pluginMark(client: unknown): string | undefined {
  const path = buildxPlugin(client)?.['Path']
  try {
    return typeof path === 'string' ? fileMark(path) : undefined
  } catch {
    return undefined
  }
}

/** What the client said of itself, to be remembered with the file of its plugin. */
function clientIn(lines: readonly string[]): string | undefined {
  const parsed: unknown = JSON.parse(lines.find(each => each.startsWith('{')) ?? 'null')
  const client = record(parsed)['ClientInfo']
  const plugin = pluginMark(client)
  return plugin === undefined ? undefined : JSON.stringify({plugin, client})
}

/** The daemon's own answer, with what its client has said of itself before; undefined where that is not enough. */
async function askDaemon(env: Readonly<Record<string, string>>, before: string | undefined) {
  const socket = await dockerSocket(env)
  if (before === undefined || socket === undefined) return undefined
  try {
    const {plugin, client}: {plugin?: unknown; client?: unknown} = JSON.parse(before)
    if (pluginMark(client) !== plugin) return undefined
    const info = record(await new DockerApi(socket).info(AbortSignal.timeout(5_000)))
    if (typeof info['ServerVersion'] !== 'string') return undefined
    return {exitCode: 0, lines: [JSON.stringify({...info, ClientInfo: client})], late: false}
  } catch {
    // Its command says better what is wrong.
    return undefined
  }
}

export async function probeDocker(options: ProbeOptions): Promise<Probed> {
  const caller = ownIdentity()
  const env = engineEnvironment(options.environment, caller)
  const path = findProgram('docker', env['PATH'] ?? '')
  if (path === undefined) return notHere('docker', 'https://docs.docker.com/engine/install/, with its buildx plugin')
  const answers = new Answers(options.store, options.identity)
  const found = await versionOf(path, env, caller, answers)
  const {version} = found
  const status = (notes: readonly Note[]) => ({
    name: 'docker',
    usable: notes.every(each => each.ok),
    version,
    path,
    mapping: undefined,
    notes,
  })
  if (found.version === undefined) return {status: status([found.trouble])}
  if (/podman/i.test(found.line))
    return {status: status([{ok: false, text: 'this is podman under the name of docker', fix: 'use --engine podman'}])}
  // Asked each time: a daemon comes and goes.
  const client = `docker's client ${fileMark(path)} ${env['DOCKER_CONFIG'] ?? ''} ${env['DOCKER_CONTEXT'] ?? ''} ${env['DOCKER_HOST'] ?? ''}`
  const quick = await askDaemon(env, await answers.get(client))
  const {exitCode, lines, late} = quick ?? (await ask([path, 'info', '--format', INFO_FORMAT], env, caller))
  const info = readDockerInfo(lines)
  const said = quick === undefined && exitCode === 0 ? clientIn(lines) : undefined
  if (said !== undefined) await answers.set(client, said)
  if (info?.serverVersion === undefined) return {status: status([daemonTrouble(lines, late, options.environment)])}
  const notes = dockerNotes(info)
  if (exitCode !== 0 && notes.every(each => each.ok)) notes.push(daemonTrouble(lines, late, options.environment))
  return {
    status: {...status(notes), mapping: 'none'},
    ...(notes.every(each => each.ok) ? {facts: dockerFacts(info, path, found.version)} : {}),
  }
}
