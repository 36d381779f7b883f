/** `convert`: what the library made of a description, or why it refused. */
import {dirname, relative, resolve} from 'node:path'
import {type ConvertOptions, convert, type Diagnostic, ExitCode} from '../index.js'
import {shellQuote} from '../language/shell.js'
import {convertDocument} from '../reports/json.js'
import {renderDiagnostics} from '../reports/text.js'
import {visible} from '../reports/visible.js'
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
    text: text ?? (output === null ? '' : written(output, to, input.context.root)),
    messages: exitCode === ExitCode.done ? messages + schemaAdvice(missingSchema) : `${messages}Nothing was written.\n`,
  }
}

/** What was written, and how it is built: its host paths start where those of the input did. */
function written(output: string, to: ConvertOptions['to'], context: string): string {
  if (to === 'stages') return `${visible(output)} written\n`
  const own = to === 'def' ? process.cwd() : resolve(dirname(output))
  const folder = own === context ? '' : ` --context ${shellQuote(relative(process.cwd(), context) || '.')}`
  return `${visible(`${output} written; to build it: sifstage build ${shellQuote(output)}${folder}`)}\n`
}
