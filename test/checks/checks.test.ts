import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {arrange} from '../../src/checks/arrange.js'
import {runChecks} from '../../src/checks/index.js'
import type {FormatName} from '../../src/model/description.js'
import {memoryContext} from './memory-context.js'
import {describeText, read, scene} from './reading.js'

function findings(format: FormatName, text: string, files: Record<string, string> = {}, target?: string): string[] {
  return runChecks(describeText(format, text), scene(format, files, target), text)
    .filter(found => found.severity !== 'info')
    .map(
      ({rule, severity, span, message, hint}) =>
        `${span.start.line}:${span.start.column} ${severity} ${rule}: ${message}${hint === undefined ? '' : ` (${hint})`}`,
    )
}

const rules = (format: FormatName, text: string, files?: Record<string, string>, target?: string) =>
  findings(format, text, files, target).map(one => one.split(' ')[2])

/** examples/lab3-wrong: the stages in the wrong order. */
const wrongOrder = `Bootstrap: docker
From: debian:12
Stage: final
%files from compiler
    /root/hello /bin/hello
    /root/other /bin/other

Bootstrap: docker
From: gcc:12
Stage: compiler
%post
    touch /root/hello
`

describe('copies between stages', () => {
  it('from a later stage are found, once for each section', () => {
    expect(findings('def', wrongOrder)).toEqual([
      '4:13 error copy-from-later-stage: Stage "final" copies from stage "compiler", which comes after it, at line 10: stages are built from top to bottom, so there is nothing to copy yet. (Move stage "compiler" above stage "final".)',
    ])
  })
  it('from a later stage that needs this one are not helped by moving it', () => {
    expect(findings('dockerfile', 'FROM x AS a\nCOPY --from=b /x /\nFROM x AS b\nCOPY --from=a /x /\n')).toEqual([
      '2:6 error copy-from-later-stage: Stage "a" copies from stage "b", which comes after it, at line 3: stages are built from top to bottom, so there is nothing to copy yet. (Moving it does not help, since "b" itself needs "a": one of the two has to do without the other.)',
      '2:6 error stage-cycle: These stages need each other in a circle, so none can be built first: "a" needs "b" (line 2), which needs "a" (line 4). (Break the circle: let one of them do without the next.)',
    ])
  })
  it('from a stage that does not exist say what may be meant', () => {
    const text = (from: string) => `FROM x AS build\nFROM x\nCOPY --from=${from} /a /\n`
    expect(findings('dockerfile', text('buidl'))).toEqual([
      '3:6 error copy-from-unknown-stage: Stage "stage-1" copies from "buidl", and there is no such stage. (Did you mean "build"?)',
    ])
    expect(findings('dockerfile', text('2'))).toEqual([
      '3:6 error copy-from-unknown-stage: Stage "stage-1" copies from "2", and there is no such stage. (Stages are counted from 0; the last one is 1.)',
    ])
    expect(
      findings('def', 'Bootstrap: docker\nFrom: x\nStage: a\n\nBootstrap: docker\nFrom: x\n%files from zzz\n  /a\n'),
    ).toEqual([
      '7:13 error copy-from-unknown-stage: Stage "stage-1" copies from "zzz", and there is no such stage. (The stages are called "a".)',
    ])
    expect(findings('def', 'Bootstrap: docker\nFrom: x\n\nBootstrap: docker\nFrom: x\n%files from 0\n  /a\n')).toEqual([
      '6:13 error copy-from-unknown-stage: Stage "stage-1" copies from "0", and there is no such stage. (Stages go by name here: give that stage a name, and copy from the name.)',
    ])
  })
  it('in a circle of many are told in one sentence', () => {
    const count = 60
    const stages = Array.from({length: count}, (_, i) => `  s${i}: {from: {stage: s${(i + 1) % count}}}`)
    const [found] = findings('yaml', `sifstage: 1\nstages:\n${stages.join('\n')}\n`)
    expect(found).toContain('"s0" needs "s1" (line 3), which needs "s2" (line 4)')
    expect(found).toContain('45 more between')
    expect(found?.length).toBeLessThan(1000)
  })
})

describe('names', () => {
  it('that stand twice name both lines', () => {
    expect(findings('yaml', 'sifstage: 1\nstages:\n  a: {from: x}\n  a: {from: y}\n')).toEqual([
      '4:3 error duplicate-stage: Two stages are called "a": this one, and one at line 3. (Give each stage a name of its own.)',
    ])
  })
  it('of the target have to exist', () => {
    expect(findings('yaml', 'sifstage: 1\nstages: {final: {from: x}}\ntarget: fianl\n')).toEqual([
      '3:9 error unknown-target: The target "fianl" is no stage of this input. (Did you mean "final"? The stages are "final".)',
    ])
    expect(findings('dockerfile', 'FROM x\n', {}, '7')).toEqual([
      '1:1 error unknown-target: The target "7" is no stage of this input. (The stages are "stage-0".)',
    ])
  })
  it('like sections are names like any other', () => {
    expect(
      findings(
        'def',
        'Bootstrap: docker\nFrom: x\nStage: post\n\nBootstrap: docker\nFrom: x\nStage: files\n%files from post\n  /a\n',
      ),
    ).toEqual([])
  })
})

describe('files of the build context', () => {
  it('that are missing are told with the folder, and a near miss', () => {
    expect(findings('dockerfile', 'FROM x\nCOPY src/hello.c /\n', {'src/helo.c': ''})).toEqual([
      '2:6 error context-path-missing: "src/hello.c" does not exist (in the build context "/context"). (Did you mean "src/helo.c"?)',
    ])
  })
  it('are found beside the input, when the context is another folder', () => {
    const text = 'Bootstrap: docker\nFrom: x\n%files\n  hello.c /\n'
    const found = runChecks(
      describeText('def', text, 'lab/x.def'),
      {context: memoryContext({'lab/hello.c': ''}), target: undefined, ignore: undefined},
      text,
    )
    expect(found.find(each => each.rule === 'context-path-missing')).toMatchObject({
      severity: 'error',
      message: '"hello.c" does not exist (looked for in "/context").',
      hint: 'It exists in "/context/lab": use that folder as the build context with --context.',
    })
    const docker = runChecks(
      describeText('dockerfile', 'FROM x\nCOPY hello.c /\n', 'lab/Dockerfile'),
      {context: memoryContext({'/work/hello.c': ''}, '/work/lab'), target: undefined, ignore: undefined},
      '',
    )
    expect(docker.find(each => each.rule === 'context-path-missing')?.hint).toBe(
      'It exists in "/work": use that folder as the build context with --context.',
    )
  })
  it('are only a warning where an earlier host script could make them', () => {
    const stage = (sections: string) => `Bootstrap: docker\nFrom: x\n${sections}`
    expect(findings('def', stage('%setup\n  make\n%files\n  out /out\n'))).toEqual([
      '6:3 warning context-path-missing: "out" does not exist (looked for in "/context"). Perhaps %setup at line 3 makes it.',
    ])
    expect(rules('def', `${stage('%files\n  out /out\n')}\n${stage('%pre\n  make\n')}`)).toEqual(['context-path-missing:'])
    expect(findings('def', `${stage('%files\n  out /out\n')}\n${stage('%pre\n  make\n')}`)[0]).toContain('error')
  })
  it('of a pattern without a match are only a warning, as Docker goes on', () => {
    expect(findings('dockerfile', 'FROM x\nCOPY *.none /x/\n')[0]).toMatch(
      /^2:6 warning context-path-missing: The pattern "\*\.none" matches nothing/,
    )
  })
  it('are looked at in every stage of a definition file, but only in needed ones otherwise', () => {
    expect(rules('def', 'Bootstrap: docker\nFrom: x\nStage: a\n%files\n  no /\n\nBootstrap: docker\nFrom: x\n')).toEqual([
      'context-path-missing:',
    ])
    expect(
      rules('def', 'Bootstrap: docker\nFrom: x\nStage: a\n%files\n  no /\n\nBootstrap: docker\nFrom: x\nStage: b\n', {}, 'b'),
    ).toEqual([])
    expect(rules('dockerfile', 'FROM x AS a\nCOPY no /\nFROM x\n')).toEqual([])
    expect(rules('dockerfile', 'FROM x AS a\nCOPY no /\nFROM x\n', {}, 'a')).toEqual(['context-path-missing:'])
  })
  it('may be hidden by .dockerignore, whose line is named', () => {
    expect(
      findings('dockerfile', 'FROM x\nCOPY a/secret.key /\n', {'a/secret.key': '', '.dockerignore': '# keys\n\n**/*.key\n'}),
    ).toEqual([
      '2:6 error context-path-ignored: "a/secret.key" is there, but line 3 of ".dockerignore" hides it ("**/*.key"). (Change that line, or show the path again with "!a/secret.key" below it.)',
    ])
  })
  it('never lie outside', () => {
    expect(findings('dockerfile', 'FROM x\nCOPY link/passwd /\n', {'link@': '/etc', '/etc/passwd': ''})).toEqual([
      '2:6 error context-path-outside: "link/passwd" cannot be copied: the link "link" leads out of the build context, to "/etc". (Put the file itself into the context, or choose a folder that holds both with --context.)',
    ])
    expect(rules('dockerfile', 'FROM x\nCOPY link/p* /\n', {'link@': '/etc', '/etc/passwd': ''})).toEqual([
      'context-path-outside:',
    ])
    expect(rules('dockerfile', 'FROM x\nCOPY a /\n', {'a@': 'b', 'b@': 'a'})).toEqual(['context-path-missing:'])
    expect(rules('dockerfile', 'FROM x\nCOPY ../../../etc/passwd /\n', {'/etc/passwd': ''})).toEqual(['context-path-missing:'])
  })
  it('with odd names do no harm', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('a', '..', '.', '*', '[', ']', '\\', 'link', ' ', '\u0000', 'x'), {minLength: 1, maxLength: 6}),
        parts => {
          const text = `FROM x\nCOPY ${JSON.stringify([parts.join('/'), '/d/'])}\n`
          const result = read('dockerfile', text)
          if (result.description !== undefined)
            runChecks(result.description, scene('dockerfile', {'a/x': '', 'link@': '..'}), text)
        },
      ),
    )
  })
})

describe('a comment silences a rule', () => {
  const text = (above: string, behind = '') => wrongOrder.replace('%files from compiler', `${above}%files from compiler${behind}`)
  it('on its line and on the line above', () => {
    expect(findings('def', text('# sifstage: ignore copy-from-later-stage built elsewhere\n'))).toEqual([])
    expect(findings('def', text('', ' # sifstage: ignore copy-from-later-stage'))).toEqual([])
    expect(findings('def', text('#sifstage:ignore copy-from-later-stage\r\n'))).toEqual([])
    expect(findings('def', text('# sifstage: ignore copy-from-later-stage\n# sifstage: ignore other\n'))).toEqual([])
  })
  it('and no other rule, line or spelling', () => {
    expect(findings('def', text('# sifstage: ignore copy-from-later\n'))).toHaveLength(1)
    expect(findings('def', text('# sifstage: ignore copy-from-later-stages\n'))).toHaveLength(1)
    expect(findings('def', text('# sifstage: ignore copy-from-later-stage\n\n'))).toHaveLength(1)
    expect(findings('def', `# sifstage: ignore copy-from-later-stage\n${wrongOrder}`)).toHaveLength(1)
  })
  it('but never a syntax error', () => {
    const {diagnostics} = read('yaml', 'sifstage: 2 # sifstage: ignore syntax\nstages: {a: {from: x}}\n')
    expect(arrange(diagnostics, 'sifstage: 2 # sifstage: ignore syntax\n')).toHaveLength(1)
  })
})

describe('a variable that %post reads unset', () => {
  it('is told once, however often a word has it', () => {
    const text = 'Bootstrap: docker\nFrom: debian:12\n%environment\n  export TOOL=/opt\n%post\n  mkdir -p $TOOL/x$TOOL $TOOL\n'
    expect(rules('def', text)).toEqual(['environment-not-in-post:'])
  })
})
