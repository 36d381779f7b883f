/** What is typed as INPUT and is none is answered with what may be meant. */
import {mkdirSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {sifstage, workFolder} from '../support/engine.js'

const work = workFolder()
beforeAll(() => {
  for (const folder of ['one', 'two', 'none']) mkdirSync(join(work.path, folder))
  work.write({
    'one/Dockerfile': 'FROM debian:12\n',
    'one/solver.f90': '',
    'two/a.def': 'Bootstrap: docker\nFrom: gcc:12\n',
    'two/b.def': 'Bootstrap: docker\nFrom: gcc:12\n',
    'two/sifstage.config.yaml': 'bases: {"gcc:12": docker://gcc:13}\n',
  })
})
afterAll(() => work.remove())

describe('an INPUT that is none', () => {
  it.each([
    ['one', 'check .', 'Name the file in it: Dockerfile'],
    ['.', 'check one/', 'Name the file in it: one/Dockerfile'],
    ['.', 'build two -o two.sif', 'Name the file in it: two/a.def, two/b.def'],
    ['.', 'check none', 'Name the file in it: a description, a Dockerfile or a definition file.'],
    ['one', 'check Dockrefile', 'Did you mean Dockerfile?'],
    ['.', 'plan one/dockerfile', 'Did you mean one/Dockerfile?'],
    ['.', 'check one/other.def', 'Look at how it is spelt'],
    ['two', 'check a.de', 'Did you mean a.def?'],
  ])('in %s: %s', async (folder, line, hint) => {
    const ran = await sifstage(line.split(' '), {cwd: join(work.path, folder)})
    expect(ran.stderr).toContain(`  hint: ${hint}`)
    expect(ran.code).toBe(2)
  })

  it('bases are told as they are written, not as a setting replaces them', async () => {
    const ran = await sifstage(['check', 'a.def', '--base', 'gcc=docker://gcc:14'], {cwd: join(work.path, 'two')})
    expect(ran.stderr).toContain('  Its bases are: docker://gcc:12\n')
  })
})
