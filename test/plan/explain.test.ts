/** What is said of every kind of change. */
import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {Listing} from '../../src/images/listing.js'
import type {HostEntry, MadeOf} from '../../src/model/history.js'
import type {ImageEntry} from '../../src/model/image.js'
import type {KeyPart} from '../../src/model/record.js'
import {changesOf, fileChanges, textChange, treeDifference} from '../../src/plan/explain.js'

function made(parts: readonly KeyPart[], more: Partial<MadeOf> = {}): MadeOf {
  return {key: 'k', parts, base: 'docker://debian', line: 10, buildArguments: {}, producers: {}, host: new Map(), ...more}
}
const part = (name: string, value: string): KeyPart => ({name, value})
const file = (path: string, content: string, mode = '644'): HostEntry => ({path, kind: 'file', mode, content})

describe('a change of', () => {
  it('the base names both digests, and another reference', () => {
    const [old, now] = [`sha256:${'1'.repeat(64)}`, `sha256:${'2'.repeat(64)}`]
    expect(changesOf(made([part('base', old)]), made([part('base', now)], {base: 'docker://alpine'}))).toEqual([
      {
        kind: 'base',
        name: 'docker://alpine',
        what: 'was sha256:111111111111…, is sha256:222222222222… (it was docker://debian)',
      },
    ])
  })

  it('the text names the first line and its number', () => {
    expect(textChange('a\nb\nc', 'a\nx\nc', 10)).toEqual({kind: 'line', name: 'line 11', line: 11, what: 'was "b", is "x"'})
    expect(textChange('a', 'a\nb', 1)).toMatchObject({line: 2, what: 'new: "b"'})
    expect(textChange('a\nb', 'a', 1)).toMatchObject({line: 2, what: 'ends before "b"'})
  })

  it('a build argument names it beside the line that it changed, and never alone', () => {
    const text = (value: string) => [part('text of the stage', value)]
    const [before, now] = [{buildArguments: {V: '1', W: '1'}}, {buildArguments: {V: '2', X: '1'}}]
    expect(changesOf(made(text('v1'), before), made(text('v2'), now))).toMatchObject([
      {kind: 'argument', name: 'V', what: 'another value'},
      {kind: 'argument', name: 'W', what: 'not given any more'},
      {kind: 'argument', name: 'X', what: 'given now'},
      {kind: 'line'},
    ])
    expect(changesOf(made(text('v1'), before), made(text('v1'), now))).toEqual([])
    const arg = (value: string) => [part('step 1 (arg, line 3)', JSON.stringify({kind: 'arg', name: 'V', value: [value]}))]
    expect(changesOf(made(arg('1')), made(arg('2')))).toEqual([{kind: 'argument', name: 'V', line: 3, what: 'another value'}])
  })

  it('steps names the first, wherever its line has moved to', () => {
    const step = (n: number, line: number, text: string) =>
      part(`step ${n} (run, line ${line})`, JSON.stringify({kind: 'run', text}))
    expect(
      changesOf(made([step(1, 2, 'a'), step(2, 3, 'b')]), made([step(1, 5, 'a'), step(2, 6, 'x'), step(3, 7, 'b')])),
    ).toEqual([{kind: 'step', name: 'step 2 (run, line 6)', line: 6, what: 'reads otherwise'}])
    expect(changesOf(made([step(1, 2, 'a')]), made([step(1, 9, 'a')]))).toEqual([])
    expect(changesOf(made([step(1, 2, 'a')]), made([]))).toMatchObject([{kind: 'step', what: 'gone'}])
  })

  it('an option names it', () => {
    const options = (value: object) => [part('engine options', JSON.stringify(value))]
    expect(changesOf(made(options({binds: [], nv: false})), made(options({binds: ['/a'], nv: false})))).toEqual([
      {kind: 'option', name: '--bind', what: 'was not given, is /a'},
    ])
    expect(changesOf(made([part('test', 'run')]), made([part('test', 'not run')]))).toEqual([
      {kind: 'option', name: '%test', what: 'was run, is not run'},
    ])
  })

  it('anything else names the part', () => {
    expect(changesOf(made([part('engine', 'apptainer 4')]), made([part('engine', 'apptainer 5')]))).toEqual([
      {kind: 'other', name: 'engine', what: 'was apptainer 4, is apptainer 5'},
    ])
    expect(changesOf(made([]), made([part('download http://x/', '1')]))).toMatchObject([{kind: 'other', what: 'new'}])
  })

  it('files names the first few, and how each has changed', () => {
    const before = [file('a', '1'), file('b', '1'), file('c', '1'), {...file('l', 'x', ''), kind: 'symlink' as const}]
    expect(fileChanges(before, [file('a', '2'), file('b', '1', '755'), file('n', '1'), before[3] ?? file('', '')])).toEqual([
      {kind: 'file', name: 'a', what: 'its content'},
      {kind: 'file', name: 'b', what: 'its mode was 644, is 755'},
      {kind: 'file', name: 'n', what: 'new'},
      {kind: 'file', name: '1 more', what: 'has changed too'},
    ])
    expect(fileChanges([before[3] ?? file('', '')], [{...file('l', 'y', ''), kind: 'symlink'}])).toMatchObject([
      {what: 'leads elsewhere'},
    ])
    expect(fileChanges([file('a', '1')], [{...file('a', ''), kind: 'directory'}])).toMatchObject([
      {what: 'was a file, is a directory'},
    ])
  })

  it('files tells two copies of the same sources apart, and says less where nothing is known of the old ones', () => {
    const twice = (first: string, second: string) => [part('host files .', first), part('host files .', second)]
    const now = new Map([
      ['host files .', [file('a', '1')]],
      ['host files . (2)', [file('b', '2')]],
    ])
    const before = new Map([...now, ['host files . (2)', [file('b', '1')]]])
    expect(changesOf(made(twice('1', '1'), {host: before}), made(twice('1', '2'), {host: now}))).toEqual([
      {kind: 'file', name: 'b', what: 'its content'},
    ])
    expect(
      changesOf(
        made([part('host files a', '1')]),
        made([part('host files a', '2')], {host: new Map([['host files a', [file('a', '2')]]])}),
      ),
    ).toEqual([{kind: 'file', name: 'a', what: 'has changed'}])
  })

  it('an artifact names its stage, and the first path that came out otherwise', () => {
    const artifact = (value: string) => [part('artifact /opt of one', value)]
    const difference = (stage: string, path: string) => `${stage} ${path} differs`
    expect(changesOf(made(artifact('1')), made(artifact('2')), difference)).toEqual([
      {kind: 'artifact', name: '/opt', from: 'one', what: 'one /opt differs'},
    ])
    expect(changesOf(made(artifact('1')), made(artifact('2')))).toMatchObject([{what: 'came out otherwise'}])
    expect(changesOf(made([]), made(artifact('2')))).toMatchObject([{what: 'is taken now'}])
  })
})

describe('the first path of an artifact that differs', () => {
  const entry = (path: string, more: Partial<ImageEntry> = {}): ImageEntry => ({
    path,
    kind: 'file',
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: 1,
    digest: 'sha256:1',
    ...more,
  })
  const folder = {kind: 'directory', mode: 0o755, size: 0, digest: undefined} as const
  const tree = (...entries: ImageEntry[]) =>
    new Listing([{...entry('/opt'), ...folder}, ...entries].map(each => JSON.parse(JSON.stringify(each))))

  it.each([
    ['content', entry('/opt/a', {digest: 'sha256:2'}), '/opt/a has other content'],
    ['mode', entry('/opt/a', {mode: 0o755}), '/opt/a has mode 755, not 644'],
    ['owner', entry('/opt/a', {uid: 5}), '/opt/a belongs to 5:0, not to 0:0'],
    ['kind', entry('/opt/a', {kind: 'fifo'}), '/opt/a was a file, is a fifo'],
    ['a new one', entry('/opt/A'), '/opt/A is new'],
  ])('%s', (_, changed, words) => {
    expect(treeDifference(tree(entry('/opt/a'), entry('/opt/z')), tree(changed, entry('/opt/z', {uid: 9})), ['/opt'])).toBe(words)
  })

  it('a link', () => {
    const link = (to: string) => entry('/opt/l', {kind: 'symlink', link: to, digest: undefined as never})
    expect(treeDifference(tree(link('a')), tree(link('b')), ['/opt'])).toBe('/opt/l leads to b, not to a')
  })

  it('is none outside of it', () => {
    const other = {...entry('/etc'), ...folder}
    expect(treeDifference(tree(entry('/opt/a')), tree(entry('/opt/a'), other, entry('/etc/x')), ['/opt'])).toBeUndefined()
  })
})

it('nothing is said of what is the same, something of what is not', () => {
  const name = fc.constantFrom(
    'base',
    'engine',
    'text of the stage',
    'host files a',
    'artifact /a of b',
    'step 1 (run, line 1)',
    'test',
  )
  const parts = fc.uniqueArray(fc.record({name, value: fc.string()}), {selector: each => each.name})
  fc.assert(
    fc.property(parts, parts, (before, now) => {
      const same =
        JSON.stringify([...before].sort((a, b) => (a.name < b.name ? -1 : 1))) ===
        JSON.stringify([...now].sort((a, b) => (a.name < b.name ? -1 : 1)))
      expect(changesOf(made(before), made(now)).length === 0).toBe(same)
      expect(changesOf(made(now), made(now))).toEqual([])
    }),
  )
})
