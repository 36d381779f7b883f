/** `check`: the library's findings as text, a document, or what services read. */
import {check, type Diagnostic, type InputOptions, rules, summarize} from '../index.js'
import {checkReports} from '../reports/index.js'
import {checkDocument} from '../reports/json.js'
import type {Outcome} from './outcome.js'

export type CheckFlags = InputOptions & {readonly format: 'text' | 'json' | 'sarif' | 'github'}

export function failedCheckDocument(finding: Diagnostic): object {
  return checkDocument(finding.span.file, [finding])
}

/** `no errors, 2 warnings` for the last line. */
function summaryLine(input: string, diagnostics: readonly Diagnostic[]): string {
  const {error, warning, info} = summarize(diagnostics)
  const count = (number: number, word: string) => `${number === 0 ? 'no' : number} ${word}${number === 1 ? '' : 's'}`
  return `${input}: ${count(error, 'error')}, ${count(warning, 'warning')}${info === 0 ? '' : `, ${count(info, 'remark')}`}\n`
}

export async function runCheck(
  source: string | undefined,
  {format, ...options}: CheckFlags,
  colour: boolean,
  version: string,
): Promise<Outcome> {
  const {input, exitCode, diagnostics} = await check(source, options)
  const print = await checkReports[format]()
  const texts =
    format === 'sarif' ? (await rules()).filter(each => each.group !== 'artifacts' && each.group !== 'conversion') : []
  const printed = print(diagnostics, {source: input, colour, rules: texts, version})
  return {
    exitCode,
    document: checkDocument(input.input, diagnostics),
    // For people the findings go where messages go, and the count is the result.
    text: format === 'text' ? summaryLine(input.input, diagnostics) : printed,
    messages: format === 'text' ? printed : '',
  }
}
