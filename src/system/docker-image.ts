/** Images of Docker's daemon. */
import {streamedImage} from '../images/archive-stream.js'
import {Bytes, streamSource} from '../images/bytes.js'
import {namingImage, refused} from '../images/limits.js'
import {members} from '../images/members.js'
import {isOdd} from '../images/names.js'
import type {Image} from '../model/image.js'
import {engineEnvironment} from './environment.js'
import {ownIdentity} from './identity.js'
import {type EngineImageOptions, printedBy} from './printed-image.js'
import {capture} from './processes.js'

/** What the daemon prints in a second, and what one `docker cp` takes: measured, and only their proportion counts. */
const SAVED_PER_SECOND = 50e6
const COPY_SECONDS = 0.2

/** What the daemon puts into a container over the image's own. */
const ITS_OWN = /^\/(\.dockerenv|dev(\/.*)?|etc\/(hosts|hostname|resolv\.conf|mtab))$/

/**
 * An image of Docker's daemon.
 *
 * Names by `docker image save`, which prints the layers as they are kept. A container's `export` takes as long, and has
 * files that the image has not (`/.dockerenv`, `/etc/hosts`, `/dev/console`). Contents by another `save`, or where they
 * are few by a `docker cp` of each out of a container that never runs; it is removed when the image is closed.
 */
export async function dockerImage(name: string, options: EngineImageOptions): Promise<Image> {
  const {shown} = options
  const env = engineEnvironment(options.environment, ownIdentity())
  const image = await streamedImage(printedBy(['docker', 'image', 'save', '--', name], shown, env), undefined, options)
  let total = 0
  for (const {size} of image.tree.below('/')) total += size
  let container: Promise<string | undefined> | undefined

  /** Undefined where the daemon cannot make one: it unpacks the layers for it, which some images do not survive. */
  async function create(signal: AbortSignal): Promise<string | undefined> {
    // The command is never run, but an image without one needs it.
    const argv = ['docker', 'create', '--pull', 'never', '--network', 'none', name, '/nothing']
    const made = await capture(argv, {cwd: '/', env, signal})
    return made.exitCode === 0 ? made.lines.find(line => /^[0-9a-f]{64}$/.test(line)) : undefined
  }

  async function copyOut(
    id: string,
    path: string,
    visit: (path: string, content: AsyncIterable<Uint8Array>) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    const passage = printedBy(['docker', 'cp', `${id}:${path}`, '-'], shown, env)
    await passage(async stored => {
      for await (const {member, content} of members(new Bytes(streamSource(stored)))) {
        if (member.kind !== 'file' || member.size !== image.tree.lookup(path)?.size) break
        await visit(path, content())
        return
      }
      throw refused(`${path} has changed while it was read`)
    }, signal)
  }

  return {
    ...image,
    async contents(paths, visit, signal) {
      const files = [...new Set(paths)]
      const few = files.length * COPY_SECONDS < total / SAVED_PER_SECOND && !files.some(each => ITS_OWN.test(each) || isOdd(each))
      if (few && !name.startsWith('-')) container ??= create(signal)
      const id = few ? await container : undefined
      if (id === undefined) return image.contents(files, visit, signal)
      try {
        for (const path of files) await copyOut(id, path, visit, signal)
      } catch (error) {
        signal.throwIfAborted()
        throw namingImage(shown, error)
      }
    },
    async close() {
      const id = await container?.catch(() => undefined)
      // Also after an interrupt.
      if (id !== undefined) await capture(['docker', 'rm', '--force', id], {cwd: '/', env})
      await image.close()
    },
  }
}
