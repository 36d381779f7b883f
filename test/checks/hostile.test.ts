/** Inputs that nobody writes by hand: every rule goes over them in time, and none of them breaks one. */
import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {runChecks} from '../../src/checks/index.js'
import type {FormatName} from '../../src/model/description.js'
import {read, scene} from './reading.js'

function check(format: FormatName, text: string): number {
  const {description} = read(format, text)
  if (description === undefined) return 0
  return runChecks(description, scene(format, {'a.txt': ''}), text).length
}

/** Milliseconds that the rules take, without the reader; the best of three, since the machine has other work. */
function time(format: FormatName, text: string): number {
  const times = Array.from({length: 3}, () => {
    const {description, diagnostics} = read(format, text)
    if (description === undefined) throw new Error(JSON.stringify(diagnostics.slice(0, 3)))
    const start = performance.now()
    runChecks(description, scene(format, {'a.txt': ''}), text)
    return performance.now() - start
  })
  return Math.min(...times)
}

const many = (count: number, line: (at: number) => string) => Array.from({length: count}, (_, at) => line(at)).join('\n')
const def = (body: string, name = 'post') => `Bootstrap: docker\nFrom: debian:12\nStage: a\n%${name}\n${body}\n`
const after = '\nBootstrap: docker\nFrom: alpine:3.20\n%files from a\n  /nowhere/x /x\n  /opt/f1 /y\n'

/** 10,000 lines and more of one kind each. */
const large: Readonly<Record<string, readonly [FormatName, string]>> = {
  'RUN lines': [
    'dockerfile',
    `FROM debian:12 AS a\n${many(6000, i => `RUN cd /x${i} && gcc -o /opt/f${i} f.c`)}\nFROM a\nCOPY --from=a /opt/none /x\n`,
  ],
  'ENV and RUN lines': [
    'dockerfile',
    `FROM debian:12\n${many(5000, i => `ENV V${i}=$V${i - 1}x\nRUN export V${i}=$V${i}; echo $V${i}`)}\n`,
  ],
  'copies from one stage': [
    'dockerfile',
    `FROM debian:12 AS a\n${many(3000, i => `RUN mkdir /d${i}`)}\nFROM alpine:3.20\n${many(7000, i => `COPY --from=a /nope${i} /x${i}`)}\n`,
  ],
  'stages upon each other': [
    'dockerfile',
    `FROM debian:12 AS s0\n${many(100, i => `FROM s${i} AS s${i + 1}\n${many(100, j => `RUN mkdir /d${i}/${j}`)}`)}\n`,
  ],
  'stages that copy from each other': [
    'dockerfile',
    `FROM debian:12 AS s0\n${many(900, i => `FROM debian:12 AS s${i + 1}\nCOPY --from=s${i} /a${i} /b${i}\nRUN pip install x`)}\n`,
  ],
  'one long RUN': [
    'dockerfile',
    `FROM debian:12\nRUN true${many(10_000, i => ` && \\\n  apt-get install pkg${i}`).replaceAll('\n &&', ' &&')}\n`,
  ],
  'blocks in blocks': ['def', def(many(2500, i => `if true; then V${i}=1`)) + after],
  'shells in shells': ['def', def(`${'(cd /a; '.repeat(5000)}${')'.repeat(5000)}`) + after],
  'substitutions in substitutions': [
    'def',
    def(`echo ${'$('.repeat(10_000)}${')'.repeat(10_000)}\necho "${'${a:-'.repeat(6000)}`) + after,
  ],
  'open quotes': ['def', def(many(6000, i => `'"a${i}`)) + after],
  'here-documents without an end': ['def', def(many(4500, i => `cat <<E${i}`)) + after],
  files: ['def', `Bootstrap: docker\nFrom: debian:12\nStage: a\n%files\n${many(1500, i => `  a.txt /opt/f${i}`)}\n${after}`],
  'braces and hashes': ['def', def(many(3000, () => '#x{{ A }}{a,{a,{a,'))],
  exports: [
    'def',
    def(
      many(2000, i => `export A${i}=$A${i}\\ x /root/`),
      'environment',
    ),
  ],
  labels: [
    'def',
    def(
      many(3000, i => `k${i}=\t"v:`),
      'labels',
    ),
  ],
  'run script': [
    'def',
    def(
      many(1900, () => 'exec ./a $@ || (mkdir /opt/x)'),
      'runscript',
    ),
  ],
  'YAML steps': [
    'yaml',
    `sifstage: 1\nstages:\n  a:\n    from: debian:12\n    steps:\n${many(3000, i => `      - run: cd /a${i} && ./x`)}\n`,
  ],
}

describe('the rules are quick over', () => {
  it.each(Object.entries(large))('%s', (_, [format, text]) => {
    expect(time(format, text)).toBeLessThan(1000)
  })
})

const pieces = fc.constantFrom(
  'if',
  'then',
  'fi',
  'for i in a b; do',
  'done',
  'case $x in',
  'a)',
  ';;',
  'esac',
  '{',
  '}',
  '(',
  ')',
  '((',
  '))',
  '$(',
  '`',
  '"',
  "'",
  '\\',
  '\\\n',
  '<<EOF',
  'EOF',
  '<<-X',
  '>',
  '>>',
  '&>',
  '|',
  '||',
  '&&',
  ';',
  '&',
  '#',
  'cd',
  '/a',
  '..',
  '-',
  'gcc',
  '-o',
  'x',
  'rm -rf',
  'mkdir',
  'apt-get',
  'install',
  '-y',
  'A=1',
  'export',
  'B=$A',
  '${A:-b}',
  '${',
  '$',
  '*',
  '{a,b}',
  'function',
  'f()',
  'pip',
  '-r',
  'cargo build',
  '--release',
  'cmake',
  '-D',
  '-B',
  '\n',
  '\n',
  ' ',
  '!',
  '[[',
  ']]',
  '\u0000',
  '😀',
  '\u2028',
)

describe('no text breaks a rule', () => {
  it('as a script', () => {
    fc.assert(
      fc.property(fc.array(pieces, {maxLength: 60}), parts => {
        const script = parts.join(' ').replaceAll('\u0000', '').replaceAll('%', '')
        check('def', def(script) + after)
        check('def', def(script, 'runscript'))
        check('def', def(script, 'environment'))
        check('def', def(script, 'test'))
        check('dockerfile', `FROM debian:12 AS a\nRUN ${script.replaceAll('\n', ' ')}\nFROM a\nCOPY --from=a /x/y /z\n`)
      }),
      {numRuns: 400},
    )
  })
  it('as a word of an instruction', () => {
    fc.assert(
      fc.property(fc.string({maxLength: 30}), fc.string({maxLength: 30}), (one, other) => {
        const [a, b] = [JSON.stringify(one), JSON.stringify(other)]
        check(
          'dockerfile',
          `FROM debian:12 AS a\nENV PATH=${a} X_TOKEN=${b}\nWORKDIR ${a}\nUSER ${b}\nFROM a\nCOPY --from=a [${a}, ${b}]\n`,
        )
        check('def', `Bootstrap: docker\nFrom: ${one}\n%files\n  ${a} ${b}\n%labels\n  ${one} ${other}\n%arguments\n  A=${one}\n`)
      }),
      {numRuns: 200},
    )
  })
})
