/** `convert`: the same description in another language, or a refusal that says what cannot be carried over. */
import {resolve} from 'node:path'
import {formatNamed} from '../formats/index.js'
import {dependenciesFirst} from '../language/stages.js'
import type {Description} from '../model/description.js'
import {type Diagnostic, diagnosticJson} from '../model/diagnostic.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import {resolveTarget} from '../plan/graph.js'
import {fileError, writeWhole} from '../system/files.js'
import {exitCodeOf, type InputSource, type Loaded, loadInput} from './input.js'
import type {ConvertOptions} from './options.js'
import {missingSchema, SCHEMA_COMMENT} from './schema.js'

export interface Converted {
  readonly input: Loaded
  readonly exitCode: ExitCode
  /** What was made; missing when it was refused, or written to `output`. */
  readonly text?: string
  /** Where it was written; missing when it was not. */
  readonly output?: string
  /** Where the schema that it names belongs, when it is not there. */
  readonly missingSchema?: string
  readonly diagnostics: readonly Diagnostic[]
}

/** Findings that are about building here, not about what the text means: a conversion can be made for another folder. */
const NOT_ABOUT_MEANING: ReadonlySet<string> = new Set([
  'context-path-missing',
  'context-path-ignored',
  'context-path-outside',
  'artifact-under-tmp',
  'unused-stage',
])

/**
 * Converts; writes to `options.output`, where that is given, and nothing when it refuses.
 * @throws SifstageError (2) for options that cannot be carried out and files that cannot be written
 */
export async function runConvert(source: InputSource | undefined, options: ConvertOptions): Promise<Converted> {
  const {to, output, strict = false} = options
  if (to === 'stages' && output === undefined)
    throw new SifstageError(ExitCode.usage, '--to stages writes several files and needs a folder for them', 'Add -o DIR.')
  const input = await loadInput(source, options, to === 'dockerfile' ? 'convert-to-docker' : 'convert')
  const refused = (diagnostics: readonly Diagnostic[], exitCode: ExitCode): Converted => ({input, exitCode, diagnostics})
  const allow = new Set(options.allow ?? [])
  const reading = input.diagnostics.map(
    (each): Diagnostic =>
      each.severity === 'error' && (NOT_ABOUT_MEANING.has(each.rule) || allow.has(each.rule))
        ? {...each, severity: 'warning'}
        : each,
  )
  if (input.description === undefined || reading.some(each => each.severity === 'error'))
    return refused(reading, exitCodeOf(reading))
  const target = resolveTarget(input.description, options.target)
  if (target.kind === 'unknown') return refused(reading, ExitCode.wrong)
  if (to !== 'yaml') reading.push(...lostEngines(input.description, target.stage.index))
  const {context, ignore, architecture} = input
  const writing = {target: target.stage.index, allow, keepCwd: options.keepCwd ?? false, context, ignore, architecture}
  const isTooMuch = (found: readonly Diagnostic[]) => strict && found.some(each => each.severity === 'warning')
  if (to === 'stages') {
    const {stageFiles, writeFolder} = await import('./stage-files.js')
    const made = await stageFiles(input.description, writing, output ?? '')
    const diagnostics = once([...reading, ...made.diagnostics])
    if (made.files === undefined || isTooMuch(diagnostics)) return refused(diagnostics, ExitCode.unfaithful)
    await writeFolder(resolve(output ?? ''), made.files)
    return {input, exitCode: ExitCode.done, output: output ?? '', diagnostics}
  }
  const writer = await formatNamed(to).load()
  const {text, diagnostics: written} = writer.write(input.description, writing)
  const diagnostics = once([...reading, ...written])
  if (text === undefined || written.some(each => each.severity === 'error') || isTooMuch(diagnostics))
    return refused(diagnostics, ExitCode.unfaithful)
  if (output === undefined) return {input, exitCode: ExitCode.done, text, diagnostics}
  try {
    await writeWhole(resolve(output), to === 'yaml' ? `# ${SCHEMA_COMMENT}\n${text}` : text)
  } catch (error) {
    throw fileError(`${output} cannot be written`, error)
  }
  const missing = to === 'yaml' ? await missingSchema(output) : undefined
  return {input, exitCode: ExitCode.done, output, ...(missing === undefined ? {} : {missingSchema: missing}), diagnostics}
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
