/** Scratch is looked at before anything is built: a file system that cannot hold a running image is refused by name. */
import {mkdirSync} from 'node:fs'
import {join} from 'node:path'
import {execa} from 'execa'
import {afterAll, expect, it} from 'vitest'
import {registry, root, user, workFolder} from '../support/engine.js'

const work = workFolder()
afterAll(() => work.remove())

/** A build whose scratch lies on a file system of its own, in a mount namespace of its own. */
async function buildOn(options: string): Promise<{readonly exitCode: number | undefined; readonly stderr: string}> {
  work.write({'context/a.def': `Bootstrap: docker\nFrom: ${registry}/busybox\n%post\n  true\n`})
  const disk = join(work.path, 'disk')
  mkdirSync(disk, {recursive: true})
  const script = `mount -t tmpfs -o ${options},mode=1777 tmpfs "$1" && exec "$2" build a.def -o "$3/a.sif" --cache-dir "$3/store"`
  const namespace = process.getuid?.() === 0 ? ['--mount'] : ['--map-root-user', '--mount']
  return execa('unshare', [...namespace, 'sh', '-c', script, 'sh', disk, join(root, 'bin/sifstage'), join(work.path, 'work')], {
    cwd: join(work.path, 'context'),
    env: {SIFSTAGE_TMPDIR: disk, NO_COLOR: '1', ...(user === undefined ? {} : {SIFSTAGE_RUN_AS: user})},
    reject: false,
  })
}

it.each([
  ['noexec,size=300m', 'is mounted noexec'],
  ['size=20m', 'MB left'],
])('refuses scratch on a file system with %s', async (options, reason) => {
  const ran = await buildOn(options)
  expect(ran.stderr).toContain(reason)
  expect(ran.stderr).toContain('SIFSTAGE_TMPDIR=')
  expect(ran.exitCode).toBe(2)
})
