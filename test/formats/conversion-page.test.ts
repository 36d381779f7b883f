/** The loss table of the documentation is what the writers' own registries say. */
import {readFileSync} from 'node:fs'
import {describe, expect, it} from 'vitest'
import {conversionPage, toDefinition, toDockerfile} from '../../scripts/conversion.mjs'
import {grades as definitionGrades} from '../../src/formats/deffile/grades.js'
import {rules as definitionRules} from '../../src/formats/deffile/rules.js'
import {sectionNames} from '../../src/formats/deffile/sections.js'
import {grades as dockerGrades} from '../../src/formats/dockerfile/grades.js'
import {flagTables} from '../../src/formats/dockerfile/instruction.js'
import {rules as dockerRules} from '../../src/formats/dockerfile/rules.js'
import type {ConversionRule, GradedPart} from '../../src/model/grade.js'

const directions = [
  {name: 'to definition files', grades: definitionGrades, rules: definitionRules, readers: ['run-device']},
  {name: 'to Dockerfiles', grades: dockerGrades, rules: dockerRules, readers: []},
] as const

describe('docs/conversion.md', () => {
  it('is what npm run docs makes', () => {
    const page = conversionPage([
      {...toDefinition, grades: definitionGrades, rules: definitionRules},
      {...toDockerfile, grades: dockerGrades, rules: dockerRules},
    ])
    expect(readFileSync('docs/conversion.md', 'utf8'), 'npm run build && npm run docs').toBe(page)
  })
})

describe.each(directions)('the table $name', ({grades, rules, readers}) => {
  const named = grades.flatMap((row: GradedPart) => row.rules ?? [])
  it('names only rules that there are', () => {
    const known: readonly string[] = [...Object.keys(rules), ...readers]
    expect(named.filter(name => !known.includes(name))).toEqual([])
  })
  it('has a row for every rule', () => {
    expect(Object.keys(rules).filter(name => !named.includes(name))).toEqual([])
  })
  it('calls a row refused or approximate only with a rule for it', () => {
    const all = rules as Readonly<Record<string, ConversionRule>>
    for (const row of grades as readonly GradedPart[]) {
      if (row.grade !== 'approximate' && row.grade !== 'refused') continue
      const own = (row.rules ?? []).flatMap(
        name => all[name]?.grade ?? (readers as readonly string[]).filter(each => each === name).map(() => 'refused' as const),
      )
      expect(own, `${row.part} ${row.form}`).toContain(row.grade)
    }
  })
})

describe('the table to definition files', () => {
  it.each(Object.entries(flagTables))('covers %s with all its flags', (instruction, flags) => {
    const rows = definitionGrades.filter(row => row.part === instruction)
    expect(rows.length).toBeGreaterThan(0)
    const text = rows.map(row => `${row.form} ${row.how}`).join(' ')
    for (const flag of Object.keys(flags)) expect(text).toContain(`--${flag}`)
  })
})

describe('the table to Dockerfiles', () => {
  it.each([...sectionNames])('covers %%%s', section => {
    expect(dockerGrades.some(row => row.part === `%${section}`)).toBe(true)
  })
})
