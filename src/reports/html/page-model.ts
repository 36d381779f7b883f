/** What a page of a report is made from. */
import type {BuildAccount, ExcerptedFinding} from '../../model/account.js'
import type {PlanStage} from '../../model/plan.js'
import type {Report} from '../../model/report.js'

export interface Page {
  readonly report: Report
  /** The stages as a graph; empty for an image alone. */
  readonly plan: readonly PlanStage[]
  /** The last build, or why nothing is known of one; undefined for an image alone. */
  readonly build: BuildAccount | string | undefined
  /** What is found now. */
  readonly findings: readonly ExcerptedFinding[]
  /** Of sifstage. */
  readonly version: string
}

/** The account of the last build, where there is one. */
export function accountOf({build}: Page): BuildAccount | undefined {
  return typeof build === 'object' ? build : undefined
}

/** What became of a stage, for people. */
const statusWords = {
  built: 'built',
  cached: 'cached',
  failed: 'failed',
  'not-run': 'not run',
  stopped: 'interrupted',
} as const

/** The same words for an account that may have been written by another version. */
export function statusOf(status: string): string {
  return new Map<string, string>(Object.entries(statusWords)).get(status) ?? status
}

/** Anything that is a class of ours: what became of a stage. */
export function statusClass(status: string): string {
  return status in statusWords ? status : 'unknown'
}
