/** `engines` with what is really here, and what a build says where the wanted one is not. */
import {readdirSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {afterAll, describe, expect, it} from 'vitest'
import {sifstage, workFolder} from '../support/engine.js'

const work = workFolder()
afterAll(() => work.remove())

interface Document {
  readonly engines: readonly {
    readonly name: string
    readonly usable: boolean
    readonly version?: string
    readonly notes: readonly {readonly ok: boolean; readonly text: string; readonly fix?: string}[]
  }[]
}

const options = {
  cwd: work.path,
  env: {DOCKER_HOST: `unix://${work.path}/nowhere.sock`, SIFSTAGE_CACHE_DIR: `${work.path}/work/store`},
}

describe('engines', () => {
  it('shows each engine, what is wrong with it and what to do', async () => {
    const {code, stdout} = await sifstage(['engines', '--json'], options)
    expect(code).toBe(0)
    const {engines}: Document = JSON.parse(stdout)
    expect(engines.map(each => each.name)).toEqual(['apptainer', 'singularity', 'docker', 'podman', 'buildah'])
    const [apptainer, , docker] = engines
    expect(apptainer).toMatchObject({usable: true, version: expect.stringMatching(/^\d+\.\d+/)})
    // A daemon is not there, or no client either.
    expect(docker?.usable).toBe(false)
    expect(docker?.notes[0]?.text).toMatch(/^(not found in PATH|no daemon answers at DOCKER_HOST=.*nowhere\.sock|this is podman)/)
    for (const {notes, usable} of engines) {
      expect(notes.every(note => note.ok)).toBe(usable)
      for (const note of notes) if (!note.ok) expect(note.fix).toMatch(/\S/)
    }
    expect(readdirSync(tmpdir()).filter(name => name.startsWith('sifstage-trial-'))).toEqual([])
  }, 60_000)

  it('says for people which engine is taken for what', async () => {
    const {stdout} = await sifstage(['engines'], options)
    expect(stdout).toMatch(/^apptainer +\d\S+ +usable/m)
    expect(stdout).toMatch(/without --engine:\n {2}a \.sif, a sandbox folder +apptainer\n/)
    expect(stdout).toMatch(/docker-daemon:NAME +no engine here\n/)
  }, 60_000)
})

describe('a build', () => {
  it.each([
    ['nonsense', 2, 'error: --engine nonsense: there is no such engine'],
    ['docker', 4, 'error: no usable engine: docker: '],
  ])('with --engine %s ends with %i before anything is done', async (engine, expected, text) => {
    work.write({Dockerfile: 'FROM scratch\nCOPY Dockerfile /\n'})
    const {code, stderr} = await sifstage(['build', '--engine', engine, '-o', 'work/x.sif'], options)
    expect(stderr).toContain(text)
    expect(code).toBe(expected)
  })
})

describe('a conversion', () => {
  it('leaves out which engine builds a stage, with a warning for those it writes', async () => {
    work.write({
      'stages.yaml':
        'sifstage: 1\nstages:\n  other: {from: scratch, engine: podman}\n  final:\n    from: scratch\n    engine: docker\n    steps: [{copy: stages.yaml, to: /}]\n',
    })
    const convert = (...args: string[]) => sifstage(['convert', 'stages.yaml', ...args], options)
    const {code, stdout, stderr} = await convert('--to', 'dockerfile')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^FROM scratch/m)
    expect(stderr).toContain('stages.yaml:6:13: warning: That stage "final" is built by docker is left out')
    expect(stderr).not.toContain('That stage "other"')
    expect((await convert('--to', 'dockerfile', '--strict')).code).toBe(3)
    const yaml = await convert('--to', 'yaml')
    expect(yaml.stdout).toContain('engine: docker')
    expect(yaml.stderr).not.toContain('stage-engine')
  })
})
