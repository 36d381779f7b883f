/** OUT: what kind it is, and whether what lies there may be replaced (design section 3). */
import {constants} from 'node:fs'
import {access, lstat, open, stat} from 'node:fs/promises'
import {basename, dirname, join, resolve} from 'node:path'
import type {OutputRequest} from '../build/request.js'
import {isSif} from '../images/sif.js'
import {ExitCode, SifstageError} from '../model/errors.js'
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
    return isSif(start)
  } finally {
    await handle.close()
  }
}

/**
 * Judges OUT before anything is built.
 * @throws SifstageError (2)
 */
export async function outputRequest(text: string, mksquashfs: string | undefined, force: boolean): Promise<OutputRequest> {
  if (text === '') throw new SifstageError(ExitCode.usage, '-o: the name is empty')
  if (/^(docker-daemon|containers-storage):|\.(oci|docker)\.tar$/.test(text)) {
    throw new SifstageError(
      ExitCode.usage,
      `-o ${text}: this version of sifstage writes .sif files and sandbox folders only`,
      'Name a file ending in .sif, or a folder ending in /.',
    )
  }
  const kind = text.endsWith('/') ? 'sandbox' : 'sif'
  if (kind === 'sif' && !/\.sif$/.test(text))
    throw new SifstageError(
      ExitCode.usage,
      `-o ${text}: the name does not tell what to write`,
      `For an image: -o ${text}.sif; for a sandbox folder: -o ${text}/`,
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
  if (there?.isDirectory() && kind === 'sif')
    throw new SifstageError(ExitCode.usage, `${text} is a folder`, `For a sandbox folder write -o ${text}/`)
  if (there !== undefined && !there.isDirectory() && kind === 'sandbox')
    throw new SifstageError(ExitCode.usage, `${text} is a file, not a folder`)
  return {kind, path, mksquashfs: mksquashfsWords(mksquashfs)}
}
