import {describe, expect, it} from 'vitest'
import {writeDeffile} from '../../../src/formats/deffile/write.js'
import {writeDeffiles} from '../../../src/formats/deffile/write-stages.js'
import {readYaml} from '../../../src/formats/yaml/read.js'
import {writeYaml} from '../../../src/formats/yaml/write.js'
import type {ReadResult} from '../../../src/model/format.js'
import {showTemplate} from '../../../src/model/template.js'
import {memoryContext} from '../../checks/memory-context.js'

const files: Record<string, string> = {
  'env/Dockerfile': 'FROM debian:12\nENV CC=gcc LIST=a\nWORKDIR /build\nONBUILD ENV FROM_ENV=1\n',
  'deps/boost/Dockerfile': `ARG BASE_IMAGE=debian
FROM alpine AS sources
ARG VERSION=1.0
ADD boost-$VERSION.tar.gz /src/
FROM $BASE_IMAGE AS build
ARG VERSION
COPY --from=sources /src /build
RUN --mount=type=bind,from=sources,source=/src,target=/s make $VERSION
FROM \${BASE_IMAGE:-x} AS final
COPY --from=build /opt /opt
COPY conf opt/
ENV PREFIX=$CC-opt
FROM scratch AS unrelated
`,
  'broken/Dockerfile': 'FROM a\nRUNN x\n',
  'loop.yaml': 'sifstage: 1\n',
  'app.def': 'Bootstrap: docker\nFrom: debian:{{ TAG }}\n\n%post\n    make\n',
  'images/Dockerfile': `FROM alpine AS build
COPY --from=proj/boost:1 /b /b
RUN --mount=type=bind,from=proj/boost:1,target=/m true
FROM registry.example/proj/env:2
COPY --from=build /b /b
`,
  'host/Dockerfile': `FROM alpine
WORKDIR /w
COPY conf app ./
COPY --chown=7 app/bin/tool /t
ADD dist /srv/
COPY . /all
COPY *.o /o/
`,
  'linked.def':
    'Bootstrap: localimage\nFrom: ./out/base.sif\nStage: build\n\nBootstrap: docker\nFrom: debian:12\n\n%files from build\n    /a /a\n',
  'deep/app.def': 'Bootstrap: docker\nFrom: debian\n\n%files\n    x /x\n',
}

function read(stages: string, head = ''): ReadResult {
  return readYaml('top.yaml', `sifstage: 1\n${head}stages:\n${stages}`, {
    buildArgs: new Map(),
    architecture: 'amd64',
    file: path => {
      const text = files[path]
      const format = path.endsWith('.def') ? 'def' : path.endsWith('.yaml') ? 'yaml' : 'dockerfile'
      const ignore = path.startsWith('deps') ? {ignore: 'deps/boost/.dockerignore'} : {}
      return text === undefined ? undefined : {name: `x/${path}`, text, format, ...ignore}
    },
  })
}

const findings = (result: ReadResult): string[] =>
  result.diagnostics.map(({rule, message, span}) => `${span.file}:${span.start.line}:${span.start.column} ${rule}: ${message}`)

describe('a stage of another file', () => {
  it('brings along what it needs, under names of its own', () => {
    const {description, diagnostics} = read(
      `  boost: {file: deps/boost/Dockerfile, stage: Final, from: {stage: env}, args: {VERSION: "$V.2"}}
  env: {file: env/Dockerfile}
  app:
    from: {stage: boost}
    steps:
      - {copy: f, to: g}
`,
      'args: {V: 3}\n',
    )
    expect(diagnostics).toEqual([])
    const stages = description?.stages ?? []
    expect(stages.map(({name, index, base}) => [name, index, base.kind === 'stage' ? base.index : base.kind])).toEqual([
      ['boost-sources', 0, 'image'],
      ['boost-build', 1, 3],
      ['boost', 2, 3],
      ['env', 3, 'image'],
      ['app', 4, 2],
    ])
    const [sources, build, boost, , app] = stages
    expect(sources?.steps).toMatchObject([
      {kind: 'arg', value: ['3.2']},
      {
        from: {kind: 'context', folder: 'deps/boost', ignore: 'deps/boost/.dockerignore'},
        sources: [{path: ['boost-3.2.tar.gz']}],
      },
    ])
    expect(build?.steps).toMatchObject([
      {kind: 'env', variables: [{name: 'FROM_ENV'}]},
      {kind: 'arg', value: ['3.2']},
      {kind: 'copy', from: {kind: 'stage', index: 0, name: 'boost-sources'}},
      {kind: 'run', mounts: [{from: {kind: 'stage', index: 0}}]},
    ])
    expect(boost?.steps.map(step => step.kind)).toEqual(['env', 'copy', 'copy', 'env'])
    const [, , conf, prefix] = boost?.steps ?? []
    expect(conf).toMatchObject({destination: {path: ['/build/opt/']}})
    expect(prefix?.kind === 'env' && showTemplate(prefix.variables[0]?.value ?? [])).toBe('gcc-opt')
    expect(app?.steps).toMatchObject([{kind: 'arg'}, {destination: {path: ['/build/g']}, from: {kind: 'context'}}])
    expect(boost?.span.file).toBe('x/deps/boost/Dockerfile')
  })

  it('may stand on an image instead, or on what it says itself', () => {
    const {description} = read(
      '  a: {file: env/Dockerfile, from: docker://rocky:9}\n  b: {file: deps/boost/Dockerfile, stage: build}\n',
    )
    expect(description?.stages.map(({name, base}) => [name, base.kind === 'image' ? base.reference.name : ''])).toEqual([
      ['a', 'rocky:9'],
      ['b-sources', 'alpine'],
      ['b', 'debian'],
    ])
  })

  it('keeps its own context when it is written out', () => {
    const {description} = read('  boost: {file: deps/boost/Dockerfile, stage: final}\n')
    if (description === undefined) throw new Error('no description')
    const options = {target: 2, allow: new Set<string>(), keepCwd: false, context: memoryContext()}
    const {text} = writeYaml(description, options)
    expect(text).toContain('from: {folder: deps/boost, ignore: deps/boost/.dockerignore}')
    const again = readYaml('b.yaml', text ?? '', {buildArgs: new Map(), architecture: 'amd64'})
    expect(again.description?.stages[2]?.steps.at(-2)).toMatchObject({
      from: {kind: 'context', folder: 'deps/boost', ignore: 'deps/boost/.dockerignore'},
    })
  })

  it('takes images from stages, in FROM, COPY and mounts, and goes on with what their stages leave', () => {
    const {description, diagnostics} = read(
      `  app:
    file: images/Dockerfile
    images: {docker.io/proj/boost:1: {stage: boost}, registry.example/proj/env:2: {stage: env}}
  boost: {from: scratch}
  env: {file: env/Dockerfile}
`,
    )
    expect(diagnostics).toEqual([])
    const [build, app] = description?.stages ?? []
    expect(app).toMatchObject({name: 'app', base: {kind: 'stage', name: 'env', index: 3}})
    expect(app?.steps[0]).toMatchObject({kind: 'env', variables: [{name: 'FROM_ENV'}]})
    expect(app?.steps[1]).toMatchObject({from: {kind: 'stage', index: 0, name: 'app-build'}})
    expect(build?.steps).toMatchObject([
      {from: {kind: 'stage', index: 2, name: 'boost'}},
      {mounts: [{from: {kind: 'stage', index: 2, name: 'boost'}}]},
    ])
  })

  it('takes paths of its context from stages: each copy as it would be with the path on the host', () => {
    const {description, diagnostics} = read(
      `  build: {from: scratch}
  app:
    file: host/Dockerfile
    copies:
      app: {stage: build, path: /src/program}
      dist/: {stage: build, path: /out/../out/web}
`,
    )
    expect(diagnostics).toEqual([])
    const copies = (description?.stages[1]?.steps ?? []).flatMap(step =>
      step.kind === 'copy'
        ? [
            [
              step.from.kind === 'stage' ? step.from.index : step.from.kind,
              step.sources.map(({path}) => showTemplate(path)).join(' '),
              showTemplate(step.destination?.path ?? []),
              showTemplate(step.chown ?? []),
              step.expect?.kind ?? step.exclude?.join(' '),
            ],
          ]
        : [],
    )
    expect(copies).toEqual([
      ['context', 'conf', '/w/', '', undefined],
      // A file under another name keeps the one that it had on the host; that it is a file is made sure of.
      [0, '/src/program', '/w/app', '0:0', 'file'],
      [0, '/src/program/bin/tool', '/t', '7', undefined],
      [0, '/out/web', '/srv/', '0:0', 'directory'],
      ['context', '.', '/all', '', 'app dist'],
      [0, '/src/program', '/all/app', '0:0', 'file'],
      [0, '/out/web', '/all/dist', '0:0', 'directory'],
      ['context', '*.o', '/o/', '', undefined],
    ])
  })

  it('may have another context than its own folder', () => {
    const {description} = read('  app: {file: host/Dockerfile, context: ./a/../b}\n')
    expect(description?.stages[0]?.steps[1]).toMatchObject({from: {kind: 'context', folder: 'b'}})
    const top = read('  app: {file: host/Dockerfile, context: .}\n')
    expect(top.description?.stages[0]?.steps[1]).toMatchObject({from: {kind: 'context'}})
  })

  it('a definition file stands on the stages that its images are', () => {
    const {description, diagnostics} = read(
      '  app: {file: linked.def, images: {out/base.sif: {stage: base}, debian:12: {stage: base}}}\n  base: {from: scratch}\n',
    )
    expect(diagnostics).toEqual([])
    expect(description?.stages.map(({name, base}) => [name, base.kind === 'stage' ? base.index : base.kind])).toEqual([
      ['build', 2],
      ['app', 2],
      ['base', 'scratch'],
    ])
    if (description === undefined) throw new Error('no description')
    const options = {target: 1, allow: new Set<string>(), keepCwd: false, context: memoryContext()}
    const {text} = writeYaml(description, options)
    expect(text).toContain('rules: def\n    from: {stage: base}\n')
    const again = readYaml('b.yaml', text ?? '', {buildArgs: new Map(), architecture: 'amd64'})
    expect(again.description?.stages[1]?.base).toMatchObject({kind: 'stage', name: 'base', index: 2})
    // One file of its own starts from the image of the other.
    const files = writeDeffiles(description, {...options, folder: 'out'}).files ?? []
    expect(files.map(({name, text}) => [name, text.split('\n').slice(0, 2).join(' ')])).toEqual([
      ['base', 'Bootstrap: scratch Stage: base'],
      ['build', 'Bootstrap: localimage From: out/base.sif'],
      ['app', 'Bootstrap: localimage From: out/build.sif'],
    ])
    // In one file there is no word for it.
    expect(writeDeffile(description, options).diagnostics.map(each => each.rule)).toContain('not-expressible')
  })

  it('may come from a definition file', () => {
    const {description} = read('  app: {file: app.def, args: {TAG: 12}}\n')
    expect(description?.stages).toMatchObject([{name: 'app', rules: 'def', base: {reference: {name: 'debian:12'}}}])
  })

  it.each([
    [
      '  a: {file: none/Dockerfile}\n',
      'top.yaml:3:13 syntax: There is no file none/Dockerfile in the build context, or a link leads out of it.',
    ],
    ['  a: {file: ../Dockerfile}\n', 'top.yaml:3:13 syntax: ../Dockerfile lies outside the build context.'],
    ['  a: {file: /etc/Dockerfile}\n', 'top.yaml:3:13 syntax: /etc/Dockerfile lies outside the build context.'],
    [
      '  a: {file: loop.yaml}\n',
      'top.yaml:3:13 syntax: loop.yaml is a description in YAML, and stages come from Dockerfiles and definition files only.',
    ],
    ['  a: {file: broken/Dockerfile}\n', 'x/broken/Dockerfile:2:1 syntax: unknown instruction: RUNN'],
    ['  a: {file: deps/boost/Dockerfile, stage: fnal}\n', 'top.yaml:3:43 syntax: deps/boost/Dockerfile has no stage "fnal".'],
    [
      '  a: {file: app.def, from: scratch}\n',
      'top.yaml:3:28 syntax: A definition file cannot be put on another base: its header is part of its text.',
    ],
    [
      '  a: {file: deps/boost/Dockerfile, stage: sources, from: scratch}\n',
      'top.yaml:3:58 rebase-without-effect: No stage that "a" needs starts from what would be replaced.',
    ],
    [
      '  a: {file: deep/app.def}\n',
      'x/deep/app.def:5:5 included-host-path: x is relative to the folder that the definition file is built in, which is not its own here.',
    ],
    [
      '  a: {file: env/Dockerfile, images: {alpine: {stage: b}}}\n  b: {from: scratch}\n',
      'top.yaml:3:38 rebase-without-effect: No stage that "a" needs starts from alpine or copies from it.',
    ],
    [
      '  a: {file: images/Dockerfile, copies: {main.o: {stage: b, path: /o}}}\n  b: {from: scratch}\n',
      'top.yaml:3:41 copy-without-effect: No stage that "a" needs copies main.o from the context.',
    ],
    [
      '  a: {file: host/Dockerfile, copies: {app: {stage: b, path: src}}}\n  b: {from: scratch}\n',
      'top.yaml:3:61 syntax: src is no path of an image.',
    ],
    [
      '  a: {file: host/Dockerfile, copies: {.: {stage: b, path: /src}}}\n  b: {from: scratch}\n',
      'top.yaml:3:39 syntax: This is the whole context, which no stage makes.',
    ],
    [
      '  a: {file: host/Dockerfile, copies: {x.o: {stage: b, path: /x.o}}}\n  b: {from: scratch}\n',
      'x/host/Dockerfile:7:6 copy-by-pattern: This pattern matches x.o, which stage "b" makes, but it is looked for in the build context alone.',
    ],
    ['  a: {file: host/Dockerfile, context: ../x}\n', 'top.yaml:3:39 syntax: ../x lies outside the build context.'],
    [
      '  a: {file: app.def, copies: {x: {stage: b, path: /x}}}\n  b: {from: scratch}\n',
      'top.yaml:3:22 syntax: "copies" is for Dockerfiles: a definition file copies as it says.',
    ],
    ['  a: {file: env/Dockerfile, steps: []}\n', 'top.yaml:3:29 syntax: The stage "a" has no key "steps".'],
  ])('%j', (stages, wanted) => {
    expect(findings(read(stages))).toEqual([wanted])
  })
})
