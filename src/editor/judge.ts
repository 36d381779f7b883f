/** What sifstage says of a text in an editor, as `check` would of the file. */
import {dirname} from 'node:path'
import {fileURLToPath} from 'node:url'
import type {TextDocument} from 'vscode-languageserver-textdocument'
import {type FormatEntry, formatNamed, formatOfName, formatOfText} from '../formats/index.js'
import {check, type Diagnostic, ExitCode, type Input, format as layOut, SifstageError} from '../index.js'
import {settingsFinding} from '../model/failure.js'
import {startOf} from '../model/span.js'

export interface Judged {
  readonly diagnostics: readonly Diagnostic[]
  /** Missing where the call itself failed. */
  readonly input: Input | undefined
}

/** A file's path; the name of a text that was never saved is its own. */
export function pathOf(uri: string): string {
  return uri.startsWith('file:') ? fileURLToPath(uri) : uri
}

/** What editors call definition files. */
const DEFINITION_LANGUAGES: ReadonlySet<string> = new Set(['singularity', 'apptainer', 'apptainer-def', 'singularity-def'])

/**
 * The format of a text; undefined for one that is none of ours. A definition file or a Dockerfile is known by its name
 * or by the editor's word for it; of YAML and JSON files only those are ours that say so.
 */
export function formatOf({uri, languageId}: Pick<TextDocument, 'uri' | 'languageId'>, text: string): FormatEntry | undefined {
  if (languageId === 'dockerfile') return formatNamed('dockerfile')
  if (DEFINITION_LANGUAGES.has(languageId)) return formatNamed('def')
  const named = formatOfName(pathOf(uri))
  if (named === undefined) return languageId === 'plaintext' ? formatOfText(text) : undefined
  return named.name !== 'yaml' || named.matchesText(text) ? named : undefined
}

/** @param context the build context that the editor's settings name */
export async function judge(document: TextDocument, format: FormatEntry, context: string | undefined): Promise<Judged> {
  const file = pathOf(document.uri)
  // An editor has no current folder: a definition file's paths start where it lies, unless somebody says otherwise.
  const folder = context ?? (format.name === 'def' && document.uri.startsWith('file:') ? dirname(file) : undefined)
  try {
    const {input, diagnostics} = await check(
      {file, text: document.getText()},
      {from: format.name, ...(folder === undefined ? {} : {context: folder})},
    )
    return {input, diagnostics}
  } catch (error) {
    if (!(error instanceof SifstageError) || error.exitCode === ExitCode.bug) throw error
    return {input: undefined, diagnostics: [settingsFinding(error, startOf(file))]}
  }
}

/** A text as `fmt` lays it out; undefined where it stays as it is, or cannot be read. */
export async function laidOut(document: TextDocument, format: FormatEntry): Promise<string | undefined> {
  const file = pathOf(document.uri)
  const [formatted] = await layOut([{file, text: document.getText()}], {from: format.name})
  return formatted?.text === document.getText() ? undefined : formatted?.text
}
