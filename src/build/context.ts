/**
 * What copies take from the host: expanded by the rules of their language, hashed for the key, and for docker's
 * rules laid out in scratch, so that what is copied is what was looked at.
 */
import {createHash} from 'node:crypto'
import {
  chmodSync,
  constants,
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
import {expandSource} from '../language/hostpaths.js'
import type {IgnoreFile} from '../language/ignore.js'
import {expandGlob} from '../language/sources.js'
import type {CopyStep} from '../model/description.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import type {ContextFiles} from '../model/format.js'
import type {Placement} from '../model/ports.js'
import {plainText, showTemplate} from '../model/template.js'
import {fileError, hashFile} from '../system/files.js'

/** One thing to copy: where it lies, what it is called there, and its path in the context for the ignore file. */
interface Taken {
  readonly real: string
  readonly name: string
  readonly path: string
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
function takenByDocker(step: CopyStep, context: ContextFiles, ignore: IgnoreFile | undefined): Taken[] {
  return step.sources.flatMap(source => {
    const text = showTemplate(source.path)
    const expanded = expandGlob(text, context)
    if (expanded.kind === 'refused')
      throw new SifstageError(ExitCode.wrong, `${source.span.file}:${source.span.start.line}: ${text}: ${expanded.reason}`)
    return expanded.paths.flatMap(path => {
      const clean = path.replace(/\/+$/, '') || '.'
      if (clean !== '.' && isHidden(ignore, clean) && context.kindFollowed(clean) !== 'directory') return []
      const real = insideContext(context, clean)
      return [{real, name: basename(clean), path: clean === '.' ? '' : clean}]
    })
  })
}

type Visit = (entry: {readonly real: string; readonly path: string; readonly stats: Stats}) => Promise<void>

/** Walks a tree, names sorted, without the stack; what the ignore file hides is left out, a folder when nothing in it shows. */
async function walk(
  top: string,
  contextPath: string,
  ignore: IgnoreFile | undefined,
  follow: boolean,
  visit: Visit,
): Promise<void> {
  const stack: {real: string; path: string}[] = [{real: top, path: ''}]
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    const stats = follow ? statSync(at.real) : lstatSync(at.real)
    const inContext = [contextPath, at.path].filter(part => part !== '').join('/')
    const hidden = inContext !== '' && isHidden(ignore, inContext)
    if (stats.isDirectory()) {
      if (!hidden) await visit({...at, stats})
      // Something below a hidden folder may be shown again (K109).
      const names = readdirSync(at.real).sort().reverse()
      for (const name of names) stack.push({real: join(at.real, name), path: at.path === '' ? name : `${at.path}/${name}`})
    } else if (!hidden) await visit({...at, stats})
  }
}

async function hashTree(
  hash: ReturnType<typeof createHash>,
  taken: Taken,
  ignore: IgnoreFile | undefined,
  follow: boolean,
): Promise<void> {
  await walk(taken.real, taken.path, ignore, follow, async ({real, path, stats}) => {
    const mode = (stats.mode & 0o7777).toString(8)
    let line: readonly string[]
    if (stats.isSymbolicLink()) line = [path, 'symlink', '', readlinkSync(real)]
    else if (stats.isDirectory()) line = [path, 'directory', mode]
    else if (stats.isFile()) line = [path, 'file', mode, await hashFile(real)]
    else line = [path, 'other', mode]
    hash.update(`${JSON.stringify(line)}\n`)
  })
}

/**
 * Digest of what a copy takes from the host: names, kinds, modes, content. Never the folder it lies in.
 * @throws SifstageError when something cannot be read, or a source cannot be expanded
 */
export async function hostDigest(step: CopyStep, context: ContextFiles, ignore: IgnoreFile | undefined): Promise<string> {
  const hash = createHash('sha256')
  try {
    if (step.rules === 'docker') {
      for (const taken of takenByDocker(step, context, ignore)) {
        hash.update(`${JSON.stringify(taken.name)}\n`)
        await hashTree(hash, taken, ignore, false)
      }
    } else {
      for (const source of step.sources) {
        const expanded = expandSource(showTemplate(source.path), context, context.environment)
        if ('refused' in expanded)
          throw new SifstageError(
            ExitCode.unfaithful,
            `${source.span.file}:${source.span.start.line}: ${showTemplate(source.path)}: ${expanded.refused}`,
          )
        for (const match of expanded.matches) {
          hash.update(`${JSON.stringify(match)}\n`)
          // A host copy follows every link (D86); a file that a %setup will make is not there yet.
          if (context.kindFollowed(match) !== undefined)
            await hashTree(hash, {real: resolve(context.root, match), name: match, path: ''}, undefined, true)
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

/** Lays out what a docker copy takes from the context in `folder`, and says where each source now lies. */
export async function layContext(
  step: CopyStep,
  context: ContextFiles,
  ignore: IgnoreFile | undefined,
  folder: string,
): Promise<Placement[]> {
  const placements: Placement[] = []
  if (step.from.kind === 'inline') {
    for (const [index, file] of step.from.files.entries()) {
      const from = join(folder, String(index), 'file')
      await mkdir(dirname(from), {recursive: true})
      await writeFile(from, plainText(file.text) ?? '', {mode: 0o644})
      chmodSync(from, 0o644)
      placements.push({from, name: file.name})
    }
    return placements
  }
  for (const [index, taken] of takenByDocker(step, context, ignore).entries()) {
    const from = join(folder, String(index), 'source')
    await mkdir(dirname(from), {recursive: true})
    await walk(taken.real, taken.path, ignore, false, async ({real, path, stats}) => {
      const to = path === '' ? from : join(from, path)
      await mkdir(dirname(to), {recursive: true})
      await lay({real, stats}, to)
    })
    placements.push({from, name: taken.name})
  }
  return placements
}
