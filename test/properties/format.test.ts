/** `fmt` changes the looks of a text and nothing else, whatever the text. */
import {readFileSync} from 'node:fs'
import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {placeholders} from '../../src/formats/deffile/arguments.js'
import {formatDeffile, withoutPlaces} from '../../src/formats/deffile/format.js'
import {readDeffile} from '../../src/formats/deffile/read.js'
import {readDockerfile} from '../../src/formats/dockerfile/read.js'
import {formatYaml} from '../../src/formats/yaml/format.js'
import {readYaml} from '../../src/formats/yaml/read.js'
import {writeYaml} from '../../src/formats/yaml/write.js'
import {projectFiles, templates} from '../../src/library/templates.js'
import {corpus} from '../checks/corpus.js'
import {memoryContext} from '../checks/memory-context.js'
import {mutated} from './texts.js'

const formatters = {def: formatDeffile, yaml: formatYaml} as const

function readDef(text: string) {
  const buildArgs = new Map(placeholders(text).map(({name}) => [name, 'x']))
  return readDeffile('x', text, {buildArgs, architecture: 'amd64'})
}

/** What a description says, the rules' findings included, without where. */
function saying(format: 'def' | 'yaml', text: string): unknown {
  const {description, diagnostics} =
    format === 'def' ? readDef(text) : readYaml('x', text, {buildArgs: new Map(), architecture: 'amd64', file: () => undefined})
  return {
    stages: description && withoutPlaces(description.stages),
    rest: description && withoutPlaces({...description, text: undefined, stages: undefined}),
    rules: diagnostics.map(each => each.rule).sort(),
  }
}

function expectSafe(format: 'def' | 'yaml', text: string): string | undefined {
  const formatted = formatters[format]('x', text).text
  if (formatted === undefined) return undefined
  expect(saying(format, formatted)).toEqual(saying(format, text))
  expect(formatters[format]('x', formatted).text).toBe(formatted)
  return formatted
}

/** Every input of the repository in a language that can be laid out, Dockerfiles as YAML. */
function inputs(format: 'def' | 'yaml'): {readonly name: string; readonly text: string}[] {
  const found = corpus().flatMap(each => {
    if (each.format === format) return [{name: each.name, text: each.text}]
    if (format === 'def' || each.format !== 'dockerfile') return []
    const {description} = readDockerfile('f', each.text, {buildArgs: new Map(), architecture: 'amd64'})
    if (description === undefined) return []
    const {text} = writeYaml(description, {
      target: description.stages.length - 1,
      allow: new Set(),
      keepCwd: false,
      context: memoryContext(),
    })
    return text === undefined ? [] : [{name: each.name, text}]
  })
  const kept = templates().map(each => ({name: each.name, text: projectFiles(each, format, 'x').files[0]?.text ?? ''}))
  return [...found, ...kept]
}

describe.each(['def', 'yaml'] as const)('every %s input of the repository', format => {
  const all = inputs(format)
  it('says the same when it is laid out, and stays so', () => {
    let done = 0
    for (const {name, text} of all) {
      try {
        if (expectSafe(format, text) !== undefined) done += 1
      } catch (error) {
        throw new Error(`${name}: ${String(error)}`, {cause: error})
      }
    }
    expect(done).toBeGreaterThan(format === 'def' ? 100 : 200)
  })
})

it('finds nothing to change in the templates', () => {
  for (const template of templates())
    for (const format of ['def', 'yaml'] as const) {
      const text = projectFiles(template, format, 'x').files[0]?.text ?? ''
      expect(formatters[format]('x', text).text).toBe(text)
    }
})

const line = fc.constantFrom(
  ...['Bootstrap: docker\n', 'bootstrap:localimage\n', ' Bootstrap: scratch\n', 'From : a:1\n', '  From:a  # c\n', 'Stage:s\n'],
  ...['%post\n', '%POST -c /bin/bash\n', '%post \n', '%files\n', '%Files from s\n', '%files from  s\n', '%labels\n', '%%help\n'],
  ...[
    '%arguments\nA = 2\n  B={{ A }}\n',
    '%runscript\n',
    '  %x\n',
    ' a b  \n',
    '\ta\t b\n',
    ' "a b"   c\n',
    ' {{ A }} # {{ B }}\n',
  ],
  ...[
    '{{ A }}\n',
    '{{\n A }}\n',
    '\n',
    '\n\n',
    '   \n',
    '# c\n',
    '  # d \n',
    '\r\n',
    '\\\n',
    'cat <<E\n x\nE\n',
    "echo '\n",
    '\u00a0',
  ],
)

describe('whatever the text', () => {
  it('a definition file says the same, and is laid out once and for all', () => {
    let done = 0
    const likely = fc.array(line, {maxLength: 30}).map(parts => parts.join(''))
    fc.assert(
      fc.property(
        fc.oneof(
          likely,
          likely.map(text => `Bootstrap: docker\nFrom: a\n${text}`),
          mutated('test/real/definitions', 3),
        ),
        text => {
          if (expectSafe('def', text) !== undefined) done += 1
        },
      ),
      {numRuns: 700},
    )
    expect(done).toBeGreaterThan(80)
  })

  it('so does a description', () => {
    let done = 0
    const texts = inputs('yaml').map(each => each.text)
    const bit = fc.constantFrom(
      '\n',
      '  ',
      '# c\n',
      ' # c',
      '"',
      "'",
      '|\n',
      '>\n',
      '[a,\n b]',
      '{a: b}',
      '- ',
      ': ',
      '~',
      '&x ',
      '*x',
      'to: x\n',
      '\t',
    )
    fc.assert(
      fc.property(
        fc.constantFrom(...texts),
        fc.array(fc.record({at: fc.double({min: 0, max: 1, noNaN: true}), cut: fc.nat(3), bit}), {maxLength: 4}),
        (text, changes) => {
          const changed = changes.reduce((now, {at, cut, bit: put}) => {
            const from = Math.floor(at * now.length)
            return now.slice(0, from) + put + now.slice(from + cut)
          }, text)
          if (expectSafe('yaml', changed) !== undefined) done += 1
        },
      ),
      {numRuns: 400},
    )
    expect(done).toBeGreaterThan(50)
  })

  it('of the example keeps its comments where they are', () => {
    const text = readFileSync('examples/web/stages.yaml', 'utf8')
    expect(formatYaml('x', text).text?.split('\n')[0]).toBe(text.split('\n')[0])
  })
})
