import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {readDeffile} from '../../src/formats/deffile/read.js'
import {writeDeffile} from '../../src/formats/deffile/write.js'
import {expandSource} from '../../src/language/hostpaths.js'
import type {ContextFiles} from '../../src/model/format.js'

const options = {buildArgs: new Map([['A', 'one']]), architecture: 'amd64'}

const none: ContextFiles = {
  root: '/',
  kind: () => undefined,
  kindFollowed: () => undefined,
  names: () => [],
  text: () => undefined,
  link: () => undefined,
  environment: new Map(),
}

/** Text made of what definition files are made of, and of what breaks them. */
const piece = fc.constantFrom(
  'Bootstrap: docker\n',
  'bootstrap: localimage\n',
  ' Bootstrap: scratch\n',
  'From: a:1\n',
  'Stage: s\n',
  '%post\n',
  '%post -c /bin/bash\n',
  '%files\n',
  '%files from s\n',
  '%labels\n',
  '%arguments\nA=2\nB={{ A }}\n',
  '%runscript\n',
  '  %x\n',
  ' a b\n',
  ' "a b" \'c\n',
  ' {{ A }} # {{ B }}\n',
  '{{B}}',
  '\r\n',
  '\\\n',
  '# c\n',
  '\u00a0',
  '\u{1f600}',
)
const likely = fc.array(fc.oneof({weight: 8, arbitrary: piece}, {weight: 1, arbitrary: fc.string({unit: 'binary'})}), {
  maxLength: 25,
})
/** Without what Apptainer refuses, so that most of them can be read. */
const good = fc
  .array(
    fc.constantFrom(
      '%post\n a\n',
      '%files\n a /b\n',
      '%files from s\n "/x y" /z\n',
      '%labels\n k v\n',
      '%help\n {{ B }}\n',
      '%arguments\n B={{ A }}x\n',
      '\nBootstrap: scratch\nStage: t\n%arguments\n B=c\n',
    ),
    {maxLength: 12},
  )
  .map(sections => `Bootstrap: docker\nFrom: a\nStage: s\n%arguments\n B={{ C }}\n%test\n {{ A }}\n${sections.join('')}`)

function ends(text: string): {line: number; column: number} {
  const lines = text.split('\n')
  return {line: lines.length, column: (lines.at(-1) ?? '').length + 1}
}

/** What a description says, without where it stands. */
function meaning(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, inner: unknown) =>
      key === 'span' || key === 'nameSpan' || key === 'text' || key === 'comment' || key === 'sections' ? undefined : inner,
    ),
  )
}

describe('any text', () => {
  it('is read without an exception, with every finding inside the file', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          likely.map(parts => parts.join('')),
          fc.string({unit: 'binary', maxLength: 200}),
        ),
        text => {
          const result = readDeffile('x', text, options)
          const last = ends(text)
          const spans = [
            ...result.diagnostics.map(d => d.span),
            ...(result.description?.stages.flatMap(s => [s.span, s.nameSpan, s.base.span, ...s.steps.map(step => step.span)]) ??
              []),
          ]
          for (const {start, end} of spans) {
            expect(start.line).toBeGreaterThan(0)
            expect(start.line < end.line || (start.line === end.line && start.column <= end.column)).toBe(true)
            expect(end.line < last.line || (end.line === last.line && end.column <= last.column)).toBe(true)
          }
          expect(result.description === undefined).toBe(result.diagnostics.some(d => d.rule === 'syntax'))
        },
      ),
      {numRuns: 500},
    )
  })

  it('says the same when it has been written and read again', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          good,
          likely.map(parts => parts.join('')),
        ),
        text => {
          const before = readDeffile('x', text, options).description
          if (before === undefined) return
          const target = before.stages.length - 1
          const written = writeDeffile(before, {target, allow: new Set(), keepCwd: false, context: none}).text
          if (written === undefined) return
          const after = readDeffile('x', written, {...options, buildArgs: new Map()}).description
          const last = (stages: typeof before.stages | undefined) => {
            const stage = stages?.at(-1)
            return meaning(
              stage === undefined
                ? undefined
                : {
                    base: stage.base,
                    steps: stage.steps.map(s => (s.kind === 'copy' ? {...s, from: s.from.kind} : s)),
                    labels: stage.settings.labels,
                  },
            )
          }
          expect(last(after?.stages)).toEqual(last(before.stages))
          const scripts = (stages: typeof before.stages | undefined) =>
            Object.values(stages?.at(-1)?.settings ?? {}).map(s => ('text' in s ? s.text.trim() : ''))
          expect(scripts(after?.stages)).toEqual(scripts(before.stages))
        },
      ),
      {numRuns: 500},
    )
  })

  it('is a source that expands or is refused', () => {
    const character = fc.constantFrom(
      'a',
      '*',
      '?',
      '[',
      ']',
      '{',
      '}',
      ',',
      '.',
      '..',
      '\\',
      '$',
      '$A',
      '~',
      ' ',
      '\t',
      "'",
      '/',
      '!',
      '-',
    )
    fc.assert(
      fc.property(fc.array(character, {maxLength: 40}), parts => {
        const result = expandSource(parts.join(''), {...none, names: () => ['a', '.b', '[']}, new Map([['A', 'x *']]))
        expect('matches' in result || 'refused' in result).toBe(true)
      }),
      {numRuns: 1000},
    )
  })
})
