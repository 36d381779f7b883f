/** Points inside a stage, and images that were dropped for room, with the real engine. */
import {existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {listImage, type Ran, registry, sifstage, workFolder} from '../support/engine.js'

const work = workFolder()
const out = join(work.path, 'work')
afterAll(() => work.remove())

interface Built {
  readonly status: string
  readonly output?: {readonly digest: string}
  readonly stages: readonly {readonly name: string; readonly status: string; readonly digest?: string}[]
}

/** Builds, and tells which steps ran. */
async function build(
  file: string,
  store: string,
  more: readonly string[] = [],
): Promise<Ran & {readonly document: Built; readonly ran: readonly string[]}> {
  const ran = await sifstage(
    ['build', file, '-o', join(out, `${store}.sif`), '--cache-dir', join(out, store), '--json', '--progress', 'json', ...more],
    {cwd: work.path},
  )
  const events = ran.stderr
    .split('\n')
    .filter(line => line.startsWith('{'))
    .map((line): {event: string; title?: string} => JSON.parse(line))
  return {
    ...ran,
    document: JSON.parse(ran.stdout),
    ran: events.flatMap(each => (each.event === 'step-start' && each.title?.match(/^(run|copy)/) ? [each.title] : [])),
  }
}

const entries = (store: string, kind: string) => {
  const folder = join(out, store, kind)
  return existsSync(folder) ? readdirSync(folder).map(name => join(folder, name)) : []
}

/** What is in OUT, but for the labels, which have the date. */
async function listed(store: string): Promise<Map<string, string>> {
  const listing = await listImage(join(out, `${store}.sif`))
  listing.delete('/.singularity.d/labels.json')
  return listing
}

/** What a tree can hold that a difference may get wrong. */
const steps = [
  'RUN mkdir -p /d/keep /d/gone /d/turns && echo one >/d/keep/file && echo x >/d/gone/x && ln /d/keep/file /d/keep/second && echo y >/d/turns/y',
  'RUN rm -r /d/gone /d/turns && echo now a file >/d/turns && ln -s keep /d/gone && chmod 4755 /bin/busybox',
  'RUN echo two >>/d/second-only && ln /d/keep/file /d/third && mkdir -m 0 /d/closed && chown 5:6 /d/keep && touch "/d/name with  spaces" "/d/-dash" && touch -d @1000000000 /d/keep/file',
  String.raw`RUN printf 'a' >"/d/$(printf 'new\nline')" && mv /d/keep /d/moved && rm /bin/vi`,
  'COPY source.txt /d/source.txt',
  // Which names are one file, too: one of them was not touched when the folder of the others was renamed.
  'RUN (cat source.txt; stat -c %h third moved/*) >result',
]
/** The last of them, as events tell it. */
const result = `run ${steps[5]?.slice(4)}`
const dockerfile = (lines: readonly string[]) => [`FROM ${registry}/busybox`, 'WORKDIR /d', 'ENV A=b', ...lines, ''].join('\n')

describe('a stage of a Dockerfile', () => {
  beforeAll(() => {
    work.write({
      'source.txt': 'first\n',
      Dockerfile: dockerfile(steps),
      'fails/Dockerfile': dockerfile([...steps.slice(0, 4), 'RUN false']),
    })
  })

  it('goes on after a failed step where it was, and comes out as if nothing had happened', async () => {
    const failed = await build('fails/Dockerfile', 'resumed', ['--checkpoints', 'always'])
    expect(failed.code).toBe(5)
    expect(entries('resumed', 'checkpoints')).toHaveLength(5)
    const resumed = await build('Dockerfile', 'resumed', ['--checkpoints', 'always', '--context', '.'])
    expect(resumed.code, resumed.stderr).toBe(0)
    expect(resumed.ran).toEqual(['copy source.txt', result])
    expect(resumed.stderr).toContain('goes on after line 7')
    const whole = await build('Dockerfile', 'whole', ['--checkpoints', 'off'])
    expect(whole.code, whole.stderr).toBe(0)
    expect(whole.ran).toHaveLength(6)
    expect(entries('whole', 'checkpoints')).toEqual([])
    expect(resumed.document.stages.map(each => each.digest)).toEqual(whole.document.stages.map(each => each.digest))
    expect(await listed('resumed')).toEqual(await listed('whole'))
  })

  it('runs only what comes after a COPY whose file changed', async () => {
    work.write({'source.txt': 'second\n'})
    const changed = await build('Dockerfile', 'resumed', ['--checkpoints', 'always'])
    expect(changed.code, changed.stderr).toBe(0)
    expect(changed.ran).toEqual(['copy source.txt', result])
    expect((await listImage(join(out, 'resumed.sif'))).get('/d/result')).not.toEqual(
      (await listImage(join(out, 'whole.sif'))).get('/d/result'),
    )
  })

  it('goes on where it ended when a step is added', async () => {
    work.write({Dockerfile: dockerfile([...steps, 'RUN echo more >/d/more'])})
    const more = await build('Dockerfile', 'resumed', ['--checkpoints', 'always'])
    expect(more.ran).toEqual(['run echo more >/d/more'])
  })

  it('runs everything with --no-cache, and what is before a damaged point', async () => {
    const anew = await build('Dockerfile', 'resumed', ['--no-cache'])
    expect(anew.ran).toHaveLength(7)
    for (const entry of entries('resumed', 'checkpoints')) {
      const record: {steps: number} = JSON.parse(readFileSync(join(entry, 'record.json'), 'utf8'))
      if (record.steps >= 6) truncateSync(join(entry, 'changes.tar.zst'), 9)
    }
    rmSync(join(out, 'resumed/stages'), {recursive: true})
    const rest = await build('Dockerfile', 'resumed')
    expect(rest.code, rest.stderr).toBe(0)
    expect(rest.stderr).toContain('is damaged')
    expect(rest.ran.slice(-3)).toEqual(['copy source.txt', result, 'run echo more >/d/more'])
    expect(rest.ran.length).toBeLessThan(7)
    expect(rest.document.stages.map(each => each.digest)).toEqual(anew.document.stages.map(each => each.digest))
  })

  it('goes on from an earlier point where a store that may only be read has a damaged one', async () => {
    work.write({'shared/Dockerfile': dockerfile(['RUN echo 1 >/d/a', 'RUN echo 2 >/d/b', 'RUN echo 3 >/d/c'])})
    expect((await build('shared/Dockerfile', 'shared', ['--checkpoints', 'always'])).code).toBe(0)
    rmSync(join(out, 'shared/stages'), {recursive: true})
    const kept = entries('shared', 'checkpoints')
    for (const entry of kept) {
      const record: {steps: number} = JSON.parse(readFileSync(join(entry, 'record.json'), 'utf8'))
      if (record.steps === 5) truncateSync(join(entry, 'changes.tar.zst'), 9)
    }
    const taken = await build('shared/Dockerfile', 'taken', ['--store-from', join(out, 'shared')])
    expect(taken.code, taken.stderr).toBe(0)
    expect(taken.ran).toEqual(['run echo 3 >/d/c'])
    expect(entries('shared', 'checkpoints')).toEqual(kept)
  })

  it('saves a point when the work was worth it, and none after steps of no time', async () => {
    work.write({'slow/Dockerfile': dockerfile(['RUN echo quick >/d/a', 'RUN sleep 4; echo slow >/d/b', 'RUN echo quick >/d/c'])})
    const slow = await build('slow/Dockerfile', 'slow')
    expect(slow.code, slow.stderr).toBe(0)
    const saved = entries('slow', 'checkpoints').map((entry): {steps: number; seconds: number} =>
      JSON.parse(readFileSync(join(entry, 'record.json'), 'utf8')),
    )
    expect(saved.map(each => each.steps)).toEqual([4])
    expect(saved[0]?.seconds).toBeGreaterThan(4)
  })
})

const definition = `Bootstrap: docker
From: ${registry}/busybox
Stage: maker

%post
  mkdir -p /opt/tool
  echo made >/opt/tool/file

Bootstrap: docker
From: ${registry}/busybox
Stage: final

%files from maker
  /opt/tool /opt/tool

%post
  echo line >/etc/line
`

describe('an image that was dropped for room', () => {
  const dropImages = (store: string) => {
    for (const entry of entries(store, 'stages')) rmSync(join(entry, 'image.sqfs'), {force: true})
  }

  it('is not missed where its artifacts are kept', async () => {
    work.write({'tool.def': definition})
    const first = await build('tool.def', 'tool')
    expect(first.code, first.stderr).toBe(0)
    expect(entries('tool', 'artifacts')).toHaveLength(1)
    dropImages('tool')
    // Nothing runs: OUT is kept by itself.
    const again = await build('tool.def', 'tool')
    expect(again.document.stages.map(each => each.status)).toEqual(['cached', 'cached'])
    expect(again.document.output?.digest).toBe(first.document.output?.digest)
    // The last stage runs, with the artifacts of the first.
    work.write({'tool.def': definition.replace('echo line', 'echo other line')})
    const changed = await build('tool.def', 'tool')
    expect(changed.code, changed.stderr).toBe(0)
    expect(changed.document.stages.map(each => each.status)).toEqual(['cached', 'built'])
    expect((await listImage(join(out, 'tool.sif'))).has('/opt/tool/file')).toBe(true)
  })

  it('is built once more where it is needed itself', async () => {
    dropImages('tool')
    rmSync(join(out, 'tool/artifacts'), {recursive: true})
    work.write({'tool.def': definition.replace('echo line', 'echo third line')})
    const changed = await build('tool.def', 'tool')
    expect(changed.code, changed.stderr).toBe(0)
    expect(changed.stderr).toContain('dropped from the store and is needed')
    expect(changed.document.stages.map(each => each.status)).toEqual(['built', 'built'])
    dropImages('tool')
    rmSync(join(out, 'tool/outputs'), {recursive: true})
    const output = await build('tool.def', 'tool')
    expect(output.code, output.stderr).toBe(0)
    expect(output.document.stages.map(each => each.status)).toEqual(['cached', 'built'])
  })

  it('that is damaged is noticed when it is used, and built once more', async () => {
    rmSync(join(out, 'tool/artifacts'), {recursive: true})
    for (const entry of entries('tool', 'stages')) {
      const image = join(entry, 'image.sqfs')
      if (!existsSync(image)) continue
      const bytes = readFileSync(image)
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1
      writeFileSync(image, bytes)
    }
    work.write({'tool.def': definition.replace('echo line', 'echo fourth line')})
    const changed = await build('tool.def', 'tool')
    expect(changed.code, changed.stderr).toBe(0)
    expect((await listImage(join(out, 'tool.sif'))).has('/opt/tool/file')).toBe(true)
    expect(changed.document.stages[1]?.status).toBe('built')
  })

  it('is built once more for a verdict that nothing kept can give', async () => {
    const file = (last: string) =>
      definition.replace('echo made >/opt/tool/file', 'cp /bin/busybox /opt/tool/file').replace('echo line', last)
    work.write({'program.def': file('echo a')})
    expect((await build('program.def', 'program')).code).toBe(0)
    dropImages('program')
    for (const entry of entries('program', 'stages'))
      for (const facts of ['programs.json', 'texts.json']) rmSync(join(entry, facts), {force: true})
    work.write({'program.def': file('echo b')})
    const changed = await build('program.def', 'program')
    expect(changed.code, changed.stderr).toBe(0)
    expect(changed.document.stages.map(each => each.status)).toEqual(['built', 'built'])
  })

  it('of a parent is built once more, with its own parent', async () => {
    const lines = (last: string) =>
      [
        `FROM ${registry}/busybox AS one`,
        'RUN echo 1 >/1',
        'FROM one AS two',
        'RUN echo 2 >/2',
        'FROM two',
        `RUN echo ${last} >/3`,
        '',
      ].join('\n')
    work.write({'chain/Dockerfile': lines('a')})
    expect((await build('chain/Dockerfile', 'chain')).code).toBe(0)
    dropImages('chain')
    work.write({'chain/Dockerfile': lines('b')})
    const changed = await build('chain/Dockerfile', 'chain')
    expect(changed.code, changed.stderr).toBe(0)
    expect(changed.document.stages.map(each => each.status)).toEqual(['built', 'built', 'built'])
    const listing = await listImage(join(out, 'chain.sif'))
    expect(['/1', '/2', '/3'].filter(path => listing.has(path))).toEqual(['/1', '/2', '/3'])
  })
})
