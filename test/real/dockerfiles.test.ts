import {readdirSync, readFileSync} from 'node:fs'
import {describe, expect, test} from 'vitest'
import {runChecks} from '../../src/checks/index.js'
import {readDockerfile} from '../../src/formats/dockerfile/read.js'
import {readYaml} from '../../src/formats/yaml/read.js'
import {writeYaml} from '../../src/formats/yaml/write.js'
import type {Description} from '../../src/model/description.js'
import {anything} from '../support/anything.js'

const folder = new URL('dockerfiles/', import.meta.url)
const files = readdirSync(folder).sort()
const options = {buildArgs: new Map<string, string>(), architecture: 'amd64'}

/** Findings that are right about a file that is otherwise as it should be. */
const expected: Readonly<Record<string, readonly string[]>> = {
  'fenics.Dockerfile': ['foreign-syntax'],
  'singular-everything.Dockerfile': ['foreign-syntax'],
  'tex.Dockerfile': ['empty-continuation-line', 'empty-continuation-line'],
}

function described(file: string): {description: Description; rules: string[]; text: string} {
  const text = readFileSync(new URL(file, folder), 'utf8')
  const {description, diagnostics} = readDockerfile(file, text, options)
  const shown = diagnostics.map(({rule, message, span}) => `${span.start.line}:${span.start.column} ${rule}: ${message}`)
  if (description === undefined) throw new Error(shown.join('\n'))
  return {description, rules: diagnostics.map(({rule}) => rule), text}
}

/** What each of them has to go through. */
const trials: Readonly<Record<string, (file: string) => void>> = {
  'is read without a wrong remark': file => {
    expect(described(file).rules).toEqual(expected[file] ?? [])
  },
  'passes the checks': file => {
    const {description, text} = described(file)
    for (const stage of description.stages) {
      const found = runChecks(description, {context: anything, target: stage.name, ignore: undefined}, text)
      const wrong = found.filter(({rule, severity}) => severity === 'error' && rule !== 'context-path-missing')
      expect(wrong.map(({rule, message, span}) => `${span.start.line} ${rule}: ${message}`)).toEqual([])
    }
  },
  'comes back from YAML as it was': file => {
    const {description} = described(file)
    for (const {index, name} of description.stages) {
      const {text, diagnostics} = writeYaml(description, {target: index, allow: new Set(), keepCwd: false, context: anything})
      expect(diagnostics, name).toEqual([])
      const again = readYaml('x.yaml', text ?? '', options)
      expect(
        again.diagnostics.filter(({severity}) => severity === 'error'),
        text,
      ).toEqual([])
      const write = (what: Description) =>
        writeYaml(what, {target: what.stages.length - 1, allow: new Set(), keepCwd: false, context: anything}).text
      const twice = again.description && write(again.description)
      expect(twice?.replace(/^target: .*\n/m, '')).toBe(text?.replace(/^target: .*\n/m, ''))
    }
  },
}

test('there are enough of them', () => expect(files.length).toBeGreaterThanOrEqual(30))

describe.each(files)('%s', file => {
  test.each(Object.entries(trials))('%s', (_, trial) => trial(file))
})
