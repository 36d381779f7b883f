/** Finds the file that is INPUT, and reads it; what is no INPUT is answered with what may be meant. */
import {closeSync, fstatSync, openSync, readdirSync, readSync} from 'node:fs'
import {basename, dirname, join, resolve} from 'node:path'
import {formatOfName} from '../formats/index.js'
import {nearest} from '../language/distance.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import {errorCode, fileHint, fileTrouble} from '../system/files.js'

/** No description is longer; what is, is something else by mistake. */
const LARGEST_INPUT = 16 << 20

/** Files of a folder that may be an INPUT, in the order of their names. */
function candidatesIn(folder: string): readonly string[] {
  return (
    readdirSync(folder, {withFileTypes: true})
      .filter(entry => entry.isFile() && entry.name !== 'sifstage.config.yaml')
      .map(entry => entry.name)
      // `Dockerfile.lock` is the lock file of one, not another.
      .filter(name => !name.endsWith('.lock'))
      .filter(name => {
        const format = formatOfName(name)
        if (format === undefined) return false
        if (format.name !== 'yaml') return true
        // Any project has YAML and JSON files: only ours counts.
        try {
          return format.matchesText(readText(resolve(folder, name)))
        } catch {
          return false
        }
      })
      .sort()
  )
}

/** INPUT when none was named: the only candidate in the folder. */
export function onlyCandidate(folder: string): string {
  const candidates = candidatesIn(folder)
  const [only] = candidates
  if (only !== undefined && candidates.length === 1) return only
  if (candidates.length === 0)
    throw new SifstageError(
      ExitCode.usage,
      'no INPUT was named, and there is none in this folder',
      'Name a description, a Dockerfile or a definition file. `sifstage init` writes an example.',
    )
  throw new SifstageError(
    ExitCode.usage,
    `no INPUT was named, and there are several: ${candidates.join(', ')}`,
    'Name one of them behind the command.',
  )
}

/** The INPUTs in a folder that was named as INPUT, as `docker build` would have it; a text without any. */
function inputsIn(path: string): string {
  try {
    return candidatesIn(path)
      .map(name => join(path, name))
      .join(', ')
  } catch {
    return ''
  }
}

/** A name of the same folder that is nearly the one that was typed. */
function nearName(path: string): string | undefined {
  const folder = dirname(path)
  try {
    const found = nearest(basename(path), readdirSync(folder))
    return found === undefined ? undefined : join(folder, found)
  } catch {
    return undefined
  }
}

/** An INPUT that is not there, or that nobody may read. */
export function unreadable(path: string, error: unknown): SifstageError {
  const near = errorCode(error) === 'ENOENT' ? nearName(path) : undefined
  return new SifstageError(
    ExitCode.usage,
    `${path} cannot be read: ${fileTrouble(error)}`,
    near === undefined ? fileHint(error) : `Did you mean ${near}?`,
    {cause: error},
  )
}

/** A file's text, never more than a description can have. `-` is standard input. */
export function readText(path: string): string {
  const descriptor = path === '-' ? 0 : openSync(path, 'r')
  try {
    const chunks: Buffer[] = []
    let size = 0
    if (path !== '-') {
      const stats = fstatSync(descriptor)
      if (stats.isDirectory()) {
        const inside = inputsIn(path)
        throw new SifstageError(
          ExitCode.usage,
          `${path} is a directory`,
          inside === ''
            ? 'Name the file in it: a description, a Dockerfile or a definition file.'
            : `Name the file in it: ${inside}`,
        )
      }
      if (!stats.isFile() && !stats.isFIFO())
        throw new SifstageError(
          ExitCode.usage,
          `${path} is neither a file nor a pipe`,
          'Name a description, a Dockerfile or a definition file.',
        )
      if (stats.size > LARGEST_INPUT) throw tooLarge(path)
    }
    for (;;) {
      const chunk = Buffer.alloc(1 << 16)
      const bytes = readSync(descriptor, chunk, 0, chunk.length, null)
      if (bytes === 0) break
      size += bytes
      if (size > LARGEST_INPUT) throw tooLarge(path)
      chunks.push(chunk.subarray(0, bytes))
    }
    return decode(path, Buffer.concat(chunks))
  } finally {
    if (path !== '-') closeSync(descriptor)
  }
}

function tooLarge(path: string): SifstageError {
  return new SifstageError(
    ExitCode.usage,
    `${path} is larger than ${LARGEST_INPUT >> 20} MB, which no description, Dockerfile or definition file is`,
    'Is it the image itself? Name the file that it is built from.',
  )
}

/** UTF-8 or nothing: a damaged character would be damaged for good in what is written. */
function decode(path: string, bytes: Buffer): string {
  if (bytes.includes(0))
    throw new SifstageError(
      ExitCode.usage,
      `${path} is not a text file: it holds NUL bytes`,
      'Name the file that the image is built from.',
    )
  try {
    return new TextDecoder('utf-8', {fatal: true, ignoreBOM: true}).decode(bytes)
  } catch {
    throw new SifstageError(ExitCode.usage, `${path} is not UTF-8 text`, 'Save it as UTF-8 (iconv -f LATIN1 -t UTF-8).')
  }
}
