/** `check`: everything that can be known before a build. */
import {type Diagnostic, summarize} from '../model/diagnostic.js'
import {checkReports} from '../reports/index.js'
import {checkDocument} from '../reports/json.js'
import type {EverywhereFlags} from './flags.js'
import {exitCodeOf, loadInput} from './input.js'
import type {Outcome} from './outcome.js'

export type CheckFlags = EverywhereFlags & {readonly format: 'text' | 'json' | 'sarif' | 'github'}

export function failedCheckDocument(finding: Diagnostic): object {
  return checkDocument(finding.span.file, [finding])
}

/** `no errors, 2 warnings` for the last line. */
function summaryLine(input: string, diagnostics: readonly Diagnostic[]): string {
  const {error, warning} = summarize(diagnostics)
  const count = (number: number, word: string) => `${number === 0 ? 'no' : number} ${word}${number === 1 ? '' : 's'}`
  return `${input}: ${count(error, 'error')}, ${count(warning, 'warning')}\n`
}

export async function runCheck(input: string | undefined, flags: CheckFlags, colour: boolean): Promise<Outcome> {
  const loaded = await loadInput(input, flags)
  const {diagnostics} = loaded
  const print = await checkReports[flags.format]()
  const printed = print(diagnostics, {source: loaded, colour})
  return {
    exitCode: exitCodeOf(diagnostics),
    document: checkDocument(loaded.input, diagnostics),
    // For people the findings go where messages go, and the count is the result.
    text: flags.format === 'text' ? summaryLine(loaded.input, diagnostics) : printed,
    messages: flags.format === 'text' ? printed : '',
  }
}
