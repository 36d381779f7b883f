/** `convert -o` says what was written, and the line that builds it where it lies now. */
import {mkdirSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {sifstage, workFolder} from '../support/engine.js'

const work = workFolder()
beforeAll(() => {
  mkdirSync(join(work.path, 'my go'))
  work.write({
    'my go/main.go': 'package main\n',
    'my go/Dockerfile':
      'FROM golang:1.22 AS make\nCOPY main.go /src/\nRUN go build -o /app /src/main.go\nFROM scratch\nCOPY --from=make /app /app\n',
  })
})
afterAll(() => work.remove())

describe('a conversion to a file', () => {
  it.each([
    ['my go', 'Dockerfile', 'def', 'go.def', 'sifstage build go.def'],
    ['.', 'my go/Dockerfile', 'def', 'my go/go.def', "sifstage build 'my go/go.def' --context 'my go'"],
    ['.', 'my go/Dockerfile', 'yaml', 'my go/stages.yaml', "sifstage build 'my go/stages.yaml'"],
    ['.', 'my go/Dockerfile', 'yaml', 'stages.yaml', "sifstage build stages.yaml --context 'my go'"],
    ['my go', 'Dockerfile', 'yaml', '../stages.yaml', 'sifstage build ../stages.yaml --context .'],
  ])('in %s of %s to %s as %s', async (folder, input, to, out, line) => {
    const cwd = join(work.path, folder)
    const ran = await sifstage(['convert', input, '--to', to, '-o', out], {cwd})
    expect(ran.code, ran.stderr).toBe(0)
    expect(ran.stdout).toBe(`${out} written; to build it: ${line}\n`)
    // What a shell makes of the line finds its files.
    const words =
      line
        .replace('sifstage build ', '')
        .match(/'[^']*'|\S+/g)
        ?.map(word => word.replaceAll("'", '')) ?? []
    const checked = await sifstage(['check', ...words], {cwd})
    expect(checked.code, checked.stderr).toBe(0)
  })
})
