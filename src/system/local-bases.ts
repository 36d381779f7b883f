/** Local bases: the digest of their content, their configuration, and a copy for a user who cannot read them. */
import {createHash} from 'node:crypto'
import {readFile, realpath, rename, rm, stat, utimes} from 'node:fs/promises'
import {join, resolve} from 'node:path'
import {readObject, readSif} from '../images/sif.js'
import {readTar, treeArguments} from '../images/tar.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import type {Identity, ResolvedBase} from '../model/ports.js'
import type {LocalReference} from '../model/reference.js'
import {layoutConfig} from './base-config.js'
import {besideName, errorCode, exists, fileError, hashFile, hashText, makeOwned} from './files.js'
import {asUser} from './identity.js'
import {capture, runProcess} from './processes.js'
import {Remembered, textOf} from './remembered.js'

export interface LocalBaseOptions {
  /** The store's folder. */
  readonly folder: string
  readonly identity: Identity
}

/** Resolves local bases. @throws SifstageError (2) for one that cannot be read */
export function localBases(
  options: LocalBaseOptions,
): (reference: LocalReference, cwd: string, signal: AbortSignal) => Promise<ResolvedBase> {
  const memory = new Remembered(options.folder)

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
    if (look.exitCode === 0 && before?.['seen'] === seen) return textOf(before['digest']) ?? ''
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
      throw new SifstageError(
        ExitCode.usage,
        `the base ${path} cannot be read: ${complaints[0] ?? 'tar failed'}`,
        "Make all of it readable for the engine's user, or build from a .sif of it.",
      )
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
          'It is copied into the store: free some space there (sifstage cache prune), or name another with --cache-dir DIR.',
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
    if (before?.['seen'] === seen) return textOf(before['digest']) ?? ''
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

  return local
}
