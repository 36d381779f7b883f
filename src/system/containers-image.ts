/** Images of podman and buildah, by a mount. */
import {PassThrough} from 'node:stream'
import {streamedImage} from '../images/archive-stream.js'
import {refused} from '../images/limits.js'
import {isRecord} from '../images/manifest.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import type {Image} from '../model/image.js'
import {engineEnvironment} from './environment.js'
import {asUser} from './identity.js'
import {type EngineImageOptions, explained, missing, printedBy} from './printed-image.js'
import {capture, runProcess} from './processes.js'
import {sandboxImage} from './sandbox-image.js'

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
      throw new SifstageError(
        ExitCode.usage,
        `the image ${shown} cannot be read: ${explained(complaints, shown).message}`,
        'See what the engine has: podman images',
      )
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
