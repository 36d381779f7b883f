/** docs/checks.md is what the registries of the rules say, and every rule that a reader reports is in them. */
import {readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, expect, it} from 'vitest'
import {checksPage} from '../../scripts/checks.mjs'
import {checks, groups} from '../../src/checks/index.js'
import {remarkGroups} from '../../src/formats/remarks.js'
import {remarksElsewhere} from '../../src/formats/remarks-elsewhere.js'
import {allRules} from '../../src/library/rules.js'
import {read} from './reading.js'

const remarks = remarkGroups.flatMap(group => group.remarks)

describe('docs/checks.md', () => {
  it('is what npm run docs makes', async () => {
    const rate = JSON.parse(readFileSync('test/checks/rate.json', 'utf8'))
    const page = checksPage({rules: await allRules(), groups, rate})
    expect(readFileSync('docs/checks.md', 'utf8'), 'npm run build && npm run docs').toBe(page)
  })
  it('names each rule once', () => {
    const names = [...checks, ...remarks, ...remarksElsewhere].map(rule => rule.name)
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([])
  })
})

describe.each(remarks.map(remark => [remark.name, remark] as const))('the remark %s', (name, remark) => {
  it.each(remark.bad.map(example => [JSON.stringify(example.text), example] as const))('is made about %s', (_, example) => {
    const {diagnostics} = read(example.format, example.text)
    expect(diagnostics.map(each => each.rule)).toContain(name)
    for (const each of diagnostics) if (each.rule === name) expect(each.severity).toBe(remark.severity)
  })
  it.each(remark.good.map(example => [JSON.stringify(example.text), example] as const))('is not made about %s', (_, example) => {
    expect(read(example.format, example.text).diagnostics).toEqual([])
  })
  it('says what it is and why', () => {
    expect(remark.summary).toMatch(/^[A-Z%].*\.$/)
    expect(remark.why).toMatch(/^[A-Z%].*\.$/)
  })
})

it('every rule that a reader names is described', () => {
  const known = new Set([...remarks, ...remarksElsewhere].map(rule => rule.name))
  const folder = join(import.meta.dirname, '../../src/formats')
  const named = readdirSync(folder, {recursive: true, encoding: 'utf8'})
    .filter(name => name.endsWith('.ts'))
    .flatMap(name => {
      const text = readFileSync(join(folder, name), 'utf8')
      // `problems.add('rule', …)`, and `remark(reading, stage, 'rule', …)`, on one line or several.
      const calls = [
        ...text.matchAll(/(?:problems\.add|remark)\(\s*(?:reading,\s*stage,\s*)?(?:[^'\n]*\? )?'([a-z-]+)'(?: : '([a-z-]+)')?/g),
      ]
      return calls.flatMap(match => [match[1], match[2]]).filter(each => each !== undefined)
    })
  expect(named.length).toBeGreaterThan(25)
  expect([...new Set(named)].filter(name => !known.has(name))).toEqual([])
})
