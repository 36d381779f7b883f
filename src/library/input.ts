/** From what a person typed to a checked description: finding INPUT, reading it, `--base`, the checks. */
import {arch} from 'node:os'
import {dirname, extname, resolve} from 'node:path'
import type {Extent} from '../checks/index.js'
import {detectFormat, type FormatEntry, formatNamed, formats} from '../formats/index.js'
import type {Scene} from '../model/check.js'
import type {Description} from '../model/description.js'
import type {Diagnostic} from '../model/diagnostic.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import type {ContextFiles, Format, ReadOptions} from '../model/format.js'
import type {Pins} from '../model/ports.js'
import {startOf} from '../model/span.js'
import {contextFiles} from '../system/context.js'
import type {References} from '../system/references.js'
import {buildArguments} from './build-arguments.js'
import {includedFiles} from './included.js'
import {onlyCandidate, readText, unreadable} from './input-file.js'
import {pinsFor} from './locks.js'
import type {InputOptions, LockOptions} from './options.js'
import {type LookAtBases, type LookAtImage, readWithBases} from './read-input.js'
import {replacement, replacementImage} from './replacements.js'
import {loadSettings, type Settings} from './settings.js'

/** This machine's, Node's word for it to Go's. */
export const hostArchitecture: string =
  new Map([
    ['x64', 'amd64'],
    ['ia32', '386'],
    ['ppc64', 'ppc64le'],
  ]).get(arch()) ?? arch()

/** What `--platform` may name, in Go's words. */
const ARCHITECTURES = ['386', 'amd64', 'arm', 'arm64', 'loong64', 'mips64le', 'ppc64le', 'riscv64', 's390x']

/**
 * The architecture that is built for.
 * @throws SifstageError (2) for a platform that is none
 */
function architectureOf(platform: string | undefined): string {
  if (platform === undefined) return hostArchitecture
  const [, name = ''] = /^linux\/(\w+)(?:\/v8)?$/.exec(platform) ?? []
  if (ARCHITECTURES.includes(name)) return name
  throw new SifstageError(
    ExitCode.usage,
    `--platform ${platform}: images are built for linux/ARCHITECTURE, one at a time`,
    `The architectures are: ${ARCHITECTURES.join(', ')}; this machine's is linux/${hostArchitecture}`,
  )
}

export interface Loaded {
  /** What is built for, in Go's words. */
  readonly architecture: string
  /** INPUT as typed. */
  readonly input: string
  /** INPUT's own text; empty when it could not be read. */
  readonly source: string
  /** Texts of the files that INPUT takes stages from, by the names that findings have for them. */
  readonly others: ReadonlyMap<string, string>
  readonly format: Format | undefined
  /** With `--base` carried out; missing when the text could not be read as its format. */
  readonly description: Description | undefined
  readonly rebased: ReadonlySet<number>
  readonly context: ContextFiles
  readonly ignore: {readonly file: string; readonly text: string} | undefined
  readonly diagnostics: readonly Diagnostic[]
  readonly settings: Settings
  /** What the lock file says of bases, for the verbs that heed it. */
  readonly pins: Pins | undefined
}

/** What bears on reading besides: where bases are looked up that decide what the text means. */
type ReadingFlags = InputOptions &
  Partial<LockOptions> & {
    readonly cacheDir?: string | undefined
    readonly runAs?: string | undefined
    readonly noHttps?: boolean | undefined
  }

/** The folder that host paths are relative to (design section 3, `--context`). */
function contextFolder(flags: InputOptions, input: string, format: FormatEntry | undefined): string {
  if (flags.context !== undefined) return resolve(flags.context)
  return input === '-' || format === undefined || format.name === 'def' ? process.cwd() : resolve(dirname(input))
}

/** The ignore file of a Dockerfile's context, or a YAML's (K106). */
function ignoreFile(format: FormatEntry | undefined, input: string, context: ContextFiles): Loaded['ignore'] {
  if (format === undefined || format.name === 'def') return undefined
  if (input !== '-') {
    const own = `${input}.dockerignore`
    const text = contextFiles(process.cwd()).text(own)
    if (text !== undefined) return {file: own, text}
  }
  const text = context.text('.dockerignore')
  return text === undefined ? undefined : {file: '.dockerignore', text}
}

/** A finding that INPUT as a whole cannot be used. */
function unusable(input: string, error: SifstageError): Diagnostic {
  return {
    rule: 'unreadable-input',
    severity: 'error',
    message: error.message,
    ...(error.hint === undefined ? {} : {hint: error.hint}),
    span: startOf(input),
  }
}

function formatOf(flags: InputOptions, input: string, source: string): FormatEntry {
  if (flags.from !== undefined) return formatNamed(flags.from)
  const found = input === '-' ? formats.toReversed().find(each => each.matchesText(source)) : detectFormat(input, source)
  if (found !== undefined) return found
  throw new SifstageError(
    ExitCode.usage,
    source.trim() === ''
      ? `${input} is empty`
      : `${input} is neither a description, a Dockerfile nor a definition file, as far as its name and first words tell`,
    extname(input) === '.sif'
      ? 'This is an image. Name the file that it is built from.'
      : 'Say what it is: --from yaml, --from dockerfile or --from def.',
  )
}

/** `needed`: what must not be wrong whatever is done with the input; the other rules are not even loaded for that. */
async function findingsOf(description: Description, scene: Scene, extent: Extent | 'needed'): Promise<readonly Diagnostic[]> {
  if (extent === 'needed') return (await import('../checks/needed.js')).findNeeded(description, scene)
  return (await import('../checks/index.js')).find(description, scene, extent)
}

/** What bases say of themselves, as those verbs resolve them that build. */
async function storedLook(
  flags: ReadingFlags,
  architecture: string,
  settings: Settings,
  pins: Pins | undefined,
): Promise<LookAtImage> {
  const [{references}, {identityOf, storeFolder}] = await Promise.all([
    import('../system/references.js'),
    import('./store-folder.js'),
  ])
  let resolver: References | undefined
  return async (reference, signal) => {
    if (resolver === undefined) {
      const identity = identityOf(flags.runAs ?? settings.runAs)
      const folder = storeFolder(flags.cacheDir ?? settings.cacheDir, identity, process.env)
      const noHttps = flags.noHttps ?? false
      resolver = references({
        folder,
        identity,
        architecture,
        exact: architecture !== hostArchitecture,
        noHttps,
        environment: process.env,
        offline: flags.offline,
        pins,
      })
    }
    return (await resolver.resolve(reference, signal)).config
  }
}

/** INPUT: a file's name (`-` is standard input), or a text that has, or would have, that name. */
export type InputSource = string | {readonly file: string; readonly text: string}

/**
 * Reads INPUT and all that lies around it. What is wrong with the text is in the diagnostics.
 * @throws SifstageError (2) for a command line that cannot be carried out
 */
export async function loadInput(
  typed: InputSource | undefined,
  flags: ReadingFlags,
  bases: LookAtBases = 'offline',
  extent: Extent | 'needed' = 'needed',
): Promise<Loaded> {
  const input = (typeof typed === 'object' ? typed.file : typed) ?? onlyCandidate(process.cwd())
  const settings = await loadSettings(process.cwd(), process.env)
  const buildArgs = buildArguments(flags, process.env)
  const given = await Promise.all((flags.base ?? []).map(each => replacement(each, process.cwd(), '--base')))
  const configured = await Promise.all(
    settings.bases.map(async each => ({
      reference: each.reference,
      with: await replacementImage(each.replacement, each.folder, `${each.file}: bases: ${each.reference}`),
    })),
  )
  const architecture = architectureOf(flags.platform)
  const {locked, offline = false} = flags
  const heeded = locked === undefined ? undefined : {locked, offline, lockFile: flags.lockFile}
  const pins = heeded === undefined ? undefined : await pinsFor(input, heeded, `linux/${architecture}`)
  const nothing = {
    input,
    architecture,
    settings,
    pins,
    rebased: new Set<number>(),
    description: undefined,
    format: undefined,
    ignore: undefined,
  }
  let source = ''
  let entry: FormatEntry
  try {
    source = typeof typed === 'object' ? typed.text : readText(input)
    entry = formatOf(flags, input, source)
  } catch (error) {
    const trouble = error instanceof SifstageError ? error : unreadable(input, error)
    return {...nothing, source, others: new Map(), context: contextFiles(process.cwd()), diagnostics: [unusable(input, trouble)]}
  }
  const context = contextFiles(contextFolder(flags, input, entry))
  if (flags.context !== undefined && context.kindFollowed('.') !== 'directory')
    throw new SifstageError(
      ExitCode.usage,
      `--context ${flags.context} is not a folder`,
      'Name the folder that copied paths start at.',
    )
  const format = await entry.load()
  const texts = new Map<string, string>()
  const options: ReadOptions = {
    buildArgs,
    architecture,
    ...(flags.target === undefined ? {} : {target: flags.target}),
    file: includedFiles(context, flags.context ?? (input === '-' ? '.' : dirname(input)), texts),
  }
  const ignore = ignoreFile(entry, input, context)
  const read = await readWithBases({
    format,
    input,
    source,
    options,
    replacements: [...given, ...configured],
    folder: context.root,
    bases,
    ...(heeded === undefined || bases !== 'build' ? {} : {look: await storedLook(flags, architecture, settings, pins)}),
  })
  if (read.rebased === undefined)
    return {...nothing, source, others: texts, format, context, ignore, diagnostics: read.diagnostics}
  const {rebased} = read
  // A setting of a file is for many inputs; one of the command line that matches nothing is a mistake.
  const unused = rebased.unused.find(reference => given.some(each => each.reference === reference))
  if (unused !== undefined) {
    const known = [...new Set(rebased.written)]
    throw new SifstageError(
      ExitCode.usage,
      `--base ${unused}=…: no stage starts from ${unused} or copies from it`,
      known.length === 0 ? 'No stage starts from an image.' : `Its bases are: ${known.join(', ')}`,
    )
  }
  const scene = {context, target: flags.target, ignore}
  const [found, {arrange}] = await Promise.all([findingsOf(rebased.description, scene, extent), import('../checks/arrange.js')])
  return {
    input,
    architecture,
    source,
    others: texts,
    format,
    description: rebased.description,
    rebased: rebased.stages,
    context,
    ignore,
    diagnostics: arrange([...read.diagnostics, ...found], source, texts),
    settings,
    pins,
  }
}

/** The exit code that findings call for: what cannot be read is 2, what must not be run 3, what is wrong 1. */
export function exitCodeOf(diagnostics: readonly Diagnostic[]): ExitCode {
  const errors = diagnostics.filter(each => each.severity === 'error')
  if (errors.some(each => each.rule === 'syntax' || each.rule === 'unreadable-input')) return ExitCode.usage
  if (errors.some(each => UNFAITHFUL.has(each.rule))) return ExitCode.unfaithful
  return errors.length > 0 ? ExitCode.wrong : ExitCode.done
}

/** Rules for what is understood, but must not or cannot be carried out as it stands. */
const UNFAITHFUL: ReadonlySet<string> = new Set([
  'unsafe-source',
  'run-device',
  'included-host-path',
  'base-variable-modifier',
  'base-variable-needed',
])
