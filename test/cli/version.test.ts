/** `--version` and `version`: what a bug report needs, at once, whatever the programs here do. */
import {chmodSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, describe, expect, it} from 'vitest'
import {root, sifstage, workFolder} from '../support/engine.js'

const work = workFolder()
afterAll(() => work.remove())

const FIRST = /^sifstage\/\d+\.\d+\.\d+ linux-x64 node-v\d+\.\d+\.\d+$/

describe('the versions', () => {
  it('of engines and tools follow on the first line, which is as ever', async () => {
    for (const word of ['--version', 'version']) {
      const {code, stdout, stderr} = await sifstage([word], {cwd: root})
      expect(code).toBe(0)
      expect(stderr).toBe('')
      const [first, ...lines] = stdout.split('\n')
      expect(first).toMatch(FIRST)
      expect(lines.join('\n')).toMatch(/^apptainer +\S+ .*\/apptainer$/m)
      expect(lines.join('\n')).toMatch(/^system +.*, Linux \d+\./m)
    }
    const {stdout} = await sifstage(['version'], {cwd: root})
    expect(stdout).toMatch(/^apptainer +\d+\.\d+\S* /m)
    expect(stdout).toMatch(/^mksquashfs +\d+\.\d+\S* /m)
  })

  it('are a document for programs', async () => {
    const {stdout} = await sifstage(['version', '--json'], {cwd: root})
    const document: {programs: readonly {name: string; version?: string}[]} = JSON.parse(stdout)
    expect(document).toMatchObject({version: 1, sifstage: expect.stringMatching(/^\d/), node: expect.stringMatching(/^\d/)})
    expect(document.programs.find(each => each.name === 'apptainer')?.version).toMatch(/^\d+\.\d+/)
  })

  it('are not waited for where a program hangs and cannot be ended', async () => {
    const program = join(work.path, 'apptainer')
    writeFileSync(program, "#!/bin/sh\ntrap '' TERM\nsleep 3; sleep 30\n")
    chmodSync(program, 0o755)
    const began = Date.now()
    const {code, stdout} = await sifstage(['--version'], {cwd: root, env: {PATH: `${work.path}:${process.env['PATH']}`}})
    expect(Date.now() - began).toBeLessThan(2_500)
    expect(code).toBe(0)
    expect(stdout.split('\n')[0]).toMatch(FIRST)
    expect(stdout).toMatch(/^apptainer +does not say +.*\/apptainer$/m)
  })
})
