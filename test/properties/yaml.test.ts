import fc from 'fast-check'
import {describe, expect, test} from 'vitest'
import {readDockerfile} from '../../src/formats/dockerfile/read.js'
import {readYaml} from '../../src/formats/yaml/read.js'
import {writeYaml} from '../../src/formats/yaml/write.js'
import type {Description} from '../../src/model/description.js'
import {memoryContext} from '../checks/memory-context.js'
import {expectSpansInside, mutated} from './texts.js'

const inner = 'ARG BASE_IMAGE=x\nFROM $BASE_IMAGE AS a\nRUN x\nFROM scratch\nCOPY --from=a /x /\n'
const options = {
  buildArgs: new Map([['B', 'b']]),
  architecture: 'amd64',
  file: (path: string) =>
    path === 'd/Dockerfile' ? {name: 'd/Dockerfile', text: inner, format: 'dockerfile' as const} : undefined,
}

/** Keys and values of the language, put together at random. */
const word = fc.constantFrom(
  ...[
    'a',
    'b',
    'scratch',
    '/x',
    './',
    '$B',
    '${A:-b}',
    '${A/x/y}',
    '\\',
    '1',
    'true',
    '0755',
    'https://h/f.tgz',
    '{stage: a}',
    '[a, b]',
    '~',
    '',
  ],
  ...[
    '{image: x}',
    '{folder: d}',
    '{git: r, ref: v}',
    'none',
    'bind',
    'cache',
    'd/Dockerfile',
    '"',
    '{',
    '- a',
    '*a',
    '&a b',
    '|',
    '# c',
  ],
)
const key = fc.constantFrom(
  ...[
    'run',
    'copy',
    'add',
    'write',
    'env',
    'arg',
    'workdir',
    'user',
    'shell',
    'from',
    'to',
    'chmod',
    'chown',
    'link',
    'parents',
    'exclude',
  ],
  ...[
    'mounts',
    'script',
    'network',
    'unpack',
    'checksum',
    'expand',
    'expect',
    'type',
    'target',
    'source',
    'id',
    'steps',
    'file',
    'stage',
  ],
  ...[
    'args',
    'expose',
    'volumes',
    'healthcheck',
    'onbuild',
    'stop-signal',
    'labels',
    'cmd',
    'entrypoint',
    'test',
    'rules',
    'definition',
    'x',
  ],
)
const line = fc
  .tuple(fc.constantFrom('', '  ', '    ', '      ', '      - ', '        '), key, word)
  .map(([indent, name, value]) => `${indent}${name}: ${value}\n`)
const anyText = fc.oneof(
  fc.string({unit: 'binary', maxLength: 200}),
  fc.array(line, {maxLength: 12}).map(lines => `sifstage: 1\nstages:\n  a:\n    from: x\n  b:\n${lines.join('')}`),
)

describe('whatever the text', () => {
  test('reading never throws, and every span is inside the file that it names', () => {
    fc.assert(
      fc.property(anyText, text => {
        const result = readYaml('f', text, options)
        expect(result.description !== undefined || result.diagnostics.some(found => found.rule === 'syntax')).toBe(true)
        expectSpansInside(result, {f: text, 'd/Dockerfile': inner})
      }),
      {numRuns: 2000},
    )
  })
})

/** Everything but places, comments and what is not said in YAML: whether a name was given. */
function meaning(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(meaning)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, each]) =>
      /^(span|nameSpan|named|comment)$/.test(name) ? [] : [[name, meaning(each)]],
    ),
  )
}

test('whatever a Dockerfile says comes back from YAML as it was', () => {
  const write = (description: Description) =>
    writeYaml(description, {target: description.stages.length - 1, allow: new Set(), keepCwd: false, context: memoryContext()})
  let written = 0
  fc.assert(
    fc.property(mutated('test/real/dockerfiles', 1), text => {
      const {description} = readDockerfile('f', text, options)
      if (description === undefined) return
      const once = write(description).text
      if (once === undefined) return
      written += 1
      const again = readYaml('f', once, options)
      expect(
        again.diagnostics.filter(found => found.severity === 'error'),
        once,
      ).toEqual([])
      const twice = again.description && write(again.description).text
      expect(twice).toBe(once)
      if (again.description === undefined) return
      const third = readYaml('f', twice ?? '', options).description
      expect(meaning(third?.stages)).toEqual(meaning(again.description.stages))
    }),
    {numRuns: 1000},
  )
  expect(written).toBeGreaterThan(100)
})
