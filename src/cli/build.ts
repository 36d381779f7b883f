/** `build`: what the library's build came to, for people and programs. */
import {
  type ArtifactReport,
  type BuildOptions,
  type Built,
  build,
  type Diagnostic,
  type DryRun,
  dryRun,
  ExitCode,
  SifstageError,
  type StageReport,
} from '../index.js'
import {diagnosticJson} from '../model/diagnostic.js'
import type {Sink} from '../model/ports.js'
import {renderDiagnostics} from '../reports/text.js'
import {fileError, writeWhole} from '../system/files.js'
import type {Outcome} from './outcome.js'
import {printable} from './progress.js'

export type BuildFlags = BuildOptions & {
  readonly dryRun: boolean
  readonly metadataFile?: string | undefined
  readonly sign: boolean
}

export interface Onlooker {
  readonly sink: Sink
  readonly signal: AbortSignal
  readonly colour: boolean
}

export function artifactJson(report: ArtifactReport): object {
  const {diagnostics, ...rest} = report
  return {...rest, ...(diagnostics.length === 0 ? {} : {diagnostics: diagnostics.map(diagnosticJson)})}
}

function stageJson(report: StageReport): object {
  return {
    name: report.name,
    status: report.status,
    ...(report.key === undefined ? {} : {key: report.key}),
    ...(report.digest === undefined ? {} : {digest: report.digest}),
    ...(report.seconds === undefined ? {} : {seconds: report.seconds}),
    ...(report.at === undefined ? {} : {at: report.at}),
    ...(report.log === undefined ? {} : {log: report.log}),
    artifacts: report.artifacts.map(artifactJson),
  }
}

function documentOf(built: Pick<Built, 'status' | 'engine' | 'output' | 'stages' | 'diagnostics' | 'seconds'>): object {
  return {
    version: 1,
    status: built.status,
    ...(built.engine === undefined ? {} : {engine: built.engine}),
    ...(built.output === undefined ? {} : {output: built.output}),
    stages: built.stages.map(stageJson),
    diagnostics: built.diagnostics.map(diagnosticJson),
    seconds: built.seconds,
  }
}

/** An engine's last words, set off from ours, and where all of them are; of several stages, whose they are. */
function quoted({name, status, failure, log}: StageReport, _: number, all: readonly StageReport[]): string {
  if (status !== 'failed') return ''
  const several = all.filter(each => each.status === 'failed').length > 1
  const lines = failure?.tail.map(line => `    ${printable(line)}\n`).join('') ?? ''
  const said = lines === '' ? '' : `  the engine's last lines${several ? ` in stage "${printable(name)}"` : ''}:\n${lines}`
  return log === undefined ? said : `${said}  whole log: ${printable(log)}\n`
}

function size(bytes: number): string {
  return bytes < 1 << 20 ? `${Math.ceil(bytes / 1024)} kB` : `${(bytes / (1 << 20)).toFixed(1)} MB`
}

/**
 * Carries out `build`.
 * @throws SifstageError, or the signal's reason when stopped
 */
export async function runBuild(input: string | undefined, flags: BuildFlags, {sink, signal, colour}: Onlooker): Promise<Outcome> {
  refuseMissing(flags)
  const {dryRun: isDry, metadataFile, sign: _, ...options} = flags
  if (isDry) return showScripts(await dryRun(input, options, {sink, signal}), colour)
  const built = await build(input, options, {sink, signal})
  const document = documentOf(built)
  const begun = built.engine !== undefined
  if (begun && metadataFile !== undefined) await writeMetadata(metadataFile, document)
  const notRun = built.stages.filter(stage => stage.status === 'not-run').map(stage => stage.name)
  const messages = [
    renderDiagnostics(built.diagnostics, {source: built.input, colour}),
    ...built.stages.map(quoted),
    notRun.length === 0 ? '' : `not run: ${notRun.join(', ')}\n`,
    built.status === 'ok' ? '' : begun ? `${built.out} was not written.\n` : 'Nothing was built.\n',
  ].join('')
  const {output} = built
  const text = output === undefined ? '' : `${built.out}  ${size(output.bytes)}  ${output.digest}\n`
  return {exitCode: built.exitCode, document, text, messages}
}

function showScripts({input, exitCode, engine, stages}: DryRun, colour: boolean): Outcome {
  if (engine === undefined)
    return {
      exitCode,
      document: documentOf({status: 'failed', stages: [], diagnostics: input.diagnostics, seconds: 0}),
      text: '',
      messages: `${renderDiagnostics(input.diagnostics, {source: input, colour})}Nothing was built.\n`,
    }
  const lines = stages.flatMap(({name, key, cached, files, commands}) => [
    `# stage ${name}${key === undefined ? '' : ` ${key}`}${cached ? ' (cached: nothing would run)' : ''}`,
    ...files.flatMap(({path, text}) => [`## file ${path}`, text.replace(/\n$/, '')]),
    ...commands.flatMap(({title, line}) => [`## ${title}`, line]),
    '',
  ])
  return {
    exitCode,
    document: {
      version: 1,
      status: 'ok',
      engine,
      stages: stages.map(({name, key, cached, files, commands}) => ({
        name,
        status: cached ? 'cached' : 'not-run',
        ...(key === undefined ? {} : {key}),
        artifacts: [],
        files,
        commands: commands.map(({title, kind, argv}) => ({title, kind, argv})),
      })),
      diagnostics: input.diagnostics.map(diagnosticJson),
      seconds: 0,
    },
    text: `${lines.join('\n')}\n`,
    messages: '',
  }
}

/** What the command line promises and this version cannot do: said before anything is read, never ignored. */
function refuseMissing(flags: BuildFlags): void {
  if (flags.sign)
    throw new SifstageError(
      ExitCode.usage,
      '--sign: this version of sifstage does not sign images',
      'Sign it afterwards: apptainer sign IMAGE.sif',
    )
}

async function writeMetadata(file: string, document: object): Promise<void> {
  try {
    await writeWhole(file, `${JSON.stringify(document, undefined, 2)}\n`)
  } catch (error) {
    throw fileError(`--metadata-file ${file} cannot be written`, error)
  }
}

/** The document of a build that could not even begin. */
export function failedBuildDocument(diagnostic: Diagnostic): object {
  return documentOf({status: 'failed', stages: [], diagnostics: [diagnostic], seconds: 0})
}
