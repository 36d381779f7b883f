/** The files that `import` looks at: those that were named, or that a folder holds, and the build scripts beside them. */
import {lstatSync, readdirSync, readFileSync, realpathSync, statSync} from 'node:fs'
import {basename, dirname, join, relative, resolve, sep} from 'node:path'
import {detectFormat} from '../formats/index.js'
import {isStageFile} from '../linking/names.js'
import {isScript, type ScriptFile} from '../linking/scripts.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import {fileHint, fileTrouble} from '../system/files.js'

/** Larger is no Dockerfile, and no script that anybody wrote. */
const LARGEST = 1 << 20
/** A folder with more in it is hardly one of Dockerfiles. */
const MOST_ENTRIES = 50_000
const DEEPEST = 32

export interface FoundFile {
  /** Relative to the folder of the description. */
  readonly path: string
  /** As people have it. */
  readonly name: string
  readonly text: string
  readonly format: 'dockerfile' | 'def'
}

export interface FoundFiles {
  readonly files: readonly FoundFile[]
  readonly scripts: readonly ScriptFile[]
  /** The folders that were named. */
  readonly tops: readonly string[]
}

interface Folder {
  /** Absolute. */
  readonly path: string
  /** How it is called in messages. */
  readonly label: string
}

/**
 * @param named files and folders as typed
 * @param root the folder of the description
 * @throws SifstageError (2)
 */
export function findFiles(named: readonly string[], root: Folder): FoundFiles {
  const files = new Map<string, FoundFile>()
  const scripts = new Map<string, ScriptFile>()
  const tops: string[] = []
  const take = (path: string) => {
    const found = stageFile(path, root)
    files.set(found.path, found)
  }
  const takeScript = (path: string) => {
    const found = scriptFile(path, root)
    if (found !== undefined) scripts.set(found.path, found)
  }
  for (const each of named) {
    const path = resolve(each)
    if (kindOf(each, path) === 'file') {
      take(path)
      for (const name of namesIn(dirname(path))) if (isScript(name)) takeScript(join(dirname(path), name))
      continue
    }
    tops.push(placeOf(each, path, root))
    const before = files.size
    for (const file of filesBelow(each, path)) {
      if (isStageFile(basename(file))) take(file)
      else if (isScript(basename(file))) takeScript(file)
    }
    if (files.size === before)
      throw new SifstageError(
        ExitCode.usage,
        `there is no Dockerfile and no definition file in ${each}`,
        'They are called Dockerfile, Dockerfile.NAME, NAME.Dockerfile, Containerfile, NAME.def or Singularity; name others one by one.',
      )
  }
  const inOrder = <T extends {readonly path: string}>(found: ReadonlyMap<string, T>) =>
    [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
  return {files: inOrder(files), scripts: inOrder(scripts), tops}
}

function kindOf(typed: string, path: string): 'file' | 'folder' {
  try {
    const stats = statSync(path)
    if (stats.isDirectory()) return 'folder'
    if (stats.isFile()) return 'file'
  } catch (error) {
    throw new SifstageError(ExitCode.usage, `${typed} cannot be read: ${fileTrouble(error)}`, fileHint(error))
  }
  throw new SifstageError(
    ExitCode.usage,
    `${typed} is neither a file nor a folder`,
    'Name Dockerfiles and definition files, or a folder of them.',
  )
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort()
  } catch {
    return []
  }
}

/** Links to folders are not followed, and what is hidden or installed is nobody's own. */
function filesBelow(typed: string, top: string): string[] {
  const found: string[] = []
  const open = [{path: top, depth: 0}]
  let entries = 0
  for (let folder = open.shift(); folder !== undefined; folder = open.shift()) {
    for (const name of namesIn(folder.path)) {
      entries += 1
      if (entries > MOST_ENTRIES)
        throw new SifstageError(
          ExitCode.usage,
          `${typed} holds more than ${MOST_ENTRIES} files and folders`,
          'Name the Dockerfiles one by one, or a smaller folder.',
        )
      if (name.startsWith('.') || name === 'node_modules') continue
      const path = join(folder.path, name)
      const stats = lstatSync(path, {throwIfNoEntry: false})
      if (stats?.isDirectory()) {
        if (folder.depth < DEEPEST) open.push({path, depth: folder.depth + 1})
      } else if (stats !== undefined) found.push(path)
    }
  }
  return found
}

/** Relative to the folder of the description, which can only name what is below it. */
function placeOf(typed: string, path: string, root: Folder): string {
  const place = relative(root.path, path)
  if (place !== '..' && !place.startsWith(`..${sep}`)) return place === '' ? '.' : place
  const folder = relative(process.cwd(), statSync(path).isDirectory() ? path : dirname(path))
  throw new SifstageError(
    ExitCode.usage,
    `${typed} lies outside ${root.label}, the folder of the description, which can only name files below its own`,
    `Write it there: -o ${join(folder, 'stages.yaml')}`,
  )
}

function stageFile(path: string, root: Folder): FoundFile {
  const place = placeOf(relative(process.cwd(), path), path, root)
  const name = join(root.label, place)
  const text = textOf(path, name, root)
  const format = detectFormat(path, text)?.name ?? (isStageFile(basename(path)) ? 'dockerfile' : undefined)
  if (format === 'dockerfile' || format === 'def') return {path: place, name, text, format}
  throw new SifstageError(
    ExitCode.usage,
    format === 'yaml'
      ? `${name} is a description already`
      : `${name} is neither a Dockerfile nor a definition file, as far as its name and first words tell`,
    'Name Dockerfiles and definition files, or a folder of them.',
  )
}

function scriptFile(path: string, root: Folder): ScriptFile | undefined {
  const place = relative(root.path, path)
  // What says nothing that can be read helps no less than if it were not there.
  try {
    const name = join(root.label, place)
    return place.startsWith('..') ? undefined : {path: place, name, text: textOf(path, name, root)}
  } catch (error) {
    if (error instanceof SifstageError) return undefined
    throw error
  }
}

function textOf(path: string, name: string, root: Folder): string {
  const trouble = (message: string, hint?: string) => new SifstageError(ExitCode.usage, `${name} ${message}`, hint)
  let bytes: Buffer
  try {
    const real = realpathSync(path)
    if (!real.startsWith(`${realpathSync(root.path).replace(/\/$/, '')}${sep}`))
      throw trouble(
        `is a link that leads out of ${root.label}, the folder of the description`,
        'Put the file itself there: nothing outside that folder can be named.',
      )
    const stats = statSync(real)
    if (!stats.isFile()) throw trouble('is no file', 'Name a Dockerfile or a definition file.')
    if (stats.size > LARGEST) throw trouble(`is larger than ${LARGEST >> 20} MB`, 'Is it the image itself?')
    bytes = readFileSync(real)
  } catch (error) {
    throw error instanceof SifstageError ? error : trouble(`cannot be read: ${fileTrouble(error)}`, fileHint(error))
  }
  try {
    return new TextDecoder('utf-8', {fatal: true, ignoreBOM: true}).decode(bytes)
  } catch {
    throw trouble('is not UTF-8 text', 'Save it as UTF-8 (iconv -f LATIN1 -t UTF-8).')
  }
}
