import {describe, expect, it} from 'vitest'
import type {EngineName} from '../../src/model/engines.js'
import type {EngineStatus} from '../../src/model/ports.js'
import {candidateEngines, choiceLine, chooseEngine, type EngineQuestion, outputKindOf} from '../../src/plan/engine-choice.js'

const trees = ['apptainer', 'singularity']
const images = ['docker', 'podman', 'buildah']

function order(question: Omit<EngineQuestion, 'wanted'>): string[] {
  return candidateEngines({...question, wanted: 'auto'}).map(each => each.name)
}

describe('the engines that come into question', () => {
  it.each([
    ['def', 'sif', trees],
    ['def', 'sandbox', trees],
    ['dockerfile', 'sif', trees],
    ['yaml', 'sandbox', trees],
    ['def', 'docker-daemon', [...trees, 'docker']],
    ['def', 'containers-storage', [...trees, 'podman', 'buildah']],
    ['def', 'oci-archive', [...trees, ...images]],
    ['dockerfile', 'docker-daemon', ['docker']],
    ['yaml', 'containers-storage', ['podman', 'buildah']],
    ['dockerfile', 'oci-archive', [...images, ...trees]],
    ['yaml', 'docker-archive', [...images, ...trees]],
  ] as const)('%s to %s', (format, output, expected) => {
    expect(order({format, output})).toEqual(expected)
  })

  it('are the one that was asked for', () => {
    expect(candidateEngines({wanted: 'buildah', format: 'def', output: 'sif'})).toEqual([
      {name: 'buildah', why: 'it was asked for'},
    ])
  })

  it('are none for a name that is none', () => {
    expect(() => candidateEngines({wanted: 'dokcer', format: 'def', output: 'sif'})).toThrow(
      expect.objectContaining({exitCode: 2, message: '--engine dokcer: there is no such engine'}),
    )
  })
})

it.each([
  [undefined, 'sif'],
  ['x.sif', 'sif'],
  ['x/', 'sandbox'],
  ['x.oci.tar', 'oci-archive'],
  ['x.docker.tar', 'docker-archive'],
  ['docker-daemon:x:1', 'docker-daemon'],
  ['containers-storage:x:1', 'containers-storage'],
])('OUT %s is %s', (out, kind) => {
  expect(outputKindOf(out)).toBe(kind)
})

describe('the choice', () => {
  const status = (name: EngineName, ...notes: EngineStatus['notes']): {status: EngineStatus} => ({
    status: {name, usable: notes.length === 0, version: '1', path: `/bin/${name}`, mapping: 'none', notes},
  })
  const absent = (name: EngineName) => status(name, {ok: false, text: 'not found in PATH', fix: `install ${name}`})

  it('is the first that works, says why, and looks no further', async () => {
    const asked: string[] = []
    const chosen = await chooseEngine({wanted: 'auto', format: 'dockerfile', output: 'oci-archive'}, async name => {
      asked.push(name)
      return name === 'docker' ? absent(name) : status(name)
    })
    expect(asked).toEqual(['docker', 'podman'])
    expect(choiceLine(chosen.candidate)).toBe('podman: OUT is an OCI archive')
  })

  it('names the first trouble of each and what to do, what is here before what is not', async () => {
    const choice = chooseEngine({wanted: 'auto', format: 'dockerfile', output: 'containers-storage'}, async name =>
      name === 'podman'
        ? absent(name)
        : status(name, {ok: true, text: 'here'}, {ok: false, text: 'too old', fix: 'a newer one'}, {ok: false, text: 'ugly'}),
    )
    await expect(choice).rejects.toMatchObject({
      exitCode: 4,
      message: 'no usable engine for an image of podman and buildah: podman: not found in PATH; buildah: too old',
      hint: 'buildah: a newer one\npodman: install podman\n`sifstage engines` shows all that is here.',
    })
  })

  it('says of a single one only what to do', async () => {
    const choice = chooseEngine({wanted: 'docker', format: 'dockerfile', output: 'sif'}, async name => absent(name))
    await expect(choice).rejects.toMatchObject({
      message: 'no usable engine: docker: not found in PATH',
      hint: 'install docker\n`sifstage engines` shows all that is here.',
    })
  })
})
