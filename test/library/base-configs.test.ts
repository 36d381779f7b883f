import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, describe, expect, test} from 'vitest'
import {dockerfile} from '../../src/formats/dockerfile/index.js'
import {type LookAtBases, readWithBases} from '../../src/library/read-input.js'
import {showTemplate} from '../../src/model/template.js'

const folder = mkdtempSync(join(tmpdir(), 'sifstage-configs-'))
afterAll(() => rmSync(folder, {recursive: true}))

/** An OCI layout with nothing but a configuration. */
function layout(name: string, config: object): string {
  const path = join(folder, name)
  mkdirSync(join(path, 'blobs/sha256'), {recursive: true})
  writeFileSync(join(path, 'index.json'), JSON.stringify({manifests: [{digest: 'sha256:1'}]}))
  writeFileSync(join(path, 'blobs/sha256/1'), JSON.stringify({config: {digest: 'sha256:2'}}))
  writeFileSync(join(path, 'blobs/sha256/2'), JSON.stringify({config}))
  return path
}

const base = layout('base', {Env: ['PATH=/bin', 'A=1'], WorkingDir: '/srv', OnBuild: ['COPY --from=tools /t /t']})
const tools = layout('tools', {OnBuild: ['RUN tooling']})

function read(source: string, bases: LookAtBases) {
  return readWithBases({
    format: dockerfile,
    input: 'Dockerfile',
    source,
    options: {buildArgs: new Map(), architecture: 'amd64'},
    replacements: [
      {reference: 'base', with: {kind: 'local', reference: {agent: 'oci', path: base}}},
      {reference: 'tool-image', with: {kind: 'local', reference: {agent: 'oci', path: tools}}},
    ],
    folder,
    bases,
  })
}

const text = 'FROM tool-image AS tools\nFROM base\nWORKDIR w\nENV B=${A:-none}\n'

describe('bases are looked at', () => {
  test('for a conversion, in whatever stages their triggers bring in', async () => {
    const {rebased, diagnostics} = await read(text, 'convert')
    expect(diagnostics).toEqual([])
    const [first, second] = rebased?.description.stages ?? []
    expect(first?.steps).toMatchObject([{kind: 'run', command: {text: 'tooling'}}])
    expect(second?.base).toMatchObject({kind: 'local', config: {workdir: '/srv'}})
    expect(second?.steps).toMatchObject([
      {kind: 'copy', from: {kind: 'stage', index: 0}},
      {kind: 'workdir', path: ['/srv/w']},
      {kind: 'env', variables: [{value: [{variable: 'A', known: '1'}]}]},
    ])
  })

  test('for a build, where they decide which steps there are', async () => {
    const {rebased} = await read('FROM base\nFROM tool-image\nRUN x', 'build')
    expect(rebased?.description.stages.map(stage => stage.steps.length)).toEqual([0, 2])
  })

  test('never for a check or a plan', async () => {
    const {rebased} = await read(text, 'offline')
    expect(rebased?.description.stages.map(stage => stage.steps.length)).toEqual([0, 2])
    const [, second] = rebased?.description.stages ?? []
    const [, env] = second?.steps ?? []
    expect(env?.kind === 'env' && showTemplate(env.variables[0]?.value ?? [])).toBe('${A:-none}')
  })

  test('what depends on one that nobody can look at is said', async () => {
    const options = {buildArgs: new Map(), architecture: 'amd64'}
    const none = {kind: 'local', reference: {agent: 'oci', path: join(folder, 'none')}} as const
    const look = (source: string) =>
      readWithBases({
        format: dockerfile,
        input: 'Dockerfile',
        source,
        options,
        replacements: [{reference: 'x', with: none}],
        folder,
        bases: 'convert',
      })
    expect((await look('FROM x\nENV PATH=/a:$PATH\nWORKDIR /w\nRUN y')).diagnostics).toEqual([])
    const {diagnostics} = await look('FROM x AS a\nFROM a\nCOPY f .\nUSER $U')
    expect(diagnostics).toMatchObject([
      {rule: 'base-config-unknown', severity: 'info', span: {start: {line: 1, column: 6}}, stage: 'a'},
    ])
    expect(diagnostics[0]?.message).toContain('its working folder, its $U')
  })
})
