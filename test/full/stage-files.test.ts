/** `convert --to stages` and the real `docker buildx bake`. */
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {execa} from 'execa'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {makeBases, pushBases} from '../conformance/to-def/bases.js'
import {bases, registry, sifstage} from '../support/engine.js'

const folder = mkdtempSync(join(tmpdir(), 'sifstage-bake-'))
const tag = 'sifstage-bake-test'

beforeAll(async () => {
  makeBases(bases, join(folder, 'bases'))
  await pushBases(join(folder, 'bases'), registry)
})
afterAll(async () => {
  await execa('docker', ['image', 'rm', '-f', tag], {reject: false, stdin: 'ignore'})
  rmSync(folder, {recursive: true, force: true})
})

describe('docker buildx bake', () => {
  it('builds the chain of Dockerfiles', {timeout: 120_000}, async () => {
    const docker = (...argv: readonly string[]) => execa('docker', [...argv], {cwd: folder, stdin: 'ignore'})
    writeFileSync(join(folder, 'a.txt'), 'world\n')
    writeFileSync(
      join(folder, 'Dockerfile'),
      `FROM busybox AS base
ENV GREETING=hello
WORKDIR /w
FROM base AS build
COPY a.txt .
RUN echo "$GREETING $(cat a.txt)" > out.txt
FROM base AS final
COPY --from=build /w/out.txt .
CMD ["cat", "out.txt"]
`,
    )
    const converted = await sifstage(['convert', 'Dockerfile', '--to', 'stages', '-o', 'files'], {cwd: folder})
    expect(converted.code, converted.stderr).toBe(0)
    // The daemon of the tests has no bridge.
    const offline = ['base', 'build', 'final'].map(name => `target "${name}" {\n  network = "none"\n}\n`).join('\n')
    writeFileSync(join(folder, 'offline.hcl'), `${offline}target "final" {\n  tags = ["${tag}"]\n}\n`)
    await docker('buildx', 'bake', '-f', 'files/docker-bake.hcl', '-f', 'offline.hcl', '--load')
    expect((await docker('run', '--rm', '--network', 'none', tag)).stdout).toBe('hello world')
  })
})
