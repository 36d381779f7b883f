/** `report`: what the library reports, for a terminal, a pull request, a browser or a program. */
import {type Diagnostic, diagnosticJson, type Reported, type ReportOptions, report} from '../index.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import {imageReports} from '../reports/index.js'
import {reportDocument} from '../reports/json.js'
import {excerptOf, renderDiagnostics} from '../reports/text.js'
import {fileError, writeWhole} from '../system/files.js'
import type {Outcome} from './outcome.js'

export type ReportFlags = ReportOptions & {
  readonly format: 'text' | 'json' | 'markdown' | 'html'
  readonly output?: string | undefined
}

export interface Onlooker {
  /** Whether standard output is a terminal. */
  readonly colour: boolean
  /** Whether standard error is one. */
  readonly messagesColour: boolean
  /** Of sifstage. */
  readonly version: string
}

export function failedReportDocument(finding: Diagnostic): object {
  return reportDocument({input: finding.span.file, stages: [], artifacts: [], tuning: [], diagnostics: [finding]})
}

export async function runReport(
  input: string | undefined,
  {format, output, ...options}: ReportFlags,
  {colour, messagesColour, version}: Onlooker,
  signal: AbortSignal,
): Promise<Outcome> {
  const {image = ''} = options
  if (format === 'html' && /\.html?$/i.test(image))
    throw new SifstageError(
      ExitCode.usage,
      `--html ${image}: the page's file is named with -o, and IMAGE is an image`,
      `Do you mean --html -o ${image}?`,
    )
  const reported = await report(input, options, {signal})
  const text =
    format === 'html' ? await pageOf(reported, version) : await textOf(reported, format, colour && output === undefined)
  if (output !== undefined && text !== '') await writeReport(output, text)
  const {diagnostics} = reported.report
  return {
    exitCode: reported.exitCode,
    document: reportDocument(reported.report),
    text: output === undefined ? text : '',
    messages: renderDiagnostics(diagnostics, {source: sourceOf(reported), colour: messagesColour}),
  }
}

function sourceOf({input, report: {image}}: Reported) {
  return input ?? {input: image?.name ?? '', source: ''}
}

/** Of an input that cannot be read there is nothing to tell but the findings. */
async function textOf(
  {report: found}: Reported,
  format: Exclude<ReportFlags['format'], 'html'>,
  colour: boolean,
): Promise<string> {
  if (found.stages.length === 0 && found.image === undefined) return ''
  return (await imageReports[format]())(found, colour)
}

async function pageOf(reported: Reported, version: string): Promise<string> {
  const {reportPage} = await import('../reports/html/page.js')
  const source = sourceOf(reported)
  return reportPage({
    report: reported.report,
    plan: reported.stages,
    build: reported.lastBuild,
    findings: reported.report.diagnostics.map(each => ({...diagnosticJson(each), excerpt: excerptOf(each, source)})),
    version,
  })
}

/** @throws SifstageError (2) when it cannot be written */
async function writeReport(file: string, text: string): Promise<void> {
  try {
    await writeWhole(file, text)
  } catch (error) {
    throw fileError(`-o ${file} cannot be written`, error)
  }
}
