/** `sifstage fmt` as a person and an editor meet it. */
import {chmodSync, lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {execa} from 'execa'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {root, sifstage} from '../support/engine.js'

let cwd: string
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'sifstage-fmt-'))
})
afterEach(() => rmSync(cwd, {recursive: true, force: true}))

const fmt = (args: readonly string[], input?: string) =>
  sifstage(['fmt', ...args], {cwd, ...(input === undefined ? {} : {input})})

const rough = `bootstrap:docker
# which
from :  debian:12
Stage:one
%files
a /b   \n# c
      "d e"  /f


%post
  cat <<EOF
    kept  \nEOF
%labels
k v

# of the next

bootstrap: scratch
%files from one
/x`

const tidy = `Bootstrap: docker
# which
From: debian:12
Stage: one

%files
    a /b
    # c
    "d e"  /f

%post
  cat <<EOF
    kept  \nEOF
%labels
    k v

# of the next

Bootstrap: scratch

%files from one
    /x
`

describe('a definition file', () => {
  it('is laid out in place, with its mode, behind a link', async () => {
    writeFileSync(join(cwd, 'real.def'), rough)
    chmodSync(join(cwd, 'real.def'), 0o640)
    symlinkSync('real.def', join(cwd, 'x.def'))
    const ran = await fmt(['x.def'])
    expect(ran).toMatchObject({code: 0, stdout: 'x.def\n', stderr: '1 file changed\n'})
    expect(readFileSync(join(cwd, 'real.def'), 'utf8')).toBe(tidy)
    expect(statSync(join(cwd, 'real.def')).mode & 0o7777).toBe(0o640)
    expect(lstatSync(join(cwd, 'x.def')).isSymbolicLink()).toBe(true)
    expect(readdirSync(cwd).sort()).toEqual(['real.def', 'x.def'])
    expect(await fmt(['x.def'])).toMatchObject({code: 0, stdout: '', stderr: '1 file laid out already\n'})
  })

  it('comes from standard input and goes to standard output', async () => {
    expect(await fmt(['-'], rough)).toMatchObject({code: 0, stdout: tidy, stderr: ''})
    expect(await fmt(['-'], tidy)).toMatchObject({code: 0, stdout: tidy, stderr: ''})
    const dos = (text: string) => text.replaceAll('\n', '\r\n')
    expect((await fmt(['-'], dos(rough))).stdout).toBe(dos(tidy))
  })

  it('is left alone when it cannot be read', async () => {
    const broken = 'bootstrap:   scratch\n%nonsense\n'
    writeFileSync(join(cwd, 'x.def'), broken)
    const ran = await fmt(['x.def'])
    expect(ran.code).toBe(2)
    expect(ran.stderr).toContain('x.def:2:1: error: Unknown section %nonsense.')
    expect(ran.stderr).toContain('  2 | %nonsense\n')
    expect(readFileSync(join(cwd, 'x.def'), 'utf8')).toBe(broken)
  })
})

describe('a description', () => {
  const text = `# yaml-language-server: $schema=./sifstage.schema.json
sifstage:   1
target: b   # the one
stages:
    a:
        steps:
        # says hello
        -   run: 'echo   "hi"'
        - to: /x
          # what
          copy: [
            one,
            # and
            two
          ]
        from: docker://debian:12


    b:
        from: {stage: a}
        labels: {k: "0755"}
`
  it('keeps comments, quotes and the line for editors, and gets its keys in order', async () => {
    const ran = await fmt(['-'], text)
    expect(ran.stdout).toBe(`# yaml-language-server: $schema=./sifstage.schema.json
sifstage: 1
stages:
  a:
    from: docker://debian:12
    steps:
      # says hello
      - run: 'echo   "hi"'
      # what
      - copy:
          - one
          # and
          - two
        to: /x

  b:
    from: {stage: a}
    labels: {k: "0755"}
target: b # the one
`)
  })
})

describe('for scripts and hooks', () => {
  it('--check lists what would change, --diff shows it, and both write nothing', async () => {
    writeFileSync(join(cwd, 'a.def'), `${rough}\n`)
    writeFileSync(join(cwd, 'b.def'), 'Bootstrap: scratch\n')
    expect(await fmt(['--check', 'a.def', 'b.def'])).toMatchObject({
      code: 1,
      stdout: 'a.def\n',
      stderr: '1 file would be changed, 1 file laid out already\n',
    })
    expect((await fmt(['--check', 'b.def'])).code).toBe(0)
    const {stdout, code} = await fmt(['--diff', 'a.def'])
    expect(code).toBe(0)
    expect((await fmt(['--diff', '--check', 'a.def'])).code).toBe(1)
    expect(readFileSync(join(cwd, 'a.def'), 'utf8')).toBe(`${rough}\n`)
    // git takes it for what it is.
    await execa('git', ['apply', '-p0'], {cwd, input: stdout})
    expect(readFileSync(join(cwd, 'a.def'), 'utf8')).toBe(tidy)
  })

  it('refuses Dockerfiles, JSON and what it does not know, and says why', async () => {
    writeFileSync(join(cwd, 'Dockerfile'), 'FROM x\n')
    writeFileSync(join(cwd, 'x.json'), '{"sifstage": 1, "stages": {}}\n')
    writeFileSync(join(cwd, 'y.txt'), 'hello\n')
    writeFileSync(join(cwd, 'bad.def'), ' Bootstrap\u001b[31m\n')
    writeFileSync(join(cwd, 'good.def'), 'bootstrap: scratch\n')
    const ran = await fmt(['Dockerfile', 'x.json', 'y.txt', 'nothing.def', 'bad.def', 'good.def'])
    expect(ran.code).toBe(2)
    expect(ran.stderr).toContain('here-documents are part of them')
    expect(ran.stderr).toContain('This is JSON')
    expect(ran.stderr).toContain('Say what it is: --from yaml or --from def.')
    expect(ran.stderr).toContain('nothing.def cannot be read: it does not exist')
    expect(ran.stderr).not.toContain('\u001b')
    expect(ran.stdout).toBe('good.def\n')
    expect((await fmt(['-', 'x.def'])).code).toBe(2)
  })

  it('answers in JSON', async () => {
    const {stdout} = await fmt(['-', '--json'], 'bootstrap: scratch\n')
    expect(JSON.parse(stdout)).toEqual({
      version: 1,
      files: [{file: '-', changed: true, diagnostics: [], text: 'Bootstrap: scratch\n'}],
    })
  })
})

it('finds the examples of this repository laid out', async () => {
  const examples = [
    'lab3/lab3.def',
    'lab3-wrong/lab3-wrong.def',
    'web/stages.yaml',
    'chain/stages.yaml',
    'builder-pattern/stages.yaml',
  ]
  const {code, stdout} = await fmt(['--check', ...examples.map(each => join(root, 'examples', each))])
  expect(stdout).toBe('')
  expect(code).toBe(0)
})
