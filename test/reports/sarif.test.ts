/** Logs as code-scanning services take them: valid by the official schema, every rule explained, places that hold. */
import {readFileSync} from 'node:fs'
import {createRequire} from 'node:module'
import {Ajv} from 'ajv'
import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {groups} from '../../src/checks/index.js'
import {sarif} from '../../src/reports/sarif.js'
import {finding} from './plan.js'

const schema = JSON.parse(
  readFileSync(createRequire(import.meta.url).resolve('@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json'), 'utf8'),
)
// The schema is of draft 4, of which it uses nothing but the spelling of its own name that later drafts do not have.
const {$schema: _dialect, id: _name, ...rest} = schema
const validate = new Ajv({allErrors: true, strict: false, validateFormats: false, unicodeRegExp: false}).compile(rest)

const rules = groups.flatMap(group => group.checks.map(check => ({...check, group: group.name})))

function valid(text: string) {
  const log = JSON.parse(text)
  expect(validate(log), JSON.stringify(validate.errors)).toBe(true)
  return log
}

const at = (file: string, line: number, from: number, to: number) => ({
  file,
  start: {line, column: from},
  end: {line, column: to},
})

describe('a SARIF log', () => {
  it('is valid with findings, rules and a version', () => {
    const log = valid(
      sarif([finding(), finding({severity: 'info', rule: 'of-a-reader', stage: 'a'})], {
        rules,
        version: '1.2.3',
        texts: new Map([['a/x.def', 'Stage: me\n%files from me\n']]),
      }),
    )
    const [run] = log.runs
    expect(run.tool.driver.semanticVersion).toBe('1.2.3')
    expect(run.columnKind).toBe('utf16CodeUnits')
    for (const result of run.results) expect(run.tool.driver.rules[result.ruleIndex].id).toBe(result.ruleId)
  })
  it('is valid without any', () => {
    expect(valid(sarif([])).runs[0].results).toEqual([])
  })
  it('explains every rule', () => {
    const [run] = valid(sarif([], {rules})).runs
    expect(run.tool.driver.rules).toHaveLength(rules.length)
    for (const rule of run.tool.driver.rules) {
      expect(rule.shortDescription.text).toMatch(/\.$/)
      expect(rule.help.markdown).toContain(`sifstage: ignore ${rule.id}`)
      expect(rule.defaultConfiguration.level).toMatch(/^(error|warning|note)$/)
      expect(rule.properties.tags.length).toBeGreaterThan(1)
      expect(rule.properties.precision).toMatch(/^(very-high|high|medium|low)$/)
    }
  })
  it('knows a finding again when its line has moved, and tells equal lines apart', () => {
    const print = (text: string, line: number) =>
      JSON.parse(sarif([finding({span: at('x', line, 1, 2)})], {texts: new Map([['x', text]])})).runs[0].results[0]
        .partialFingerprints.primaryLocationLineHash
    expect(print('a\nb\n', 2)).toBe(print('a\n\n\n  b\n', 4))
    expect(print('a\nb\n', 2)).not.toBe(print('a\nb\n', 1))
    const twice = JSON.parse(
      sarif([finding({span: at('x', 1, 1, 2)}), finding({span: at('x', 2, 1, 2)})], {texts: new Map([['x', 'a\na\n']])}),
    )
    const [one, other] = twice.runs[0].results
    expect(one.partialFingerprints).not.toEqual(other.partialFingerprints)
  })
  it('names files by relative references', () => {
    const uri = (file: string) =>
      JSON.parse(sarif([finding({span: at(file, 1, 1, 1)})])).runs[0].results[0].locations[0].physicalLocation.artifactLocation
        .uri
    expect(uri('./a b/ü.def')).toBe('a%20b/%C3%BC.def')
    expect(uri('a\\b.def')).toBe('a/b.def')
    expect(uri('a:b.def')).toBe('a%3Ab.def')
    expect(uri('/abs/x.def')).toBe('file:///abs/x.def')
  })
  it('is valid whatever the input holds', () => {
    fc.assert(
      fc.property(
        fc.string({unit: 'binary'}),
        fc.string({unit: 'binary'}),
        fc.string({unit: 'binary'}),
        (file, message, stage) => {
          valid(sarif([finding({message: `${message}.`, stage, span: at(file, 1, 1, 1)})], {texts: new Map([[file, message]])}))
        },
      ),
      {numRuns: 50},
    )
  })
})
