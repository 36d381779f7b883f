/**
 * What copies take from the host: expanded by the rules of their language, hashed for the key, and for docker's
 * rules laid out in scratch, so that what is copied is what was looked at.
 */
import {createHash} from 'node:crypto'
import {
  chmodSync,
  constants,
  existsSync,
  lstatSync,
  lutimesSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  type Stats,
  statSync,
} from 'node:fs'
import {copyFile, mkdir, symlink, writeFile} from 'node:fs/promises'
import {basename, dirname, join, resolve, sep} from 'node:path'
import type {ContextPlace} from '../language/context.js'
import {expandSource} from '../language/hostpaths.js'
import {type IgnoreFile, parseIgnore} from '../language/ignore.js'
import {rootedPath} from '../language/paths.js'
import {expandGlob, expandParents, splitParents} from '../language/sources.js'
import type {CopyOrigin, CopyStep} from '../model/description.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import type {ContextFiles} from '../model/format.js'
import type {HostEntry} from '../model/history.js'
import type {PlacedSource} from '../model/operations.js'
import type {Downloaded} from '../model/supplies.js'
import {showTemplate} from '../model/template.js'
import {fileError, hashFile} from '../system/files.js'
import type {Fill} from './variables.js'

type TreeSource = Extract<PlacedSource, {kind: 'tree'}>
type InlineFile = Extract<CopyOrigin, {kind: 'inline'}>['files'][number]

/** One thing to copy: where it lies, what it is called there, and its path in the context for the ignore file. */
interface Taken {
  readonly real: string
  readonly name: string
  readonly path: string
  /** With `--parents`: the paths below it that are meant, with all in them and the folders above them. */
  readonly only?: readonly string[]
}

function isHidden(ignore: IgnoreFile | undefined, path: string): boolean {
  return ignore?.hides(path).hidden ?? false
}

/** A path of the context with its links followed; never out of the context (K93). */
function insideContext(context: ContextFiles, path: string): string {
  const root = realpathSync(context.root)
  let real: string
  try {
    real = realpathSync(resolve(root, path))
  } catch (error) {
    throw fileError(`${path} in the build context ${context.root}`, error)
  }
  if (real !== root && !real.startsWith(root + sep))
    throw new SifstageError(
      ExitCode.wrong,
      `${path} leads out of the build context ${context.root}`,
      'Copy the file into the context, or make the link point inside it.',
    )
  return real
}

/** What a docker copy takes from the context. */
function takenByDocker(step: CopyStep, place: ContextPlace, fill: Fill): Taken[] {
  const {context, ignore} = place
  return step.sources.flatMap(source => {
    const written = fill(source.path)
    const split = step.parents ? splitParents(written) : undefined
    const text = rootedPath(written)
    const expanded = (split === undefined ? expandGlob : expandParents)(text, context)
    if (expanded.kind === 'refused')
      throw new SifstageError(
        ExitCode.wrong,
        `${source.span.file}:${source.span.start.line}: ${text}: ${expanded.reason}`,
        'Write the path or pattern out as it is in the build context.',
      )
    if (split !== undefined) return takenWithParents(rootedPath(split.from), expanded.paths, place)
    return expanded.paths.flatMap(path => {
      const clean = path.replace(/\/+$/, '') || '.'
      if (clean !== '.' && isHidden(ignore, clean) && context.kindFollowed(clean) !== 'directory') return []
      const real = insideContext(context, clean)
      return [{real, name: basename(clean), path: clean === '.' ? '' : clean}]
    })
  })
}

/** One tree that holds what matches, with its folders from `from` on (K101). */
function takenWithParents(from: string, matches: readonly string[], {context}: ContextPlace): Taken[] {
  const real = insideContext(context, from)
  const start = from === '.' ? '' : `${from}/`
  const only = matches.map(path => (path.startsWith(start) ? path.slice(start.length) : path))
  for (const each of only) insideContext(context, `${start}${each}`)
  return [{real, name: '', path: from === '.' ? '' : from, only}]
}

type Visit = (entry: {readonly real: string; readonly path: string; readonly stats: Stats}) => Promise<void>

/** What of a tree is left out, by its path in the tree. */
type LeftOut = (path: string, isFolder: boolean) => boolean

/** What the ignore file hides, what `--exclude` names (K102), and with `--parents` what nobody asked for. */
function leftOut(taken: Taken, ignore: IgnoreFile | undefined, step: CopyStep): LeftOut {
  const exclude = step.exclude === undefined ? undefined : parseIgnore(step.exclude.join('\n'))
  const {only} = taken
  const meant = (path: string, isFolder: boolean) =>
    only === undefined ||
    only.some(each => each === '.' || path === each || path.startsWith(`${each}/`) || (isFolder && each.startsWith(`${path}/`)))
  return (path, isFolder) => {
    if (path === '') return taken.path !== '' && isHidden(ignore, taken.path)
    const inContext = taken.path === '' ? path : `${taken.path}/${path}`
    return !meant(path, isFolder) || isHidden(ignore, inContext) || (exclude?.hides(path).hidden ?? false)
  }
}

/** Walks a tree, names sorted, without the stack; a folder that is left out comes along when something in it does not. */
async function walk(top: string, leave: LeftOut, follow: boolean, visit: Visit): Promise<void> {
  const stack: {real: string; path: string}[] = [{real: top, path: ''}]
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    const stats = follow ? statSync(at.real) : lstatSync(at.real)
    const left = leave(at.path, stats.isDirectory())
    if (!left) await visit({...at, stats})
    if (!stats.isDirectory()) continue
    // Something below a hidden folder may be shown again (K109).
    const names = readdirSync(at.real).sort().reverse()
    for (const name of names) stack.push({real: join(at.real, name), path: at.path === '' ? name : `${at.path}/${name}`})
  }
}

/** Told of each entry that goes into a digest. */
type Entered = (entry: HostEntry) => void

async function hashTree(
  hash: ReturnType<typeof createHash>,
  top: string,
  leave: LeftOut,
  follow: boolean,
  entered: Entered,
): Promise<void> {
  await walk(top, leave, follow, async ({real, path, stats}) => {
    const mode = (stats.mode & 0o7777).toString(8)
    let line: readonly string[]
    if (stats.isSymbolicLink()) line = [path, 'symlink', '', readlinkSync(real)]
    else if (stats.isDirectory()) line = [path, 'directory', mode]
    else if (stats.isFile()) line = [path, 'file', mode, await hashFile(real)]
    else line = [path, 'other', mode]
    hash.update(`${JSON.stringify(line)}\n`)
    const kind = stats.isSymbolicLink() ? 'symlink' : stats.isDirectory() ? 'directory' : stats.isFile() ? 'file' : 'other'
    entered({path, kind, mode: kind === 'symlink' ? '' : mode, content: line[3] ?? ''})
  })
}

/**
 * Digest of what a copy takes from the host: names, kinds, modes, content. Never the folder it lies in.
 * @param entered told of each entry, by its path from the context on
 * @throws SifstageError when something cannot be read, or a source cannot be expanded
 */
export async function hostDigest(step: CopyStep, place: ContextPlace, fill: Fill, entered: Entered): Promise<string> {
  const {context, ignore} = place
  const hash = createHash('sha256')
  const below =
    (top: string): Entered =>
    entry =>
      entered({...entry, path: [top, entry.path].filter(each => each !== '').join('/') || '.'})
  try {
    if (step.rules === 'docker') {
      for (const taken of takenByDocker(step, place, fill)) {
        hash.update(`${JSON.stringify(taken.name)}\n`)
        await hashTree(hash, taken.real, leftOut(taken, ignore, step), false, below(taken.path))
      }
    } else {
      for (const source of step.sources) {
        const expanded = expandSource(showTemplate(source.path), context, context.environment)
        if ('refused' in expanded)
          throw new SifstageError(
            ExitCode.unfaithful,
            `${source.span.file}:${source.span.start.line}: ${showTemplate(source.path)}: ${expanded.refused}`,
            'Write the path out.',
          )
        for (const match of expanded.matches) {
          hash.update(`${JSON.stringify(match)}\n`)
          // A host copy follows every link (D86); a file that a %setup will make is not there yet.
          if (context.kindFollowed(match) !== undefined)
            await hashTree(hash, resolve(context.root, match), () => false, true, below(match))
        }
      }
    }
  } catch (error) {
    if (error instanceof SifstageError) throw error
    throw fileError('a file that a stage copies cannot be read', error)
  }
  return `sha256:${hash.digest('hex')}`
}

/** Copies one entry as it is: kind, mode and time; the owner is set where it is placed. */
async function lay(entry: {readonly real: string; readonly stats: Stats}, to: string): Promise<void> {
  const {real, stats} = entry
  if (stats.isSymbolicLink()) {
    await symlink(readlinkSync(real), to)
    lutimesSync(to, stats.atime, stats.mtime)
    return
  }
  if (stats.isDirectory()) await mkdir(to, {recursive: true})
  else if (stats.isFile()) await copyFile(real, to, constants.COPYFILE_FICLONE)
  else return
  // Readable for the engine's user whatever its own mode: the helper gives it that mode at its place.
  chmodSync(to, stats.mode & 0o7777)
  lutimesSync(to, stats.atime, stats.mtime)
}

/** Lays out the files that stand in the input itself (K25). */
export async function layInline(files: readonly InlineFile[], fill: Fill, folder: string): Promise<PlacedSource[]> {
  const placed: PlacedSource[] = []
  for (const [index, file] of files.entries()) {
    const from = join(folder, String(index), 'file')
    await mkdir(dirname(from), {recursive: true})
    await writeFile(from, fill(file.text), {mode: 0o644})
    chmodSync(from, 0o644)
    placed.push({kind: 'tree', from, name: file.name})
  }
  return placed
}

/** Lays out what a docker copy takes from the context in `folder`, and says where each source now lies. */
export async function layContext(step: CopyStep, place: ContextPlace, fill: Fill, folder: string): Promise<TreeSource[]> {
  const placed: TreeSource[] = []
  for (const [index, taken] of takenByDocker(step, place, fill).entries()) {
    const from = join(folder, String(index), 'source')
    await mkdir(dirname(from), {recursive: true})
    const fifos: {path: string; mode: number}[] = []
    await walk(taken.real, leftOut(taken, place.ignore, step), false, async ({real, path, stats}) => {
      if (stats.isFIFO()) fifos.push({path, mode: stats.mode & 0o7777})
      const to = path === '' ? from : join(from, path)
      await mkdir(dirname(to), {recursive: true})
      await lay({real, stats}, to)
    })
    // Nothing in it is shown: an empty folder still arrives.
    if (!existsSync(from) && statSync(taken.real).isDirectory()) await mkdir(from, {recursive: true})
    placed.push({
      kind: 'tree',
      from,
      name: taken.name,
      ...(step.parents ? {keepFolders: true} : {}),
      ...(fifos.length === 0 ? {} : {fifos}),
    })
  }
  return placed
}

/** Lays out a file from the web: 0600, with its date on the server (K99, K104). */
export async function layDownload(found: Downloaded, folder: string): Promise<string> {
  const file = join(folder, 'download')
  await copyFile(found.path, file)
  chmodSync(file, 0o600)
  lutimesSync(file, found.modified, found.modified)
  return file
}

/** What lies at a place that was laid ready. */
export function laidKind(path: string): 'file' | 'folder' {
  return lstatSync(path).isDirectory() ? 'folder' : 'file'
}
