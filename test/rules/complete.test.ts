/** Every rule that a finding can have is described, and shown by examples that are tested. */
import {readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, expect, it} from 'vitest'
import {topLevelParts} from '../../scripts/source-text.mjs'
import {rules} from '../../src/index.js'

const folder = join(import.meta.dirname, '../../src')
const sources = readdirSync(folder, {recursive: true, encoding: 'utf8'})
  .filter(name => name.endsWith('.ts'))
  .map(name => ({name, text: readFileSync(join(folder, name), 'utf8')}))

/** Functions that make findings, and which of their arguments is the rule. */
const MAKERS: Readonly<Record<string, number>> = {
  'problems.add': 0,
  remark: 2,
  tell: 1,
  refuse: 0,
  warn: 0,
  warning: 0,
  finding: 0,
  note: 1,
  without: 0,
}

/** Of `writing.refuse`, whose first argument is the stage. */
const SECOND = /writing\.(refuse|warn)$/

/**
 * Where a name is handed on: parameters, and findings made of them. A new place is a new way to make a finding, which
 * has to be added to MAKERS.
 */
const HANDED_ON = new Map([
  ['checks/artifacts/finding.ts', 4],
  ['checks/finding.ts', 1],
  ['formats/deffile/problems.ts', 2],
  ['formats/deffile/script.ts', 4],
  ['formats/dockerfile/problems.ts', 2],
  ['formats/dockerfile/reading.ts', 1],
  ['formats/dockerfile/writing.ts', 4],
  ['formats/dockerfile/write-runtime.ts', 1],
  ['formats/yaml/definition.ts', 1],
  ['formats/yaml/include.ts', 1],
  ['formats/yaml/instead.ts', 1],
  ['formats/yaml/writing.ts', 2],
  ['inspection/host.ts', 2],
  ['library/report.ts', 2],
  ['linking/link.ts', 1],
  ['linking/linked.ts', 1],
  ['build/demands.ts', 2],
  ['model/failure.ts', 1],
])

/** Names in an argument: a literal, or literals to choose from. */
function namesIn(argument: string): string[] {
  if (!/^(?:[^'`\n]*\?\s*)?'[a-z]+(-[a-z]+)*'(\s*:\s*'[a-z]+(-[a-z]+)*')?$/s.test(argument.trim())) return []
  return [...argument.matchAll(/'([a-z]+(?:-[a-z]+)*)'/g)].map(match => match[1] ?? '')
}

function emitted(text: string): string[] {
  const names = [...text.matchAll(/\brule: '([a-z]+(?:-[a-z]+)*)'/g)].map(match => match[1] ?? '')
  for (const match of text.matchAll(/((?:[\w#]+\.)*[\w#]+)\(/g)) {
    const callee = match[1] ?? ''
    const plain = callee.replace(/^.*\.(?=(refuse|warn)$)/, '').replace(/^(?:.*\.)?(?=problems\.add$)/, '')
    const place = SECOND.test(callee) ? 1 : MAKERS[plain]
    if (place === undefined) continue
    names.push(...namesIn(topLevelParts(text, match.index + match[0].length)[place] ?? ''))
  }
  return names
}

/** What readers of a store's files and other schemas have in the place of a rule. */
const NO_RULES = new Set(['string', 'stage'])

const all = await rules()
const known = new Map(all.map(rule => [rule.name, rule]))

describe('rules that the sources name', () => {
  it('are all described', () => {
    const named = new Map(sources.flatMap(({name, text}) => emitted(text).map(rule => [rule, name] as const)))
    expect(named.size).toBeGreaterThan(90)
    expect([...named].filter(([rule]) => !known.has(rule) && !NO_RULES.has(rule))).toEqual([])
  })

  it('are named where findings are made, and nowhere else', () => {
    const ways = sources.flatMap(({name, text}) => {
      const count =
        [...text.matchAll(/\brule: (?:string|RefusedRule|WarnedRule)\b(?! =)/g)].length +
        [...text.matchAll(/^\s*rule,$|\{rule, severity[,:]|\brule: (?:check\.name|ruleOf\()|rule: RefusedRule = /gm)].length
      return count === 0 ||
        /^(model\/(diagnostic|report)|engines\/singularity|checks\/ignore-comments|cli|editor|reports)/.test(name)
        ? []
        : [[name, count] as const]
    })
    expect(new Map(ways)).toEqual(HANDED_ON)
  })
})

describe.each(all.map(rule => [rule.name, rule] as const))('%s', (name, rule) => {
  it('says what it is and why, and is shown', () => {
    expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/)
    expect(rule.summary).toMatch(/^[A-Z%-].*\.$/)
    expect(rule.why).toMatch(/^[A-Z%/].*\.$|makes it all the same\.$/)
    if (rule.session === undefined) {
      expect(rule.bad.length).toBeGreaterThan(0)
      expect(rule.good.length).toBeGreaterThan(0)
    } else {
      expect(rule.session.bad).toMatch(name === 'store' || rule.group !== 'failure' ? `[${name}]` : name)
      expect(rule.session.bad).toMatch(/^[$#] /m)
      expect(rule.session.good).toContain('$ ')
      expect(rule.session.good).not.toContain(`[${name}]`)
    }
  })
})
