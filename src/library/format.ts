/** Lays files out anew, without changing what they say. */
import {detectFormat, formatNamed} from '../formats/index.js'
import type {FormatName} from '../model/description.js'
import type {Diagnostic} from '../model/diagnostic.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import {startOf} from '../model/span.js'
import {fileError, fileTrouble} from '../system/files.js'
import {replaceText} from '../system/new-files.js'
import type {InputSource} from './input.js'
import {onlyCandidate, readText} from './input-file.js'

export interface FormatOptions {
  readonly from?: FormatName | undefined
  /** Writes nothing. */
  readonly readOnly?: boolean | undefined
}

export interface Formatted {
  readonly file: string
  readonly source: string
  /** As it should be; missing where the file cannot be read, and `diagnostics` says why. */
  readonly text?: string
  readonly diagnostics: readonly Diagnostic[]
}

/**
 * @param files as typed, or texts with names; nothing is written to these, nor to standard input (`-`)
 * @throws SifstageError (2) when a file cannot be written
 */
export async function formatFiles(files: readonly InputSource[], options: FormatOptions): Promise<readonly Formatted[]> {
  if (files.includes('-') && files.length > 1)
    throw new SifstageError(
      ExitCode.usage,
      'standard input (-) cannot stand beside other files',
      'Lay it out by a command of its own.',
    )
  const named = files.length === 0 ? [onlyCandidate(process.cwd())] : [...new Set(files)]
  const looked: Formatted[] = []
  for (const file of named) looked.push(await look(file, options.from))
  if (options.readOnly !== true)
    for (const [at, {file, source, text}] of looked.entries())
      if (typeof named[at] === 'string' && file !== '-' && text !== undefined && text !== source) await write(file, text)
  return looked
}

async function look(input: InputSource, from: FormatName | undefined): Promise<Formatted> {
  const file = typeof input === 'string' ? input : input.file
  let source: string
  try {
    source = typeof input === 'string' ? readText(input) : input.text
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

function refused(file: string, source: string, message: string, hint: string | undefined): Formatted {
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
