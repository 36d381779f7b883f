/** How findings and plans can be printed, by the word behind `--format`. Only the one that is asked for is loaded. */
import type {Diagnostic} from '../model/diagnostic.js'
import type {Plan} from '../model/plan.js'
import type {Report} from '../model/report.js'
import type {PictureOptions} from './plan-picture.js'
import type {RuleText} from './sarif.js'
import type {TextOptions} from './text.js'

export interface ReportOptions extends TextOptions {
  /** What the rules mean, for reports that explain them. */
  readonly rules?: readonly RuleText[]
  /** Version of sifstage, for reports that name it. */
  readonly version?: string
}

export type CheckReport = (diagnostics: readonly Diagnostic[], options: ReportOptions) => string

function asJson(document: unknown): string {
  return `${JSON.stringify(document, undefined, 2)}\n`
}

export const checkReports = {
  text: async (): Promise<CheckReport> => (await import('./text.js')).renderDiagnostics,
  json: async (): Promise<CheckReport> => {
    const {checkDocument} = await import('./json.js')
    return (diagnostics, {source}) => asJson(checkDocument(source.input, diagnostics))
  },
  sarif: async (): Promise<CheckReport> => {
    const {sarif} = await import('./sarif.js')
    return (diagnostics, {rules, version, source}) =>
      sarif(diagnostics, {
        ...(rules === undefined ? {} : {rules}),
        ...(version === undefined ? {} : {version}),
        texts: new Map([...(source.others ?? []), [source.input, source.source]]),
      })
  },
  github: async (): Promise<CheckReport> => (await import('./github.js')).github,
} as const

/** The options are for pictures made of characters. */
export type PlanReport = (plan: Plan, options: PictureOptions) => string

export const planReports = {
  text: async (): Promise<PlanReport> => (await import('./plan-text.js')).planText,
  json: async (): Promise<PlanReport> => {
    const {planDocument} = await import('./json.js')
    return plan => asJson(planDocument(plan))
  },
  mermaid: async (): Promise<PlanReport> => (await import('./mermaid.js')).planMermaid,
  dot: async (): Promise<PlanReport> => (await import('./dot.js')).planDot,
} as const

export type ImageReport = (report: Report, colour: boolean) => string

export const imageReports = {
  text: async (): Promise<ImageReport> => (await import('./report-text.js')).reportText,
  json: async (): Promise<ImageReport> => {
    const {reportDocument} = await import('./json.js')
    return report => asJson(reportDocument(report))
  },
  markdown: async (): Promise<ImageReport> => (await import('./report-markdown.js')).reportMarkdown,
} as const
