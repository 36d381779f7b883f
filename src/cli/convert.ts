/** `convert`: what the library made of a description, or why it refused. */
import {type ConvertOptions, convert, type Diagnostic, ExitCode} from '../index.js'
import {convertDocument} from '../reports/json.js'
import {renderDiagnostics} from '../reports/text.js'
import type {Outcome} from './outcome.js'
import {schemaAdvice} from './schema.js'

export function failedConvertDocument({to}: Pick<ConvertOptions, 'to'>): (finding: Diagnostic) => object {
  return finding => convertDocument({input: finding.span.file, to, output: null, diagnostics: [finding]})
}

export async function runConvert(source: string | undefined, options: ConvertOptions, colour: boolean): Promise<Outcome> {
  const {input, exitCode, text, output = null, missingSchema, diagnostics} = await convert(source, options)
  const {to} = options
  const messages = renderDiagnostics(diagnostics, {source: input, colour})
  return {
    exitCode,
    document: convertDocument({input: input.input, to, output, diagnostics, ...(text === undefined ? {} : {text})}),
    text: text ?? '',
    messages: exitCode === ExitCode.done ? messages + schemaAdvice(missingSchema) : `${messages}Nothing was written.\n`,
  }
}
