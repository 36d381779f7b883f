import {describe, expect, test} from 'vitest'
import {parseImageConfig} from '../../../src/language/image-config.js'
import {problems, read, readWell, steps} from './help.js'

describe('stages (K65–K76)', () => {
  test.each([
    [
      'names are lower case',
      'FROM x AS Build\nFROM scratch\nCOPY --from=BUILD /a /b',
      ['FROM x AS build', 'FROM scratch', 'copy [stage 0] /a > /b'],
    ],
    ['by number', 'FROM x\nFROM scratch\nCOPY --from=0 a b', ['FROM x', 'FROM scratch', 'copy [stage 0] /a > /b']],
    ['a number out of range', 'FROM x\nCOPY --from=9 a /b', ['FROM x', 'copy [stage 9?] /a > /b']],
    ['an image', 'FROM x\nCOPY --from=debian:12 a /b', ['FROM x', 'copy [image debian:12] /a > /b']],
    [
      'nearly a stage',
      'FROM x AS builder\nFROM y\nCOPY --from=buidler a /b',
      ['FROM x AS builder', 'FROM y', 'copy [stage buidler?] /a > /b'],
    ],
    [
      'a tag makes it an image',
      'FROM x AS builder\nFROM y\nCOPY --from=buidler:1 a /b',
      ['FROM x AS builder', 'FROM y', 'copy [image buidler:1] /a > /b'],
    ],
    [
      'itself and later ones, for the checks',
      'FROM x AS a\nCOPY --from=a p /q\nCOPY --from=b p /q\nFROM y AS b',
      ['FROM x AS a', 'copy [stage 0] /p > /q', 'copy [stage 1] /p > /q', 'FROM y AS b'],
    ],
    [
      'FROM means the nearest earlier, COPY the last of a name',
      'FROM x AS a\nFROM a\nCOPY --from=a p /q\nFROM y AS a',
      ['FROM x AS a', 'FROM stage 0', 'copy [stage 2] /p > /q', 'FROM y AS a'],
    ],
    ['FROM of a later stage is an image', 'FROM b AS a\nFROM y AS b', ['FROM b AS a', 'FROM y AS b']],
    ['a stage hides an image of its name', 'FROM debian AS debian\nFROM debian', ['FROM debian AS debian', 'FROM stage 0']],
    ['an argument may name a stage', 'ARG S=bb\nFROM x AS bb\nFROM $S', ['FROM x AS bb', 'FROM stage 0']],
  ])('%s', (_, text, wanted) => {
    expect(steps(text)).toEqual(wanted)
  })

  test('unnamed stages are numbered', () => {
    expect(read('FROM a\nFROM b AS c\nFROM d').description?.stages.map(stage => [stage.name, stage.named])).toEqual([
      ['stage-0', false],
      ['c', true],
      ['stage-2', false],
    ])
  })

  test.each([
    ['FROM x AS Name\nFROM Name', '2:6 syntax: "Name" is no image reference: repository name must be lowercase'],
    ['ARG X\nFROM $X', '2:6 unusable-value: base name ($X) should not be blank'],
    ['FROM docker://a', '1:6 syntax: "docker://a" is no image reference: it has a scheme'],
    ['FROM a:b:c', '1:6 syntax: "a:b:c" is no image reference: invalid reference format'],
    ['FROM x AS scratch', '1:11 reserved-stage-name: A stage must not be called scratch: a later FROM scratch would mean it.'],
    ['FROM --platform=$NOPE x', '1:6 unusable-value: the platform "$NOPE" is empty after substitution'],
  ])('%j', (text, wanted) => {
    expect(problems(text)).toEqual([wanted])
  })

  test('good references are taken as they are', () => {
    for (const name of [
      'a',
      'a/b:1',
      'localhost/a',
      'h:5000/a/b',
      'REG.io/a@sha256:'.concat('0'.repeat(64)),
      'a.b/c__d/e-f.g:v_1.2',
    ]) {
      expect(steps(`FROM ${name}`)).toEqual([`FROM ${name}`])
    }
  })

  test('the platform is kept', () => {
    expect(read('FROM --platform=$BUILDPLATFORM a').description?.stages[0]?.platform).toBe('linux/amd64')
  })
})

describe('variables (K57–K63)', () => {
  test.each([
    [
      'global ones only where a stage asks',
      'ARG V=1\nFROM a:$V\nENV X=[$V]\nARG V\nENV X=[$V]',
      {},
      ['FROM a:1', 'env X=[${V}]', 'arg V=1', 'env X=[1]'],
    ],
    ['a default of the stage wins over the global one', 'ARG V=1\nFROM a\nARG V=2', {}, ['FROM a', 'arg V=2']],
    ['--build-arg wins over both', 'ARG V=1\nFROM a:$V\nARG V=2', {V: '3'}, ['FROM a:3', 'arg V=3']],
    ['without any value', 'FROM a\nARG V', {}, ['FROM a', 'arg V']],
    ['the later line wins', 'FROM a\nENV Q=env\nARG Q=arg\nENV R=$Q', {}, ['FROM a', 'env Q=env', 'arg Q=arg', 'env R=arg']],
    [
      'ENV after ARG wins over --build-arg',
      'FROM a\nARG Q=1\nENV Q=2\nENV R=$Q',
      {Q: '3'},
      ['FROM a', 'arg Q=3', 'env Q=2', 'env R=2'],
    ],
    [
      "a child has its parent's arguments, but ENV first",
      'FROM a AS p\nARG A=1\nENV Q=env\nARG Q=arg\nFROM p\nENV R=$A$Q',
      {},
      ['FROM a AS p', 'arg A=1', 'env Q=env', 'arg Q=arg', 'FROM stage 0', 'env R=1env'],
    ],
    [
      'the platform',
      'FROM a\nARG TARGETARCH\nARG TARGETPLATFORM\nARG TARGETVARIANT',
      {},
      ['FROM a', 'arg TARGETARCH=amd64', 'arg TARGETPLATFORM=linux/amd64', 'arg TARGETVARIANT='],
    ],
  ])('%s', (_, text, buildArgs, wanted) => {
    expect(steps(text, buildArgs)).toEqual(wanted)
  })

  test('an unused build argument is warned of', () => {
    expect(problems('FROM a\nARG VERSION', {VERSIO: '1', BUILDKIT_X: '', http_proxy: ''})).toEqual([
      '1:1 unused-build-arg: No ARG line asks for the build argument VERSIO.',
    ])
  })

  test('a modifier on a variable of the base stays open', () => {
    expect(steps('FROM a\nENV L=/x${L:+:$L}')).toEqual(['FROM a', 'env L=/x${L:+:${L}}'])
    expect(steps('FROM a\nENV X=$X\nENV Y=${X-w}${X+s}')).toEqual(['FROM a', 'env X=${X}', 'env Y=${X-}s'])
  })

  test("a modifier on a value that is only partly the base's cannot be said", () => {
    expect(problems('FROM a\nENV L=/x:$L\nENV M=${L#/x}')).toEqual([
      "3:7 base-variable-modifier: the value of $L comes from the base image and isn't known yet, so this can't be worked out.",
    ])
  })

  test('TARGETSTAGE is the target as the command line names it', () => {
    expect(steps('FROM scratch AS a\nARG TARGETSTAGE', {}, {target: 'a'})).toContain('arg TARGETSTAGE=a')
    expect(steps('FROM scratch AS a\nARG TARGETSTAGE')).toContain('arg TARGETSTAGE=default')
  })
})

describe('paths (K81–K83, K121)', () => {
  test.each([
    ['COPY ../f ./d/../g /h . /x/', 'copy f g h . > /x/'],
    ['COPY d/ /x/.', 'copy d > /x/'],
    ['WORKDIR /w\nCOPY f .', 'copy f > /w/'],
    ['WORKDIR /w\nCOPY f ./', 'copy f > /w/'],
    ['WORKDIR /w\nCOPY f g', 'copy f > /w/g'],
    ['WORKDIR /w\nCOPY f ../../../g/', 'copy f > /g/'],
    ['COPY f .', 'copy f > ./'],
    ['COPY f d/', 'copy f > d/'],
    ['COPY f ../d', 'copy f > ../d'],
    ['COPY f /', 'copy f > /'],
    ['COPY a[[]1].txt b* /x/', 'copy a[[]1].txt b* > /x/'],
    ['WORKDIR a\nWORKDIR b/../c\nCOPY f g', 'copy f > g'],
    ['WORKDIR a\nWORKDIR b/../c', 'workdir c'],
    ['WORKDIR /a\nWORKDIR b/../c\nCOPY f g', 'copy f > /a/c/g'],
    ['WORKDIR $BASE/w\nCOPY f g', 'copy f > ${BASE}/w/g'],
    ['COPY --from=x:1 ../../a/./b /c', 'copy [image x:1] /a/b > /c'],
  ])('%j', (text, wanted) => {
    expect(steps(`FROM i\n${text}`).at(-1)).toBe(wanted)
  })

  test("a child starts in its parent's folder", () => {
    expect(steps('FROM scratch AS p\nWORKDIR /w\nFROM p\nWORKDIR x')).toContain('workdir /w/x')
  })

  test('an empty source means everything, which is warned of', () => {
    expect(problems('FROM scratch\nCOPY $NOPE /x')[0]).toMatch(/^2:6 empty-copy-source/)
  })
})

describe('a base whose configuration is known', () => {
  const config = {
    Env: ['A=1', 'EMPTY=', 'PATH=/bin'],
    WorkingDir: '/srv',
    Shell: ['/bin/ash', '-c'],
    OnBuild: ['COPY . .', 'RUN make'],
  }
  const more = {configs: new Map([['docker://docker.io/library/a:latest', parseImageConfig(JSON.stringify(config))]])}

  test('its variables have values, which are kept as variables where nothing is worked out', () => {
    const [stage] = readWell('FROM a\nENV B=/x:$A C=${A:+y} D=${NOPE:-z} E=${EMPTY:-e}', {}, more).stages
    expect(stage?.steps.at(-1)).toMatchObject({
      variables: [
        {name: 'B', value: ['/x:', {variable: 'A', known: '1'}]},
        {name: 'C', value: ['y']},
        {name: 'D', value: ['z']},
        {name: 'E', value: ['e']},
      ],
    })
    expect(stage?.base).toMatchObject({config: {workdir: '/srv'}})
  })

  test('its folder is where relative paths start, and its shell is the first one', () => {
    expect(steps('FROM docker.io/library/a\nWORKDIR w\nCOPY f .', {}, more).slice(-2)).toEqual([
      'workdir /srv/w',
      'copy f > /srv/w/',
    ])
    expect(readWell('FROM a\nRUN x', {}, more).stages[0]?.steps.at(-1)).toMatchObject({command: {shell: ['/bin/ash', '-c']}})
  })

  test('its triggers run first, where the FROM stands', () => {
    expect(steps('FROM a AS b\nRUN x\nFROM b', {}, more)).toEqual([
      'FROM a AS b',
      'copy . > /srv/',
      'run "make"',
      'run "x"',
      'FROM stage 0',
    ])
    expect(readWell('FROM a AS b', {}, more).stages[0]?.steps[0]?.span).toMatchObject({
      start: {line: 1, column: 1},
      end: {column: 12},
    })
  })
})

describe('ONBUILD (K37, K77)', () => {
  test('runs in the child, once, and is not handed on', () => {
    expect(steps('FROM scratch AS p\nONBUILD ENV A=1\nONBUILD RUN <<E\nx\nE\nFROM p AS c\nRUN y$A\nFROM c')).toEqual([
      'FROM scratch AS p',
      'FROM stage 0 AS c',
      'env A=1',
      'run "x\\n"',
      'run "y$A"',
      'FROM stage 1',
    ])
  })

  test('a trigger may copy from a stage', () => {
    expect(steps('FROM scratch AS q\nFROM scratch AS p\nONBUILD COPY --from=q /a /b\nFROM p').at(-1)).toBe(
      'copy [stage 0] /a > /b',
    )
  })

  test('what is wrong with it is said where it fires', () => {
    expect(problems('FROM scratch AS p\nONBUILD FOO x')).toEqual([
      '2:9 unknown-trigger: FOO is no instruction: every build that starts from this image will fail.',
    ])
    expect(problems('FROM scratch AS p\nONBUILD COPY x\n# c\nFROM p').map(found => found.slice(0, 18))).toEqual([
      '4:1 syntax: COPY r',
    ])
  })
})

describe('hostile files end quickly', () => {
  test.each([
    ['many stages', 'FROM a AS b\n'.repeat(200_000)],
    ['many instructions that are none', 'FOO\n'.repeat(1_000_000)],
    ['a continuation without end', `FROM a\nRUN ${'x \\\n'.repeat(1_000_000)}`],
    ['many here-documents', `FROM a\nCOPY ${'<<A '.repeat(10_000)} /x\n${'A\n'.repeat(10_000)}`],
    ['many words', `FROM a\nCOPY ${'a '.repeat(20_000)}/x`],
    ['a chain of stages', `FROM scratch AS s0\n${Array.from({length: 500}, (_, n) => `FROM s${n} AS s${n + 1}\n`).join('')}`],
    ['doubling', `FROM scratch\nENV A=aaaaaaaaaaaaaaaa\n${'ENV A=$A$A\n'.repeat(1000)}`],
    ['nested JSON', `FROM a\nRUN ${'['.repeat(60_000)}`],
    ['unclosed substitutions', `FROM a\nRUN ${'${a:-'.repeat(10_000)} <<EOF`],
  ])('%s', (_, text) => {
    const start = performance.now()
    read(text)
    expect(performance.now() - start).toBeLessThan(5000)
  })
})
