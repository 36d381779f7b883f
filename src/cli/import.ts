/** `import`: the description that the library linked, or why it did not. */
import {type Diagnostic, ExitCode, type ImportOptions, importFiles} from '../index.js'
import type {Chain} from '../model/chain.js'
import {importDocument} from '../reports/json.js'
import {renderDiagnostics} from '../reports/text.js'
import type {Outcome} from './outcome.js'
import {schemaAdvice} from './schema.js'

export function failedImportDocument(input: readonly string[]): (finding: Diagnostic) => object {
  return finding => importDocument({input, output: null, chain: undefined, diagnostics: [finding]})
}

/** @param named files and folders as typed */
export async function runImport(named: readonly string[], options: ImportOptions, colour: boolean): Promise<Outcome> {
  const {input, exitCode, others, chain, text, output, missingSchema, diagnostics} = await importFiles(named, options)
  const messages = renderDiagnostics(diagnostics, {source: {input: '', source: '', others}, colour})
  return {
    exitCode,
    document: importDocument({input, output: output ?? null, chain, diagnostics, ...(text === undefined ? {} : {text})}),
    text: text ?? (output === undefined || chain === undefined ? '' : `${summary(output, chain)}\n`),
    messages: exitCode === ExitCode.done ? messages + schemaAdvice(missingSchema) : `${messages}Nothing was written.\n`,
  }
}

function summary(output: string, {stages, target}: Chain): string {
  return `${output}: ${stages.length} ${stages.length === 1 ? 'stage' : 'stages'}, target ${target ?? stages.at(-1)?.name ?? ''}`
}
