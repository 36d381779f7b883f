/** `sifstage init` as a person meets it, with and without a terminal. */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {execa} from 'execa'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {root, sifstage} from '../support/engine.js'

let cwd: string
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'sifstage-init-'))
})
afterEach(() => rmSync(cwd, {recursive: true, force: true}))

const init = (...args: readonly string[]) => sifstage(['init', ...args], {cwd})

describe('without a terminal', () => {
  it('says what there is when nobody says what is wanted', async () => {
    const ran = await init()
    expect(ran.code).toBe(2)
    expect(ran.stderr).toContain('--template has to say')
    for (const name of ['c-mpi', 'conda', 'go', 'python', 'r', 'rust', 'spack']) expect(ran.stderr).toContain(`\n    ${name} `)
    expect(readdirSync(cwd)).toEqual([])
  })

  it('writes an example that check has nothing against, and the commands it prints work as they stand', async () => {
    const ran = await init('my project/pi', '--template', 'c-mpi')
    expect(ran.stderr).toContain('my project/pi')
    expect(ran.stdout).toBe("  cd 'my project/pi'\n  sifstage check pi.def\n  sifstage build pi.def\n")
    expect(readdirSync(join(cwd, 'my project/pi')).sort()).toEqual(['README.md', 'pi.c', 'pi.def'])
    const [cd = '', check = ''] = ran.stdout.trim().split('\n')
    const typed = await execa('sh', ['-c', `${cd}\n${check.replace('sifstage', join(root, 'bin/sifstage'))}`], {cwd, all: true})
    expect(typed.all).toContain('pi.def: no errors, no warnings')
  })

  it('lets what is there be, unless it is forced', async () => {
    mkdirSync(join(cwd, 'x'))
    writeFileSync(join(cwd, 'x/main.go'), 'mine')
    const refused = await init('x', '--template', 'go')
    expect(refused.code).toBe(2)
    expect(refused.stderr).toContain('x has main.go already; nothing was written')
    expect(readdirSync(join(cwd, 'x'))).toEqual(['main.go'])
    expect(readFileSync(join(cwd, 'x/main.go'), 'utf8')).toBe('mine')
    expect((await init('x', '--template', 'go', '--force')).code).toBe(0)
    expect(readFileSync(join(cwd, 'x/main.go'), 'utf8')).toContain('package main')
  })

  it('writes through no link, not even a dangling one', async () => {
    mkdirSync(join(cwd, 'x'))
    writeFileSync(join(cwd, 'elsewhere'), 'mine')
    symlinkSync('../elsewhere', join(cwd, 'x/main.go'))
    symlinkSync('../nothing', join(cwd, 'x/go.mod'))
    const refused = await init('x', '--template', 'go')
    expect(refused.stderr).toContain('has go.mod, main.go already')
    expect((await init('x', '--template', 'go', '--force')).code).toBe(0)
    expect(readFileSync(join(cwd, 'elsewhere'), 'utf8')).toBe('mine')
    expect(existsSync(join(cwd, 'nothing'))).toBe(false)
    expect(lstatSync(join(cwd, 'x/main.go')).isFile()).toBe(true)
  })

  it('leaves nothing behind when one of the files cannot be written', async () => {
    mkdirSync(join(cwd, 'x/main.go'), {recursive: true})
    const ran = await init('x', '--template', 'go', '--force')
    expect(ran.code).toBe(2)
    expect(ran.stderr).toContain('x: the example cannot be written')
    expect(readdirSync(join(cwd, 'x'))).toEqual(['main.go'])
    writeFileSync(join(cwd, 'file'), '')
    expect((await init('file/below', '--template', 'go')).code).toBe(2)
    expect((await init('file', '--template', 'go')).code).toBe(2)
  })

  it('takes only names that are safe in files, labels and shells', async () => {
    for (const name of ['../x', '-x', '$(touch hacked)', 'a\nb', '']) {
      const ran = await init('x', '--template', 'go', `--name=${name}`)
      expect(ran.code).toBe(2)
      expect(ran.stderr).toContain('an image cannot be called this')
    }
    expect(readdirSync(cwd)).toEqual([])
  })

  it('suggests a template, and answers programs in JSON', async () => {
    expect((await init('--template', 'pyton')).stderr).toContain('Did you mean python?')
    const listed = JSON.parse((await init('--list', '--json')).stdout) as {templates: {name: string; formats: string[]}[]}
    expect(listed.templates.map(each => each.name)).toContain('spack')
    const made = await init('p', '--template', 'python', '--format', 'yaml', '--name', 'tool', '--json')
    expect(JSON.parse(made.stdout)).toMatchObject({
      version: 1,
      template: 'python',
      format: 'yaml',
      input: 'tool.yaml',
      image: 'tool.sif',
      next: ['cd p', 'sifstage check tool.yaml', 'sifstage build tool.yaml'],
    })
    expect(readFileSync(join(cwd, 'p/tool.yaml'), 'utf8')).toContain('title: tool\n')
    expect(JSON.parse((await init('--json')).stdout)).toMatchObject({version: 1, error: expect.any(String)})
  })
})

describe('on a terminal', () => {
  /** Answers each question when it stands on the screen; `script` is the terminal. */
  async function answer(answers: readonly (readonly [seen: string, keys: string])[]): Promise<{code: number; screen: string}> {
    const child = execa('script', ['-qec', `${join(root, 'bin/sifstage')} init project`, '/dev/null'], {
      cwd,
      env: {TERM: 'xterm', NO_COLOR: '1'},
      reject: false,
      stdin: 'pipe',
    })
    let screen = ''
    let next = 0
    child.stdout.on('data', (piece: Buffer) => {
      screen += piece.toString()
      const [seen, keys] = answers[next] ?? []
      if (seen === undefined || !screen.includes(seen)) return
      next += 1
      // Whoever reads the keys begins to once the question stands there.
      setTimeout(() => child.stdin.write(keys ?? ''), 200)
    })
    const {exitCode} = await child
    return {code: exitCode ?? -1, screen}
  }

  it('asks what, how and the name', async () => {
    const {code, screen} = await answer([
      ['What do you build?', '\u001b[B\u001b[B\r'],
      ['How is it written down?', '\u001b[B\r'],
      ['What is the image called?', 'bad name\r'],
      ['the first a letter or a digit', `${'\u007f'.repeat(8)}fact\r`],
    ])
    expect(screen).toContain('sifstage build Dockerfile')
    expect(code).toBe(0)
    expect(readdirSync(join(cwd, 'project')).sort()).toEqual(['Dockerfile', 'README.md', 'go.mod', 'main.go'])
    expect(readFileSync(join(cwd, 'project/Dockerfile'), 'utf8')).toContain('title="fact"')
  })

  it('writes nothing when it is interrupted', async () => {
    const {code, screen} = await answer([['What do you build?', '\u0003']])
    expect(code).toBe(130)
    expect(screen).toContain('stopped before anything was written')
    expect(readdirSync(cwd)).toEqual([])
  })
})
