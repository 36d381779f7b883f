/** Image trees by the host's tar and squashfs-tools, run in the namespace where the image's owners are real. */
import {closeSync, openSync} from 'node:fs'
import {chmod, stat, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {writeLayer} from '../images/image-archive.js'
import {Listing} from '../images/listing.js'
import {fastCompression, noSquashfsTools, packArguments, unpackArguments} from '../images/squashfs.js'
import {layerArguments, readTar, treeArguments} from '../images/tar.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import type {Operations} from '../model/operations.js'
import type {Identity, ImageTools, Mapping, Runner, TreeLayer} from '../model/ports.js'
import {errorCode, fileError, hashFile} from '../system/files.js'
import {asUser, insideNamespace} from '../system/identity.js'
import {capture, runProcess} from '../system/processes.js'
import {applyChangesArguments, compareArguments, lookArguments, packChangesArguments, readChanges} from './tree-changes.js'

/** Paths of one unsquashfs call: a command line has a limit. */
const MOST_PATHS = 500

const fullDisk = 'Free space in the scratch folder (SIFSTAGE_TMPDIR) and the cache folder, or point them at a larger disk.'

export interface ImageToolsOptions {
  readonly identity: Identity
  readonly mapping: Mapping
  readonly environment: Readonly<Record<string, string>>
  readonly runner: Runner
}

export function imageTools(options: ImageToolsOptions): ImageTools {
  const inside = [...asUser(options.identity), ...insideNamespace(options.mapping)]
  const env = {...options.environment, LC_ALL: 'C'}
  let compression: Promise<readonly string[]> | undefined
  let zstd: Promise<boolean> | undefined

  /** A tool's failure in its own last words. */
  const failed = (what: string, lines: readonly string[]) => {
    const last = lines
      .filter(line => line.trim() !== '')
      .slice(-3)
      .join('; ')
    const full = /no space left|quota exceeded/i.test(last)
    return new SifstageError(
      ExitCode.failed,
      `${what}: ${last === '' ? 'the tool failed without a word' : last}`,
      full ? fullDisk : 'If it comes again, look at the disks of the store and of the scratch folder (SIFSTAGE_TMPDIR).',
    )
  }

  async function tool(argv: readonly string[], what: string, signal: AbortSignal, descriptor?: number): Promise<void> {
    const program = argv.find(each => each.endsWith('squashfs')) ?? 'squashfs-tools'
    try {
      const result = await capture(argv, {cwd: '/', env, signal, ...(descriptor === undefined ? {} : {descriptor})})
      if (
        result.exitCode === 127 ||
        result.lines.some(line => /(squashfs).*(No such file or directory|not found)$/.test(line) && line.startsWith('unshare'))
      )
        throw noSquashfsTools(program)
      if (result.exitCode !== 0) throw failed(what, result.lines)
    } catch (error) {
      if (errorCode(error) === 'ENOENT') throw noSquashfsTools(program)
      throw error
    }
  }

  async function fast(): Promise<readonly string[]> {
    const help = await capture(['mksquashfs', '-help'], {cwd: '/', env}).catch(() => {
      throw noSquashfsTools('mksquashfs')
    })
    // Old versions print their compressors only in the help of an empty call.
    return fastCompression(help.lines.join('\n'))
  }

  return {
    async inventory(root, signal) {
      const complaints: string[] = []
      let listing = new Listing([])
      let isTree = false
      let broken: unknown
      const result = await runProcess({
        argv: [...inside, ...treeArguments(root)],
        cwd: '/',
        env,
        signal,
        onLine: line => complaints.push(line),
        onOutput: async stream => {
          try {
            const entries = await readTar(stream)
            isTree = entries.some(each => each.path === '/')
            listing = new Listing(entries)
          } catch (error) {
            // What tar says of it comes first: a stream that is cut short is its failure, not the image's.
            broken = error
          }
        },
      })
      // Status 1 is a file that changed meanwhile or a socket that was left out: nothing that can be copied.
      if (result.exitCode !== 0 && result.exitCode !== 1) throw failed(`the image tree ${root} cannot be read`, complaints)
      if (broken !== undefined) throw broken
      // An empty answer is none: whatever ended the reader, the root is in every tree.
      if (!isTree) throw failed(`the image tree ${root} cannot be read`, complaints)
      return listing
    },

    async pack(root, file, wanted, signal) {
      // Only where nothing is said: looking for it fails where the tool is missing.
      const known = async () => {
        compression ??= fast()
        return compression
      }
      const how = wanted ?? (await known())
      await tool([...inside, ...packArguments(root, file, how)], 'the image cannot be packed', signal)
    },

    async unpack(image, folder, paths, signal) {
      // By an open descriptor: the store may be closed to the engine's user.
      const descriptor = openSync(image.path, 'r')
      try {
        const file = '/proc/self/fd/3'
        if (paths === undefined)
          await tool(
            [...inside, ...unpackArguments(file, image.offset, folder, [])],
            'the image cannot be unpacked',
            signal,
            descriptor,
          )
        for (let i = 0; paths !== undefined && i < paths.length; i += MOST_PATHS) {
          const [program = '', ...rest] = unpackArguments(file, image.offset, folder, paths.slice(i, i + MOST_PATHS))
          // -f: the folder is there already after the first slice.
          await tool(
            [...inside, program, ...(i > 0 ? ['-f'] : []), ...rest],
            'artifacts cannot be taken out of the image',
            signal,
            descriptor,
          )
        }
      } finally {
        closeSync(descriptor)
      }
    },

    async extract(archive, folder, signal) {
      const descriptor = openSync(archive, 'r')
      try {
        const unpack = ['tar', '--extract', '--numeric-owner', '--same-owner', '--same-permissions', '--xattrs']
        const argv = ['sh', '-c', 'mkdir -p "$1" && shift && exec "$@" </proc/self/fd/3', 'sh', folder, ...unpack]
        await tool(
          [...inside, ...argv, '--xattrs-include=*', '-C', folder],
          'what was taken out of the image cannot be laid ready',
          signal,
          descriptor,
        )
      } finally {
        closeSync(descriptor)
      }
    },

    look: (root, file, signal) =>
      tool([...inside, ...lookArguments(root, file)], `the image tree ${root} cannot be read`, signal),

    async changes(before, after, signal) {
      await tool(compareArguments(before, after, after), 'what changed in the image cannot be told', signal)
      return readChanges(after)
    },

    async packChanges(root, changes, archive, signal) {
      zstd ??= capture(['zstd', '--version'], {cwd: '/', env}).then(
        ({exitCode}) => exitCode === 0,
        () => false,
      )
      const compression = (await zstd) ? 'zstd' : 'gzip'
      const argv = await packChangesArguments(root, changes, archive, compression)
      await tool([...inside, ...argv], 'what changed in the image cannot be packed', signal)
      return {compression, bytes: (await stat(archive)).size, digest: await hashFile(archive)}
    },

    async applyChanges(root, {archive, compression, removed}, folder, signal) {
      const what = 'a point inside the stage cannot be restored'
      if (removed.length > 0) await operate({root, steps: [{op: 'remove', paths: removed}]}, folder, signal)
      const descriptor = openSync(archive, 'r')
      try {
        await tool([...inside, ...applyChangesArguments(root, compression)], what, signal, descriptor)
      } finally {
        closeSync(descriptor)
      }
    },

    async layer(root, file, {form, leaveOut, newest}, signal) {
      const complaints: string[] = []
      const what = 'the image cannot be made a layer'
      let layer: TreeLayer | undefined
      let broken: unknown
      const result = await runProcess({
        argv: [...inside, ...layerArguments(root, leaveOut, newest)],
        cwd: '/',
        env,
        signal,
        onLine: line => complaints.push(line),
        onOutput: async stream => {
          try {
            layer = await writeLayer(stream, file, form, signal)
          } catch (error) {
            broken = error
          }
        },
      })
      // A file that cannot be written any further ends tar too: that is the reason, and tar's death the consequence.
      if (broken !== undefined && errorCode(broken) !== 'ERR_STREAM_PREMATURE_CLOSE') throw fileError(what, broken, fullDisk)
      if (result.exitCode !== 0 || layer === undefined) throw failed(what, complaints)
      return layer
    },

    operate,
  }

  async function operate(operations: Operations, folder: string, signal: AbortSignal): Promise<void> {
    const file = join(folder, `operations-${Date.now()}.json`)
    await writeFile(file, JSON.stringify(operations))
    // Whatever the caller's umask: the engine's user has to read it.
    await chmod(file, 0o644)
    const result = await options.runner.run(
      {kind: 'helper', title: 'change the image', argv: [file], cwd: '/', env: {}},
      () => {},
      signal,
    )
    if (result.exitCode !== 0) throw failed('the image cannot be changed', result.tail)
  }
}
