/**
 * The rate of wrong alarms: every finding that could stop or worry somebody, over every input here that builds or is
 * built by people. Each one was read; those that are right stand below with the reason. Anything else is a wrong alarm.
 *
 *   SIFSTAGE_FINDINGS=FILE npx vitest run test/checks/false-alarms    writes all findings to FILE, remarks included
 */
import {readFileSync, writeFileSync} from 'node:fs'
import {describe, expect, it} from 'vitest'
import {corpus, findingsOf, groupOf} from './corpus.js'

/** Input → rule → why the finding is right. */
const accepted: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'examples/lab3-wrong/lab3-wrong.def': {
    'copy-from-later-stage': 'The example of stages in the wrong order.',
  },
  'test/conformance/to-def/cases/shells/prefixes': {
    'bash-in-sh': 'dash writes {a,b} as it stands, which is what the case is about.',
  },
  'test/conformance/to-def/cases/shells/prefixes-busybox': {
    'bash-in-sh': 'The same for busybox.',
  },
  'test/conformance/to-def/cases/stages/copy-from-self-later': {
    'copy-from-later-stage': 'The case has to be refused.',
  },
  'test/conformance/to-def/cases/stages/missing-artifact': {
    'artifact-never-made': 'The build of the case fails for this very path.',
  },
  'test/conformance/to-def/cases/start/path-shorter': {
    'path-replaced': 'The case sets a PATH without the folders of programs on purpose.',
  },
  'test/conformance/to-docker/cases/environment/backslash-at-start': {
    'environment-quoting': 'The case is about the backslash that stays.',
  },
  'test/conformance/to-docker/cases/environment/not-in-post': {
    'environment-not-in-post': 'The case shows that the variable is empty in %post.',
  },
  'test/conformance/to-docker/cases/environment/plain': {
    'environment-quoting': 'One of its variables keeps a backslash.',
  },
  'test/conformance/to-docker/cases/post/owners': {
    'bash-in-sh': 'The folder that is made is called {a,b}, in both builds.',
  },
  'test/conformance/to-docker/cases/post/tmp': {
    'tmp-in-post': 'The case shows that the file is hidden.',
  },
  'test/conformance/to-docker/cases/sections/label-with-equals': {
    'label-spelling': 'The case shows that the label is called "k=v".',
  },
  'test/real/definitions/docker-daemon.def': {
    'unsafe-source': 'HOME is not set in these tests.',
  },
  'test/real/definitions/r-bioconductor.def': {
    'tmp-in-post': 'The script is copied to /tmp, and %post runs it from there: Apptainer does not find it.',
  },
  'test/real/definitions/tensorflow.def': {
    'unused-header': 'IncludeCmd means nothing for an image of a registry.',
  },
  'test/real/dockerfiles/singular-everything.Dockerfile': {
    'artifact-never-made': 'A trigger fires in the image that starts from the stage, not in the stage.',
  },
}

const inputs = corpus()
const found = inputs.flatMap(input => findingsOf(input).map(finding => ({input: input.name, finding})))
const judged = found.filter(
  ({finding}) =>
    !finding.rule.startsWith('context-path') && (finding.severity !== 'info' || groupOf.get(finding.rule) === 'prediction'),
)

describe('findings over all inputs', () => {
  it('are all right', () => {
    const wrong = judged
      .filter(({input, finding}) => accepted[input]?.[finding.rule] === undefined)
      .map(({input, finding}) => `${input}:${finding.span.start.line} ${finding.rule}: ${finding.message}`)
    expect(wrong).toEqual([])
  })
  it('that are listed as right are there', () => {
    const there = new Set(judged.map(({input, finding}) => `${input} ${finding.rule}`))
    const listed = Object.entries(accepted).flatMap(([input, rules]) => Object.keys(rules).map(rule => `${input} ${rule}`))
    expect(listed.filter(each => !there.has(each))).toEqual([])
  })
  it('look at every input', () => {
    expect(inputs.length).toBeGreaterThan(300)
  })
})

const file = process.env['SIFSTAGE_FINDINGS']
if (file !== undefined) {
  const texts = new Map(inputs.map(input => [input.name, input.text.split('\n')]))
  const lines = found.map(({input, finding: {rule, severity, span, message}}) => {
    const line = texts.get(input)?.[span.start.line - 1]?.trim() ?? ''
    return [rule, severity, `${input}:${span.start.line}:${span.start.column}`, message, line].join('\t')
  })
  writeFileSync(file, `${lines.sort().join('\n')}\n`)
}

/** How often each rule speaks, for the table of docs/checks.md. */
function rate() {
  const counts: Record<string, number> = {}
  for (const {finding} of found) {
    if (!finding.rule.startsWith('context-path')) counts[finding.rule] = (counts[finding.rule] ?? 0) + 1
  }
  return {inputs: inputs.length, found: Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)))}
}

describe('the rate in rate.json', () => {
  const file = new URL('rate.json', import.meta.url)
  it('is what is found', () => {
    if (process.env['SIFSTAGE_RECORD'] === '1') writeFileSync(file, `${JSON.stringify(rate(), undefined, 2)}\n`)
    const told = 'SIFSTAGE_RECORD=1 npx vitest run test/checks/false-alarms && npm run docs, after reading what is new'
    expect(rate(), told).toEqual(JSON.parse(readFileSync(file, 'utf8')))
  })
})
