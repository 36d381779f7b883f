import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {github} from '../../src/reports/github.js'
import {checkReports} from '../../src/reports/index.js'
import {sarif} from '../../src/reports/sarif.js'
import {renderDiagnostics} from '../../src/reports/text.js'
import {finding} from './plan.js'

const source = {input: 'a/x.def', source: 'Stage: me\n%files from me\r\n\tx\ty\n'}
const text = (overrides: Parameters<typeof finding>[0] = {}, colour = false) =>
  renderDiagnostics([finding(overrides)], {source, colour})
const at = (line: number, from: number, to: number, endLine = line) => ({
  file: 'a/x.def',
  start: {line, column: from},
  end: {line: endLine, column: to},
})

describe('findings for people', () => {
  it('show the place, the line with a caret, and what to do', () => {
    expect(text()).toBe(`a/x.def:2:13: error: Stage "me" copies from itself. [copy-from-self]
  2 | %files from me
    |             ^~
  hint: Move it.
`)
  })
  it('keep the caret below its word behind tabs', () => {
    expect(text({span: at(3, 4, 5)})).toContain('  3 |  x y\n    |    ^\n')
  })
  it('mark the first line of a longer stretch, and at least one place', () => {
    expect(text({span: at(1, 8, 3, 2)})).toContain('  1 | Stage: me\n    |        ^~\n')
    expect(text({span: at(1, 10, 10)})).toContain('  1 | Stage: me\n    |          ^\n')
    expect(text({span: at(1, 99, 120)})).toContain('  1 | Stage: me\n    |          ^\n')
  })
  it('keep the caret below its word behind wide characters and marks', () => {
    const shown = (line: string, from: number, to: number) =>
      renderDiagnostics([finding({span: at(1, from, to)})], {source: {input: 'a/x.def', source: line}, colour: false}).split(
        '\n',
      )[2]
    expect(shown('日本 here', 4, 8)).toBe('    |      ^~~~')
    expect(shown('here 日本', 6, 8)).toBe('    |      ^~~~')
    expect(shown('e\u0301 here', 4, 8)).toBe('    |   ^~~~')
    expect(shown('😀 here', 4, 8)).toBe('    |    ^~~~')
    expect(shown('😀 here', 2, 3)).toBe('    | ^~')
  })
  it('cut a long line of wide characters at its columns', () => {
    const shown = renderDiagnostics([finding({span: at(1, 5001, 5003)})], {
      source: {input: 'a/x.def', source: `${'日'.repeat(5000)}ab${'本'.repeat(5000)}`},
      colour: false,
    }).split('\n')
    expect(shown[1]?.length).toBeLessThan(70)
    expect(shown[2]).toBe('    |                      ^~')
  })
  it('show no line where there is none', () => {
    expect(text({span: at(1, 1, 1)})).not.toContain('|')
    expect(text({span: at(99, 1, 2)})).not.toContain('|')
    expect(text({span: {...at(2, 1, 2), file: 'other'}})).not.toContain('|')
  })
  it('cut long lines around the finding', () => {
    const long = `${'x'.repeat(5000)}HERE${'y'.repeat(5000)}`
    const shown = renderDiagnostics([finding({span: at(1, 5001, 5005)})], {
      source: {input: 'a/x.def', source: long},
      colour: false,
    }).split('\n')
    expect(shown[1]?.length).toBeLessThan(120)
    expect(shown[1]?.indexOf('HERE')).toBe(shown[2]?.indexOf('^~~~'))
  })
  it('have colour only when asked for', () => {
    expect(text()).not.toContain('\u001b')
    expect(text({}, true)).toContain('\u001b[31merror:\u001b[0m')
  })
  it('let nothing of the input reach the terminal but what is visible', () => {
    const evil = '\u001b]0;x\u0007\u001b[2J\r\n\u009b31m\u202egpj.exe\u2028\ufeff'
    const shown = renderDiagnostics([finding({message: evil, hint: evil, rule: 'x', span: {...at(1, 1, 5), file: 'x'}})], {
      source: {input: 'x', source: `${evil.replaceAll('\n', '')}\n`},
      colour: false,
    })
    expect(shown.split('\n')).toHaveLength(5)
    expect(shown.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2028\ufeff]/)
    expect(shown).toContain('\\u001b]0;x\\u0007')
  })
})

describe('findings for GitHub', () => {
  it('are workflow commands', () => {
    expect(github([finding(), finding({severity: 'info', span: at(1, 1, 4, 3)})])).toBe(
      '::error file=a/x.def,line=2,endLine=2,col=13,endColumn=14,title=copy-from-self::Stage "me" copies from itself.%0Ahint: Move it.\n' +
        '::notice file=a/x.def,line=1,endLine=3,title=copy-from-self::Stage "me" copies from itself.%0Ahint: Move it.\n',
    )
  })
  it('cannot be broken out of', () => {
    fc.assert(
      fc.property(fc.string({unit: 'binary'}), fc.string({unit: 'binary'}), (message, file) => {
        const out = github([finding({message: `${message}\n::set-env name=x::y`, span: {...at(1, 1, 1), file: `${file},:%`}})])
        expect(out.match(/\n/g)).toHaveLength(1)
        expect(out).toMatch(/^::error file=[^,:]*,line=1,/)
      }),
    )
  })
})

describe('findings as SARIF', () => {
  it('have rules, levels and places', () => {
    const log = JSON.parse(
      sarif([finding(), finding({severity: 'info', rule: 'other', span: {...at(1, 1, 1), file: '/a b/#?.def'}})], {
        rules: [{name: 'copy-from-self', severity: 'error', summary: 'S.', why: 'W.'}],
      }),
    )
    expect(log).toMatchObject({
      version: '2.1.0',
      runs: [
        {
          tool: {
            driver: {
              name: 'sifstage',
              rules: [{id: 'copy-from-self', shortDescription: {text: 'S.'}, fullDescription: {text: 'W.'}}, {id: 'other'}],
            },
          },
          columnKind: 'utf16CodeUnits',
          results: [
            {
              ruleId: 'copy-from-self',
              ruleIndex: 0,
              level: 'error',
              message: {text: 'Stage "me" copies from itself.\nMove it.'},
              locations: [
                {
                  physicalLocation: {
                    artifactLocation: {uri: 'a/x.def'},
                    region: {startLine: 2, startColumn: 13, endLine: 2, endColumn: 15},
                  },
                },
              ],
            },
            {ruleIndex: 1, level: 'note', locations: [{physicalLocation: {artifactLocation: {uri: 'file:///a%20b/%23%3F.def'}}}]},
          ],
        },
      ],
    })
  })
  it('take any file name', () => {
    fc.assert(
      fc.property(fc.string({unit: 'binary'}), file => {
        JSON.parse(sarif([finding({span: {...at(1, 1, 1), file}})]))
      }),
    )
  })
})

it('every report of findings is a text', async () => {
  for (const load of Object.values(checkReports))
    expect((await load())([finding()], {source, colour: false})).toMatch(/copy-from-self[\s\S]*\n$/)
})
