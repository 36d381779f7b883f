/** `import`: Dockerfiles and definition files that are linked by the images they make, as one description. */
import {lstatSync, readFileSync} from 'node:fs'
import {dirname, join, relative, resolve} from 'node:path'
import {formatNamed} from '../formats/index.js'
import {buildArguments} from '../library/build-arguments.js'
import {type FoundFile, findFiles} from '../library/import-files.js'
import {includedFiles} from '../library/included.js'
import {exitCodeOf, hostArchitecture} from '../library/input.js'
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
import {importDocument} from '../reports/json.js'
import {renderDiagnostics} from '../reports/text.js'
import {contextFiles} from '../system/context.js'
import {fileError, writeWhole} from '../system/files.js'
import type {Outcome} from './outcome.js'

export interface ImportFlags {
  readonly output?: string | undefined
  readonly tag?: readonly string[] | undefined
  readonly copy?: readonly string[] | undefined
  readonly 'build-arg'?: readonly string[] | undefined
  readonly force: boolean
}

/** How every description begins that was written here. */
const MARK = '# Written by `sifstage import`'

const COMMENT = ['Written by `sifstage import`: a stage for each file. Paths start at the folder of this description.']

/** Findings that say that the command line has to say more. */
const SAY_MORE: ReadonlySet<string> = new Set(['ambiguous-link', 'ambiguous-copy', 'copy-names-nothing', 'open-base'])

export function failedImportDocument(input: readonly string[]): (finding: Diagnostic) => object {
  return finding => importDocument({input, output: null, chain: undefined, diagnostics: [finding]})
}

/** @param named files and folders as typed */
export async function runImport(named: readonly string[], flags: ImportFlags, colour: boolean): Promise<Outcome> {
  const input = named.length === 0 ? ['.'] : named
  const {output} = flags
  const path = output === undefined ? process.cwd() : dirname(resolve(output))
  const root = {path, label: relative(process.cwd(), path) || '.'}
  if (output !== undefined) checkReplaceable(output, flags.force)
  const given = buildArguments({'build-arg': [...(flags['build-arg'] ?? [])], 'build-arg-file': undefined}, process.env)
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
  const refused = (diagnostics: readonly Diagnostic[], exitCode: ExitCode): Outcome => ({
    exitCode,
    document: importDocument({input, output: null, chain: undefined, diagnostics}),
    text: '',
    messages: `${renderDiagnostics(diagnostics, {source: {input: '', source: '', others}, colour})}Nothing was written.\n`,
  })
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
    comment: COMMENT,
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
  return {
    exitCode: ExitCode.done,
    document: importDocument({
      input,
      output: output ?? null,
      chain,
      diagnostics: all,
      ...(output === undefined ? {text} : {}),
    }),
    text: output === undefined ? text : `${summary(output, chain)}\n`,
    messages: renderDiagnostics(all, {source: {input: '', source: '', others}, colour}),
  }
}

function summary(output: string, {stages, target}: Chain): string {
  return `${output}: ${stages.length} ${stages.length === 1 ? 'stage' : 'stages'}, target ${target ?? stages.at(-1)?.name ?? ''}`
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
