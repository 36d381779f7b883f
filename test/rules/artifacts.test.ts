/**
 * The examples of rules on artifacts, judged as a build judges them. No engine builds them: what a stage would leave is
 * made here, with programs that gcc makes and libraries of this machine, so that what is judged is real.
 */
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {execa} from 'execa'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {Destinations} from '../../src/build/destinations.js'
import {verifyArtifacts} from '../../src/build/verify.js'
import {artifactChecks} from '../../src/checks/artifacts/index.js'
import {Listing} from '../../src/images/listing.js'
import type {Example} from '../../src/model/check.js'
import type {Diagnostic} from '../../src/model/diagnostic.js'
import type {Image, ImageEntry} from '../../src/model/image.js'
import {artifactsOf, neededStages} from '../../src/plan/graph.js'
import {describeText} from '../checks/reading.js'
import {workFolder} from '../support/engine.js'

type Made = Partial<Omit<ImageEntry, 'path'>> & {readonly content?: Buffer}
type Files = Readonly<Record<string, Made>>

const link = (to: string): Made => ({kind: 'symlink', mode: 0o777, link: to})
const directory: Made = {kind: 'directory', mode: 0o755}

/** An image of entries, with the folders on the way. */
function imageOf(files: Files): Image {
  const all = new Map<string, ImageEntry>()
  for (const [path, {content, ...rest}] of Object.entries(files)) {
    for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) {
      const folder = path.slice(0, at)
      if (!all.has(folder)) all.set(folder, {path: folder, kind: 'directory', mode: 0o755, uid: 0, gid: 0, size: 0})
    }
    all.set(path, {path, kind: 'file', mode: 0o755, uid: 0, gid: 0, size: content?.length ?? 0, ...rest})
  }
  return {
    tree: new Listing(all.values()),
    architecture: 'amd64',
    async contents(paths, visit) {
      for (const path of paths) {
        const bytes = files[path]?.content ?? Buffer.alloc(0)
        await visit(
          path,
          (async function* () {
            yield bytes
          })(),
        )
      }
    },
    close: async () => {},
  }
}

const work = workFolder()
const folder = join(work.path, 'made')
const signal = new AbortController().signal

async function compiled(name: string, source: string, ...flags: readonly string[]): Promise<Buffer> {
  writeFileSync(join(folder, `${name}.c`), source)
  await execa('gcc', ['-O1', '-o', name, `${name}.c`, ...flags], {cwd: folder})
  return readFileSync(join(folder, name))
}

const LOADER = '/lib64/ld-linux-x86-64.so.2'
const LIBC = '/lib/x86_64-linux-gnu/libc.so.6'
const main = 'int main(void) { return 0; }\n'
let bases: Readonly<Record<string, Image>>
/** What the stage of each example leaves: of the bad one, and of the good one where that is another. */
let left: Readonly<Record<string, readonly [Files, Files?]>>

beforeAll(async () => {
  mkdirSync(folder, {recursive: true})
  const plain = {content: await compiled('plain', main, '-static')}
  const dynamic = {content: await compiled('dynamic', main)}
  const library = {content: await compiled('libcount.so', 'int count(void) { return 1; }\n', '-shared', '-fPIC')}
  const linked = {content: await compiled('linked', 'int count(void);\nint main(void) { return count(); }\n', '-L.', '-lcount')}
  // An older C library, as far as names of versions go.
  writeFileSync(join(folder, 'old.map'), 'GLIBC_2.2.5 { global: *; };\nGLIBC_2.31 { } GLIBC_2.2.5;\n')
  const older = {
    content: await compiled(
      'libc.so.6',
      'int puts(const char *s) { return *s; }\n',
      '-shared',
      '-fPIC',
      '-nostdlib',
      '-Wl,-soname,libc.so.6',
      '-Wl,--version-script=old.map',
    ),
  }
  const foreign = {content: Buffer.from(plain.content)}
  foreign.content.writeUInt16LE(183, 18)
  const loader = {content: readFileSync(LOADER)}
  const shell = {'/bin/sh': dynamic, '/lib': directory, [LOADER]: loader}
  bases = {
    'debian:12': imageOf({
      '/etc/passwd': {mode: 0o644},
      '/lib': link('usr/lib'),
      [`/usr${LIBC}`]: {content: readFileSync(LIBC)},
      '/bin/sh': dynamic,
      [LOADER]: loader,
    }),
    'debian:11': imageOf({...shell, [LIBC]: older}),
    'alpine:3.20': imageOf({
      '/bin/busybox': plain,
      '/bin/sh': link('/bin/busybox'),
      '/bin/wget': link('/bin/busybox'),
      '/lib/ld-musl-x86_64.so.1': plain,
    }),
  }
  const tool = {'/src/tool': plain}
  const script = (mode: number) => ({'/src/tool': {content: Buffer.from('#!/bin/sh\necho\n'), mode}})
  const conf = {'/etc/passwd': plain, '/src/out/lib/users': link('../../../etc/passwd')}
  left = {
    'artifact-outside-image': [tool],
    'artifact-missing': [tool],
    'artifact-dangling-link': [
      {...tool, '/src/current': link('/src/tol')},
      {...tool, '/src/current': link('/src/tool')},
    ],
    'artifact-wrong-kind': [tool],
    'artifact-unexpected': [{'/src/tool': dynamic}, tool],
    'artifact-not-executable': [script(0o644), script(0o755)],
    'artifact-damaged': [{'/src/tool': {content: plain.content.subarray(0, 100)}}, tool],
    'artifact-wrong-architecture': [{'/src/tool': foreign}, tool],
    'artifact-missing-interpreter': [{'/src/tool': dynamic}, tool],
    'artifact-missing-library': [{'/src/tool': linked, '/src/libcount.so': library}],
    'artifact-symbol-version': [{'/src/tool': dynamic}],
    'artifact-unreadable': [{'/src/tool': {...plain, mode: 0o700}}, tool],
    'artifact-empty': [{'/src/tool': {}}, tool],
    'artifact-link-target-left': [{...tool, '/src/out/tool': link('/src/tool')}, {'/src/out/tool': plain}],
    'artifact-special-file': [{'/src/out/queue': {kind: 'fifo'}}, {'/src/out/list': {mode: 0o644, ...plain}}],
    'artifact-link-leaves-root': [conf],
    'artifact-replaces-link': [{'/src/out/lib/tool/a': plain}],
    'artifact-same-place': [{'/src/a.txt': plain, '/src/b.txt': plain}],
    'artifact-through-link': [{'/src/wget': plain}],
    'artifact-lost-properties': [
      {'/src/tool': {...plain, capabilities: 'cap_net_raw=ep'}},
      {'/src/bin/tool': {...plain, capabilities: 'cap_net_raw=ep'}},
    ],
  }
})
afterAll(() => work.remove())

async function judged({format, text}: Example, made: Image): Promise<readonly Diagnostic[]> {
  const description = describeText(format, text)
  const target = description.stages.at(-1)
  const producer = description.stages[0]
  if (target === undefined || producer === undefined) throw new Error('the example has no two stages')
  const artifacts = artifactsOf(description, neededStages(description, target.index)).get(producer.index) ?? []
  expect(artifacts.length, 'the example copies something').toBeGreaterThan(0)
  const destinations = new Destinations({
    description,
    target,
    images: {
      stage: async index => (index === producer.index ? made : undefined),
      base: async ({base}) => (base.kind === 'image' ? bases[base.reference.name] : undefined),
    },
    environment: new Map(),
    architecture: 'amd64',
    runtimeLibraries: [],
  })
  const reports = await verifyArtifacts({
    producer,
    image: made,
    artifacts,
    environment: new Map(),
    destinations,
    heed: found => found,
    signal,
  })
  return reports.flatMap(each => each.diagnostics)
}

const checks = [...artifactChecks.found, ...artifactChecks.fit]

describe.each(checks.map(check => [check.name, check] as const))('%s', (name, check) => {
  it('is found when its bad example is built', async () => {
    expect(check.bad).toHaveLength(1)
    for (const example of check.bad) {
      const found = await judged(example, imageOf(left[name]?.[0] ?? {}))
      expect(found.map(each => each.rule)).toEqual([name])
      expect(found[0]?.severity).toBe(check.severity)
    }
  })
  it('is not found when its good example is built, nor is anything else', async () => {
    expect(check.good).toHaveLength(1)
    for (const example of check.good) {
      const [bad, good = bad] = left[name] ?? []
      expect(good).toBeDefined()
      expect(await judged(example, imageOf(good ?? {}))).toEqual([])
    }
  })
})
