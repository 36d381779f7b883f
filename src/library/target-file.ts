/** OUT: what kind it is, and whether what lies there may be replaced (design section 3). */
import {constants} from 'node:fs'
import {access, lstat, open, stat} from 'node:fs/promises'
import {basename, dirname, join, resolve} from 'node:path'
import {isImageArchive} from '../images/archive-file.js'
import {isSif} from '../images/sif.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import type {EngineStorage, FileOutput, OutputRequest} from '../model/outputs.js'
import {exists, fileError} from '../system/files.js'

/** The default OUT: in the current folder, the input's name less a last `.def` or `.yaml`, plus `.sif`. */
export function defaultOutput(input: string): string {
  const name = input === '-' ? 'image' : basename(input).replace(/\.(def|ya?ml|json)$/i, '')
  return `${name === '' ? 'image' : name}.sif`
}

/** Splits `--mksquashfs-args`, which like Apptainer's knows no quotes (D136). */
function mksquashfsWords(text: string | undefined): readonly string[] {
  return (text ?? '').split(/\s+/).filter(word => word !== '')
}

async function isReplaceable(path: string): Promise<boolean> {
  const stats = await stat(path)
  if (stats.isDirectory()) return exists(join(path, '.singularity.d'))
  if (!stats.isFile()) return false
  const handle = await open(path, 'r')
  try {
    const start = Buffer.alloc(64)
    await handle.read(start, 0, start.length, 0)
    return isSif(start) || (await isImageArchive(handle))
  } finally {
    await handle.close()
  }
}

const KINDS =
  'Name a .sif, a folder ending in /, an archive ending in .oci.tar or .docker.tar, docker-daemon:NAME or containers-storage:NAME.'

/** By its ending; undefined where that tells nothing. */
function fileKind(text: string): FileOutput['kind'] | undefined {
  if (text.endsWith('/')) return 'sandbox'
  if (text.endsWith('.sif')) return 'sif'
  if (text.endsWith('.oci.tar')) return 'oci-archive'
  return text.endsWith('.docker.tar') ? 'docker-archive' : undefined
}

/** Names as engines take them (distribution's reference grammar), without a digest. */
const HOST = /^(?=.*[.:]|localhost$)[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d+)?$/
const PATH = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/

/**
 * The whole name of an image that an engine keeps.
 * @throws SifstageError (2)
 */
function storageRequest(text: string, kind: EngineStorage, name: string): OutputRequest {
  const [, whole = '', tag = 'latest'] = /^(.*?)(?::([^:/]*))?$/s.exec(name) ?? []
  const [first = '', ...more] = whole.split('/')
  const hasHost = more.length > 0 && HOST.test(first)
  const path = hasHost ? more : [first, ...more]
  if (!path.every(each => PATH.test(each)) || !TAG.test(tag) || name.length > 255)
    throw new SifstageError(
      ExitCode.usage,
      `-o ${text}: this cannot be the name of an image`,
      `Names are lower-case letters and digits with . _ - between them, then :TAG, such as ${kind}:lab/tool:1.0`,
    )
  // podman keeps what is of no registry so.
  const host = kind === 'containers-storage' && !hasHost ? 'localhost/' : ''
  return {kind, path: text, name: `${host}${whole}:${tag}`}
}

/**
 * Judges OUT before anything is built.
 * @throws SifstageError (2)
 */
export async function outputRequest(text: string, mksquashfs: string | undefined, force: boolean): Promise<OutputRequest> {
  if (text === '') throw new SifstageError(ExitCode.usage, '-o: the name is empty', 'Name a .sif, for instance: -o tool.sif')
  const [, storage, name = ''] = /^(docker-daemon|containers-storage):(.*)$/s.exec(text) ?? []
  if (storage === 'docker-daemon' || storage === 'containers-storage') return storageRequest(text, storage, name)
  const kind = fileKind(text)
  if (kind === undefined)
    throw new SifstageError(
      ExitCode.usage,
      `-o ${text}: the name does not tell what to write`,
      `For an image: -o ${text}.sif; for a sandbox folder: -o ${text}/. ${KINDS}`,
    )
  const path = resolve(text)
  const parent = dirname(path)
  try {
    await access(parent, constants.W_OK | constants.X_OK)
  } catch (error) {
    throw fileError(`OUT cannot be written to ${parent}`, error)
  }
  const there = await lstat(path).catch(() => undefined)
  if (there !== undefined && !force) {
    const replaceable = await isReplaceable(path).catch(() => false)
    if (!replaceable)
      throw new SifstageError(
        ExitCode.usage,
        `${text} exists and is no image that was built before`,
        'Choose another name with -o, or replace it with --force.',
      )
  }
  if (there?.isDirectory() && kind !== 'sandbox')
    throw new SifstageError(ExitCode.usage, `${text} is a folder`, `For a sandbox folder write -o ${text}/`)
  if (there !== undefined && !there.isDirectory() && kind === 'sandbox')
    throw new SifstageError(
      ExitCode.usage,
      `${text} is a file, not a folder`,
      `Remove it, or write an image: -o ${text.replace(/\/+$/, '')}.sif`,
    )
  return {kind, path, mksquashfs: mksquashfsWords(mksquashfs)}
}
