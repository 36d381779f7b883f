import {describe, expect, test} from 'vitest'
import {problems, read, readWell, steps} from './help.js'

const body = (text: string, buildArgs: Record<string, string> = {}): string[] =>
  steps(`FROM scratch\n${text}`, buildArgs).slice(1)

describe('JSON and shell form (K32, K33)', () => {
  test.each([
    ['RUN [ "a b" , "c\\n" ]', ['run ["a b","c\\n"]']],
    ["RUN ['a']", ['run "[\'a\']"']],
    ['RUN [ -f /x ] && y', ['run "[ -f /x ] && y"']],
    ['RUN ["a"] && b', ['run "[\\"a\\"] && b"']],
    ['COPY ["a b", "/c d/"]', ['copy a b > /c d/']],
    ['COPY ["$X", "/y"]', ['copy . > /y']],
  ])('%s', (text, wanted) => {
    expect(body(text)).toEqual(wanted)
  })

  test('what was surely meant as JSON is warned of', () => {
    expect(problems("FROM a\nENTRYPOINT ['x']")[0]).toMatch(/^2:12 broken-json-form/)
    expect(problems('FROM a\nCMD ["x",]')[0]).toMatch(/^2:5 broken-json-form/)
    expect(problems('FROM a\nRUN [ -f x ]')).toEqual([])
  })

  test('arrays are of strings', () => {
    expect(problems('FROM a\nCMD ["x", 1]')).toEqual([
      '2:5 syntax: when using JSON array syntax, arrays must be comprised of strings only',
    ])
  })
})

describe('flags (K29–K31)', () => {
  test.each([
    ['COPY --form=a b c', '2:6 syntax: unknown flag: --form', 'Did you mean --from?'],
    ['USER --x y', '2:6 syntax: unknown flag: --x', 'USER has no flags.'],
    ['COPY --from=a --from=b c d', '2:15 syntax: duplicate flag specified: --from', 'Remove one of the two.'],
    ['COPY --from a b', '2:6 syntax: missing a value on flag: --from', 'Write --from=VALUE, without a blank.'],
    ['COPY --link=yes a b', '2:6 syntax: expecting boolean value for flag --link, not: yes', 'Write --link or --link=false.'],
    [
      'COPY --chmod=999 a b',
      '2:6 syntax: invalid chmod parameter: "999". It should be octal between 0 and 07777, or symbolic as chmod(1) has it',
      'Write --chmod=755 or --chmod=u+x.',
    ],
    ['COPY --from=$A b c', '2:6 syntax: variable expansion is not supported for --from', undefined],
  ])('%s', (text, message, hint) => {
    const [diagnostic] = read(`FROM a\n${text}`).diagnostics
    expect(problems(`FROM a\n${text}`)).toEqual([message])
    if (hint !== undefined) expect(diagnostic?.hint).toBe(hint)
  })

  test('quotes are taken out, values are expanded, a lone -- ends them', () => {
    const [stage] = readWell('FROM scratch\nARG U=me\nCOPY --chown="$U:a b" --chmod=u+x -- --x /y').stages
    const copy = stage?.steps[1]
    expect(copy).toMatchObject({kind: 'copy', chown: ['me:a b'], chmod: ['u+x'], sources: [{path: ['--x']}]})
  })
})

describe('arguments (K34–K38)', () => {
  test.each([
    ['FROM a # b', '1:1 syntax: FROM requires either one or three arguments'],
    ['FROM a AS', '1:1 syntax: FROM requires either one or three arguments'],
    ['FROM', '1:1 syntax: FROM requires either one or three arguments'],
    ['FROM a AS 1x', '1:11 syntax: invalid name for build stage: "1x", name can\'t start with a number or contain symbols'],
    [
      'FROM a\nCOPY a',
      '2:1 syntax: COPY requires at least two arguments, but only one was provided. Destination could not be determined',
    ],
    ['FROM a\nENV A', '2:5 syntax: ENV must have two arguments'],
    ['FROM a\nENV', '2:1 syntax: ENV requires at least one argument'],
    ['FROM a\nENV A=1 b', '2:9 syntax: can\'t find = in "b". Must be of the form: name=value'],
    ['FROM a\nLABEL =x', '2:7 syntax: LABEL names can not be blank'],
    ['FROM a\nARG', '2:1 syntax: ARG requires at least one argument'],
    ['FROM a\nUSER', '2:1 syntax: USER requires exactly one argument'],
    ['FROM a\nSHELL /bin/sh -c', '2:1 syntax: SHELL requires the arguments to be in JSON form'],
    ['FROM a\nHEALTHCHECK x', '2:1 syntax: Unknown type "X" in HEALTHCHECK (try CMD)'],
    ['FROM a\nONBUILD FROM x', "2:9 syntax: FROM isn't allowed as an ONBUILD trigger"],
    ['FROM a\nONBUILD ONBUILD RUN x', "2:9 syntax: Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"],
    [
      'FROM a\nCOPY "a b" /c',
      '2:6 syntax: failed to process "\\"a": unexpected end of statement while looking for matching double-quote',
    ],
    ['FROM a\nCOPY https://x/y /c', "2:6 syntax: source can't be a URL for COPY"],
    ['FROM a\nRUN []', '2:1 syntax: RUN [] has no command to run'],
    ['FROM a\nWORKDIR /${x^^}', '2:10 syntax: failed to process "/${x^^}": unsupported modifier (^) in substitution'],
  ])('%j', (text, wanted) => {
    expect(problems(text)[0]).toBe(wanted)
  })

  test.each([
    ['WORKDIR /a b', ['workdir /a b']],
    ['USER a b', ['user a b']],
    ['ENV K text  with "quotes"  ', ['env K=text  with quotes']],
    ['ENV A=1 B="a b" C=e\\ f D=\'$A\'', ['env A=1 | B=a b | C=e f | D=$A']],
    ['ENV A=2\nENV A=3 B=$A', ['env A=2', 'env A=3 | B=2']],
    ['ARG P Q=2', ['arg P', 'arg Q=2']],
    ['ARG A=1 B=$A', ['arg A=1', 'arg B=1']],
    ['ARG X=k\nENV $X=1', ['arg X=k', 'env k=1']],
    ['ENV PATH=/x:$PATH', ['env PATH=/x:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin']],
  ])('%j', (text, wanted) => {
    expect(body(text)).toEqual(wanted)
  })

  test('errors of one file are all told', () => {
    expect(problems('FROM a\nFOO\nENV A\nCOPY x').map(problem => problem.split(' ')[0])).toEqual(['2:1', '3:5', '4:1'])
  })

  test('a place inside a continuation is where it stands', () => {
    expect(problems('FROM a\nENV A=1 \\\n  # c\n  B=${x^^}')).toEqual([
      '4:5 syntax: failed to process "${x^^}": unsupported modifier (^) in substitution',
    ])
  })
})

describe('settings', () => {
  test('commands take the SHELL of their own line (K123)', () => {
    const [stage] = readWell('FROM a\nENTRYPOINT x\nSHELL ["/bin/bash", "-c"]\nCMD y\nRUN z').stages
    expect(stage?.settings).toMatchObject({
      entrypoint: {value: {kind: 'shell', shell: ['/bin/sh', '-c'], text: 'x'}},
      cmd: {value: {kind: 'shell', shell: ['/bin/bash', '-c'], text: 'y'}},
    })
    expect(stage?.steps[0]).toMatchObject({command: {shell: ['/bin/bash', '-c']}})
  })

  test('empty commands are what they are (K33, K38)', () => {
    expect(readWell('FROM a\nCMD []\nENTRYPOINT').stages[0]?.settings).toMatchObject({
      cmd: {value: {kind: 'exec', argv: []}},
      entrypoint: {value: {kind: 'shell', text: ''}},
    })
  })

  test('labels, the last of a name', () => {
    const labels = readWell('FROM a\nLABEL "com.x y"="v w" b=1\nLABEL b=2').stages[0]?.settings.labels
    expect(labels?.map(({name, value}) => [name, ...value])).toEqual([
      ['com.x y', 'v w'],
      ['b', '2'],
    ])
  })
})

test('what has no effect on files is warned of, what is missing is refused', () => {
  const rules = (text: string): string[] => read(`FROM a\n${text}`).diagnostics.map(found => `${found.severity} ${found.rule}`)
  for (const text of ['EXPOSE 80', 'VOLUME /v', 'HEALTHCHECK NONE', 'STOPSIGNAL 9'])
    expect(rules(text)).toEqual(['warning no-runtime-equivalent'])
  expect(rules('MAINTAINER me')).toEqual(['info no-runtime-equivalent'])
  for (const text of [
    'ONBUILD RUN x',
    'RUN --mount=type=cache,target=/x y',
    'RUN --network=none x',
    'COPY --parents a b',
    'COPY --exclude=x a b',
    'ADD https://x/y /z',
    'ADD git@github.com:x/y.git /z',
    'ADD a.tar.gz /z',
    'ADD --checksum=sha256:1 a b',
  ]) {
    expect(rules(text)).toEqual(['error unsupported-instruction'])
  }
  expect(rules('ADD a.txt b.gz /z/')).toEqual([])
})
