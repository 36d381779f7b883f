/** `--cache-mount`: folders that a definition file's stages keep between builds, with the real engine. */
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {listImage, registry, sifstage, workFolder} from '../support/engine.js'

const work = workFolder()
const out = join(work.path, 'work')
afterAll(() => work.remove())

const definition = (last: string) => `Bootstrap: docker
From: ${registry}/busybox

%post
  echo built >>/build/tree/state
  ls /root/.cache/tool
  echo cached >>/root/.cache/tool/file
  cp /build/tree/state /state
  ${last}
`

const build = (last: string, more: readonly string[]) => {
  work.write({'tool.def': definition(last)})
  return sifstage(['build', 'tool.def', '-o', join(out, 'tool.sif'), '--cache-dir', join(out, 'store'), '--json', ...more], {
    cwd: work.path,
  })
}
const mounts = ['--cache-mount', '/build/tree', '--cache-mount', '/root/.cache/tool/']

describe('a folder that is kept', () => {
  beforeAll(() => work.write({secret: 'word'}))

  it('has what a failed build left, and is in no image', async () => {
    const failed = await build('exit 3', mounts)
    expect(failed.code, failed.stderr).toBe(5)
    const built = await build('true', [...mounts, '--secret', 'id=s,src=secret'])
    expect(built.code, built.stderr).toBe(0)
    const listing = await listImage(join(out, 'tool.sif'))
    // Two lines of six bytes: one of each build.
    expect(JSON.parse(listing.get('/state') ?? '{}')).toMatchObject({size: 12})
    // The places are gone again, but for what the base has.
    expect([...listing.keys()].filter(path => /^\/(build|root\/.cache|run\/secrets)/.test(path))).toEqual([])
    expect(listing.has('/root')).toBe(true)
  })

  it('is part of the key, its content is not', async () => {
    const again = await build('true', [...mounts, '--secret', 'id=s,src=secret'])
    expect(JSON.parse(again.stdout).stages[0].status).toBe('cached')
    const without = await build('true', [])
    expect(without.code).toBe(5)
    expect(without.stderr).toContain('/build/tree/state')
  })

  it.each(['relative', '/a/../b', '/with:colon', '/a,b', '/'])('cannot be at %s', async target => {
    const refused = await build('true', ['--cache-mount', target])
    expect(refused.code).toBe(2)
    expect(refused.stderr).toContain('cannot be a place in an image')
  })

  it('is refused where a Dockerfile can say it itself', async () => {
    work.write({Dockerfile: `FROM ${registry}/busybox\nRUN true\n`})
    const refused = await sifstage(['build', 'Dockerfile', '--cache-mount', '/ccache'], {cwd: work.path})
    expect(refused.code).toBe(2)
    expect(refused.stderr).toContain('RUN --mount=type=cache')
  })
})
