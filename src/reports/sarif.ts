/**
 * Findings for code scanning.
 * https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
 */
import type {Check} from '../model/check.js'
import type {Diagnostic, Severity} from '../model/diagnostic.js'

const levels: Readonly<Record<Severity, string>> = {error: 'error', warning: 'warning', info: 'note'}

/** `rules` explain the findings where they are known; a finding of a reader has only its name. */
export function sarif(
  diagnostics: readonly Diagnostic[],
  rules: readonly Pick<Check, 'name' | 'summary' | 'why'>[] = [],
): string {
  const names = [...new Set(diagnostics.map(each => each.rule))]
  const log = {
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'sifstage',
            rules: names.map(name => {
              const rule = rules.find(one => one.name === name)
              if (rule === undefined) return {id: name}
              return {id: name, shortDescription: {text: rule.summary}, fullDescription: {text: rule.why}}
            }),
          },
        },
        columnKind: 'utf16CodeUnits',
        results: diagnostics.map(each => result(each, names.indexOf(each.rule))),
      },
    ],
  }
  return `${JSON.stringify(log, undefined, 2)}\n`
}

function result({rule, severity, message, hint, span, stage}: Diagnostic, ruleIndex: number) {
  return {
    ruleId: rule,
    ruleIndex,
    level: levels[severity],
    message: {text: hint === undefined ? message : `${message}\n${hint}`},
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
        ...(stage === undefined ? {} : {logicalLocations: [{name: stage, kind: 'stage'}]}),
      },
    ],
  }
}

/** A relative reference, which the reader of the log resolves against the repository. */
function uriOf(file: string): string {
  const path = file
    .replace(/\p{Surrogate}/gu, '\ufffd')
    .split('/')
    .map(encodeURIComponent)
    .join('/')
  return path.startsWith('/') ? `file://${path}` : path
}
