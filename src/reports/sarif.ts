/**
 * Findings for code scanning.
 * https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
 */

import {createHash} from 'node:crypto'
import type {Check} from '../model/check.js'
import type {Diagnostic, Severity} from '../model/diagnostic.js'
import {LineIndex} from '../model/span.js'
import {ruleMarkdown} from './rule-page.js'

/** A rule as far as a log tells of it. */
export type RuleText = Pick<Check, 'name' | 'severity' | 'summary' | 'why'> &
  Partial<Pick<Check, 'bad' | 'good'>> & {
    /** What kind of rule it is: a tag that services filter by. */
    readonly group?: string
  }

export interface SarifOptions {
  readonly rules?: readonly RuleText[]
  /** Texts by the names that findings have for them: a finding is known again by the text of its line. */
  readonly texts?: ReadonlyMap<string, string>
  readonly version?: string
}

const levels: Readonly<Record<Severity, string>> = {error: 'error', warning: 'warning', info: 'note'}

/** How sure a rule is: services rank findings by it. */
const precisions: Readonly<Record<string, string>> = {prediction: 'medium', practice: 'medium', secret: 'medium'}

/** All rules are listed, so that a service knows those that found nothing too; a finding of no known rule has its name alone. */
export function sarif(diagnostics: readonly Diagnostic[], {rules = [], texts = new Map(), version}: SarifOptions = {}): string {
  const known = new Set(rules.map(rule => rule.name))
  const others = [...new Set(diagnostics.map(each => each.rule))].filter(name => !known.has(name))
  const places = new Map([...rules.map(rule => rule.name), ...others].map((name, at) => [name, at]))
  const prints = new Fingerprints(texts)
  const log = {
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'sifstage',
            ...(version === undefined ? {} : {semanticVersion: version}),
            rules: [...rules.map(descriptor), ...others.map(name => ({id: name}))],
          },
        },
        columnKind: 'utf16CodeUnits',
        results: diagnostics.map(each => result(each, places.get(each.rule) ?? -1, prints.of(each))),
      },
    ],
  }
  return `${JSON.stringify(log, undefined, 2)}\n`
}

function descriptor({name, severity, summary, why, bad = [], good = [], group}: RuleText) {
  return {
    id: name,
    name: pascalCase(name),
    shortDescription: {text: summary},
    fullDescription: {text: why},
    help: {
      text: helpText(why, bad, good),
      markdown: ruleMarkdown({name, severity, summary, why, bad, good, ...(group === undefined ? {} : {group})}),
    },
    defaultConfiguration: {level: levels[severity]},
    properties: {
      tags: ['containers', ...(group === undefined ? [] : [group]), ...(name.startsWith('secret') ? ['security'] : [])],
      precision: precisions[group ?? ''] ?? 'very-high',
      'problem.severity': severity === 'info' ? 'recommendation' : severity,
    },
  }
}

/** `copy-from-self` as SARIF wants the readable name of a rule. */
function pascalCase(name: string): string {
  return name
    .split('-')
    .map(word => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')
}

type Examples = NonNullable<RuleText['bad']>

function helpText(why: string, bad: Examples, good: Examples): string {
  const [wrong] = bad
  const [right] = good
  return [
    why,
    ...(wrong === undefined ? [] : [`Found in:\n${wrong.text}`]),
    ...(right === undefined ? [] : [`Not in:\n${right.text}`]),
  ].join('\n\n')
}

function result({rule, severity, message, hint, span, stage}: Diagnostic, ruleIndex: number, fingerprint: string) {
  return {
    ruleId: rule,
    ruleIndex,
    level: levels[severity],
    message: {text: wellFormed(hint === undefined ? message : `${message}\n${hint}`)},
    locations: [
      {
        physicalLocation: {
          artifactLocation: {uri: uriOf(span.file)},
          region: {
            startLine: span.start.line,
            startColumn: span.start.column,
            endLine: span.end.line,
            endColumn: span.end.column,
          },
        },
        ...(stage === undefined ? {} : {logicalLocations: [{name: wellFormed(stage), kind: 'stage'}]}),
      },
    ],
    partialFingerprints: {primaryLocationLineHash: fingerprint},
  }
}

/**
 * A finding is the same one as before when rule, file and the text of its line are, wherever the line has moved to;
 * several on equal lines are counted.
 */
class Fingerprints {
  readonly #indexes = new Map<string, LineIndex>()
  readonly #seen = new Map<string, number>()

  constructor(readonly texts: ReadonlyMap<string, string>) {}

  of({rule, span}: Diagnostic): string {
    const line = this.#lines(span.file)?.lineText(span.start.line).trim() ?? ''
    const hash = createHash('sha256').update([rule, span.file, line].join('\0')).digest('hex').slice(0, 16)
    const count = (this.#seen.get(hash) ?? 0) + 1
    this.#seen.set(hash, count)
    return `${hash}:${count}`
  }

  #lines(file: string): LineIndex | undefined {
    const text = this.texts.get(file)
    if (text === undefined) return undefined
    const index = this.#indexes.get(file) ?? new LineIndex(file, text)
    this.#indexes.set(file, index)
    return index
  }
}

/** Half characters have no UTF-8. */
function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\ufffd')
}

/** A relative reference, which the reader of the log resolves against the repository. */
function uriOf(file: string): string {
  const path = wellFormed(file)
    .replaceAll('\\', '/')
    .replace(/^(\.\/+)+/, '')
    .split('/')
    .map(encodeURIComponent)
    .join('/')
  // RFC 3986: a colon in the first part would be read as a scheme, so it stays encoded.
  return path.startsWith('/') ? `file://${path}` : path
}
