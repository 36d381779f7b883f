/** `check`: everything that can be known before a build. */
import {loadRemarks} from '../formats/index.js'
import {exitCodeOf, loadInput} from '../library/input.js'
import type {EverywhereFlags} from '../library/options.js'
import {type Diagnostic, summarize} from '../model/diagnostic.js'
import {checkReports} from '../reports/index.js'
import {checkDocument} from '../reports/json.js'
import type {RuleText} from '../reports/sarif.js'
import type {Outcome} from './outcome.js'

export type CheckFlags = EverywhereFlags & {readonly format: 'text' | 'json' | 'sarif' | 'github'}

export function failedCheckDocument(finding: Diagnostic): object {
  return checkDocument(finding.span.file, [finding])
}

/** `no errors, 2 warnings` for the last line. */
function summaryLine(input: string, diagnostics: readonly Diagnostic[]): string {
  const {error, warning, info} = summarize(diagnostics)
  const count = (number: number, word: string) => `${number === 0 ? 'no' : number} ${word}${number === 1 ? '' : 's'}`
  return `${input}: ${count(error, 'error')}, ${count(warning, 'warning')}${info === 0 ? '' : `, ${count(info, 'remark')}`}\n`
}

/** Every rule that `check` can report, for services that explain them. */
async function rulesExplained(): Promise<readonly RuleText[]> {
  const [{groups}, {remarkGroups, remarksElsewhere}] = await Promise.all([import('../checks/index.js'), loadRemarks()])
  return [
    ...groups.flatMap(({name, checks}) => checks.map(check => ({...check, group: name}))),
    ...remarkGroups.flatMap(({remarks}) => remarks.map(remark => ({...remark, group: 'reading'}))),
    ...remarksElsewhere.map(remark => ({...remark, group: 'reading'})),
  ]
}

export async function runCheck(input: string | undefined, flags: CheckFlags, colour: boolean, version: string): Promise<Outcome> {
  const loaded = await loadInput(input, flags, 'offline', 'all')
  const {diagnostics} = loaded
  const print = await checkReports[flags.format]()
  const rules = flags.format === 'sarif' ? await rulesExplained() : []
  const printed = print(diagnostics, {source: loaded, colour, rules, version})
  return {
    exitCode: exitCodeOf(diagnostics),
    document: checkDocument(loaded.input, diagnostics),
    // For people the findings go where messages go, and the count is the result.
    text: flags.format === 'text' ? summaryLine(loaded.input, diagnostics) : printed,
    messages: flags.format === 'text' ? printed : '',
  }
}
