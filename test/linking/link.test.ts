import {describe, expect, it} from 'vitest'
import {deffile} from '../../src/formats/deffile/index.js'
import {dockerfile} from '../../src/formats/dockerfile/index.js'
import {writeChain} from '../../src/formats/yaml/write-chain.js'
import {buildsOf} from '../../src/linking/builds.js'
import {copyFlag} from '../../src/linking/hand-copies.js'
import {type LinkResult, linkFiles} from '../../src/linking/link.js'
import type {StageFile} from '../../src/linking/makers.js'
import {isStageFile} from '../../src/linking/names.js'
import {isScript, scriptCommands} from '../../src/linking/scripts.js'

interface Options {
  readonly tags?: Readonly<Record<string, readonly string[]>>
  readonly copies?: readonly string[]
  readonly args?: Readonly<Record<string, string>>
  readonly tops?: readonly string[]
}

/** Links files by their paths, as the command does; what ends in no name of a stage or script is only there. */
function link(texts: Readonly<Record<string, string>>, options: Options = {}): LinkResult {
  const paths = Object.keys(texts)
  const nameOf = (path: string) => path.slice(path.lastIndexOf('/') + 1)
  const commands = paths
    .filter(path => isScript(nameOf(path)))
    .flatMap(path => scriptCommands({path, name: path, text: texts[path] ?? ''}))
  const stagePaths = paths.filter(path => isStageFile(nameOf(path))).sort()
  const {builds, diagnostics} = buildsOf(new Set(stagePaths), commands)
  const args = new Map(Object.entries(options.args ?? {}))
  const files = stagePaths.map((path): StageFile => {
    const build = builds.get(path)
    const format = path.endsWith('.def') ? deffile : dockerfile
    const buildArgs = new Map([...(build?.args ?? []), ...args])
    const read = format.survey?.(path, texts[path] ?? '', {buildArgs, architecture: 'amd64'})
    if (read?.survey === undefined) throw new Error(JSON.stringify(read?.diagnostics))
    return {
      path,
      name: path,
      format: path.endsWith('.def') ? 'def' : 'dockerfile',
      survey: read.survey,
      flagged: options.tags?.[path] ?? [],
      scripted: build?.scripted ?? [],
      args: build?.args ?? new Map(),
      context: build?.context,
    }
  })
  const copies = (options.copies ?? []).map(text => {
    const flag = copyFlag(text)
    if (flag === undefined) throw new Error(text)
    return flag
  })
  const linked = linkFiles({
    files,
    commands,
    root: 'top',
    tops: options.tops ?? ['.'],
    has: path => paths.some(each => each === path || each.startsWith(`${path}/`)),
    copies,
    args,
    comment: ['c'],
  })
  return {...linked, diagnostics: [...diagnostics, ...linked.diagnostics]}
}

/** The stages as they are written, without what stands around them. */
function written(result: LinkResult): string {
  if (result.chain === undefined) throw new Error(JSON.stringify(result.diagnostics))
  return writeChain(result.chain).replace(/^# c\nsifstage: 1\nstages:\n/, '')
}

const findings = (result: LinkResult, severity = 'error') =>
  result.diagnostics
    .filter(each => each.severity === severity)
    .map(
      ({rule, message, hint, span}) =>
        `${span.file}:${span.start.line} ${rule}: ${message}${hint === undefined ? '' : ` (${hint})`}`,
    )

const env = {'env/Dockerfile': 'FROM gcc:12\n'}

describe('what a file is called', () => {
  it.each([
    ['env/Dockerfile', 'env'],
    ['env/Containerfile', 'env'],
    ['Dockerfile.env', 'env'],
    ['Containerfile.env', 'env'],
    ['docker/env.Dockerfile', 'env'],
    ['docker/env.dockerfile', 'env'],
    ['a/b/env/Dockerfile', 'env'],
    ['a/deps/boost/Dockerfile', 'deps-boost'],
    ['Dockerfile', 'top'],
  ])('%s makes %s', (path, name) => {
    const result = link({[path]: 'FROM gcc:12\n', 'app/Dockerfile': `FROM registry.example:5000/proj/${name}:1.2\n`})
    const {chain} = result
    expect(findings(result)).toEqual([])
    expect(chain?.stages.at(-1)).toMatchObject({name: 'app', file: 'app/Dockerfile', from: chain?.stages[0]?.name})
    expect(chain?.stages[0]?.file).toBe(path)
    expect(findings(result, 'info').join('\n')).toContain(
      `registry.example:5000/proj/${name}:1.2 is taken for what ${path} makes, by its name.`,
    )
  })
})

describe('links', () => {
  it('FROM, an argument with a default, a later FROM, COPY --from and a mount', () => {
    const result = link({
      ...env,
      'boost/Dockerfile': 'ARG BASE_IMAGE=proj/env:1\nFROM $BASE_IMAGE\n',
      'fftw/Dockerfile':
        'FROM gcc:12 AS build\nRUN make\nFROM proj/env:1\nCOPY --from=build /a /a\nCOPY --from=proj/boost /b /b\n',
      'app/Dockerfile': 'FROM debian:12\nRUN --mount=type=bind,from=proj/fftw:1,target=/m cp /m/a /a\n',
    })
    expect(findings(result)).toEqual([])
    expect(written(result)).toBe(`  env:
    file: env/Dockerfile

  # proj/env:1 is taken for what env/Dockerfile makes, by its name.
  boost:
    file: boost/Dockerfile
    from: {stage: env}

  # proj/env:1 is taken for what env/Dockerfile makes, by its name.
  # proj/boost is taken for what boost/Dockerfile makes, by its name.
  fftw:
    file: fftw/Dockerfile
    images:
      proj/env:1: {stage: env}
      proj/boost: {stage: boost}

  # proj/fftw:1 is taken for what fftw/Dockerfile makes, by its name.
  app:
    file: app/Dockerfile
    images:
      proj/fftw:1: {stage: fftw}
`)
  })

  it('by a build script, whatever the folders are called', () => {
    const result = link({
      'one/Dockerfile': 'FROM gcc:12\n',
      'two/file.dockerfile': 'ARG BASE_IMAGE\nARG LEVEL=0\nFROM ${BASE_IMAGE}\nARG LEVEL\nCOPY two/x /x\n',
      'two/x': '',
      'three/Dockerfile': 'FROM acme/second\n',
      'build.sh': `#!/bin/sh
cd "$(dirname "$0")"
TAG=1.2
docker build -q --network host -t acme/first:$TAG one
docker buildx build . --file=two/file.dockerfile --build-arg BASE_IMAGE=acme/first:$TAG --build-arg LEVEL=2 \\
  --tag "$REGISTRY/acme/second:$(git describe)" --load
`,
    })
    expect(findings(result)).toEqual([])
    expect(written(result)).toBe(`  first:
    file: one/Dockerfile

  # acme/first:1.2 is what one/Dockerfile makes, says its build script.
  second:
    file: two/file.dockerfile
    context: .
    from: {stage: first}
    args: {LEVEL: "2"}

  # acme/second is what two/file.dockerfile makes, says its build script.
  three:
    file: three/Dockerfile
    from: {stage: second}
`)
  })

  it('by a makefile', () => {
    const result = link({
      'a/Dockerfile': 'FROM gcc:12\n',
      'b/Dockerfile': 'FROM localhost/x/base:3\n',
      Makefile:
        'NAME = x\nVERSION ?= 3\nall:\n\t@docker build -t localhost/$(NAME)/base:$(VERSION) \\\n\t  a\n\tpodman build -t localhost/x/prod b\n',
    })
    expect(result.chain?.stages.map(({name, from}) => [name, from])).toEqual([
      ['base', undefined],
      ['prod', 'base'],
    ])
  })

  it('definition files by localimage, with their own names for stages', () => {
    const result = link({
      'base.def': 'Bootstrap: docker\nFrom: debian:12\nStage: ground\n',
      'tools.def': 'Bootstrap: localimage\nFrom: ../out/base.sif\n',
      'app.def':
        'Bootstrap: localimage\nFrom: tools.sif\nStage: build\n\nBootstrap: docker\nFrom: alpine\n\n%files from build\n    /a /a\n',
      'oras.def': 'Bootstrap: oras\nFrom: registry.example/p/tools:1\n',
    })
    expect(findings(result)).toEqual([])
    expect(result.chain?.stages.map(({name, images}) => [name, images])).toEqual([
      ['ground', []],
      ['tools', [{image: '../out/base.sif', stage: 'ground'}]],
      ['app', [{image: 'tools.sif', stage: 'tools'}]],
      ['oras', [{image: 'oras://registry.example/p/tools:1', stage: 'tools'}]],
    ])
    expect(findings(result, 'info').at(-1)).toContain('No other stage needs app, oras; the target is oras.')
  })

  it('a definition file by the script that builds it', () => {
    const result = link({
      'first.def': 'Bootstrap: docker\nFrom: debian:12\n',
      'second.def': 'Bootstrap: localimage\nFrom: images/ground.sif\n',
      'build.sh': 'sudo apptainer build --force images/ground.sif first.def\nsingularity build x.sif second.def\n',
    })
    expect(result.chain?.stages.map(({name, images}) => [name, images])).toEqual([
      ['ground', []],
      ['x', [{image: 'images/ground.sif', stage: 'ground'}]],
    ])
  })

  it('what a flag says wins over names and scripts', () => {
    const texts = {
      'a/env/Dockerfile': 'FROM gcc:12\n',
      'b/env/Dockerfile': 'FROM gcc:13\n',
      'app/Dockerfile': 'FROM registry.example/proj/env:1.2\n',
      'build.sh': 'docker build -t registry.example/proj/env:1.2 a/env\n',
    }
    expect(link(texts).chain?.stages.at(-1)).toMatchObject({name: 'b-env'})
    const by = (tag: string) => link(texts, {tags: {'b/env/Dockerfile': [tag]}})
    for (const tag of ['env', 'proj/env', 'env:1.2', 'registry.example/proj/env:1.2']) {
      const app = by(tag).chain?.stages.find(each => each.name === 'app')
      const maker = by(tag).chain?.stages.find(each => each.name === app?.from)
      expect(maker?.file, tag).toBe('b/env/Dockerfile')
      expect(app?.comment).toEqual([])
    }
  })

  it('leaves alone what no file here makes, and says so', () => {
    const result = link({
      'gcc/Dockerfile': 'FROM gcc:12\n',
      'app/Dockerfile': `FROM proj/gcc@sha256:${'0'.repeat(64)}\n`,
      'other/Dockerfile': 'FROM scratch\nCOPY --from=proj/tool:2 /a /a\n',
      'tool/Dockerfile': 'FROM scratch\nCOPY --from=busybox /bin /bin\n',
      'build.sh': 'docker build -t proj/tool:1 tool\n',
    })
    expect(result.chain?.stages.every(({from, images}) => from === undefined && images.length === 0)).toBe(true)
    expect(findings(result, 'info').map(each => each.slice(0, 80))).toEqual([
      expect.stringContaining(`app/Dockerfile:1 stays-image: proj/gcc@sha256:`),
      'gcc/Dockerfile:1 stays-image: gcc:12 stays an image: no file here makes it.',
      'tool/Dockerfile:2 stays-image: busybox stays an image: no file here makes it.',
      expect.stringContaining('several-ends'),
    ])
    expect(findings(result, 'warning')).toEqual([
      'other/Dockerfile:2 other-version: tool/Dockerfile makes proj/tool:1, not proj/tool:2, which stays an image. (If it is meant all the same: --tag tool/Dockerfile=proj/tool:2)',
    ])
  })
})

describe('what is wrong', () => {
  it('two files that make one image', () => {
    const texts = {
      'a/env/Dockerfile': 'FROM gcc:12\n',
      'b/Dockerfile.env': 'FROM gcc:13\n',
      'app/Dockerfile': 'FROM proj/env\n',
    }
    const result = link(texts)
    expect(result.chain).toBeUndefined()
    expect(findings(result)).toEqual([
      'app/Dockerfile:1 ambiguous-link: proj/env may be what any of these makes: a/env/Dockerfile, b/Dockerfile.env. (Say which: --tag a/env/Dockerfile=proj/env)',
    ])
    // More of the name tells them apart.
    expect(link({...texts, 'app/Dockerfile': 'FROM registry.example/a/env\n'}).chain?.stages.at(-1)?.from).toBeUndefined()
    const apart = link({...texts, 'app/Dockerfile': 'FROM registry.example/a/env\n'}).chain?.stages.find(
      each => each.name === 'app',
    )
    expect(apart?.from).toBe('env')
  })

  it('a circle', () => {
    const result = link({'a/Dockerfile': 'FROM p/b\n', 'b/Dockerfile': 'FROM p/c\n', 'c/Dockerfile': 'FROM p/a\n'})
    expect(result.chain).toBeUndefined()
    expect(findings(result)[0]).toContain('a/Dockerfile:1 stage-cycle: Each of these needs the next')
    expect(findings(result)[0]).toContain('a → b → c → a')
  })

  it('a base that is said nowhere', () => {
    const texts = {...env, 'app/Dockerfile': 'ARG BASE_IMAGE\nFROM $BASE_IMAGE\n'}
    expect(findings(link(texts))[0]).toContain('app/Dockerfile:2 open-base: What BASE_IMAGE stands for is said nowhere')
    const given = link(texts, {args: {BASE_IMAGE: 'env'}})
    expect(given.chain?.stages.at(-1)).toMatchObject({name: 'app', from: 'env', args: new Map()})
  })

  it('a file that is built twice in different ways', () => {
    const build = 'docker build -t p/env:1 --build-arg V=1 env\ndocker build -t p/env:2 --build-arg V=2 env\n'
    const result = link({'env/Dockerfile': 'FROM gcc:12\nARG V\n', 'build.sh': build})
    expect(findings(result, 'warning')[0]).toContain('build.sh:2 built-twice')
    expect(result.chain?.stages[0]?.args).toEqual(new Map([['V', '1']]))
  })
})

describe('the builder pattern', () => {
  const pattern = {
    'Dockerfile.build': 'FROM gcc:12\nCOPY app.c /src/\n',
    Dockerfile: 'FROM alpine\nCOPY app conf/ /opt/\n',
    'app.c': '',
    'conf/a': '',
  }

  it('a flag says what the host copy is', () => {
    const result = link(pattern, {copies: ['build:/src/app=app']})
    expect(findings(result, 'warning')).toEqual([])
    expect(written(result)).toBe(`  build:
    file: Dockerfile.build

  top:
    file: Dockerfile
    copies:
      app: {stage: build, path: /src/app}
`)
  })

  it('is suggested where something is missing, and told by a script', () => {
    expect(findings(link(pattern), 'warning')).toEqual([
      'Dockerfile:2 copied-by-hand: app is not in the build context of Dockerfile: something else has to put it there. (If the stage of another file makes it: --copy STAGE:/PATH/app=app)',
    ])
    const script = 'docker build -t x/make -f Dockerfile.build .\nid=$(docker create x/make)\ndocker create --name box x/make\n'
    expect(findings(link({...pattern, app: '', 'build.sh': `${script}docker cp box:/src/./app .\n`}), 'warning')).toEqual([
      'Dockerfile:2 copied-by-hand: app is what build.sh takes out of another image. (If the stage of another file makes it: --copy make:/src/app=app)',
    ])
    expect(findings(link({...pattern, 'build.sh': `${script}docker cp "$id":/src/app app\n`}), 'warning')[0]).toContain(
      '--copy make:/src/app=app',
    )
  })

  it('a whole folder is copied: with what lies in it', () => {
    const texts = {'build/Dockerfile': 'FROM gcc:12\n', 'app/Dockerfile': 'FROM alpine\nCOPY . /app\n', 'app/x': ''}
    expect(link(texts, {copies: ['build:/out/=dist/']}).chain?.stages.at(-1)?.copies).toEqual([
      {path: 'dist/', stage: 'build', source: '/out'},
    ])
    const two = {...texts, 'other/Dockerfile': 'FROM alpine\nCOPY . /app\n'}
    const result = link(two, {copies: ['build:/out=dist']})
    expect(findings(result)[0]).toContain('app/Dockerfile:2 ambiguous-copy')
    expect(findings(result)[0]).toContain('--copy build:/out=app/dist')
    expect(link(two, {copies: ['build:/out=other/dist']}).chain?.stages.map(({name, copies}) => [name, copies.length])).toEqual([
      ['app', 0],
      ['build', 0],
      ['other', 1],
    ])
  })

  it.each([
    ['build:/src/app=nothing', 'no other Dockerfile copies nothing from its build context. (They copy app, conf.)'],
    ['biuld:/src/app=app', 'there is no stage biuld. (Did you mean build?)'],
    // Its own copy is not another file's.
    ['build:/src/app.c=app.c', 'no other Dockerfile copies app.c'],
  ])('--copy %s', (copy, message) => {
    const result = link(pattern, {copies: [copy]})
    expect(result.chain).toBeUndefined()
    expect(findings(result)[0]).toContain(`copy-names-nothing: --copy ${copy}: ${message}`)
  })

  it.each(['build=/src', 'build:src=app', ':/a=b', 'build:/a=', 'build:/a=../b', 'build:/a=/b', 'build:/a=.', 'build:/a=*.o'])(
    '--copy %s is none',
    text => {
      expect(copyFlag(text)).toBeUndefined()
    },
  )
})

it('copies start at the folder that was named where only that has the files', () => {
  const texts = {'docker/app.Dockerfile': 'FROM alpine\nCOPY src/main.c /\n', 'src/main.c': ''}
  const result = link(texts)
  expect(result.chain?.stages[0]?.context).toBe('.')
  expect(findings(result, 'info')[0]).toContain('docker/app.Dockerfile:1 assumed-context')
  expect(link({...texts, 'docker/src/main.c': ''}).chain?.stages[0]?.context).toBeUndefined()
})
