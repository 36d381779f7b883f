/** `engine:` of a stage, which only YAML can say. */
import {describe, expect, it} from 'vitest'
import {readYaml} from '../../../src/formats/yaml/read.js'
import {writeYaml} from '../../../src/formats/yaml/write.js'
import {memoryContext} from '../../checks/memory-context.js'

const STAGES = `sifstage: 1
stages:
  tools:
    file: Dockerfile
    engine: buildah
  old:
    rules: def
    engine: apptainer
    definition:
      header:
        bootstrap: docker
        from: debian:12
  final:
    from: docker://debian:12
    engine: docker
    steps:
      - run: make
  plain:
    from: docker://debian:12
`

function read(text: string) {
  return readYaml('top.yaml', text, {
    buildArgs: new Map(),
    architecture: 'amd64',
    file: path =>
      path === 'Dockerfile'
        ? {name: path, text: 'FROM debian AS a\nFROM debian\nCOPY --from=a /x /x\n', format: 'dockerfile'}
        : undefined,
  })
}

describe('engine', () => {
  it('is read for stages of every kind, and for those that an included one needs', () => {
    const {description, diagnostics} = read(STAGES)
    expect(diagnostics).toEqual([])
    expect(description?.stages.map(({name, engine}) => [name, engine?.value, engine?.span.start.line])).toEqual([
      ['tools-a', 'buildah', 5],
      ['tools', 'buildah', 5],
      ['old', 'apptainer', 8],
      ['final', 'docker', 15],
      ['plain', undefined, undefined],
    ])
  })

  it('is written again', () => {
    const {description} = read(STAGES.replace(/ {2}tools:\n.*\n.*\n/, '').replace(/ {2}plain:\n.*\n/, ''))
    if (description === undefined) throw new Error('it cannot be read')
    for (const [target, text] of [
      [0, 'rules: def\n    engine: apptainer'],
      [1, 'from: docker://debian:12\n    engine: docker'],
    ] as const) {
      const written = writeYaml(description, {
        target,
        allow: new Set(),
        keepCwd: false,
        context: memoryContext({}),
        ignore: undefined,
        architecture: 'amd64',
      })
      expect(written.text).toContain(text)
    }
  })

  it.each([
    ['dokcer', 'top.yaml:15 "engine" should be one of apptainer, singularity, docker, podman, buildah.'],
    ['auto', 'top.yaml:15 "engine" should be one of apptainer, singularity, docker, podman, buildah.'],
  ])('is refused when it is %s', (name, finding) => {
    const {description, diagnostics} = read(STAGES.replace('engine: docker', `engine: ${name}`))
    expect(description).toBeUndefined()
    expect(diagnostics.map(({rule, span, message}) => [rule, `${span.file}:${span.start.line} ${message}`])).toEqual([
      ['syntax', finding],
    ])
  })
})
