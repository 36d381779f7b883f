/** Squashfs files by squashfs-tools: packing, listing, taking paths out. */
import {ExitCode, SifstageError} from '../model/errors.js'
import type {ImageEntry} from '../model/image.js'
import {kindOfLetter} from './kinds.js'
import {type Budget, LONGEST_PATH, refused} from './limits.js'
import {decodeName} from './names.js'

/** Arguments of mksquashfs for a stage's image: fast, and small enough (docs/decisions/0002). */
export function packArguments(folder: string, file: string, compression: readonly string[]): readonly string[] {
  return ['mksquashfs', folder, file, '-noappend', '-no-progress', '-quiet', ...compression]
}

/** Arguments that print the content of files, one right behind the other in this order. squashfs-tools 4.5 and newer. */
export function catArguments(file: string, offset: number, paths: readonly string[]): readonly string[] {
  return ['unsquashfs', '-no-progress', '-o', String(offset), '-cat', file, ...paths.map(path => escapePattern(path.slice(1)))]
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

/** `rwsr-xr-t` to permission bits. */
function modeBits(text: string): number {
  let mode = 0
  for (const char of text) mode = (mode << 1) | (/[rwxst]/.test(char) ? 1 : 0)
  if (/[sS]/.test(text[2] ?? '')) mode |= 0o4000
  if (/[sS]/.test(text[5] ?? '')) mode |= 0o2000
  if (/[tT]/.test(text[8] ?? '')) mode |= 0o1000
  return mode
}

const ENTRY = /^([-dlpscb])([-rwxsStT]{9}) (\d+)\/(\d+) +(\d+)(?:, *\d+)? \d{4}-\d\d-\d\d \d\d:\d\d (.*)$/s

/** A record of more bytes is none: a path, the text of a link, and the columns before them. */
const LONGEST_RECORD = 3 * LONGEST_PATH

function name(bytes: string): string {
  return decodeName(Buffer.from(bytes, 'latin1'))
}

/**
 * Reads what `unsquashfs -lln` prints, piece by piece. Names are printed as they are, with line ends and ` -> ` in
 * them: an entry begins only where a line has the nonce in its place, which no image can know, and what a link leads
 * to is as long as the size says. Bytes are kept as Latin-1 until a name is cut out.
 */
export class ListParser {
  readonly entries: ImageEntry[] = []
  #rest = ''
  #record: string | undefined

  constructor(
    readonly nonce: string,
    readonly budget: Budget,
  ) {}

  push(chunk: Uint8Array): void {
    const lines = (this.#rest + Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1')).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) this.#line(line)
    if (this.#rest.length > LONGEST_RECORD) throw refused('its listing has a name without an end')
  }

  /** All entries, when the program has ended. */
  end(): readonly ImageEntry[] {
    if (this.#rest !== '') this.#line(this.#rest)
    this.#flush()
    return this.entries
  }

  #line(line: string): void {
    const start = ENTRY.exec(line)?.[6]
    if (start !== undefined && (start === this.nonce || start.startsWith(`${this.nonce}/`))) {
      this.#flush()
      this.#record = line
    } else if (this.#record !== undefined) {
      this.#record += `\n${line}`
      if (this.#record.length > LONGEST_RECORD) throw refused('its listing has a name without an end')
    }
  }

  #flush(): void {
    const match = this.#record === undefined ? undefined : ENTRY.exec(this.#record)
    this.#record = undefined
    if (!match) return
    const [, type = '-', permissions = '', uid = '0', gid = '0', digits = '0', rest = ''] = match
    const kind = kindOfLetter(type)
    const size = Number(digits)
    let place = rest
    let link: string | undefined
    if (kind === 'symlink') {
      link = rest.slice(rest.length - size)
      place = rest.slice(0, -size - 4)
      if (rest.slice(0, rest.length - size) !== `${place} -> `)
        throw refused(`its listing has a damaged link: ${JSON.stringify(rest)}`)
    }
    const path = name(place.slice(this.nonce.length)) || '/'
    if (path !== '/' && path.split('/').some((part, i) => i > 0 && (part === '' || part === '.' || part === '..')))
      throw refused(`it holds a path that cannot be: ${JSON.stringify(path)}`)
    this.budget.entry(path)
    this.entries.push({
      path,
      kind,
      mode: modeBits(permissions),
      uid: Number(uid),
      gid: Number(gid),
      size: kind === 'file' ? size : 0,
      ...(link === undefined ? {} : {link: name(link)}),
    })
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
