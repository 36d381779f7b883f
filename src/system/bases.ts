/**
 * Which bytes a base means right now: the platform's digest of a reference, the content of a local image. Answers
 * that cost something are remembered in the store's folder `bases`.
 */
import {createHash} from 'node:crypto'
import {mkdir, readFile, realpath, rename, rm, stat, utimes} from 'node:fs/promises'
import {join, resolve} from 'node:path'
import {readObject, readSif} from '../images/sif.js'
import {readTar, treeArguments} from '../images/tar.js'
import type {Base} from '../model/description.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import type {BaseResolver, Identity, ResolvedBase} from '../model/ports.js'
import {type LocalReference, normalizeReference, showImageReference} from '../model/reference.js'
import {layoutConfig} from './base-config.js'
import {besideName, errorCode, exists, fileError, hashFile, hashText, makeOwned, writeWhole} from './files.js'
import {asUser} from './identity.js'
import {capture, runProcess} from './processes.js'
import {RegistryError, resolveImage} from './registry.js'

/** A registry that has not answered by then counts as unreachable (design section 5). */
const PATIENCE_MS = 5_000

export interface BaseResolverOptions {
  /** The store's folder. */
  readonly folder: string
  readonly architecture: string
  readonly noHttps: boolean
  readonly environment: NodeJS.ProcessEnv
  readonly identity: Identity
}

/** Remembered answers, one small file each. */
class Memory {
  constructor(readonly folder: string) {}

  #file(name: string): string {
    return join(this.folder, 'bases', `${createHash('sha256').update(name).digest('hex')}.json`)
  }

  async get(name: string): Promise<Record<string, unknown> | undefined> {
    try {
      const parsed: unknown = JSON.parse(await readFile(this.#file(name), 'utf8'))
      if (typeof parsed !== 'object' || parsed === null) return undefined
      const known = Object.fromEntries(Object.entries(parsed))
      return known['name'] === name ? known : undefined
    } catch {
      return undefined
    }
  }

  /** A store that cannot be written only costs the memory: publishing will say so. */
  async set(name: string, value: Record<string, unknown>): Promise<void> {
    try {
      await mkdir(join(this.folder, 'bases'), {recursive: true})
      await writeWhole(this.#file(name), `${JSON.stringify({name, ...value})}\n`)
    } catch {
      // See above.
    }
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

export function baseResolver(options: BaseResolverOptions): BaseResolver {
  const memory = new Memory(options.folder)
  const running = new Map<string, Promise<ResolvedBase>>()

  async function remote(transport: string, name: string, shown: string, signal: AbortSignal): Promise<ResolvedBase> {
    if (transport !== 'docker' && transport !== 'oras') {
      return {
        digest: undefined,
        pinned: undefined,
        config: undefined,
        notes: [`${shown}: a ${transport} image has no digest that can be asked for, so stages on it are built anew each time`],
      }
    }
    const known = `${normalizeReference(shown)} linux/${options.architecture}`
    const pin = (digest: string) => `${name.replace(/@.*$/, '').replace(/:[^/:]*$/, '')}@${digest}`
    try {
      const found = await resolveImage(name, {...options, signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)])})
      await memory.set(known, {digest: found.digest, ...(found.config === undefined ? {} : {config: found.config})})
      return {digest: found.digest, pinned: pin(found.digest), config: found.config, notes: []}
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof RegistryError)) throw error
      const before = error.absent ? undefined : await memory.get(known)
      const digest = text(before?.['digest'])
      if (digest !== undefined)
        return {
          digest,
          pinned: pin(digest),
          config: text(before?.['config']),
          notes: [`${shown}: ${error.message}; the digest of the last time is used (${digest.slice(0, 19)}…)`],
        }
      throw new SifstageError(
        ExitCode.failed,
        `the base ${shown} cannot be resolved: ${error.message}`,
        error.absent
          ? 'Look at its name and tag, log in if it is private (apptainer registry login), or put another in its place: --base REF=REPLACEMENT'
          : 'Look at the network and proxy settings, or use a local copy: --base REF=./base.sif',
      )
    }
  }

  /** Digest of a folder by content; asked anew only when a time, size or name in it has changed. */
  async function folderDigest(path: string, reader: readonly string[], signal: AbortSignal): Promise<string> {
    const env = {PATH: '/usr/bin:/bin', LC_ALL: 'C'}
    const hash = createHash('sha256')
    const look = await runProcess({
      argv: [...reader, 'find', path, '-printf', String.raw`%P\0%y\0%m\0%s\0%T@\0%C@\0%i\0`],
      cwd: '/',
      env,
      signal,
      onOutput: async stream => {
        for await (const chunk of stream) hash.update(chunk)
      },
    })
    const seen = `sha256:${hash.digest('hex')}`
    const known = `folder ${path}`
    const before = await memory.get(known)
    if (look.exitCode === 0 && before?.['seen'] === seen) return text(before['digest']) ?? ''
    let digest = ''
    const complaints: string[] = []
    const packed = await runProcess({
      argv: [...reader, ...treeArguments(path)],
      cwd: '/',
      env,
      signal,
      onLine: line => complaints.push(line),
      onOutput: async stream => {
        const entries = await readTar(stream)
        digest = hashText(
          entries
            .map(each => JSON.stringify([each.path, each.kind, each.mode, each.uid, each.gid, each.digest ?? each.link ?? '']))
            .join('\n'),
        )
      },
    })
    if (packed.exitCode !== 0)
      throw new SifstageError(ExitCode.usage, `the base ${path} cannot be read: ${complaints[0] ?? 'tar failed'}`)
    await memory.set(known, {seen, digest})
    return digest
  }

  /** Whether the engine's user can read a path and all below it. */
  async function isReadable(path: string): Promise<boolean> {
    const user = asUser(options.identity)
    const found = await capture([...user, 'find', path, '!', '-type', 'l', '!', '-readable', '-print', '-quit'], {
      cwd: '/',
      env: {PATH: '/usr/bin:/bin'},
    })
    return found.exitCode === 0 && found.lines.length === 0
  }

  /**
   * A copy of a base that root can read and the engine's user cannot: once per digest, in the store. A tree becomes
   * a squashfs, which keeps its numeric owners.
   */
  async function staged(path: string, agent: LocalReference['agent'], digest: string, signal: AbortSignal): Promise<string> {
    if (process.getuid?.() !== 0) {
      throw new SifstageError(
        ExitCode.usage,
        `the base ${path} cannot be read by ${options.identity.user}`,
        'Ask its owner to make it readable, or copy it to a place that is.',
      )
    }
    const folder = join(options.folder, 'bases')
    const tree = agent === 'localimage' && (await stat(path)).isDirectory()
    const copy = join(folder, `${digest.replace('sha256:', '')}${tree ? '.sqfs' : ''}`)
    if (await exists(copy)) {
      const now = new Date()
      // `cache prune` goes by last use.
      await utimes(copy, now, now).catch(() => {})
      return copy
    }
    await makeOwned(folder, options.identity)
    const beside = besideName(copy)
    const env = {PATH: '/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C'}
    const argv = tree
      ? ['mksquashfs', path, beside, '-noappend', '-no-progress', '-quiet', '-comp', 'gzip', '-Xcompression-level', '1']
      : ['cp', '-r', '--reflink=auto', '--', path, beside]
    try {
      const result = await capture(argv, {cwd: '/', env, signal})
      if (result.exitCode !== 0)
        throw new SifstageError(
          ExitCode.failed,
          `the base ${path} cannot be copied for ${options.identity.user}: ${result.lines.at(-1) ?? ''}`,
        )
      await capture(['chown', '-R', `${options.identity.uid}:${options.identity.gid}`, '--', beside], {cwd: '/', env})
      // What other programs wrote is on disk before its name says that it is whole.
      await capture(['sync', ...((await stat(beside)).isFile() ? [] : ['--file-system']), '--', beside], {cwd: '/', env})
      await rename(beside, copy)
    } finally {
      await rm(beside, {recursive: true, force: true})
    }
    return copy
  }

  async function fileDigest(path: string): Promise<string> {
    const stats = await stat(path)
    const seen = `${stats.size} ${stats.mtimeMs} ${stats.ctimeMs} ${stats.ino}`
    const before = await memory.get(`file ${path}`)
    if (before?.['seen'] === seen) return text(before['digest']) ?? ''
    const digest = await hashFile(path)
    await memory.set(`file ${path}`, {seen, digest})
    return digest
  }

  /** The configuration in an OCI layout with one image. */
  async function local(reference: LocalReference, cwd: string, signal: AbortSignal): Promise<ResolvedBase> {
    const split = /^(.*?)(?:@sha256:[0-9a-f]{64}|:[\w.-]+)?$/.exec(reference.path)
    let path = resolve(cwd, reference.path)
    try {
      path = await realpath(path)
    } catch (error) {
      // `archive.tar:tag` and `layout@digest` name an image in a file.
      if (errorCode(error) !== 'ENOENT' || reference.agent === 'localimage')
        throw fileError(`the base ${reference.path}`, error, `Looked for at ${path}.`)
      path = await realpath(resolve(cwd, split?.[1] ?? reference.path)).catch(cause => {
        throw fileError(`the base ${reference.path}`, cause, `Looked for at ${path}.`)
      })
    }
    const stats = await stat(path)
    const readable = await isReadable(path)
    const reader = readable ? asUser(options.identity) : []
    const common = async (digest: string, config: string | undefined): Promise<ResolvedBase> => ({
      digest,
      config,
      pinned: undefined,
      path: readable ? resolve(cwd, reference.path) : await staged(path, reference.agent, digest, signal),
      moved: !readable,
      notes: [],
    })
    if (reference.agent === 'oci' && stats.isDirectory()) {
      const index = await readFile(join(path, 'index.json')).catch(cause => {
        throw fileError(`${reference.path} is no OCI layout`, cause)
      })
      return common(hashText(index), await layoutConfig(path))
    }
    if (stats.isDirectory()) return common(await folderDigest(path, reader, signal), undefined)
    const digest = await fileDigest(path)
    let config: string | undefined
    try {
      config = await readObject(path, await readSif(path), 'oci-config.json')
    } catch {
      // Not a SIF: a squashfs or an archive.
    }
    return common(digest, config)
  }

  function resolveNow(base: Base, cwd: string, signal: AbortSignal): Promise<ResolvedBase> {
    switch (base.kind) {
      case 'image':
        return remote(base.reference.transport, base.reference.name, showImageReference(base.reference), signal)
      case 'local':
        return local(base.reference, cwd, signal)
      case 'scratch':
        return Promise.resolve({digest: 'scratch', pinned: undefined, config: undefined, notes: []})
      case 'mirror':
        return Promise.resolve({digest: `mirror ${base.agent}`, pinned: undefined, config: undefined, notes: []})
      case 'stage':
        throw new Error('a stage is not resolved but built')
    }
  }

  return {
    resolve(base, cwd, signal) {
      // Two stages on one base ask once.
      const key =
        base.kind === 'image'
          ? showImageReference(base.reference)
          : base.kind === 'local'
            ? `${base.reference.agent} ${base.reference.path}`
            : base.kind
      let answer = running.get(key)
      if (answer === undefined) {
        answer = resolveNow(base, cwd, signal)
        running.set(key, answer)
      }
      return answer
    },
  }
}
