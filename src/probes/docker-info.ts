/** What `docker info` says, and what that means for building with it. */
import type {ImageEngineFacts} from '../model/engines.js'
import type {Note} from './probe.js'
import {isAtLeast} from './programs.js'

/** Asked for with this `--format`: the whole of it is longer than a line may be. */
export const INFO_FORMAT = `{${['ServerVersion', 'Driver', 'DriverStatus', 'OSType', 'SecurityOptions', 'ClientInfo']
  .map(field => `"${field}":{{json .${field}}}`)
  .join(',')}}`

/** What is read of `docker info`. */
export interface DockerInfo {
  readonly serverVersion: string | undefined
  readonly buildx: string | undefined
  readonly context: string
  readonly storage: string
  readonly rootless: boolean
  readonly operatingSystem: string
}

export function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {}
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** What the client says of its plugin. */
export function buildxPlugin(client: unknown): Readonly<Record<string, unknown>> | undefined {
  return list(record(client)['Plugins'])
    .map(record)
    .find(each => each['Name'] === 'buildx')
}

/** The answer among the lines that the client printed; undefined when it gave none. */
export function readDockerInfo(lines: readonly string[]): DockerInfo | undefined {
  const line = lines.find(each => each.startsWith('{'))
  if (line === undefined) return undefined
  let parsed: unknown
  try {
    parsed = JSON.parse(line)
  } catch {
    return undefined
  }
  const info = record(parsed)
  const client = record(info['ClientInfo'])
  const buildx = buildxPlugin(client)
  const snapshotter = list(info['DriverStatus']).some(row => list(row)[1] === 'io.containerd.snapshotter.v1')
  return {
    serverVersion: text(info['ServerVersion']),
    buildx: text(buildx?.['Version'])?.replace(/^v/, ''),
    context: text(client['Context']) ?? 'default',
    storage: snapshotter ? 'containerd' : (text(info['Driver']) ?? 'unknown'),
    rootless: list(info['SecurityOptions']).some(each => each === 'name=rootless'),
    operatingSystem: text(info['OSType']) ?? 'linux',
  }
}

const START = 'sudo systemctl start docker (or: sudo service docker start); in a container mount the socket of its host'

/** What the client's words mean when the daemon does not answer. */
export function daemonTrouble(lines: readonly string[], late: boolean, environment: NodeJS.ProcessEnv): Note {
  const said = lines.filter(line => !line.startsWith('{')).join('\n')
  const host = environment['DOCKER_HOST']
  const where = host === undefined || host === '' ? 'its socket' : `DOCKER_HOST=${host}`
  if (late)
    return {
      ok: false,
      text: `the daemon behind ${where} does not answer`,
      fix: 'look at its log (journalctl -u docker), or start it anew: sudo systemctl restart docker',
    }
  if (/permission denied/i.test(said))
    return {
      ok: false,
      text: `you may not use the daemon's socket: ${/unix:\/\/\S+?(?=:? |:$|$)/m.exec(said)?.[0] ?? where}`,
      fix: 'sudo usermod -aG docker $USER and log in again (that is as good as root), or a daemon of your own: dockerd-rootless-setuptool.sh install',
    }
  const context = /current context "([^"]+)" is not found/.exec(said)?.[1] ?? /context "([^"]+)"[^\n]*not found/.exec(said)?.[1]
  if (context !== undefined)
    return {
      ok: false,
      text: `the docker context "${context}" does not exist`,
      fix: 'docker context use default, or DOCKER_CONTEXT=default',
    }
  if (/client version .* is too (new|old)/.test(said))
    return {
      ok: false,
      text: `client and daemon do not understand each other: ${/client version .*/.exec(said)?.[0]}`,
      fix: 'install both from one source',
    }
  if (/HTTP response to HTTPS client|HTTP request to an HTTPS server|x509|certificate/.test(said))
    return {
      ok: false,
      text: `the daemon behind ${where} wants other TLS settings: ${said.split('\n').at(-1)}`,
      fix: 'look at DOCKER_HOST, DOCKER_TLS_VERIFY and DOCKER_CERT_PATH',
    }
  if (/Cannot connect|connection refused|no such file|failed to connect|no such host|EOF/i.test(said))
    return {
      ok: false,
      text: `no daemon answers at ${where}`,
      fix: host === undefined || host === '' ? START : `start the daemon there, or unset DOCKER_HOST for the one of this machine`,
    }
  return {
    ok: false,
    text: `the daemon behind ${where} cannot be asked${said === '' ? '' : `: ${said.split('\n').at(-1)}`}`,
    fix: 'run it by hand: docker info',
  }
}

/** What a daemon that answers can do and what not. */
export function dockerNotes(info: DockerInfo): Note[] {
  const notes: Note[] = []
  const {serverVersion, buildx, storage} = info
  if (buildx === undefined)
    notes.push({
      ok: false,
      text: 'buildx is missing: the client cannot build with BuildKit',
      fix: 'apt-get install docker-buildx (docker-buildx-plugin in Docker’s own packages); ~/.docker/cli-plugins is of the user who calls',
    })
  else if (!isAtLeast(buildx, 0, 8))
    notes.push({
      ok: false,
      text: `buildx ${buildx} is too old: earlier stages are handed on by --build-context, which 0.8 brought`,
      fix: 'apt-get install docker-buildx of a newer release, or docker-buildx-plugin from Docker’s own packages',
    })
  else notes.push({ok: true, text: `buildx ${buildx}`})
  if (info.operatingSystem !== 'linux')
    notes.push({ok: false, text: `the daemon builds for ${info.operatingSystem}`, fix: 'switch it to Linux containers'})
  if (serverVersion !== undefined) {
    if (!isAtLeast(serverVersion, 23, 0))
      notes.push({
        ok: false,
        text: `the daemon (${serverVersion}) is too old: its BuildKit knows neither named contexts nor here-documents, which 23.0 brought`,
        fix: 'install Docker 23.0 or newer: https://docs.docker.com/engine/install/',
      })
    else notes.push({ok: true, text: `the daemon answers: ${serverVersion}${info.rootless ? ', rootless' : ''}`})
  }
  if (storage === 'containerd') notes.push({ok: true, text: 'images in containerd: OCI archives and registry caches work'})
  else if (storage === 'vfs')
    notes.push({
      ok: true,
      text: 'images in vfs, which copies the whole image for each layer: slow and large',
      fix: 'a data-root on a disk on which overlay2 works (ext4, xfs with ftype=1)',
    })
  else
    notes.push({
      ok: true,
      text: `images in ${storage}: the builder cannot write OCI archives and caches in a registry (inline caches work)`,
      fix: '{"features": {"containerd-snapshotter": true}} in /etc/docker/daemon.json; images made before are hidden then',
    })
  return notes
}

/** What decides how docker is called; `path` and `version` are the client's. */
export function dockerFacts(info: DockerInfo, path: string, version: string): ImageEngineFacts {
  return {
    name: 'docker',
    path,
    version,
    serverVersion: info.serverVersion,
    buildx: info.buildx,
    // The built-in builder of a context has its name, whichever `docker buildx use` has made the current one.
    builder: info.context,
    storage: info.storage,
    rootless: info.rootless,
    mapping: 'none',
    isolation: 'default',
    heredocs: true,
    exports: info.storage === 'containerd',
  }
}
