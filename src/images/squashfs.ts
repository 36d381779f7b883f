/** Squashfs files by squashfs-tools: packing, listing, taking paths out. */
import {ExitCode, SifstageError} from '../model/errors.js'
import type {EntryKind, ImageEntry} from '../model/image.js'

/** Arguments of mksquashfs for a stage's image: fast, and small enough (docs/decisions/0002). */
export function packArguments(folder: string, file: string, compression: readonly string[]): readonly string[] {
  return ['mksquashfs', folder, file, '-noappend', '-no-progress', '-quiet', ...compression]
}

/** A name for unsquashfs, which takes extract names as patterns. */
function escapePattern(path: string): string {
  return path.replace(/[\\*?[\]{}()!|@+]/g, '\\$&')
}

/** Arguments that list everything in a squashfs, one entry a line; `nonce` is a name that no image can know. */
export function listArguments(file: string, offset: number, nonce: string): readonly string[] {
  return ['unsquashfs', '-no-progress', '-o', String(offset), '-d', nonce, '-lln', file]
}

/** Arguments that unpack paths (all, when none is given) with their owners into a folder that is not there yet. */
export function unpackArguments(file: string, offset: number, folder: string, paths: readonly string[]): readonly string[] {
  return [
    'unsquashfs',
    '-no-progress',
    '-quiet',
    '-o',
    String(offset),
    '-d',
    folder,
    file,
    ...paths.map(path => escapePattern(path.slice(1))),
  ]
}

const KINDS: Readonly<Record<string, EntryKind>> = {
  '-': 'file',
  d: 'directory',
  l: 'symlink',
  p: 'fifo',
  s: 'socket',
  c: 'device',
  b: 'device',
}

/** `rwsr-xr-t` to permission bits. */
function modeBits(text: string): number {
  let mode = 0
  for (const char of text) mode = (mode << 1) | (/[rwxst]/.test(char) ? 1 : 0)
  if (/[sS]/.test(text[2] ?? '')) mode |= 0o4000
  if (/[sS]/.test(text[5] ?? '')) mode |= 0o2000
  if (/[tT]/.test(text[8] ?? '')) mode |= 0o1000
  return mode
}

const LINE = /^([-dlpscb])([-rwxsStT]{9}) (\d+)\/(\d+) +(\d+(?:, *\d+)?) \d{4}-\d\d-\d\d \d\d:\d\d (.*)$/s

/**
 * One line of `unsquashfs -lln`; undefined for a line that is no entry. Names may hold anything but a line end:
 * an entry must start with the nonce, so a name with line ends in it cannot pass for others.
 */
export function parseListLine(line: string, nonce: string): ImageEntry | undefined {
  const match = LINE.exec(line)
  if (!match) return undefined
  const [, type = '-', permissions = '', uid = '0', gid = '0', size = '0', rest = ''] = match
  const kind = KINDS[type] ?? 'device'
  let name = rest
  let link: string | undefined
  if (kind === 'symlink') {
    const arrow = rest.indexOf(' -> ')
    name = rest.slice(0, arrow)
    link = rest.slice(arrow + 4)
  }
  if (name !== nonce && !name.startsWith(`${nonce}/`)) return undefined
  const path = name.slice(nonce.length) || '/'
  return {
    path,
    kind,
    mode: modeBits(permissions),
    uid: Number(uid),
    gid: Number(gid),
    size: kind === 'file' ? Number(size) : 0,
    ...(link === undefined ? {} : {link}),
  }
}

/** The fastest compressor for stage images that this mksquashfs has, from its help text. */
export function fastCompression(help: string): readonly string[] {
  if (/^\s+zstd\b/m.test(help)) return ['-comp', 'zstd', '-Xcompression-level', '1']
  if (/^\s+lz4\b/m.test(help)) return ['-comp', 'lz4']
  return ['-comp', 'gzip', '-Xcompression-level', '1']
}

/** The error when squashfs-tools are not there. */
export function noSquashfsTools(program: string): SifstageError {
  return new SifstageError(
    ExitCode.noEngine,
    `${program} is not installed: stage images are squashfs files`,
    'Ask the administrator for the package squashfs-tools (apt-get install squashfs-tools, dnf install squashfs-tools).',
  )
}
