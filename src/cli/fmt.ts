/** `fmt`: descriptions and definition files laid out anew, without changing what they say. */
import {detectFormat, formatNamed} from '../formats/index.js'
import {onlyCandidate, readText} from '../library/input.js'
import type {FormatName} from '../model/description.js'
import {type Diagnostic, diagnosticJson} from '../model/diagnostic.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import {startOf} from '../model/span.js'
import {unifiedDifference} from '../reports/difference.js'
import {renderDiagnostics} from '../reports/text.js'
import {visible} from '../reports/visible.js'
import {fileError, fileTrouble} from '../system/files.js'
import {replaceText} from '../system/new-files.js'
import type {Outcome} from './outcome.js'

export interface FmtFlags {
  readonly check: boolean
  readonly diff: boolean
  readonly from?: FormatName | undefined
}

interface Looked {
  readonly file: string
  readonly source: string
  /** Missing where it cannot be read. */
  readonly text?: string
  readonly diagnostics: readonly Diagnostic[]
}

/** @param files as typed; `-` alone is standard input, and goes to standard output */
export async function runFmt(files: readonly string[], flags: FmtFlags, colour: boolean): Promise<Outcome> {
  if (files.includes('-') && files.length > 1)
    throw new SifstageError(
      ExitCode.usage,
      'standard input (-) cannot stand beside other files',
      'Lay it out by a command of its own.',
    )
  const named = files.length === 0 ? [onlyCandidate(process.cwd())] : [...new Set(files)]
  const looked: Looked[] = []
  for (const file of named) looked.push(await look(file, flags.from))
  const readOnly = flags.check || flags.diff
  const changed = looked.filter(each => each.text !== undefined && each.text !== each.source)
  if (!readOnly) for (const {file, text = ''} of changed) if (file !== '-') await write(file, text)
  const failed = looked.some(each => each.text === undefined)
  const only = looked[0]
  const standard = only?.file === '-' && !readOnly ? (only.text ?? '') : undefined
  return {
    exitCode: failed ? ExitCode.usage : flags.check && changed.length > 0 ? ExitCode.wrong : ExitCode.done,
    document: {
      version: 1,
      files: looked.map(({file, source, text, diagnostics}) => ({
        file,
        changed: text !== undefined && text !== source,
        diagnostics: diagnostics.map(diagnosticJson),
        ...(file === '-' && text !== undefined ? {text} : {}),
      })),
    },
    text:
      standard ??
      (flags.diff
        ? changed.map(({file, source, text = ''}) => shown(unifiedDifference(file, source, text))).join('')
        : changed.map(({file}) => `${visible(file)}\n`).join('')),
    messages: `${looked.map(({file, source, diagnostics}) => renderDiagnostics(diagnostics, {source: {input: file, source}, colour})).join('')}${
      standard === undefined ? summary(looked, changed, readOnly) : ''
    }`,
  }
}

async function look(file: string, from: FormatName | undefined): Promise<Looked> {
  let source: string
  try {
    source = readText(file)
  } catch (error) {
    const message = error instanceof SifstageError ? error.message : `${file} cannot be read: ${fileTrouble(error)}`
    return refused(file, '', message, error instanceof SifstageError ? error.hint : undefined)
  }
  const entry = from === undefined ? detectFormat(file, source) : formatNamed(from)
  if (entry === undefined)
    return refused(
      file,
      source,
      `${file} is neither a description, a Dockerfile nor a definition file, as far as its name and first words tell`,
      'Say what it is: --from yaml or --from def.',
    )
  const format = await entry.load()
  if (format.format === undefined)
    return refused(
      file,
      source,
      `${file} is ${entry.title}, which fmt leaves alone: blanks and line ends in its commands and here-documents are part of them`,
      'fmt lays out definition files and descriptions in YAML.',
    )
  return {file, source, ...format.format(file, source)}
}

function refused(file: string, source: string, message: string, hint: string | undefined): Looked {
  const finding = {rule: 'unreadable-input', severity: 'error', message, span: startOf(file)} as const
  return {file, source, diagnostics: [hint === undefined ? finding : {...finding, hint}]}
}

async function write(file: string, text: string): Promise<void> {
  try {
    await replaceText(file, text)
  } catch (error) {
    throw fileError(`${file} cannot be written`, error)
  }
}

/** Lines of a file, each without what could damage a terminal. */
function shown(text: string): string {
  return text.replaceAll(/[^\n]+/g, line => line.replaceAll(/[^\t]+/g, visible))
}

function summary(looked: readonly Looked[], changed: readonly Looked[], readOnly: boolean): string {
  const read = looked.filter(each => each.text !== undefined)
  if (read.length === 0) return 'Nothing was changed.\n'
  const files = (count: number) => `${count} file${count === 1 ? '' : 's'}`
  const same = read.length - changed.length
  return [
    ...(changed.length === 0 ? [] : [`${files(changed.length)} ${readOnly ? 'would be changed' : 'changed'}`]),
    ...(same === 0 ? [] : [`${files(same)} laid out already`]),
  ]
    .join(', ')
    .concat('\n')
}
