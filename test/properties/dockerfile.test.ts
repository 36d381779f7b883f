import fc from 'fast-check'
import {describe, expect, test} from 'vitest'
import {readInstructions} from '../../src/formats/dockerfile/instructions.js'
import {LineReader} from '../../src/formats/dockerfile/lines.js'
import {Problems} from '../../src/formats/dockerfile/problems.js'
import {readDockerfile} from '../../src/formats/dockerfile/read.js'
import {writeDockerfile} from '../../src/formats/dockerfile/write.js'
import {parseImageConfig} from '../../src/language/image-config.js'
import {expandWord} from '../../src/language/words.js'
import {LineIndex} from '../../src/model/span.js'
import {contextOf} from '../formats/dockerfile/help.js'
import {expectSpansInside, mutated} from './texts.js'

const options = {buildArgs: new Map([['B', 'b']]), architecture: 'amd64'}

/** Text with much of what means something in a Dockerfile. */
const piece = fc.oneof(
  fc.constantFrom(
    'FROM a',
    'FROM a AS b',
    'FROM b',
    'FROM scratch',
    'RUN ',
    'COPY ',
    'ADD ',
    'ENV ',
    'ARG ',
    'LABEL ',
    'CMD ',
    'ENTRYPOINT ',
    'WORKDIR ',
    'USER ',
    'SHELL ',
    'ONBUILD ',
    'HEALTHCHECK CMD ',
    'HEALTHCHECK --interval=1s --retries=2 CMD ',
    'HEALTHCHECK NONE',
    'EXPOSE ',
    'VOLUME ',
    'STOPSIGNAL ',
    'MAINTAINER ',
    'ONBUILD RUN ',
    'ONBUILD COPY --from=b ',
  ),
  fc.constantFrom(
    '\n',
    '\r\n',
    '\\\n',
    '\\',
    ' ',
    '\t',
    '#',
    '# c\n',
    '<<EOF',
    '<<-"E"',
    'EOF\n',
    'E\n',
    '"',
    "'",
    '$',
    '${',
    '}',
    ':-',
    '=',
    '[',
    ']',
    '["a","b"]',
    '--from=b ',
    '--from=0 ',
    '--link ',
    '--parents ',
    '--exclude=*.o ',
    '--unpack ',
    '--unpack=false ',
    '--keep-git-dir ',
    '--chown=1:1 ',
    '--chmod=0755 ',
    '--network=none ',
    '--security=insecure ',
    '--mount=type=cache,target=/c ',
    '--mount=from=b,target=/m,rw ',
    '--mount=type=secret,id=s,env=S ',
    '--mount=type=tmpfs,',
    'target=',
    'https://h/f.tgz ',
    'git@h:r.git#v:d ',
    'a.tar ',
    '#!/bin/x\n',
    '80/tcp ',
    'SIGINT',
    '${A:-b}',
    '${A##*/}',
    '${A/x/y}',
    '$PATH',
    '~',
    '--',
    '/',
    '.',
    '..',
    '*',
    'a',
    'b',
    'é',
    '😀',
    '\uFEFF',
    '# escape=`\n',
    '`',
  ),
  fc.string({maxLength: 5}),
)
const anyText = fc.oneof(
  fc.string({unit: 'binary', maxLength: 200}),
  fc.array(piece, {maxLength: 40}).map(pieces => pieces.join('')),
)

const config = parseImageConfig(JSON.stringify({Env: ['A=/a/b', 'E='], WorkingDir: '/w', OnBuild: ['ENV T=1', 'COPY x', 'FOO']}))
const withConfig = {...options, configs: new Map([['docker://docker.io/library/a:latest', config]])}

describe('whatever the text', () => {
  test('reading never throws, and every span is inside the file', () => {
    fc.assert(
      fc.property(anyText, fc.boolean(), (text, known) => {
        const result = readDockerfile('f', text, known ? withConfig : options)
        expect(result.description !== undefined || result.diagnostics.some(found => found.rule === 'syntax')).toBe(true)
        expectSpansInside(result, {f: text})
      }),
      {numRuns: 3000},
    )
  })

  test('a real file in which something is changed is read as well', () => {
    fc.assert(
      fc.property(mutated('test/real/dockerfiles'), text => {
        const result = readDockerfile('f', text, options)
        expect(result.description !== undefined || result.diagnostics.some(found => found.rule === 'syntax')).toBe(true)
        expectSpansInside(result, {f: text})
      }),
      {numRuns: 1000},
    )
  })

  test('every character of a joined line is the one at its place in the file', () => {
    fc.assert(
      fc.property(anyText, text => {
        const problems = new Problems()
        const reader = new LineReader(new LineIndex('f', text), problems)
        for (let next = reader.next(); next !== undefined; next = reader.next()) {
          const {line} = next
          for (let at = 0; at < line.text.length; at += 1) expect(text.charAt(line.offset(at))).toBe(line.text.charAt(at))
        }
      }),
      {numRuns: 1000},
    )
  })

  test('an instruction that was read starts with its own name', () => {
    fc.assert(
      fc.property(anyText, text => {
        const problems = new Problems()
        const index = new LineIndex('f', text)
        for (const instruction of readInstructions(new LineReader(index, problems), problems)) {
          const {start} = instruction.span
          const at = index.lineStart(start.line) + start.column - 1
          expect(
            text
              .slice(at)
              .replace(/\\[ \t]*\r*\n/g, '')
              .slice(0, 1)
              .toUpperCase(),
          ).toBe(instruction.name.charAt(0))
        }
      }),
      {numRuns: 1000},
    )
  })

  test('a word without quotes, escapes and variables is itself', () => {
    fc.assert(
      fc.property(fc.string({unit: 'binary'}), text => {
        const word = text.replace(/["'$\\]/g, '')
        expect(expandWord(word, {lookup: () => undefined})).toEqual({kind: 'expanded', template: word === '' ? [] : [word]})
      }),
    )
  })

  test('expansion ends, with a template or a problem inside the word', () => {
    const word = fc
      .array(fc.constantFrom('$', '{', '}', ':', '-', '+', '?', '#', '%', '/', '*', '"', "'", '\\', 'A', 'B', ' ', '1'), {
        maxLength: 30,
      })
      .map(parts => parts.join(''))
    fc.assert(
      fc.property(word, text => {
        const expansion = expandWord(text, {
          lookup: name => (name === 'A' ? ['a/b'] : name === 'B' ? [{variable: 'B'}] : undefined),
        })
        if (expansion.kind === 'expanded') return
        expect(expansion.problem.from).toBeGreaterThanOrEqual(0)
        expect(expansion.problem.from).toBeLessThan(text.length)
        expect(expansion.problem.to).toBeGreaterThan(expansion.problem.from)
      }),
      {numRuns: 3000},
    )
  })
})

test('what is written reads back as the same, and is written the same again', () => {
  const write = (text: string): string | undefined => {
    const {description} = readDockerfile('f', text, options)
    if (description === undefined) return undefined
    const target = description.stages.length - 1
    return writeDockerfile(description, {target, allow: new Set(), keepCwd: false, context: contextOf()}).text
  }
  const meaning = (text: string) => {
    const stages = readDockerfile('f', text, options).description?.stages ?? []
    return JSON.stringify(
      stages.map(stage => [stage.base, stage.steps, stage.settings]),
      (key, value) => (/span$/i.test(key) || key === 'comment' ? undefined : value),
    )
  }
  // RUN and COPY may come out in another form; these can't.
  const plainSteps = (text: string) =>
    readDockerfile('f', text, options)
      .description?.stages.flatMap(stage => stage.steps)
      .filter(step => step.kind !== 'run' && step.kind !== 'copy')
      .map(({span, comment, ...step}) => step)
  let written = 0
  fc.assert(
    fc.property(fc.array(piece, {maxLength: 30}), pieces => {
      const once = write(`FROM i\n${pieces.join('')}`)
      if (once === undefined) return
      written += 1
      const again = write(once)
      expect(again).toBe(once)
      expect(meaning(again ?? '')).toBe(meaning(once))
      const text = `FROM i\n${pieces.join('')}`
      if (readDockerfile('f', text, options).description?.stages.length === 1) expect(plainSteps(once)).toEqual(plainSteps(text))
    }),
    {numRuns: 3000},
  )
  expect(written).toBeGreaterThan(100)
})
