/** The examples of what conversions refuse and warn of, converted. */
import {describe, expect, it} from 'vitest'
import {rules as toDef} from '../../src/formats/deffile/rules.js'
import {writeDeffile} from '../../src/formats/deffile/write.js'
import {rules as toDocker} from '../../src/formats/dockerfile/rules.js'
import {writeDockerfile} from '../../src/formats/dockerfile/write.js'
import {rules as toYaml} from '../../src/formats/yaml/rules.js'
import {writeYaml} from '../../src/formats/yaml/write.js'
import type {Example} from '../../src/model/check.js'
import type {ContextFiles, WriteResult} from '../../src/model/format.js'
import type {ConversionRule} from '../../src/model/grade.js'
import {memoryContext} from '../checks/memory-context.js'
import {describeText} from '../checks/reading.js'

const formats = [
  ['def', toDef, writeDeffile],
  ['dockerfile', toDocker, writeDockerfile],
  ['yaml', toYaml, writeYaml],
] as const

function convert(write: (typeof formats)[number][2], {format, text, files}: Example, allow: readonly string[] = []): WriteResult {
  const description = describeText(format, text)
  const context: ContextFiles = memoryContext(files)
  const ignore = files?.['.dockerignore']
  const target = description.stages.findIndex(stage => stage.name === description.target?.name)
  return write(description, {
    target: target === -1 ? description.stages.length - 1 : target,
    allow: new Set(allow),
    keepCwd: false,
    context,
    ...(ignore === undefined ? {} : {ignore: {text: ignore}}),
  })
}

for (const [to, rules, write] of formats)
  describe.each(Object.entries<ConversionRule>(rules))(`to ${to}: the rule %s`, (name, rule) => {
    const {bad = [], good = [], session} = rule
    it('is shown, by what is converted or by a session', () => {
      expect(bad.length > 0 && good.length > 0 ? 'examples' : session).toBeDefined()
    })
    it.each(bad.map(example => [JSON.stringify(example.text), example] as const))('is found in %s', (_, example) => {
      const {text, diagnostics} = convert(write, example)
      const found = diagnostics.filter(each => each.rule === name)
      expect(found.map(each => each.severity)).toContain(rule.grade === 'refused' ? 'error' : 'warning')
      if (rule.grade === 'refused') expect(text).toBeUndefined()
      else expect(text).toBeDefined()
      const allowed = convert(write, example, [name]).diagnostics.filter(each => each.rule === name)
      if (name !== 'not-expressible') expect(allowed.map(each => each.severity)).not.toContain('error')
    })
    it.each(good.map(example => [JSON.stringify(example.text), example] as const))('is not found in %s', (_, example) => {
      const {text, diagnostics} = convert(write, example)
      expect(diagnostics.map(each => each.rule)).not.toContain(name)
      expect(diagnostics.filter(each => each.severity === 'error')).toEqual([])
      expect(text).toBeDefined()
    })
  })
