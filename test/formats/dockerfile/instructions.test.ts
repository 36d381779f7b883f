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
    for (const test of ['[ -f x ]', '[ "$(id -u)" = 0 ] || exit', '[ "$A" ] && x', "[ 'a' != b ]"])
      expect(problems(`FROM a\nRUN ${test}`)).toEqual([])
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

describe('RUN flags (K128–K130)', () => {
  test.each([
    ['RUN --mount=target=/m x', '<bind / > /m>'],
    ['RUN --mount=type=bind,source=../a,dst=m,rw x', '<bind /a > /m rw>'],
    ['WORKDIR /w\nRUN --mount=type=BIND,Src=/a,Target=m,readwrite=0 x', '<bind /a > /w/m>'],
    ['RUN --mount=type=cache,target=/c/../d x', '<cache /d /d shared 0:0 755>'],
    ['RUN --mount=type=cache,id=i,target=/c,sharing=Locked,uid=1,gid=2,mode=0700,ro x', '<cache i /c locked 1:2 700 ro>'],
    ['RUN --mount=type=cache,target=/c,from=img:1,source=s x', '<cache /c [image img:1] /s > /c shared 0:0 755>'],
    ['RUN --mount=type=tmpfs,target=/t,size=1.5k x', '<tmpfs /t 1536>'],
    ['RUN --mount=type=secret,id=a/b x', '<secret a/b /run/secrets/b 0:0 400>'],
    ['RUN --mount=type=secret,target=/x/tok,required,mode=444 x', '<secret tok /x/tok 0:0 444 required>'],
    ['RUN --mount=type=secret,id=t,env=TOKEN x', '<secret t  $TOKEN 0:0 400>'],
    ['RUN --mount=type=ssh,required=true x', '<ssh default  required>'],
    ['ARG D=/a,b\nRUN --mount=type=cache,target=$D x', '<cache /a,b /a,b shared 0:0 755>'],
    ['RUN --mount=type=cache,\\"target=/a,b\\" x', '<cache /a,b /a,b shared 0:0 755>'],
    ['RUN --mount=from=scratch,target=/e,rw x', '<tmpfs /e>'],
    ['RUN --network=none --security=insecure x', 'network=none insecure'],
    ['RUN --network=default --security=sandbox x', ''],
  ])('%s', (text, wanted) => {
    expect(body(text).at(-1)).toBe(`run ${wanted === '' ? '' : `${wanted} `}"x"`)
  })

  test('a mount may show a stage, by name', () => {
    const shown = steps('FROM scratch AS S\nFROM scratch\nRUN --mount=from=s,target=/m x')
    expect(shown.at(-1)).toBe('run <bind [stage 0] / > /m> "x"')
    expect(steps('FROM scratch AS s\nRUN --mount=from=0,target=/m x').at(-1)).toBe('run <bind [stage 0?] / > /m> "x"')
  })

  test.each([
    ['--mount=type=bnd,target=/a', 'unsupported mount type "bnd"', 'Did you mean bind?'],
    ['--mount=type=cache,target=/a,shared', "invalid field 'shared' must be a key=value pair", undefined],
    ['--mount=type=cache,target=/a,targt=b', "unexpected key 'targt' in 'targt=b'", 'Did you mean target?'],
    ['--mount=target=/a,size=1', "unexpected key 'size' for mount type 'bind'", undefined],
    ['--mount=target=/a,required', "unexpected key 'required' for mount type 'bind'", undefined],
    ['--mount=target=/a,mode=1', 'mode not allowed for "bind" type mounts', undefined],
    ['--mount=target=/a,ro=maybe', 'invalid value for ro: maybe', undefined],
    ['--mount=type=cache,target=/a,mode=9', 'invalid value 9 for mode', undefined],
    ['--mount=type=cache,target=/a,uid=me', 'invalid value me for uid', undefined],
    ['--mount=type=cache,target=/a,sharing=all', 'unsupported sharing value "all"', undefined],
    ['--mount=target=/a,sharing=shared', 'invalid cache sharing set for bind mount', undefined],
    ['--mount=type=secret', 'invalid secret mount. one of source, target required', undefined],
    ['--mount=type=secret,id=a,from=b', 'secret mount should not have a from', undefined],
    ['--mount=type=secret,id=a,src=b', "both source and id can't be set", undefined],
    ['--mount=from=$A,target=/a', "'from' doesn't support variable expansion, define alias stage instead", undefined],
    ['--mount=type=tmpfs,target=/', 'invalid mount target "/"', undefined],
    ['--mount=', 'failed to parse csv mounts: EOF', undefined],
    ['--network=bridge', 'invalid network mode "bridge"', undefined],
    ['--security=none', 'security "none" is not valid', undefined],
  ])('%s', (flag, message, hint) => {
    const [found] = read(`FROM scratch\nRUN ${flag} x`).diagnostics
    expect(found).toMatchObject({rule: 'syntax', message, span: {start: {line: 2, column: 5}}})
    if (hint !== undefined) expect(found?.hint).toBe(hint)
  })

  test('devices are refused', () => {
    expect(problems('FROM scratch\nRUN --device=nvidia.com/gpu x')[0]).toMatch(/^2:5 run-device/)
  })
})

describe('COPY and ADD (K90, K98–K105)', () => {
  test.each([
    ['COPY --link --parents --exclude=*.o --exclude=a a/./b /c/', ['copy link parents not *.o not a a/./b > /c/']],
    ['COPY --link --chmod=755 a /c', ['copy chmod=755 a > /c']],
    ['COPY --parents=false --from=i /a/./b /c', ['copy [image i] /a/b > /c']],
    ['COPY --parents --from=i ./a/./b/../c d /c', ['copy parents [image i] /a/./c /d > /c']],
    ['ADD a.tar /c', ['copy unpack=detect a.tar > /c']],
    ['ADD --unpack=false a.tar /c', ['copy unpack=never a.tar > /c']],
    ['ADD https://h/p/f.tgz?x=1#y /c/', ['copy unpack=never [url https://h/p/f.tgz?x=1#y] f.tgz > /c/']],
    ['ADD --unpack http://h/ /c/', ['copy unpack=always [url http://h/] __unnamed__ > /c/']],
    [
      `ADD --checksum=sha256:${'0'.repeat(64)} https://h/f /c`,
      [`copy unpack=never [url https://h/f sha256:${'0'.repeat(64)}] f > /c`],
    ],
    [
      'ADD a b https://h/f https://h/x.git#v1:sub c <<E /d/\ne\nE',
      [
        'copy unpack=detect a b > /d/',
        'copy unpack=never [url https://h/f] f > /d/',
        'copy [git https://h/x.git#v1:sub] . > /d/',
        'copy unpack=detect c > /d/',
        'copy ["e\\n"] E > /d/',
      ],
    ],
    ['ADD --keep-git-dir git@h.io:x/y /c', ['copy [git git@h.io:x/y#: keep-git-dir] . > /c']],
    [
      'ADD https://h/x.git?tag=v1&submodules=0&commit=0123456 /c',
      ['copy [git https://h/x.git#refs/tags/v1: no submodules 0123456] . > /c'],
    ],
    ['ADD github.com/x/y ftp://h/f /c/', ['copy unpack=detect github.com/x/y ftp:/h/f > /c/']],
  ])('%s', (text, wanted) => {
    expect(body(text)).toEqual(wanted)
  })

  test.each([
    ['ADD --checksum=sha256:00 a /c', 'checksum requires HTTP(S) or Git sources'],
    ['ADD --checksum=sha256:00 https://h/a https://h/b /c/', "checksum can't be specified for multiple sources"],
    ['ADD --checksum=sha256:00 https://h/a /c', 'invalid checksum digest length'],
    ['ADD https://h/x.git?tag=a&branch=b /c', 'ref conflicts: "refs/tags/a" vs "refs/heads/b"'],
    ['COPY git@h.io:x/y /c', "source can't be a git ref for COPY"],
  ])('%s', (text, message) => {
    expect(read(`FROM scratch\n${text}`).diagnostics[0]).toMatchObject({rule: 'syntax', message})
  })
})

describe('what an image says of how it is run (K126, K127)', () => {
  test('is kept, without remarks', () => {
    const text = `FROM scratch
ARG P="80 443"
EXPOSE $P 53/udp
EXPOSE 9000-9010
VOLUME ["/a b"]
VOLUME /c $P
STOPSIGNAL SIGRTMIN+3
HEALTHCHECK --interval=1m30s --retries=3 --start-period=0 CMD curl -f "x"
SHELL ["/bin/ash", "-c"]
MAINTAINER me <m@e>
ONBUILD RUN a \\
  b`
    expect(problems(text)).toEqual([])
    expect(readWell(text).stages[0]?.settings).toMatchObject({
      expose: [{value: ['80']}, {value: ['443']}, {value: ['53/udp']}, {value: ['9000-9010']}],
      volumes: [{value: ['/a b']}, {value: ['/c']}, {value: ['80 443']}],
      stopSignal: {value: ['SIGRTMIN+3']},
      healthcheck: {
        value: {
          kind: 'command',
          command: {kind: 'shell', shell: ['/bin/ash', '-c'], text: 'curl -f "x"'},
          interval: '1m30s',
          retries: 3,
          startPeriod: '0',
        },
      },
      shell: {value: ['/bin/ash', '-c']},
      maintainer: {value: 'me <m@e>'},
      onbuild: [{value: 'RUN a   b'}],
    })
  })

  test.each([
    ['EXPOSE web', 'invalid containerPort: web'],
    ['EXPOSE 80/http', 'invalid proto: http'],
    ['EXPOSE 20-10', 'invalid containerPort: 20-10'],
    ['VOLUME [""]', 'VOLUME specified can not be an empty string'],
    ['STOPSIGNAL SIGNOPE', 'invalid signal: SIGNOPE'],
    ['HEALTHCHECK --interval=10 CMD x', 'time: missing unit in duration "10"'],
    ['HEALTHCHECK --timeout=x CMD y', 'time: invalid duration "x"'],
    ['HEALTHCHECK --timeout=1us CMD y', 'Interval "timeout" cannot be less than 1ms'],
    ['HEALTHCHECK --retries=-1 CMD y', '--retries cannot be negative (-1)'],
    ['HEALTHCHECK NONE x', 'HEALTHCHECK NONE takes no arguments'],
  ])('%s', (text, message) => {
    expect(read(`FROM scratch\n${text}`).diagnostics[0]).toMatchObject({rule: 'syntax', message})
  })
})

test('what a variable leaves out is no mistake of the text', () => {
  const rules = (text: string) => read(`FROM scratch\n${text}`).diagnostics.map(({rule, severity}) => `${severity} ${rule}`)
  for (const text of ['VOLUME $A', 'STOPSIGNAL $A', 'EXPOSE x$A', 'COPY --chmod=9$A f /', 'ENV X=${A:?must}'])
    expect(rules(text)).toEqual(['error unusable-value'])
  expect(rules('USER $A')).toEqual(['warning empty-user'])
  expect(body('USER $A')).toEqual(['user 0'])
  expect(rules('ENV $A=1 B=2')).toEqual(['warning empty-name'])
  expect(body('ENV $A=1 B=2')).toEqual(['env B=2'])
})
