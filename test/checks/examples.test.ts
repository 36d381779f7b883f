import {describe, expect, it} from 'vitest'
import {checks} from '../../src/checks/index.js'
import type {Check, Example} from '../../src/model/check.js'
import {describeText, scene} from './reading.js'

function find(check: Check, example: Example) {
  return check.find(describeText(example.format, example.text), scene(example.format, example.files, example.target))
}

describe.each(checks.map(check => [check.name, check] as const))('the rule %s', (name, check) => {
  it.each(check.bad.map(example => [JSON.stringify(example.text), example] as const))('finds something in %s', (_, example) => {
    const found = find(check, example)
    expect(found).not.toEqual([])
    for (const one of found) {
      expect(one.rule).toBe(name)
      expect(one.message).toMatch(/^\S.*[.?]$/)
      expect(one.span.start.line).toBeGreaterThan(0)
    }
  })
  it.each(check.good.map(example => [JSON.stringify(example.text), example] as const))('is silent about %s', (_, example) => {
    expect(find(check, example)).toEqual([])
  })
  it('says what it is and why', () => {
    expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/)
    expect(check.bad.length).toBeGreaterThan(0)
    expect(check.good.length).toBeGreaterThan(0)
    expect(check.summary).toMatch(/^[A-Z%].*\.$/)
    expect(check.why).toMatch(/^[A-Z%/].*\.$/)
  })
})

it('has every rule once', () => {
  expect(new Set(checks.map(check => check.name)).size).toBe(checks.length)
})
