/** `convert`: the same description in another language, or a refusal that says what cannot be carried over. */
import {resolve} from 'node:path'
import {formatNamed} from '../formats/index.js'
import {dependenciesFirst} from '../language/stages.js'
import {exitCodeOf, type Loaded, loadInput} from '../library/input.js'
import type {EverywhereFlags} from '../library/options.js'
import type {Description} from '../model/description.js'
import {type Diagnostic, diagnosticJson} from '../model/diagnostic.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import {resolveTarget} from '../plan/graph.js'
import {convertDocument} from '../reports/json.js'
import {renderDiagnostics} from '../reports/text.js'
import {fileError, writeWhole} from '../system/files.js'
import type {Outcome} from './outcome.js'

export type ConvertFlags = EverywhereFlags & {
  readonly to: 'def' | 'dockerfile' | 'yaml' | 'stages'
  readonly output?: string | undefined
  readonly strict: boolean
  readonly allow?: readonly string[] | undefined
  readonly 'keep-cwd': boolean
}

/** Findings that are about building here, not about what the text means: a conversion can be made for another folder. */
const NOT_ABOUT_MEANING: ReadonlySet<string> = new Set([
  'context-path-missing',
  'context-path-ignored',
  'context-path-outside',
  'artifact-under-tmp',
  'unused-stage',
])

export function failedConvertDocument(flags: Pick<ConvertFlags, 'to'>): (finding: Diagnostic) => object {
  return finding => convertDocument({input: finding.span.file, to: flags.to, output: null, diagnostics: [finding]})
}

function refused(
  loaded: Loaded,
  flags: ConvertFlags,
  diagnostics: readonly Diagnostic[],
  exitCode: ExitCode,
  colour: boolean,
): Outcome {
  return {
    exitCode,
    document: convertDocument({input: loaded.input, to: flags.to, output: null, diagnostics}),
    text: '',
    messages: `${renderDiagnostics(diagnostics, {source: loaded, colour})}Nothing was written.\n`,
  }
}

export async function runConvert(input: string | undefined, flags: ConvertFlags, colour: boolean): Promise<Outcome> {
  const {to, output} = flags
  if (to === 'stages' && output === undefined)
    throw new SifstageError(ExitCode.usage, '--to stages writes several files and needs a folder for them', 'Add -o DIR.')
  const loaded = await loadInput(input, flags, to === 'dockerfile' ? 'convert-to-docker' : 'convert')
  const allow = new Set(flags.allow ?? [])
  const reading = loaded.diagnostics.map(
    (each): Diagnostic =>
      each.severity === 'error' && (NOT_ABOUT_MEANING.has(each.rule) || allow.has(each.rule))
        ? {...each, severity: 'warning'}
        : each,
  )
  if (loaded.description === undefined || reading.some(each => each.severity === 'error'))
    return refused(loaded, flags, reading, exitCodeOf(reading), colour)
  const target = resolveTarget(loaded.description, flags.target)
  if (target.kind === 'unknown') return refused(loaded, flags, reading, ExitCode.wrong, colour)
  if (to !== 'yaml') reading.push(...lostEngines(loaded.description, target.stage.index))
  const options = {
    target: target.stage.index,
    allow,
    keepCwd: flags['keep-cwd'],
    context: loaded.context,
    ignore: loaded.ignore,
    architecture: loaded.architecture,
  }
  if (to === 'stages' && output !== undefined) {
    const {stageFiles, writeFolder} = await import('../library/stage-files.js')
    const made = await stageFiles(loaded.description, options, output)
    const findings = once([...reading, ...made.diagnostics])
    const tooMuch = flags.strict && findings.some(each => each.severity === 'warning')
    if (made.files === undefined || tooMuch) return refused(loaded, flags, findings, ExitCode.unfaithful, colour)
    await writeFolder(resolve(output), made.files)
    return {
      exitCode: ExitCode.done,
      document: convertDocument({input: loaded.input, to, output, diagnostics: findings}),
      text: '',
      messages: renderDiagnostics(findings, {source: loaded, colour}),
    }
  }
  if (to === 'stages') throw new Error('--to stages without a folder')
  const writer = await formatNamed(to).load()
  const written = writer.write(loaded.description, options)
  const diagnostics = once([...reading, ...written.diagnostics])
  const unfaithful = written.text === undefined || written.diagnostics.some(each => each.severity === 'error')
  if (unfaithful || written.text === undefined) return refused(loaded, flags, diagnostics, ExitCode.unfaithful, colour)
  if (flags.strict && diagnostics.some(each => each.severity === 'warning'))
    return refused(loaded, flags, diagnostics, ExitCode.unfaithful, colour)
  const messages = renderDiagnostics(diagnostics, {source: loaded, colour})
  if (flags.output === undefined)
    return {
      exitCode: ExitCode.done,
      document: convertDocument({input: loaded.input, to: flags.to, output: null, diagnostics, text: written.text}),
      text: written.text,
      messages,
    }
  try {
    await writeWhole(resolve(flags.output), written.text)
  } catch (error) {
    throw fileError(`${flags.output} cannot be written`, error)
  }
  return {
    exitCode: ExitCode.done,
    document: convertDocument({input: loaded.input, to: flags.to, output: flags.output, diagnostics}),
    text: '',
    messages,
  }
}

/** Which engine builds a stage is no part of what it means, and only YAML can say it. */
function lostEngines(description: Description, target: number): Diagnostic[] {
  return dependenciesFirst(description, target).flatMap(({name, engine}): Diagnostic[] =>
    engine === undefined
      ? []
      : [
          {
            rule: 'stage-engine',
            severity: 'warning',
            span: engine.span,
            stage: name,
            message: `That stage "${name}" is built by ${engine.value} is left out: only a YAML description can say it.`,
            hint: `Build with --engine ${engine.value}.`,
          },
        ],
  )
}

/** Checks and writers may find the same. */
function once(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const seen = new Set<string>()
  return diagnostics.filter(each => {
    const mark = JSON.stringify(diagnosticJson(each))
    return seen.has(mark) ? false : Boolean(seen.add(mark))
  })
}
