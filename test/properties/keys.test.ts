/** Keys: the same wherever and however they are made, and another as soon as anything that goes into a stage is another. */
import {chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import fc from 'fast-check'
import {afterAll, describe, expect, it} from 'vitest'
import {stringify} from 'yaml'
import {type StageInputs, stageInputs} from '../../src/build/inputs.js'
import {readDeffile} from '../../src/formats/deffile/read.js'
import {readDockerfile} from '../../src/formats/dockerfile/read.js'
import {readYaml} from '../../src/formats/yaml/read.js'
import type {Description} from '../../src/model/description.js'
import type {EngineOptions} from '../../src/model/ports.js'
import {artifactsOf} from '../../src/plan/graph.js'
import {contextFiles} from '../../src/system/context.js'

const folder = mkdtempSync(join(tmpdir(), 'sifstage-keys-'))
afterAll(() => rmSync(folder, {recursive: true, force: true}))
const context = join(folder, 'context')
mkdirSync(join(context, 'src'), {recursive: true})
writeFileSync(join(context, 'hello.c'), 'int main(void) { return 0; }\n')
writeFileSync(join(context, 'src/a'), 'a')
symlinkSync('a', join(context, 'src/link'))

const plain: EngineOptions = {
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
}

/** Everything besides the description. */
interface Around {
  readonly root?: string
  readonly options?: Partial<EngineOptions>
  readonly engine?: {readonly name: string; readonly generation: number}
  readonly architecture?: string
  readonly mapping?: string
  readonly base?: string
  readonly artifact?: string
  readonly keepCwd?: boolean
  readonly ignore?: string
  readonly jobs?: number
}

const never = new AbortController().signal

/** The inputs of every stage; artifacts and parents of other stages have made-up digests. */
async function inputsOf(description: Description, around: Around = {}): Promise<Map<string, StageInputs>> {
  const wanted = artifactsOf(
    description,
    description.stages.map(each => each.index),
  )
  const done = new Map(
    description.stages.map(stage => [
      stage.index,
      {
        stored: {record: {digest: around.base ?? 'sha256:parent', inspect: undefined, ociConfig: undefined}},
        artifacts: new Map(
          (wanted.get(stage.index) ?? []).map(each => [each.path, `${around.artifact ?? 'artifact'} ${each.path}`]),
        ),
      },
    ]),
  )
  const request = {
    description,
    context: contextFiles(around.root ?? context, {}),
    ignore: around.ignore,
    architecture: around.architecture ?? 'amd64',
    options: {...plain, ...around.options},
    keepCwd: around.keepCwd ?? false,
    jobs: around.jobs ?? 1,
  }
  const ports = {
    engineOf: () => ({
      engine: {kind: 'tree', ...(around.engine ?? {name: 'apptainer', generation: 5})},
      version: '1.4.5',
      mapping: around.mapping ?? 'subuid',
      arguments: around.options?.extra ?? [],
    }),
    bases: {
      resolve: async (base: unknown) => ({
        digest: around.base ?? `sha256:${JSON.stringify(base, (name, value) => (name === 'span' ? undefined : value))}`,
        pinned: undefined,
        config: undefined,
        notes: [],
      }),
    },
    remote: {
      download: async (url: string, checksum: unknown) => ({digests: {sha256: `${url} ${checksum}`}, modified: 0}),
      commitOf: async (from: object) => JSON.stringify({...from, span: undefined}),
    },
  }
  const found = new Map<string, StageInputs>()
  // @ts-expect-error: only what a key is made of
  for (const stage of description.stages) found.set(stage.name, await stageInputs(stage, done, request, ports, never))
  return found
}

async function keysOf(description: Description, around: Around = {}): Promise<Record<string, string | undefined>> {
  return Object.fromEntries([...(await inputsOf(description, around))].map(([name, {key}]) => [name, key]))
}

const reading = {buildArgs: new Map(), architecture: 'amd64', file: () => undefined}

function yaml(value: unknown): Description | undefined {
  const read = readYaml('stages.yaml', stringify(value), reading)
  return read.diagnostics.some(each => each.severity === 'error') ? undefined : read.description
}

/** One of everything. */
const rich = {
  sifstage: 1,
  args: {VERSION: '2.3'},
  stages: {
    compiler: {
      from: 'docker://debian:12',
      shell: ['/bin/bash', '-c'],
      steps: [
        {workdir: '/src'},
        {arg: {LEVEL: '2'}},
        {env: {CC: 'gcc'}},
        {copy: ['hello.c', 'src'], to: './', chmod: '0755', chown: '1:2', exclude: ['*.o']},
        {write: 'a = 1\n', to: '/etc/a.conf'},
        {add: 'https://example.org/a.tgz', to: '/a/'},
        {user: 'nobody'},
        {
          run: 'make VERSION=${VERSION}',
          network: 'none',
          mounts: [
            {type: 'cache', target: '/cache', id: 'c', sharing: 'locked'},
            {type: 'bind', source: 'src', target: '/mnt'},
            {type: 'tmpfs', target: '/fast', size: '5m'},
            {type: 'secret', id: 's', target: '/secret', mode: '0400'},
          ],
        },
        {run: ['make', 'install']},
      ],
    },
    final: {
      from: 'docker://debian:12',
      steps: [
        {copy: '/src/hello', from: 'compiler', to: '/usr/bin/hello'},
        {run: 'true', mounts: [{from: 'compiler', source: '/src', target: '/m'}]},
      ],
      env: {LANG: 'C.UTF-8'},
      labels: {a: 'b'},
      entrypoint: ['/usr/bin/hello'],
      cmd: ['--help'],
      test: 'hello',
      help: 'Says hello.',
    },
    child: {from: {stage: 'final'}, steps: [{run: 'echo'}]},
  },
}

/** Every scalar of the description with the way to it. */
function leaves(
  value: unknown,
  path: readonly (string | number)[] = [],
): {path: readonly (string | number)[]; value: string | number}[] {
  if (typeof value === 'string' || typeof value === 'number') return [{path, value}]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, each]) => leaves(each, [...path, Array.isArray(value) ? Number(key) : key]))
}

function withLeaf(value: unknown, path: readonly (string | number)[], leaf: unknown): unknown {
  const [key, ...rest] = path
  if (key === undefined) return leaf
  if (Array.isArray(value)) return value.map((each, index) => (index === key ? withLeaf(each, rest, leaf) : each))
  const entries = Object.entries(typeof value === 'object' && value !== null ? value : {})
  const known = entries.some(([name]) => name === key)
  const changed = entries.map(([name, each]) => [name, name === key ? withLeaf(each, rest, leaf) : each] as const)
  return Object.fromEntries(known ? changed : [...changed, [key, leaf] as const])
}

/** Other values of the same sort, of which at least one has to be allowed. */
function others(value: string | number): (string | number)[] {
  const text = String(value)
  return [
    ...(text === 'locked' ? ['shared'] : []),
    ...(text === 'none' ? ['host'] : []),
    ...(text === 'bind' ? ['cache'] : []),
    ...(/^\d+$/.test(text) ? [text.replace(/.$/, digit => String((Number(digit) + 1) % 8))] : []),
    text.replace(/[a-z](?=[^a-z]*$)/, 'x'),
    `${text}x`,
    text.replace(/\d/, digit => String((Number(digit) + 1) % 8)),
  ].filter(each => each !== text)
}

describe('a key is another', () => {
  const fields = leaves(rich.stages)

  it.each(fields.map(each => [each.path.join('.'), each] as const))('when %s is', async (_, {path, value}) => {
    // A mount's type cannot be changed alone, and a source has to be there.
    if (path.at(-1) === 'type' || /^(hello\.c|src|compiler|final)$/.test(String(value))) return
    const before = yaml(rich)
    expect(before).toBeDefined()
    const [stage = ''] = path
    const changed = others(value)
      .map(other => yaml(withLeaf(rich, ['stages', ...path], other)))
      .find(each => each !== undefined)
    expect(changed, 'no other value is allowed').toBeDefined()
    if (before === undefined || changed === undefined) return
    const [old, now] = [await keysOf(before), await keysOf(changed)]
    expect(old[stage]).toBeDefined()
    expect(now[stage]).not.toBe(old[stage])
    // Nothing else is: what comes out of a stage tells whether later ones change.
    for (const name of Object.keys(old))
      if (name !== stage && !(stage === 'final' && name === 'child')) expect(now[name]).toBe(old[name])
  })

  it('when a global argument that it uses is', async () => {
    const changed = yaml(withLeaf(rich, ['args', 'VERSION'], '2.4'))
    if (changed === undefined) throw new Error('not read')
    const old = await keysOf(yaml(rich) as Description)
    expect((await keysOf(changed))['compiler']).not.toBe(old['compiler'])
  })

  it.each<[string, Around]>([
    ['the base', {base: 'sha256:other'}],
    ['the platform', {architecture: 'arm64'}],
    ['the engine', {engine: {name: 'singularity', generation: 5}}],
    ['how it behaves', {engine: {name: 'apptainer', generation: 6}}],
    ['the mapping of owners', {mapping: 'root-mapped'}],
    ['a bind', {options: {binds: ['/opt']}}],
    ['--nv', {options: {nv: true}}],
    ['--rocm', {options: {rocm: true}}],
    ['--fix-perms', {options: {fixPerms: true}}],
    ['--override-labels', {options: {overrideLabels: true}}],
    ['an argument of the engine', {options: {extra: ['--ignore-subuid']}}],
    ['--keep-cwd', {keepCwd: true}],
  ])('when %s is', async (_, around) => {
    const description = yaml(rich) as Description
    const [old, now] = [await keysOf(description), await keysOf(description, around)]
    for (const name of Object.keys(old)) expect(now[name], name).not.toBe(old[name])
  })

  it('when an artifact that it takes is, and only then', async () => {
    const description = yaml(rich) as Description
    const [old, now] = [await keysOf(description), await keysOf(description, {artifact: 'other'})]
    expect(now['final']).not.toBe(old['final'])
    expect(now['compiler']).toBe(old['compiler'])
  })

  it.each<[string, (root: string) => void]>([
    ['the content of a copied file', root => writeFileSync(join(root, 'hello.c'), 'int main(void) { return 1; }\n')],
    ['the mode of a copied file', root => chmodSync(join(root, 'hello.c'), 0o755)],
    ['a file in a copied folder', root => writeFileSync(join(root, 'src/b'), '')],
    [
      'the name of a file in it',
      root => {
        rmSync(join(root, 'src/a'))
        writeFileSync(join(root, 'src/c'), 'a')
      },
    ],
    [
      'a link in it',
      root => {
        rmSync(join(root, 'src/link'))
        symlinkSync('b', join(root, 'src/link'))
      },
    ],
    [
      'what kind of thing it is',
      root => {
        rmSync(join(root, 'src/link'))
        writeFileSync(join(root, 'src/link'), 'a')
      },
    ],
  ])('when %s is', async (_, change) => {
    const copy = mkdtempSync(join(folder, 'copy-'))
    cpSync(context, copy, {recursive: true, verbatimSymlinks: true})
    const description = yaml(rich) as Description
    const old = await keysOf(description, {root: copy})
    change(copy)
    const now = await keysOf(description, {root: copy})
    expect(now['compiler']).not.toBe(old['compiler'])
    expect(now['final']).toBe(old['final'])
  })

  it('when a line of a definition file is, of its stage alone', async () => {
    const text = (first: string, second: string) =>
      `Bootstrap: docker\nFrom: a\nStage: one\n%post\n  ${first}\n\nBootstrap: docker\nFrom: a\nStage: two\n%post\n  ${second}\n`
    const read = async (first: string, second: string) => {
      const {description} = readDeffile('x.def', text(first, second), reading)
      if (description === undefined) throw new Error('not read')
      return keysOf(description)
    }
    const old = await read('echo 1', 'echo 2')
    const now = await read('echo 1', 'echo 3')
    expect(now['one']).toBe(old['one'])
    expect(now['two']).not.toBe(old['two'])
  })
})

describe('a key is the same', () => {
  it('in another folder, at another time, with another number of jobs, and whatever is not copied', async () => {
    const description = yaml(rich) as Description
    const copy = mkdtempSync(join(folder, 'elsewhere-'))
    cpSync(context, copy, {recursive: true, verbatimSymlinks: true})
    utimesSync(join(copy, 'hello.c'), 1, 1)
    writeFileSync(join(copy, 'unused'), 'x')
    expect(await keysOf(description, {root: copy, jobs: 8, options: {noHttps: true}})).toEqual(await keysOf(description))
  })

  it('whatever the order of keys in the YAML', async () => {
    const old = await keysOf(yaml(rich) as Description)
    await fc.assert(
      fc.asyncProperty(fc.infiniteStream(fc.double({min: 0, max: 1, noNaN: true})), async numbers => {
        const shuffled = (value: unknown, path: string): unknown => {
          if (Array.isArray(value)) return value.map(each => shuffled(each, path))
          if (typeof value !== 'object' || value === null) return value
          const entries = Object.entries(value).map(([key, each]) => [key, shuffled(each, key)] as const)
          // The order of variables and labels is part of what they mean; that of everything else is not.
          if (/^(env|labels|args?)$/.test(path)) return Object.fromEntries(entries)
          const drawn = entries.map(entry => ({entry, at: numbers.next().value}))
          return Object.fromEntries(drawn.sort((a, b) => a.at - b.at).map(each => each.entry))
        }
        const description = yaml(shuffled(rich, ''))
        expect(description).toBeDefined()
        if (description !== undefined) expect(await keysOf(description)).toEqual(old)
      }),
      {numRuns: 50},
    )
  })

  it('whatever comments and empty lines say, and what is expected of an artifact', async () => {
    const read = (text: string) => {
      const {description} = readDockerfile('Dockerfile', text, reading)
      if (description === undefined) throw new Error('not read')
      return keysOf(description)
    }
    expect(await read('# a comment\n\nFROM a AS one\n# another\nRUN x\n')).toEqual(await read('FROM a AS one\nRUN x\n'))
    const expected = withLeaf(rich, ['stages', 'final', 'steps', 0, 'expect'], {kind: 'file', executable: true})
    expect(await keysOf(yaml(expected) as Description)).toEqual(await keysOf(yaml(rich) as Description))
  })
})

describe('points inside a stage', () => {
  const points = async (description: Description, around?: Around) =>
    (await inputsOf(description, around)).get('compiler')?.checkpoints ?? []

  it('are the same up to the step that changed, and others from there on', async () => {
    const old = await points(yaml(rich) as Description)
    const {steps} = rich.stages.compiler
    // The global argument is a step of its own, before all others.
    expect(old).toHaveLength(steps.length + 1)
    expect(new Set(old).size).toBe(old.length)
    for (const [at] of steps.entries()) {
      const inserted = {
        ...rich,
        stages: {
          ...rich.stages,
          compiler: {...rich.stages.compiler, steps: [...steps.slice(0, at), {run: 'new'}, ...steps.slice(at)]},
        },
      }
      const now = await points(yaml(inserted) as Description)
      expect(now.slice(0, at + 1)).toEqual(old.slice(0, at + 1))
      expect(now.slice(at + 1).filter(key => old.includes(key))).toEqual([])
    }
  })

  it('know nothing of what is said only for the finished image', async () => {
    const labelled = {...rich, stages: {...rich.stages, compiler: {...rich.stages.compiler, labels: {a: 'b'}, entrypoint: ['x']}}}
    expect(await points(yaml(labelled) as Description)).toEqual(await points(yaml(rich) as Description))
  })

  it('depend on the file of their own copy, not on later ones', async () => {
    const copy = mkdtempSync(join(folder, 'points-'))
    cpSync(context, copy, {recursive: true, verbatimSymlinks: true})
    const old = await points(yaml(rich) as Description, {root: copy})
    writeFileSync(join(copy, 'hello.c'), 'other')
    const now = await points(yaml(rich) as Description, {root: copy})
    expect(now.slice(0, 4)).toEqual(old.slice(0, 4))
    expect(now[4]).not.toBe(old[4])
  })

  it('are none where a stage has no key', async () => {
    expect(await points(yaml(rich) as Description, {options: {shareTmp: true}})).toEqual([])
  })
})
