/** Images that an engine of this machine keeps: Docker's by its export, those of podman and buildah by a mount. */
import {PassThrough} from 'node:stream'
import {type Passage, streamedImage} from '../images/archive-stream.js'
import {refused} from '../images/limits.js'
import {isRecord} from '../images/manifest.js'
import type {LayeredOptions} from '../images/picked.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import type {Image} from '../model/image.js'
import type {Identity} from '../model/ports.js'
import {engineEnvironment} from './environment.js'
import {errorCode} from './files.js'
import {asUser, ownIdentity} from './identity.js'
import {capture, runProcess} from './processes.js'
import {sandboxImage} from './sandbox-image.js'

export interface EngineImageOptions extends Omit<LayeredOptions, 'name'> {
  readonly environment: NodeJS.ProcessEnv
  /** Whose images they are. Docker's daemon has them for all, and is asked as we are. */
  readonly identity: Identity
}

function missing(program: string, what: string): SifstageError {
  return new SifstageError(
    ExitCode.noEngine,
    `${what} needs ${program}, which is not installed`,
    `Install it, or export the image where it is (${program} save) and name the archive.`,
  )
}

/** What an engine's complaint means: an engine that cannot be used (4), or an image that is not there (2). */
function explained(complaints: readonly string[], shown: string): SifstageError {
  const said = complaints
    .filter(line => line.trim() !== '' && !/level=(warning|info)/.test(line))
    .join('; ')
    .slice(0, 400)
  if (/cannot connect to the docker daemon|docker daemon running|permission denied.*docker|connection refused/i.test(said))
    return new SifstageError(
      ExitCode.noEngine,
      `${shown}: the Docker daemon cannot be reached: ${said}`,
      'Start it, or set DOCKER_HOST.',
    )
  return refused(said === '' ? 'the engine failed without a word' : said)
}

/** Passes through what a command prints, however often it is asked for. */
function printedBy(argv: readonly string[], shown: string, env: Readonly<Record<string, string>>): Passage {
  return async (use, signal) => {
    const complaints: string[] = []
    let trouble: unknown
    let enough = false
    try {
      const result = await runProcess({
        argv,
        cwd: '/',
        env,
        signal,
        onLine: line => complaints.push(line),
        onOutput: async stream => {
          // Taken at once: Node throws away what nobody reads when the program ends.
          const output = stream.pipe(new PassThrough())
          let ended = false
          output.once('end', () => (ended = true))
          try {
            await use(output)
          } catch (error) {
            trouble = error
          }
          enough = !ended && trouble === undefined
          output.destroy()
          stream.destroy()
        },
      })
      // An archive that is cut short because the engine failed: its own words say more.
      const failed = result.exitCode !== 0 && result.exitCode !== undefined
      if (!enough && (failed || (trouble !== undefined && complaints.some(line => /^Error: /.test(line)))))
        throw explained(complaints, shown)
    } catch (error) {
      if (errorCode(error) === 'ENOENT') throw missing(argv.find(each => /^(docker|podman|buildah)$/.test(each)) ?? '', shown)
      throw error
    }
    if (trouble !== undefined) throw trouble
  }
}

/**
 * An image of Docker's daemon.
 *
 * By `docker image save`, which prints the layers as they are kept: with the containerd store that is as fast as the
 * disk and half the bytes of an export. A container's `export` would be one tar of the merged tree, but the container
 * has to be made and removed, and has files that the image has not (`/.dockerenv`, `/etc/hosts`, `/dev/console`).
 * Names take one pass, contents another.
 */
export function dockerImage(name: string, options: EngineImageOptions): Promise<Image> {
  const argv = ['docker', 'image', 'save', '--', name]
  return streamedImage(printedBy(argv, options.shown, engineEnvironment(options.environment, ownIdentity())), undefined, options)
}

/** What podman knows of an image: its platform and configuration. */
function inspected(text: string): {readonly architecture?: string; readonly config?: string} {
  try {
    const parsed: unknown = JSON.parse(text)
    const first: unknown = Array.isArray(parsed) ? parsed[0] : parsed
    if (!isRecord(first)) return {}
    return {
      ...(typeof first['Architecture'] === 'string' ? {architecture: first['Architecture']} : {}),
      ...(isRecord(first['Config']) ? {config: JSON.stringify(first['Config'])} : {}),
    }
  } catch {
    return {}
  }
}

/** An image of buildah where podman is not: as an archive that it prints. */
export function buildahImage(name: string, options: EngineImageOptions): Promise<Image> {
  // It opens what it writes to: a pipe can be opened, but our end is a socket.
  const script = 'buildah push --quiet "$1" docker-archive:/dev/stdout | cat'
  const argv = [...asUser(options.identity), 'sh', '-c', script, 'buildah', name]
  // A folder of Docker's without its logins is an error to it, though it needs none.
  const {DOCKER_CONFIG: _, ...environment} = options.environment
  const env = engineEnvironment(environment, options.identity)
  return streamedImage(printedBy(argv, options.shown, env), 'docker-archive', options)
}

/**
 * An image of podman and buildah, which share their storage. Podman mounts it, which costs nothing whatever its
 * size; an ordinary user's mounts are there in his namespace alone (`podman unshare`). Where only buildah is, it
 * prints an archive.
 */
export async function containersImage(name: string, options: EngineImageOptions): Promise<Image> {
  const {identity, shown, signal} = options
  const env = {...engineEnvironment(options.environment, identity), LC_ALL: 'C'}
  if (name.startsWith('-')) throw refused(`${shown}: no image has such a name`)
  const user = asUser(identity)
  const has = async (program: string) =>
    (await capture(['sh', '-c', `command -v ${program}`], {cwd: '/', env, signal})).exitCode === 0
  if (!(await has('podman'))) {
    if (!(await has('buildah'))) throw missing('podman', shown)
    return buildahImage(name, options)
  }
  const inside = identity.uid === 0 ? [...user] : [...user, 'podman', 'unshare']
  const run = async (argv: readonly string[]) => {
    const output: Buffer[] = []
    const complaints: string[] = []
    const result = await runProcess({
      argv: [...inside, ...argv],
      cwd: '/',
      env,
      signal,
      onLine: line => complaints.push(line),
      onOutput: async stream => {
        for await (const chunk of stream.pipe(new PassThrough())) if (Buffer.isBuffer(chunk)) output.push(chunk)
      },
    })
    if (result.exitCode !== 0)
      throw new SifstageError(ExitCode.usage, `the image ${shown} cannot be read: ${explained(complaints, shown).message}`)
    return Buffer.concat(output).toString('utf8')
  }
  const facts = inspected(await run(['podman', 'image', 'inspect', name]))
  const folder = (await run(['podman', 'image', 'mount', name])).replace(/\n$/, '')
  return sandboxImage(folder, {
    shown,
    inside,
    env,
    signal,
    ...facts,
    onlyInside: identity.uid !== 0,
    close: async () => {
      // Also after an interrupt.
      await capture([...inside, 'podman', 'image', 'unmount', name], {cwd: '/', env})
    },
  })
}
