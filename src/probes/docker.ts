/**
 * Docker with BuildKit through buildx. Its client runs as the caller, whoever the engine's user is: the daemon does the
 * work whoever asks, and logins and the right to use the socket are the caller's.
 */
import {engineEnvironment} from '../system/environment.js'
import {ownIdentity} from '../system/identity.js'
import {daemonTrouble, dockerFacts, dockerNotes, INFO_FORMAT, readDockerInfo} from './docker-info.js'
import {type Note, notHere, type Probed, type ProbeOptions} from './probe.js'
import {Answers, ask, findProgram, versionOf} from './programs.js'

export async function probeDocker(options: ProbeOptions): Promise<Probed> {
  const caller = ownIdentity()
  const env = engineEnvironment(options.environment, caller)
  const path = findProgram('docker', env['PATH'] ?? '')
  if (path === undefined) return notHere('docker', 'https://docs.docker.com/engine/install/, with its buildx plugin')
  const found = await versionOf(path, env, caller, new Answers(options.store, options.identity))
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
  const {exitCode, lines, late} = await ask([path, 'info', '--format', INFO_FORMAT], env, caller)
  const info = readDockerInfo(lines)
  if (info?.serverVersion === undefined) return {status: status([daemonTrouble(lines, late, options.environment)])}
  const notes = dockerNotes(info)
  if (exitCode !== 0 && notes.every(each => each.ok)) notes.push(daemonTrouble(lines, late, options.environment))
  return {
    status: {...status(notes), mapping: 'none'},
    ...(notes.every(each => each.ok) ? {facts: dockerFacts(info, path, found.version)} : {}),
  }
}
