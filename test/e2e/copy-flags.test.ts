/**
 * COPY --parents and --exclude (K101, K102) with the real engine, from the context and from a stage. Expected is what
 * BuildKit's own integration tests say: the recorded BuildKit is too old for these flags.
 */
import {execFileSync} from 'node:child_process'
import {mkdirSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, describe, expect, it} from 'vitest'
import {asUser, bases, sifstage, workFolder} from '../support/engine.js'

const work = workFolder()
const out = join(work.path, 'work')
const context = join(work.path, 'context')
mkdirSync(context)
execFileSync(
  'sh',
  [
    '-euc',
    'umask 022; mkdir -p p/q/r/s; chmod 750 p/q; echo z >p/q/r/z.txt; echo w >p/q/w.log; echo d >p/q/r/s/deep.txt; echo l >p/q/r/l.log; mkdir p/only; echo x >p/only/x.log; echo a >a.txt',
  ],
  {cwd: context},
)
afterAll(() => work.remove())

let count = 0
/** Paths with modes below a folder of the image, and the stage's whole tree is the context's `p`. */
async function build(dockerfile: string, folder: string): Promise<readonly string[]> {
  count += 1
  const name = `case-${count}.Dockerfile`
  writeFileSync(join(context, name), dockerfile)
  const image = join(out, `image-${count}`)
  const ran = await sifstage(
    ['build', name, '-o', `${image}/`, '--cache-dir', join(out, 'store'), '--base', `busybox=${bases}/busybox/oci`],
    {cwd: context},
  )
  expect(ran.code, ran.stderr).toBe(0)
  const listed = await asUser(
    [
      'unshare',
      '--map-root-user',
      '--map-auto',
      'sh',
      '-c',
      `cd ${image}${folder} && find . ! -name . -printf '%m %P\\n' | sort -k 2`,
    ],
    '/',
  )
  return listed.stdout.split('\n').filter(line => line !== '')
}

const stage = 'FROM busybox AS b\nCOPY p /p\nRUN ln -s r /p/q/link\nFROM busybox\n'

describe('COPY --parents', {timeout: 60_000}, () => {
  it('keeps the path of its sources, with the modes of the folders', async () => {
    expect(await build('FROM busybox\nCOPY --parents p/q/r/z.txt a.txt /x\n', '/x')).toEqual([
      '644 a.txt',
      '755 p',
      '750 p/q',
      '755 p/q/r',
      '644 p/q/r/z.txt',
    ])
  })
  it('starts at /./, goes down with **, and leaves out what --exclude names', async () => {
    expect(await build('FROM busybox\nCOPY --parents --exclude=**/s p/./q/**/*.txt /x/\n', '/x')).toEqual([
      '750 q',
      '755 q/r',
      '644 q/r/z.txt',
    ])
  })
  it('does the same from a stage', async () => {
    expect(await build(`${stage}COPY --parents --from=b /p/./q/**/*.txt /x/\n`, '/x')).toEqual([
      '750 q',
      '755 q/r',
      '755 q/r/s',
      '644 q/r/s/deep.txt',
      '644 q/r/z.txt',
    ])
  })
  it('leaves folders that are there as they are', async () => {
    expect(await build('FROM busybox\nRUN mkdir -m 700 -p /x/p\nCOPY --parents p/q/w.log /x/\n', '/x')).toEqual([
      '700 p',
      '750 p/q',
      '644 p/q/w.log',
    ])
  })
})

describe('COPY --exclude', {timeout: 60_000}, () => {
  it('names paths of the copied folder; a folder that it empties is still made', async () => {
    expect(await build('FROM busybox\nCOPY --exclude=q/r/*.log --exclude=only/* p /x\n', '/x')).toEqual([
      '755 only',
      '750 q',
      '755 q/r',
      '755 q/r/s',
      '644 q/r/s/deep.txt',
      '644 q/r/z.txt',
      '644 q/w.log',
    ])
  })
  it('does the same from a stage, and shows again what ! names', async () => {
    expect(await build(`${stage}COPY --from=b --exclude=q/r --exclude=!q/r/s/*.txt --exclude=**/*.log /p /x\n`, '/x')).toEqual([
      '755 only',
      '750 q',
      '777 q/link',
      '755 q/r',
      '755 q/r/s',
      '644 q/r/s/deep.txt',
    ])
  })
})
