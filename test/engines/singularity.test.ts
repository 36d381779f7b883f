/** Where SingularityCE differs (D160-D175). It was not at hand: these hold what is generated for it, not that it works. */
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {describe, expect, it} from 'vitest'
import {apptainerEngine} from '../../src/engines/apptainer.js'
import {traitsOf, unfitParts} from '../../src/engines/singularity.js'
import {readDeffile} from '../../src/formats/deffile/read.js'
import {readDockerfile} from '../../src/formats/dockerfile/read.js'
import type {Description} from '../../src/model/description.js'
import type {TreeEngineName} from '../../src/model/engines.js'
import type {Mapping, StageScript, StageWork} from '../../src/model/ports.js'
import {reaches, thrown} from '../support/errors.js'

const options = {buildArgs: new Map<string, string>(), architecture: 'amd64'}

function definition(text: string): Description {
  const {description} = readDeffile('x.def', text, options)
  if (description === undefined) throw new Error('the definition file cannot be read')
  return description
}

function lastStage(description: Description) {
  const stage = description.stages.at(-1)
  if (stage === undefined) throw new Error('there is no stage')
  return stage
}

/** Work of the last stage, with what it copies from the first laid out already. */
function workOf(description: Description, mapping: Mapping): StageWork {
  return {
    stage: lastStage(description),
    description,
    base: {kind: 'local', reference: {agent: 'docker-archive', path: '/bases/debian.tar'}, moved: false},
    rebased: false,
    folder: '/scratch/1',
    root: '/scratch/1/rootfs',
    incoming: lastStage(description).rules === 'def' ? [{name: 'build', folder: '/scratch/1/in', withMetadata: false}] : [],
    placements: new Map(),
    mounted: new Map(),
    cacheContent: new Map(),
    launcher: {folder: '/scratch/1/launcher', program: (name, at) => [`${at}/${name}`]},
    keptFolders: [],
    secrets: undefined,
    cwd: '/project',
    mapping,
    options: {
      binds: [],
      nv: false,
      rocm: false,
      fixPerms: false,
      noHttps: false,
      notest: false,
      overrideLabels: false,
      shareTmp: false,
      cacheMounts: [],
      extra: [],
    },
    inherited: {
      base: new Map(),
      baseKnown: true,
      env: new Map(),
      args: new Map(),
      workdir: '/',
      workdirSet: false,
      baseFolder: undefined,
      user: '',
    },
    start: {entrypoint: undefined, cmd: undefined},
    keepCwd: false,
    keepFailed: false,
  }
}

function shown({files, commands}: StageScript): string {
  return [
    ...commands.map(({title, argv, env}) =>
      [`# ${title}`, ...Object.entries(env).map(([name, value]) => `${name}=${value}`), argv.join(' ')].join('\n'),
    ),
    ...files.filter(({path}) => /\.(def|sh)$/.test(path)).map(({path, text}) => `## ${path}\n${text}`),
  ].join('\n\n')
}

const TWO = `Bootstrap: docker-archive
From: /bases/debian.tar
Stage: build

%post
    make

Bootstrap: docker-archive
From: /bases/debian.tar
Stage: final

%files from build
    /opt/tool /usr/local/bin/tool

%post
    tool --version
`

const programs: readonly (readonly [family: TreeEngineName, version: string])[] = [
  ['apptainer', '1.4.5'],
  ['singularity', '3.11.5'],
  ['singularity', '4.1.3'],
]

describe.each(programs)('%s %s', (name, version) => {
  const engine = apptainerEngine({name, path: `/usr/bin/${name}`, version})
  const golden = (part: string) => join(fileURLToPath(new URL('golden', import.meta.url)), `${name}-${version}-${part}.txt`)

  it('builds a stage of a definition file', async () => {
    await expect(shown(engine.script(workOf(definition(TWO), 'subuid')))).toMatchFileSnapshot(golden('definition'))
  })

  it('builds a stage of a Dockerfile', async () => {
    const {description} = readDockerfile('Dockerfile', 'FROM debian\nRUN make\n', options)
    if (description === undefined) throw new Error('the Dockerfile cannot be read')
    await expect(shown(engine.script(workOf(description, 'subuid')))).toMatchFileSnapshot(golden('dockerfile'))
  })
})

describe('generations', () => {
  it('never meet those of Apptainer, and go up where versions differ', () => {
    const of = (family: TreeEngineName, version: string) => traitsOf(family, version).generation
    expect(['1.0.3', '1.1.9', '1.4.5', '1.4.5-2.el9', '1.6.0', '2.0.0'].map(version => of('apptainer', version))).toEqual([
      1, 2, 5, 5, 7, 7,
    ])
    expect(['3.11.0', '3.11.5', '4.0.1', '4.1.3-jammy', '4.9.0'].map(version => of('singularity', version))).toEqual([
      101, 101, 102, 103, 107,
    ])
    expect(traitsOf('singularity', '3.8.7').trouble?.text).toMatch(/3\.8\.7 is too old/)
  })

  it('needs --fakeroot of SingularityCE for an ordinary user only (D162)', () => {
    const flags = (family: TreeEngineName, mapping: Mapping) => traitsOf(family, '4.1.3').buildFlags(mapping)
    expect(flags('singularity', 'subuid')).toEqual(['--fakeroot'])
    expect(flags('singularity', 'none')).toEqual([])
    expect(flags('apptainer', 'subuid')).toEqual([])
  })
})

describe('what SingularityCE would make something else of', () => {
  const stage = (files: string) => lastStage(definition(TWO.replace('/opt/tool /usr/local/bin/tool', files)))
  const host = (files: string) => lastStage(definition(`Bootstrap: docker\nFrom: debian\n%files\n    ${files}\n`))
  const rules = (each: ReturnType<typeof stage>, version = '4.1.3') =>
    unfitParts(each, traitsOf('singularity', version)).map(({rule, line}) => `${rule} ${line}`)

  it.each([
    ['/opt/dir/ /x', ['D165 13']],
    ['/opt/dir/. /x', ['D165 13']],
    ['/opt/../dir /x', ['D165 13']],
    ['/opt/* /x', ['D163 13']],
    ['/opt/*.so /x', ['D163 13']],
    ['/opt/lib* /x', []],
    ['/opt/dir /x', []],
    ['/ /', []],
  ])('from a stage: %s', (files, expected) => {
    expect(rules(stage(files))).toEqual(expected)
    expect(unfitParts(stage(files), traitsOf('apptainer', '1.4.5'))).toEqual([])
  })

  it.each([
    ['~/data /x', ['D163 4']],
    ['$HOME/data /x', ['D163 4']],
    ['{a,b} /x/', ['D163 4']],
    ['data/ /x', []],
    ['lib*.so /x/', []],
  ])('from the machine: %s', (files, expected) => {
    expect(rules(host(files))).toEqual(expected)
  })

  it('has build arguments from 4.0 on (D161)', () => {
    const text = 'Bootstrap: docker\nFrom: debian\n%arguments\n    A=1\n%post\n    echo\n'
    expect(rules(lastStage(definition(text)), '3.11.5')).toEqual(['D161 1'])
    expect(rules(lastStage(definition(text)), '4.0.0')).toEqual([])
  })

  it('is refused before anything is run, with the rule and what to do', async () => {
    const engine = apptainerEngine({name: 'singularity', path: '/usr/bin/singularity', version: '4.1.3'})
    const work = workOf(definition(TWO.replace('/opt/tool /', '/opt/tool/ /')), 'subuid')
    reaches('stage-line-this-is', await thrown(() => engine.script(work)))
    expect(() => engine.script(work)).toThrow(
      expect.objectContaining({
        exitCode: 3,
        message: expect.stringMatching(
          /^stage "final", line 13: \/opt\/tool\/ of another stage .*\(D165; this is singularity 4\.1\.3\)$/,
        ),
        hint: 'Copy the folder as a whole to a path that is not there yet (D107), or build with Apptainer.',
      }),
    )
  })
})
