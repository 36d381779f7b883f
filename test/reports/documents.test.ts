import {readFileSync} from 'node:fs'
import {Ajv2020} from 'ajv/dist/2020.js'
import {describe, expect, it} from 'vitest'
import {checkDocument, convertDocument, planDocument} from '../../src/reports/json.js'
import {finding, plan} from './plan.js'

function valid(schema: string, document: unknown): void {
  const validate = new Ajv2020({allErrors: true, strict: false}).compile(
    JSON.parse(readFileSync(new URL(`../contract/${schema}.schema.json`, import.meta.url), 'utf8')),
  )
  const printed: unknown = JSON.parse(JSON.stringify(document))
  expect(validate(printed), JSON.stringify(validate.errors)).toBe(true)
}

const findings = [finding(), finding({severity: 'warning'}), finding({severity: 'info'})]

describe('documents follow the contract', () => {
  it('check', () => {
    const document = checkDocument('-', findings)
    valid('check', document)
    expect(document.summary).toEqual({error: 1, warning: 1, info: 1})
    expect(document.diagnostics[0]).toEqual({
      rule: 'copy-from-self',
      severity: 'error',
      message: 'Stage "me" copies from itself.',
      hint: 'Move it.',
      file: 'a/x.def',
      line: 2,
      column: 13,
      endLine: 2,
      endColumn: 15,
      stage: 'me',
    })
  })
  it('convert', () => {
    valid('convert', convertDocument({input: 'x', to: 'yaml', output: null, text: 'a', diagnostics: findings}))
    valid('convert', convertDocument({input: 'x', to: 'stages', output: 'out', diagnostics: []}))
  })
  it('plan', () => {
    valid('plan', planDocument(plan))
  })
})
