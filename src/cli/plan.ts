/** `plan`: the library's plan as text, a document or a picture. */
import {type BuildingOptions, type Diagnostic, ExitCode, type InputOptions, plan, why} from '../index.js'
import {speaksUtf8} from '../reports/charset.js'
import {planReports} from '../reports/index.js'
import {planDocument} from '../reports/json.js'
import type {PictureOptions} from '../reports/plan-picture.js'
import {explainText} from '../reports/plan-text.js'
import {renderDiagnostics} from '../reports/text.js'
import {isColoured} from './command.js'
import type {Outcome} from './outcome.js'

export type PlanFlags = InputOptions &
  BuildingOptions & {readonly format: 'text' | 'json' | 'mermaid' | 'dot'; readonly explain?: string | undefined}

export function failedPlanDocument(finding: Diagnostic): object {
  return planDocument({input: finding.span.file, target: '', stages: [], order: [], diagnostics: [finding]})
}

/** What can be drawn where standard output goes. */
function pictureOptions(): PictureOptions {
  const {columns = 80} = process.stdout
  return {width: columns, unicode: speaksUtf8(process.env), colour: isColoured(process.stdout)}
}

export async function runPlan(
  source: string | undefined,
  {format, explain, ...options}: PlanFlags,
  colour: boolean,
  signal: AbortSignal,
): Promise<Outcome> {
  const planned = await plan(source, options, {signal})
  const {input, exitCode, plan: found} = planned
  const messages = renderDiagnostics(found.diagnostics, {source: input, colour})
  if (exitCode !== ExitCode.done) return {exitCode, document: planDocument(found), text: '', messages}
  if (explain === undefined)
    return {exitCode, document: planDocument(found), text: (await planReports[format]())(found, pictureOptions()), messages}
  const {stage, planned: ofPlan, changes} = await why(planned, explain)
  return {exitCode, document: planDocument(found), text: explainText(stage, found.target, ofPlan, changes), messages}
}
