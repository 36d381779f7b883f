/** Every rule that findings can have, from the registries of the rules themselves. */

import {buildRules} from '../build/rules.js'
import {artifactChecks} from '../checks/artifacts/index.js'
import {groups} from '../checks/index.js'
import {loadConversionRules, loadRemarks} from '../formats/index.js'
import {inspectionRules} from '../inspection/rules.js'
import {nearest} from '../language/distance.js'
import {linkingRules} from '../linking/rules.js'
import type {Example, RuleText, Session} from '../model/check.js'
import type {Severity} from '../model/diagnostic.js'
import {failureRules} from '../model/failure.js'
import {libraryRules} from './own-rules.js'

export interface Rule {
  readonly name: string
  readonly severity: Severity
  /** What kind of rule: `structure`, `context`, `prediction`, `definition`, `practice`, `reading`, `artifacts`, `inputs`, `linking`, `build`, `host`, `failure`, `conversion`. */
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
  /** What is typed and read, of a rule that no single input shows. */
  readonly session?: Session
}

function ruleOf(text: RuleText, group: string, title: string): Rule {
  const {name, severity, summary, why, bad = [], good = [], session} = text
  return {name, severity, summary, why, bad, good, ...(session === undefined ? {} : {session}), group, title}
}

/** Tables of those who report what is not in the text of one input. */
const others = [
  ['inputs', 'Reported of inputs, bases, lock file and store', libraryRules],
  ['linking', 'Reported while files are linked (import)', linkingRules],
  ['build', 'Reported by a build', buildRules],
  ['host', 'Reported of an image on this machine', inspectionRules],
  ['failure', 'Reported of the command itself (--json, editors)', failureRules],
] as const

/** In the order of the page of rules; a rule that several parts report is the first one's. */
export async function allRules(): Promise<readonly Rule[]> {
  const [{remarkGroups, remarksElsewhere}, conversions] = await Promise.all([loadRemarks(), loadConversionRules()])
  const all = [
    ...groups.flatMap(({name, title, checks}) => checks.map(each => ruleOf(each, name, title))),
    ...remarkGroups.flatMap(({title, remarks}) => remarks.map(each => ruleOf(each, 'reading', title))),
    ...remarksElsewhere.map(each => ruleOf(each, 'reading', 'Reported with other files or the command line')),
    ...Object.values(artifactChecks)
      .flat()
      .map(each => ruleOf(each, 'artifacts', 'Artifacts')),
    ...others.flatMap(([group, title, texts]) => texts.map(each => ruleOf(each, group, title))),
    ...conversions.map(each => ruleOf(each, 'conversion', 'Conversions')),
  ]
  const seen = new Set<string>()
  return all.filter(({name}) => (seen.has(name) ? false : Boolean(seen.add(name))))
}

export interface FoundRule {
  /** Missing when no rule has the name. */
  readonly rule?: Rule
  /** The rule that may be meant. */
  readonly nearest?: string
}

/** A rule by its name, also as findings end in it: `[copy-from-self]`. */
export async function ruleNamed(text: string): Promise<FoundRule> {
  const name = text
    .trim()
    .replace(/^\[(.*)\]$/, '$1')
    .toLowerCase()
  const all = await allRules()
  const rule = all.find(each => each.name === name)
  if (rule !== undefined) return {rule}
  const near =
    nearest(
      name,
      all.map(each => each.name),
      3,
    ) ?? all.find(each => name !== '' && each.name.includes(name))?.name
  return near === undefined ? {} : {nearest: near}
}
