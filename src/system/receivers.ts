/** Engines that keep images themselves, as places where OUT can go. */
import {ExitCode, SifstageError} from '../model/errors.js'
import type {EngineStorage, ImageReceiver} from '../model/outputs.js'
import type {Identity} from '../model/ports.js'
import {lastWords} from './engine-words.js'
import {engineEnvironment} from './environment.js'
import {errorCode} from './files.js'
import {asUser, ownIdentity} from './identity.js'
import {capture} from './processes.js'

/** A daemon that has not answered by then will not. */
const PATIENCE_MS = 10_000

interface Said {
  readonly ok: boolean
  readonly lines: readonly string[]
}

type Ask = (argv: readonly string[], signal: AbortSignal) => Promise<Said>

/** Runs commands of an engine; one that is not there says so like any other failure. */
function asking(before: readonly string[], env: Readonly<Record<string, string>>): Ask {
  return async (argv, signal) => {
    try {
      const {exitCode, lines} = await capture([...before, ...argv], {cwd: '/', env, signal})
      return {ok: exitCode === 0, lines}
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return {ok: false, lines: [`${argv[0]}: command not found`]}
      throw error
    }
  }
}

/** An engine's own last words, without what it only remarks. */
function words(lines: readonly string[]): string {
  return lastWords(lines, 600) || 'it failed without a word'
}

/** What to do about a daemon that cannot be used; undefined for any other failure. */
function dockerTrouble(said: string): string | undefined {
  if (/command not found/.test(said)) return 'Install Docker, or write an archive: -o NAME.docker.tar'
  if (/permission denied/i.test(said))
    return 'You may not use its socket: join the group docker, or name a daemon of your own in DOCKER_HOST.'
  if (/cannot connect to the docker daemon|docker daemon running|failed to connect|connection refused|no such host/i.test(said))
    return 'Start it, or name the one that runs in DOCKER_HOST.'
  return undefined
}

function failed(what: string, lines: readonly string[]): SifstageError {
  const said = words(lines)
  const full = /no space left|quota exceeded/i.test(said)
  const hint = full
    ? 'Free space where the engine keeps its images (docker system df, podman system df).'
    : 'Look at what the engine says, or write an archive: -o NAME.oci.tar'
  return new SifstageError(ExitCode.failed, `${what}: ${said}`, hint)
}

/** Docker's daemon, which is asked as we are: it has its images for all. */
function dockerReceiver(environment: NodeJS.ProcessEnv): ImageReceiver {
  const ask = asking([], engineEnvironment(environment, ownIdentity()))
  const unreachable = (lines: readonly string[]) => {
    const said = words(lines)
    const hint = dockerTrouble(said)
    if (hint === undefined) return undefined
    return new SifstageError(ExitCode.noEngine, `the Docker daemon cannot be reached: ${said}`, hint)
  }
  return {
    async check(signal) {
      const patience = AbortSignal.timeout(PATIENCE_MS)
      const asked = await ask(
        ['docker', 'version', '--format', '{{.Server.Version}}'],
        AbortSignal.any([signal, patience]),
      ).catch(error => {
        signal.throwIfAborted()
        if (!patience.aborted) throw error
        return {ok: false, lines: [`cannot connect to the Docker daemon: no answer in ${PATIENCE_MS / 1000} seconds`]}
      })
      if (asked.ok) return
      throw (
        unreachable(asked.lines) ??
        new SifstageError(ExitCode.noEngine, `Docker cannot be used: ${words(asked.lines)}`, 'See what `docker version` says.')
      )
    },
    async load(archive, name, signal) {
      const loaded = await ask(['docker', 'image', 'load', '--quiet', '--input', archive], signal)
      if (!loaded.ok) throw unreachable(loaded.lines) ?? failed(`Docker did not take the image ${name}`, loaded.lines)
      const asked = await ask(['docker', 'image', 'inspect', '--format', '{{.Id}}', name], signal)
      return idIn(asked, `Docker has no image ${name} after it was loaded`)
    },
  }
}

function idIn({ok, lines}: Said, what: string): string {
  const id = lines.map(line => /^(?:sha256:)?([0-9a-f]{64})$/.exec(line.trim())?.[1]).find(each => each !== undefined)
  if (!ok || id === undefined) throw failed(what, lines)
  return `sha256:${id}`
}

/**
 * Storage that podman and buildah share: that of the engine's user.
 * @param programs those that may be used, in this order
 */
export function containersReceiver(
  environment: NodeJS.ProcessEnv,
  identity: Identity,
  programs: readonly ('podman' | 'buildah')[] = ['podman', 'buildah'],
): ImageReceiver {
  // A folder of Docker's without its logins is an error to them, though they need none.
  const {DOCKER_CONFIG: _, ...rest} = environment
  const ask = asking(asUser(identity), engineEnvironment(rest, identity))
  const program = async (signal: AbortSignal) => {
    for (const name of programs) if ((await ask(['sh', '-c', `command -v ${name}`], signal)).ok) return name
    return undefined
  }
  const missing = () =>
    new SifstageError(
      ExitCode.noEngine,
      'containers-storage: needs podman or buildah, and neither is installed',
      'Install one of them, or write an archive: -o NAME.oci.tar',
    )
  return {
    async check(signal) {
      const found = await program(signal)
      if (found === undefined) throw missing()
      const asked = await ask([found, 'info'], signal)
      if (!asked.ok)
        throw new SifstageError(
          ExitCode.noEngine,
          `${found} cannot be used by ${identity.user}: ${words(asked.lines)}`,
          `See what \`${found} info\` says to that user.`,
        )
    },
    async load(archive, name, signal) {
      const found = await program(signal)
      if (found === undefined) throw missing()
      const [load, inspect] =
        found === 'podman'
          ? [
              ['podman', 'load', '--quiet', '--input', archive],
              ['podman', 'image', 'inspect', '--format', '{{.Id}}', name],
            ]
          : [
              ['buildah', 'pull', '--quiet', `docker-archive:${archive}`],
              ['buildah', 'inspect', '--type', 'image', '--format', '{{.FromImageID}}', name],
            ]
      const loaded = await ask(load, signal)
      if (!loaded.ok) throw failed(`${found} did not take the image ${name}`, loaded.lines)
      return idIn(await ask(inspect, signal), `${found} has no image ${name} after it was loaded`)
    },
  }
}

export function imageReceivers(
  environment: NodeJS.ProcessEnv,
  identity: Identity,
): Readonly<Record<EngineStorage, ImageReceiver>> {
  return {
    'docker-daemon': dockerReceiver(environment),
    'containers-storage': containersReceiver(environment, identity),
  }
}
