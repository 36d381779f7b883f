/** `import`: Dockerfiles and definition files that are linked by the images they make, as one description. */
import {lstatSync, readFileSync} from 'node:fs'
import {dirname, join, relative, resolve} from 'node:path'
import {formatNamed} from '../formats/index.js'
import {buildsOf} from '../linking/builds.js'
import {copyFlag} from '../linking/hand-copies.js'
import {linkFiles} from '../linking/link.js'
import type {CopyFlag} from '../linking/linked.js'
import type {StageFile} from '../linking/makers.js'
import {scriptCommands} from '../linking/scripts.js'
import type {Chain} from '../model/chain.js'
import type {Diagnostic} from '../model/diagnostic.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import type {ReadOptions} from '../model/format.js'
import {startOf} from '../model/span.js'
import {contextFiles} from '../system/context.js'
import {fileError, writeWhole} from '../system/files.js'
import {buildArguments} from './build-arguments.js'
import {type FoundFile, findFiles} from './import-files.js'
import {includedFiles} from './included.js'
import {exitCodeOf, hostArchitecture} from './input.js'
import type {ImportOptions} from './options.js'
import {missingSchema, SCHEMA_COMMENT} from './schema.js'

export interface Imported {
  /** Files and folders as named. */
  readonly input: readonly string[]
  readonly exitCode: ExitCode
  /** Texts of all files by their names. */
  readonly others: ReadonlyMap<string, string>
  /** The stages and what links them; missing when it was refused. */
  readonly chain?: Chain
  /** The description; missing when it was refused, or written to `output`. */
  readonly text?: string
  readonly output?: string
  /** Where the schema that it names belongs, when it is not there. */
  readonly missingSchema?: string
  readonly diagnostics: readonly Diagnostic[]
}

/** How every description begins that was written here. */
const MARK = '# Written by `sifstage import`'

const COMMENT = ['Written by `sifstage import`: a stage for each file. Paths start at the folder of this description.']

/** Findings that say that the command line has to say more. */
const SAY_MORE: ReadonlySet<string> = new Set(['ambiguous-link', 'ambiguous-copy', 'copy-names-nothing', 'open-base'])

/**
 * Links files to one description; writes it to `options.output`, where that is given.
 * @param named files and folders
 * @throws SifstageError (2) for options that cannot be carried out and files that cannot be read or written
 */
export async function runImport(named: readonly string[], flags: ImportOptions): Promise<Imported> {
  const input = named.length === 0 ? ['.'] : named
  const {output} = flags
  const path = output === undefined ? process.cwd() : dirname(resolve(output))
  const root = {path, label: relative(process.cwd(), path) || '.'}
  if (output !== undefined) checkReplaceable(output, flags.force ?? false)
  const given = buildArguments({buildArg: [...(flags.buildArg ?? [])], buildArgFile: undefined}, process.env)
  const copies = (flags.copy ?? []).map(readCopy)
  const {files, scripts, tops} = findFiles(input, root)
  const tags = readTags(flags.tag ?? [], files)
  const others = new Map([...files, ...scripts].map(({name, text}) => [name, text]))
  const commands = scripts.flatMap(scriptCommands)
  const {builds, diagnostics: built} = buildsOf(new Set(files.map(file => file.path)), commands)
  const surveyed: StageFile[] = []
  const found: Diagnostic[] = [...built]
  for (const file of files) {
    const build = builds.get(file.path)
    const args = build?.args ?? new Map<string, string>()
    const format = await formatNamed(file.format).load()
    const options: ReadOptions = {buildArgs: new Map([...args, ...given]), architecture: hostArchitecture}
    const {survey, diagnostics} = format.survey?.(
      file.name,
      file.text,
      file.format === 'def' ? {...options, buildArgs: new Map()} : options,
    ) ?? {
      diagnostics: [],
    }
    if (survey === undefined) found.push(...diagnostics)
    else
      surveyed.push({
        ...file,
        survey,
        args,
        flagged: tags.get(file.path) ?? [],
        scripted: build?.scripted ?? [],
        context: build?.context,
      })
  }
  const refused = (diagnostics: readonly Diagnostic[], exitCode: ExitCode): Imported => ({input, exitCode, others, diagnostics})
  if (found.some(each => each.severity === 'error')) return refused(found, exitCodeOf(found))
  const has = contextFiles(path)
  const {chain, diagnostics} = linkFiles({
    files: surveyed,
    commands,
    root: rootName(path),
    tops,
    has: each => has.kind(each) !== undefined,
    copies,
    args: given,
    comment: output === undefined ? COMMENT : [...COMMENT, SCHEMA_COMMENT],
  })
  const all = [...found, ...diagnostics, ...unused(given, surveyed)]
  if (chain === undefined) return refused(all, all.some(each => SAY_MORE.has(each.rule)) ? ExitCode.usage : exitCodeOf(all))
  const yaml = await formatNamed('yaml').load()
  const text = yaml.writeChain?.(chain) ?? ''
  const wrong = await readBack(text, output ?? 'stages.yaml', root, others)
  if (wrong.length > 0) return refused([...all, ...wrong], exitCodeOf(wrong))
  if (output !== undefined) {
    try {
      await writeWhole(resolve(output), text)
    } catch (error) {
      throw fileError(`${output} cannot be written`, error)
    }
  }
  const missing = output === undefined ? undefined : await missingSchema(output)
  return {
    input,
    exitCode: ExitCode.done,
    ...(missing === undefined ? {} : {missingSchema: missing}),
    others,
    chain,
    ...(output === undefined ? {text} : {output}),
    diagnostics: all,
  }
}

function rootName(path: string): string {
  return path.split('/').findLast(part => part !== '') ?? 'root'
}

/** A description that somebody wrote, or anything else, is not replaced. */
function checkReplaceable(output: string, force: boolean): void {
  const stats = lstatSync(resolve(output), {throwIfNoEntry: false})
  if (stats === undefined) return
  if (stats.isDirectory())
    throw new SifstageError(ExitCode.usage, `${output} is a folder`, `Name a file in it: -o ${join(output, 'stages.yaml')}`)
  if (force) return
  let start = ''
  try {
    if (stats.isFile()) start = readFileSync(resolve(output), 'utf8').slice(0, MARK.length)
  } catch (error) {
    throw fileError(`${output} cannot be read`, error)
  }
  if (start === MARK) return
  throw new SifstageError(
    ExitCode.usage,
    `${output} exists, and \`sifstage import\` did not write it`,
    'Choose another name with -o, or replace it with --force.',
  )
}

function readCopy(text: string): CopyFlag {
  const flag = copyFlag(text)
  if (flag !== undefined) return flag
  throw new SifstageError(
    ExitCode.usage,
    `--copy ${text}: this is not STAGE:PATH-IN-IMAGE=PATH-IN-CONTEXT`,
    'For instance --copy build:/src/app=app, where the other Dockerfile says COPY app …; the path in the image starts with "/".',
  )
}

/** What each file makes, by its path. */
function readTags(tags: readonly string[], files: readonly FoundFile[]): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const text of tags) {
    const equals = text.lastIndexOf('=')
    const [name, tag] = [text.slice(0, Math.max(equals, 0)), text.slice(equals + 1)]
    if (name === '' || tag === '')
      throw new SifstageError(
        ExitCode.usage,
        `--tag ${text}: this is not FILE=NAME`,
        'For instance --tag boost/Dockerfile=project/boost:1.2',
      )
    const file = files.find(each => resolve(each.name) === resolve(name)) ?? files.find(each => each.path === name)
    if (file === undefined)
      throw new SifstageError(
        ExitCode.usage,
        `--tag ${text}: ${name} is none of the files`,
        `They are ${files.map(each => each.name).join(', ')}.`,
      )
    found.set(file.path, [...(found.get(file.path) ?? []), tag])
  }
  return found
}

function unused(given: ReadonlyMap<string, string>, files: readonly StageFile[]): Diagnostic[] {
  return [...given.keys()]
    .filter(name => !files.some(({survey}) => survey.declared.has(name)))
    .map(name => ({
      rule: 'unused-build-arg',
      severity: 'warning',
      message: `No ARG line asks for the build argument ${name}.`,
      span: startOf(files[0]?.name ?? '-'),
    }))
}

/** What is written has to be a description that can be read; what its context lacks may still come. */
async function readBack(
  text: string,
  output: string,
  root: {readonly path: string; readonly label: string},
  others: Map<string, string>,
): Promise<readonly Diagnostic[]> {
  const yaml = await formatNamed('yaml').load()
  const context = contextFiles(root.path)
  const {description, diagnostics} = yaml.read(output, text, {
    buildArgs: new Map(),
    architecture: hostArchitecture,
    file: includedFiles(context, root.label, others),
  })
  others.set(output, text)
  const {findNeeded} = await import('../checks/needed.js')
  const found = description === undefined ? [] : findNeeded(description, {context, target: undefined, ignore: undefined})
  return [...diagnostics, ...found].filter(each => each.severity === 'error' && !each.rule.startsWith('context-path'))
}
