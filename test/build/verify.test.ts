/** The verdict on artifacts, over images that are lists of entries. */
import {Readable} from 'node:stream'
import {describe, expect, it} from 'vitest'
import {verifyArtifacts} from '../../src/build/verify.js'
import {Listing} from '../../src/images/listing.js'
import type {ArtifactReport} from '../../src/model/artifact.js'
import type {CopyStep, Expectation, Rules, Stage} from '../../src/model/description.js'
import type {EntryKind, Image, ImageEntry} from '../../src/model/image.js'
import type {Span} from '../../src/model/span.js'
import {literal} from '../../src/model/template.js'

const span: Span = {file: 'a.def', start: {line: 12, column: 5}, end: {line: 12, column: 9}}

function entry(path: string, kind: EntryKind, rest: Partial<ImageEntry> = {}): ImageEntry {
  return {path, kind, mode: 0o644, uid: 0, gid: 0, size: kind === 'file' ? 10 : 0, ...rest}
}

const tree = new Listing([
  entry('/root/hello', 'file', {mode: 0o755, digest: `sha256:${'1'.repeat(64)}`}),
  entry('/root/notes.txt', 'file', {digest: `sha256:${'2'.repeat(64)}`}),
  entry('/data/one.txt', 'file'),
  entry('/data/two.txt', 'file'),
  entry('/data/.secret.txt', 'file'),
  entry('/data/sub', 'directory'),
  entry('/data/sub/deep.txt', 'file'),
  entry('/links/good', 'symlink', {link: '../root/hello'}),
  entry('/links/absolute', 'symlink', {link: '/root/hello'}),
  entry('/links/dangling', 'symlink', {link: '/root/helo'}),
  entry('/links/a', 'symlink', {link: 'b'}),
  entry('/links/b', 'symlink', {link: 'a'}),
  entry('/links/up', 'symlink', {link: '../../../../root'}),
  entry('/run/pipe', 'fifo'),
])

function stage(name: string, index: number, rules: Rules): Stage {
  return {name, index, named: true, rules, span, nameSpan: span, base: {kind: 'scratch', span}, steps: [], settings: {}}
}

/** The tree as an image: what its files hold is zeros. */
function imageOf(listing: Listing): Image {
  return {
    tree: listing,
    async contents(paths, visit) {
      for (const path of paths) await visit(path, Readable.from([Buffer.alloc(listing.lookup(path)?.size ?? 0)]))
    },
    close: async () => {},
  }
}

async function judged(path: string, final: Stage, step: CopyStep, listing: Listing): Promise<ArtifactReport> {
  const [source] = step.sources
  if (source === undefined) throw new Error('the copy has no source')
  const [report] = await verifyArtifacts({
    producer: stage('compiler', 0, final.rules),
    image: imageOf(listing),
    artifacts: [{path, wantedBy: ['final'], requests: [{stage: final, step, source}]}],
    environment: new Map(),
    destinations: undefined,
    heed: found => found,
    signal: new AbortController().signal,
  })
  if (report === undefined) throw new Error('there is no report')
  return report
}

async function verdict(
  path: string,
  options: {rules?: Rules; written?: string; expect?: Omit<Expectation, 'span'>} = {},
): Promise<ArtifactReport> {
  const rules = options.rules ?? 'def'
  const source = {path: literal(options.written ?? path), span}
  const step: CopyStep = {
    kind: 'copy',
    rules,
    span,
    from: {kind: 'stage', name: 'compiler', index: 0, span},
    sources: [source],
    destination: undefined,
    ...(options.expect === undefined ? {} : {expect: {...options.expect, span}}),
  }
  const final = stage('final', 1, rules)
  return judged(path, final, step, tree)
}

describe('a path that is there', () => {
  it('is reported with kind, bytes and digest', async () => {
    const report = await verdict('/root/hello')
    expect(report).toMatchObject({
      status: 'ok',
      kind: 'file',
      bytes: 10,
      matches: ['/root/hello'],
      wantedBy: ['final'],
      diagnostics: [],
    })
    expect(report.digest).toMatch(/^sha256:[0-9a-f]{64}$/)
    expect(report.digest).not.toBe((await verdict('/root/notes.txt')).digest)
  })

  it('counts all files of a folder', async () => {
    expect(await verdict('/data')).toMatchObject({status: 'ok', kind: 'directory', bytes: 40})
  })

  it.each(['/links/good', '/links/absolute', '/links/up/hello'])('may lead through links inside the image: %s', async path => {
    expect(await verdict(path)).toMatchObject({status: 'ok', kind: 'file', bytes: 10})
  })

  it('may have .. in it, as long as it stays inside', async () => {
    expect((await verdict('/root/hello', {written: '/data/../root/hello'})).status).toBe('ok')
  })
})

describe('a path that is not there', () => {
  it('says what was looked for where, who asked, and what is near', async () => {
    const report = await verdict('/root/helo')
    expect(report).toMatchObject({status: 'failed', kind: 'missing', matches: []})
    expect(report.bytes).toBeUndefined()
    expect(report.diagnostics).toHaveLength(1)
    const [found] = report.diagnostics
    expect(found).toMatchObject({rule: 'artifact-missing', severity: 'error', span, stage: 'compiler'})
    expect(found?.message).toBe('stage "compiler" has no /root/helo; stage "final" copies it (a.def:12)')
    expect(found?.hint).toContain('/root/hello')
  })

  it('names the same file in another folder first', async () => {
    expect((await verdict('/usr/bin/hello')).diagnostics[0]?.hint).toMatch(/exist: \/root\/hello[,.]/)
  })

  it('never names more than five', async () => {
    const many = new Listing(Array.from({length: 20}, (_, i) => entry(`/x/name${String.fromCharCode(97 + i)}`, 'file')))
    const final = stage('final', 1, 'def')
    const source = {path: literal('/x/name'), span}
    const step: CopyStep = {
      kind: 'copy',
      rules: 'def',
      span,
      from: {kind: 'stage', name: 'compiler', index: 0, span},
      sources: [source],
      destination: undefined,
    }
    const report = await judged('/x/name', final, step, many)
    expect(report.diagnostics[0]?.hint?.match(/\/x\/name/g)).toHaveLength(5)
  })

  it('says what the folder holds when nothing is near', async () => {
    expect((await verdict('/data/sub/zzzzzz')).diagnostics[0]?.hint).toContain('deep.txt')
  })

  it('below a file is missing too', async () => {
    expect((await verdict('/root/hello/x')).diagnostics.map(each => each.rule)).toEqual(['artifact-missing'])
  })

  it('below /tmp is told why', async () => {
    expect((await verdict('/tmp/made')).diagnostics[0]?.hint).toContain('/tmp')
    expect((await verdict('/tmp/made', {rules: 'docker'})).diagnostics[0]?.hint).not.toContain('%post')
  })
})

describe('links that lead nowhere', () => {
  it('dangling', async () => {
    const report = await verdict('/links/dangling')
    expect(report).toMatchObject({status: 'failed', kind: 'symlink', matches: []})
    expect(report.diagnostics.map(each => each.rule)).toEqual(['artifact-dangling-link'])
    expect(report.diagnostics[0]?.message).toContain('/links/dangling → /root/helo')
    expect(report.diagnostics[0]?.hint).toContain('/root/hello')
  })

  it('a loop', async () => {
    const report = await verdict('/links/a')
    expect(report.status).toBe('failed')
    expect(report.diagnostics[0]).toMatchObject({rule: 'artifact-dangling-link'})
    expect(report.diagnostics[0]?.message).toContain('circles')
  })

  it('by docker rules as well', async () => {
    expect((await verdict('/links/dangling', {rules: 'docker'})).diagnostics.map(each => each.rule)).toEqual([
      'artifact-dangling-link',
    ])
  })
})

describe('patterns', () => {
  it('hide dot files in a definition file', async () => {
    expect(await verdict('/data/*.txt')).toMatchObject({status: 'ok', matches: ['/data/one.txt', '/data/two.txt'], bytes: 20})
  })

  it('match dot files in a Dockerfile', async () => {
    expect([...(await verdict('/data/*.txt', {rules: 'docker'})).matches].sort()).toEqual([
      '/data/.secret.txt',
      '/data/one.txt',
      '/data/two.txt',
    ])
  })

  it('over several kinds are mixed', async () => {
    expect(await verdict('/data/*')).toMatchObject({kind: 'mixed', status: 'ok'})
  })

  it.each<Rules>(['def', 'docker'])('that match nothing are missing: %s', async rules => {
    const report = await verdict('/data/*.csv', {rules})
    expect(report).toMatchObject({status: 'failed', kind: 'missing', matches: []})
    expect(report.diagnostics.map(each => each.rule)).toEqual(['artifact-missing'])
  })

  it('do not cross folders', async () => {
    expect((await verdict('/*/deep.txt')).status).toBe('failed')
    expect((await verdict('/*/*/deep.txt')).matches).toEqual(['/data/sub/deep.txt'])
  })

  it('fail as a whole when one of the matches is a dangling link', async () => {
    const report = await verdict('/links/*d*', {rules: 'docker'})
    expect(report.status).toBe('failed')
    expect(report.matches).toContain('/links/good')
    expect(report.diagnostics.map(each => each.rule)).toEqual(['artifact-dangling-link'])
  })
})

describe('the kind', () => {
  it('a slash at the end asks for a folder', async () => {
    expect((await verdict('/data', {written: '/data/'})).status).toBe('ok')
    const report = await verdict('/root/hello', {written: '/root/hello/'})
    expect(report.status).toBe('failed')
    // Apptainer looks for the path with its slash, which a file does not answer to.
    expect(report.diagnostics[0]?.rule).toMatch(/^artifact-(wrong-kind|missing)$/)
  })

  it.each<[Omit<Expectation, 'span'>, string, string | undefined]>([
    [{kind: 'file'}, '/root/hello', undefined],
    [{kind: 'file'}, '/data', 'artifact-wrong-kind'],
    [{kind: 'directory'}, '/data', undefined],
    [{kind: 'directory'}, '/root/hello', 'artifact-wrong-kind'],
    [{kind: 'symlink'}, '/links/good', undefined],
    [{kind: 'symlink'}, '/root/hello', 'artifact-wrong-kind'],
    [{executable: true}, '/root/hello', undefined],
    [{executable: true}, '/root/notes.txt', 'artifact-not-executable'],
    [{minSize: 10, maxSize: 10}, '/root/hello', undefined],
    [{minSize: 11}, '/root/hello', 'artifact-unexpected'],
    [{minSize: 40}, '/data', undefined],
    [{maxSize: 39}, '/data', 'artifact-unexpected'],
    [{sha256: '1'.repeat(64)}, '/root/hello', undefined],
    [{sha256: '2'.repeat(64)}, '/root/hello', 'artifact-unexpected'],
    // Of a file whose digest the listing does not have: ten zeros.
    [{sha256: '01d448afd928065458cf670b60f5a594d735af0172c8d67f22a81680132681ca'}, '/data/one.txt', undefined],
    [{sha256: '1'.repeat(64)}, '/data', 'artifact-unexpected'],
    [{arch: 'amd64'}, '/root/hello', 'artifact-unexpected'],
    [{static: true}, '/root/hello', 'artifact-unexpected'],
    [{libraries: ['libmpi.so.*']}, '/root/hello', 'artifact-unexpected'],
  ])('expect %j of %s: %s', async (wanted, path, rule) => {
    expect((await verdict(path, {expect: wanted})).diagnostics.map(each => each.rule)).toEqual(rule === undefined ? [] : [rule])
  })

  it('a FIFO cannot be copied by the engine', async () => {
    expect((await verdict('/run/pipe')).diagnostics.map(each => each.rule)).toEqual(['artifact-wrong-kind'])
  })
})

describe('a path out of the image', () => {
  it('is refused in a definition file, and says how to write it', async () => {
    const report = await verdict('/root/hello', {written: '/../../root/hello'})
    expect(report.diagnostics[0]).toMatchObject({rule: 'artifact-outside-image', hint: expect.stringContaining('/root/hello')})
    expect(report.status).toBe('failed')
  })

  it('stops at the root in a Dockerfile', async () => {
    expect((await verdict('/root/hello', {written: '/../../root/hello', rules: 'docker'})).status).toBe('ok')
  })
})
