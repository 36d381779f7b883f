/** `convert --to stages`: files of one stage each, which the real Apptainer builds one after the other. */
import {chmodSync, existsSync, readdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {asUser, bases, sifstage, workFolder} from '../support/engine.js'

const work = workFolder()
const cwd = join(work.path, 'work')
const base = ['--base', `busybox=${join(bases, 'busybox/oci')}`]

const dockerfile = `FROM busybox AS base
ENV GREETING=hello
WORKDIR /w
FROM base AS build
COPY a.txt .
RUN echo "$GREETING $(cat a.txt)" > out.txt && mkdir d && echo x > d/x
FROM busybox AS unused
RUN false
FROM base
COPY --from=build /w/out.txt /w/d ./
ENTRYPOINT ["/bin/cat"]
CMD ["out.txt"]
`

beforeAll(() => {
  work.write({'work/a.txt': 'world\n', 'work/Dockerfile': dockerfile})
})
afterAll(() => work.remove())

describe('convert --to stages', () => {
  it('writes a file for each stage that the target needs, linked for docker and for Apptainer', async () => {
    const ran = await sifstage(['convert', 'Dockerfile', '--to', 'stages', '-o', 'both', '--json'], {cwd})
    expect(ran.code, ran.stderr).toBe(0)
    expect(JSON.parse(ran.stdout)).toMatchObject({version: 1, to: 'stages', output: 'both'})
    expect(readdirSync(join(cwd, 'both')).sort()).toEqual([
      '.sifstage-stages',
      'base.Dockerfile',
      'base.def',
      'build.Dockerfile',
      'build.def',
      'build.sh',
      'docker-bake.hcl',
      'stage-3.Dockerfile',
      'stage-3.def',
    ])
    const read = (name: string) => readFileSync(join(cwd, 'both', name), 'utf8')
    expect(read('build.Dockerfile')).toMatch(/^ARG BASE_IMAGE=base\nFROM \$\{BASE_IMAGE\} AS build\n/)
    expect(read('stage-3.def')).toMatch(
      /^Bootstrap: localimage\nFrom: both\/build\.sif\nStage: build\n\nBootstrap: localimage\nFrom: both\/base\.sif\n/,
    )
    expect(read('docker-bake.hcl')).toContain('"build" = "target:build"')
  })

  it('builds with Apptainer', {timeout: 120_000}, async () => {
    const ran = await sifstage(['convert', 'Dockerfile', '--to', 'stages', '-o', 'chain', ...base], {cwd})
    expect(ran.code, ran.stderr).toBe(0)
    expect(ran.stderr).toContain('The Dockerfiles and docker-bake.hcl are left out')
    expect(existsSync(join(cwd, 'chain/base.Dockerfile'))).toBe(false)
    chmodSync(join(cwd, 'chain'), 0o777)
    const built = await asUser(['chain/build.sh'], cwd)
    expect(built.code, built.stderr).toBe(0)
    const started = await asUser(['apptainer', 'run', 'chain/stage-3.sif'], cwd)
    expect(started.stdout).toBe('hello world\n')
    const listed = await asUser(['apptainer', 'exec', 'chain/stage-3.sif', 'ls', '/w'], cwd)
    expect(listed.stdout).toBe('out.txt\nx\n')
    // What was built of the files before goes with them.
    const again = await sifstage(['convert', 'Dockerfile', '--to', 'stages', '-o', 'chain', ...base], {cwd})
    expect(again.code, again.stderr).toBe(0)
    expect(existsSync(join(cwd, 'chain/base.sif'))).toBe(false)
  })

  it('leaves a folder alone that holds anything else', async () => {
    work.write({'work/full/mine.txt': 'mine\n'})
    const ran = await sifstage(['convert', 'Dockerfile', '--to', 'stages', '-o', 'full'], {cwd})
    expect(ran.code).toBe(2)
    expect(readdirSync(join(cwd, 'full'))).toEqual(['mine.txt'])
    expect((await sifstage(['convert', 'Dockerfile', '--to', 'stages'], {cwd})).code).toBe(2)
  })

  it('writes nothing when neither can say it', async () => {
    writeFileSync(
      join(cwd, 'neither.yaml'),
      'sifstage: 1\nstages:\n  a:\n    from: ./base.sif\n    labels: {"a b": "x\\ny"}\n    steps:\n      - run: echo a\n        network: none\n        mounts: [{type: secret, id: t, target: /t, required: true}]\n',
    )
    const ran = await sifstage(['convert', 'neither.yaml', '--to', 'stages', '-o', 'nothing'], {cwd})
    expect(ran.code, ran.stderr).toBe(3)
    expect(existsSync(join(cwd, 'nothing'))).toBe(false)
  })
})
