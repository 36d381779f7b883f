/** Every rule that findings can have, from the registries of the rules themselves. */
import {artifactChecks} from '../checks/artifacts/index.js'
import {groups} from '../checks/index.js'
import {loadRemarks} from '../formats/index.js'
import type {Example} from '../model/check.js'
import type {Severity} from '../model/diagnostic.js'

export interface Rule {
  readonly name: string
  readonly severity: Severity
  /** What kind of rule: `structure`, `context`, `prediction`, `definition`, `practice`, `reading`, `artifacts`. */
  readonly group: string
  /** The group's name for people. */
  readonly title: string
  /** One line: what it finds. */
  readonly summary: string
  /** Why it matters and what to do. */
  readonly why: string
  /** Inputs it finds something in. */
  readonly bad: readonly Example[]
  /** Inputs it is silent about. */
  readonly good: readonly Example[]
}

type Text = Pick<Rule, 'name' | 'severity' | 'summary' | 'why'> & Partial<Pick<Rule, 'bad' | 'good'>>

function ruleOf({name, severity, summary, why, bad = [], good = []}: Text, group: string, title: string): Rule {
  return {name, severity, summary, why, bad, good, group, title}
}

/** In the order of the page of rules. */
export async function allRules(): Promise<readonly Rule[]> {
  const {remarkGroups, remarksElsewhere} = await loadRemarks()
  return [
    ...groups.flatMap(({name, title, checks}) => checks.map(each => ruleOf(each, name, title))),
    ...remarkGroups.flatMap(({title, remarks}) => remarks.map(each => ruleOf(each, 'reading', title))),
    ...remarksElsewhere.map(each => ruleOf(each, 'reading', 'Other files and the command line')),
    ...Object.values(artifactChecks)
      .flat()
      .map(each => ruleOf(each, 'artifacts', 'Artifacts')),
  ]
}
