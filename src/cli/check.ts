/** `check`: the library's findings as text, a document, or what services read. */
import {relative, resolve} from 'node:path'
import {
  type Checked,
  check,
  type Diagnostic,
  ExitCode,
  type InputOptions,
  type Rule,
  rules,
  SifstageError,
  summarize,
} from '../index.js'
import {checkReports} from '../reports/index.js'
import {checkDocument} from '../reports/json.js'
import type {Outcome} from './outcome.js'

export type CheckFlags = InputOptions & {readonly format: 'text' | 'json' | 'sarif' | 'github'; readonly json?: boolean}

export function failedCheckDocument(finding: Diagnostic): object {
  return checkDocument(finding.span.file, [finding])
}

/** `no errors, 2 warnings` for the last line. */
function summaryLine(input: string, diagnostics: readonly Diagnostic[]): string {
  const {error, warning, info} = summarize(diagnostics)
  const count = (number: number, word: string) => `${number === 0 ? 'no' : number} ${word}${number === 1 ? '' : 's'}`
  return `${input}: ${count(error, 'error')}, ${count(warning, 'warning')}${info === 0 ? '' : `, ${count(info, 'remark')}`}\n`
}

/** GitHub takes paths from the root of the repository, wherever a step works and however it names its files. */
function asGithubNames(diagnostics: readonly Diagnostic[], format: CheckFlags['format']): readonly Diagnostic[] {
  const workspace = process.env['GITHUB_WORKSPACE']
  if (format !== 'github' || !workspace) return diagnostics
  return diagnostics.map(each => {
    const file = relative(workspace, resolve(each.span.file))
    const isOutside = each.span.file === '-' || file === '' || file === '..' || file.startsWith('../')
    return isOutside ? each : {...each, span: {...each.span, file}}
  })
}

/** Rules as services want them explained; conversions and images are not what they look at. */
async function explained(): Promise<readonly Rule[]> {
  return (await rules()).filter(each => each.group !== 'artifacts' && each.group !== 'conversion')
}

/** @param sources one input, or several one after the other; none: the only candidate in the folder */
export async function runCheck(
  sources: readonly string[],
  {format, ...options}: CheckFlags,
  colour: boolean,
  version: string,
): Promise<Outcome> {
  const [first, ...more] = sources
  if (more.length > 0) return checkSeveral(sources, {format, ...options}, colour, version)
  const {input, exitCode, diagnostics} = await check(first, options)
  const print = await checkReports[format]()
  const printed = print(asGithubNames(diagnostics, format), {
    source: input,
    colour,
    rules: format === 'sarif' ? await explained() : [],
    version,
  })
  return {
    exitCode,
    document: checkDocument(input.input, diagnostics),
    // For people the findings go where messages go, and the count is the result.
    text: format === 'text' ? summaryLine(input.input, diagnostics) : printed,
    messages: format === 'text' ? printed : '',
  }
}

/**
 * Several inputs in one run, as hooks and pipelines hand them over.
 * @throws SifstageError (2) for a document, which is of one input
 */
async function checkSeveral(
  sources: readonly string[],
  {format, json, ...options}: CheckFlags,
  colour: boolean,
  version: string,
): Promise<Outcome> {
  if (json === true || format === 'json')
    throw new SifstageError(
      ExitCode.usage,
      `a JSON document is of one input, and these are ${sources.length}`,
      'Check each by itself, or write --format sarif, which holds them all.',
    )
  const checked: Checked[] = []
  for (const source of sources) checked.push(await check(source, options))
  const exitCode = checked.find(each => each.exitCode !== ExitCode.done)?.exitCode ?? ExitCode.done
  const print = await checkReports[format]()
  if (format === 'sarif') {
    const others = new Map(checked.flatMap(({input}) => [...input.others, [input.input, input.source]]))
    const text = print(
      checked.flatMap(each => each.diagnostics),
      {source: {input: '', source: '', others}, colour, rules: await explained(), version},
    )
    return {exitCode, document: {}, text, messages: ''}
  }
  const printed = checked
    .map(({input, diagnostics}) => print(asGithubNames(diagnostics, format), {source: input, colour}))
    .join('')
  const summary = checked.map(({input, diagnostics}) => summaryLine(input.input, diagnostics)).join('')
  return format === 'text'
    ? {exitCode, document: {}, text: summary, messages: printed}
    : {exitCode, document: {}, text: printed, messages: ''}
}
