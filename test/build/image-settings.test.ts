/** How images run that leave Apptainer's world: which of two accounts counts, and what of Apptainer's files goes along. */
import {describe, expect, it} from 'vitest'
import {type ImageSettings, settingsOf} from '../../src/build/image-settings.js'
import {Listing} from '../../src/images/listing.js'
import type {FormatName} from '../../src/model/description.js'
import type {ImageEntry} from '../../src/model/image.js'
import {describeText} from '../checks/reading.js'

const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
const base = JSON.stringify({Env: ['PATH=/base', 'ODD=a"b'], Entrypoint: ['entry'], Cmd: ['cmd'], User: '7', WorkingDir: '/base'})

const link = (path: string, target: string): ImageEntry => ({
  path,
  kind: 'symlink',
  mode: 0o777,
  uid: 0,
  gid: 0,
  size: 0,
  link: target,
})
const folder = (path: string): ImageEntry => ({path, kind: 'directory', mode: 0o755, uid: 0, gid: 0, size: 0})
const engines = [
  folder('/'),
  folder('/.singularity.d'),
  link('/.run', '.singularity.d/actions/run'),
  link('/environment', '.singularity.d/env/90-environment.sh'),
  link('/singularity', '.singularity.d/runscript'),
]

/** The engine's account, as `inspect --json` tells it. */
function inspect(scripts: Readonly<Record<string, string>>, more: object = {}): string {
  const environment = Object.fromEntries(Object.entries(scripts).map(([name, text]) => [`/.singularity.d/env/${name}`, text]))
  return JSON.stringify({data: {attributes: {environment, labels: {own: 'x', 'org.label-schema.build-date': 'now'}, ...more}}})
}

function settings(
  format: FormatName,
  text: string,
  account: string | undefined,
  baseConfig?: string,
  entries: readonly ImageEntry[] = engines,
): ImageSettings {
  const description = describeText(format, text)
  const stage = description.stages.at(-1)
  if (stage === undefined) throw new Error('no stage')
  return settingsOf({description, stage, baseConfig, inspect: account, tree: new Listing(entries)})
}

const onSif = (more: string) => `sifstage: 1\nstages:\n  only:\n    from: ./base.sif\n${more}`
const texts = ({files}: ImageSettings) =>
  Object.fromEntries(files.flatMap(each => (each.op === 'write' ? [[each.path.replace(/^.*\//, ''), each.text]] : [])))

describe('a Dockerfile', () => {
  it("is docker's alone: no file of Apptainer's stays, but one of that name does", () => {
    const own = [...engines.filter(each => each.path !== '/singularity'), folder('/singularity')]
    const found = settings('dockerfile', 'FROM x\nENV A=b\n', inspect({'90-environment.sh': 'export WRONG=1'}), base, own)
    expect(found.leaveOut).toEqual(['/.singularity.d', '/.run', '/environment'])
    expect(found.config).toEqual({...JSON.parse(base), Env: ['PATH=/base', 'ODD=a"b', 'A=b']})
    expect([found.files, found.notes]).toEqual([[], []])
  })
})

describe("a stage of docker's rules on an image of Apptainer's", () => {
  const account = inspect(
    {'10-docker2singularity.sh': 'export FROM_BASE="${FROM_BASE:-"1"}"', '90-environment.sh': 'export A=$FROM_BASE'},
    {runscript: '#!/bin/sh\nexec inherited "$@"'},
  )

  it('that says what it runs needs nothing of it', () => {
    const found = settings('yaml', onSif('    entrypoint: [/run]\n    env: {A: "1"}\n'), account)
    expect(found.config).toEqual({Env: [PATH, 'FROM_BASE=1', 'A=1'], Entrypoint: ['/run'], Labels: {own: 'x'}})
    expect([found.files, found.leaveOut]).toEqual([[], ['/.singularity.d', '/.run', '/environment', '/singularity']])
  })

  it('that does not runs what that runs', () => {
    const found = settings('yaml', onSif('    steps:\n      - workdir: /w\n'), account)
    expect(found.config).toMatchObject({Entrypoint: ['/.singularity.d/docker/runscript'], WorkingDir: '/w'})
    expect(texts(found)).toEqual({runscript: '#!/bin/sh\nexec inherited "$@"\n'})
    expect(found.leaveOut).toEqual([])
  })
})

describe('a definition file', () => {
  const header = 'Bootstrap: docker\nFrom: x\n'

  it("without a run script runs what its base runs, as root in /, with the base's own values", () => {
    const found = settings(
      'def',
      header,
      inspect({'10-docker2singularity.sh': 'export ODD="a\\\\\\"b"'}, {runscript: 'made of OCI'}),
      base,
    )
    expect(found.config).toEqual({
      Env: ['PATH=/base', 'ODD=a"b'],
      Entrypoint: ['entry'],
      Cmd: ['cmd'],
      WorkingDir: '/',
      Labels: {own: 'x'},
    })
    expect([found.files, found.leaveOut]).toEqual([[], []])
  })

  it('keeps the command of its base where a shell has to work out variables', () => {
    const scripts = {'90-environment.sh': 'export A=$(date)', '91-environment.sh': 'export B=1'}
    const found = settings('def', header, inspect(scripts), base)
    expect(found.config).toMatchObject({Entrypoint: ['/.singularity.d/docker/start', 'entry'], Cmd: ['cmd']})
    expect(texts(found)).toMatchObject({'90-environment.sh': 'export A=$(date)\n', '91-environment.sh': 'export B=1\n'})
    expect(texts(found)['start']).not.toContain('/bin/sh ')
    expect(found.notes).toEqual([expect.stringContaining('worked out when it starts')])
  })

  it('with nothing to run starts a shell behind its variables', () => {
    const found = settings('def', 'Bootstrap: scratch\n', inspect({'90-environment.sh': 'export A=$(date)'}))
    expect(texts(found)['start']).toContain('[ $# -gt 0 ] || set -- /bin/sh\n')
  })

  it('names what docker has no place for', () => {
    const text = `${header}%startscript\n  x\n%test\n  true\n%help\n  h\n%apprun a\n  true\n`
    expect(settings('def', text, inspect({}), base).notes).toEqual([
      "an image of docker's kind has no %startscript, no %test, no %help, no apps: docker looks at none of it",
    ])
  })
})
