/** Settings: what the files may say, what is told of mistakes in them, and that the page about them is true. */
import {mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {loadSettings} from '../../src/library/settings.js'
import {ENVIRONMENT_ONLY, SETTINGS, type Setting} from '../../src/library/settings-table.js'
import {SifstageError} from '../../src/model/errors.js'
import {root, sifstage} from '../support/engine.js'

let cwd: string
let env: Record<string, string>
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'sifstage-settings-'))
  env = {XDG_CONFIG_HOME: join(cwd, 'config'), HOME: cwd}
  mkdirSync(join(cwd, 'config/sifstage'), {recursive: true})
})
afterEach(() => rmSync(cwd, {recursive: true, force: true}))

const project = (text: string) => writeFileSync(join(cwd, 'sifstage.config.yaml'), text)
const user = (text: string) => writeFileSync(join(cwd, 'config/sifstage/config.yaml'), text)

describe('the files', () => {
  it('may hold every setting of the table, and the project wins over the user', async () => {
    project('jobs: 2\nbases: {debian:12: ./d.sif}\nstore-from: [a, oras://h/r]\ncache-dir: ./c\nruntime-libraries: libx.so\n')
    user('jobs: 9\nengine: podman\nrun-as: me\nbases:\n  alpine: b.sif\ncache-size: 20000\nstore-to: s\nstore-trust: [k]\n')
    const config = join(cwd, 'config/sifstage')
    expect(await loadSettings(cwd, env)).toEqual({
      bases: [
        {reference: 'debian:12', replacement: './d.sif', folder: cwd, file: join(cwd, 'sifstage.config.yaml')},
        {reference: 'alpine', replacement: 'b.sif', folder: config, file: join(config, 'config.yaml')},
      ],
      jobs: 2,
      storeFrom: [join(cwd, 'a'), 'oras://h/r'],
      cacheDir: join(cwd, 'c'),
      runtimeLibraries: ['libx.so'],
      engine: 'podman',
      runAs: 'me',
      cacheSize: '20000',
      storeTo: join(config, 's'),
      storeTrust: ['k'],
    })
    mkdirSync(join(cwd, 'deep/er'), {recursive: true})
    expect((await loadSettings(join(cwd, 'deep/er'), env)).jobs).toBe(2)
  })

  it.each([
    ['', {bases: []}],
    ['# nothing\n', {bases: []}],
    ['{}\n', {bases: []}],
  ])('may be empty: %j', async (text, settings) => {
    project(text)
    expect(await loadSettings(cwd, env)).toEqual(settings)
  })

  it.each([
    [
      'jobs: 2\ncach-dir: x\n',
      ':2:1: there is no setting "cach-dir"',
      '2 | cach-dir: x\n  | ^~~~~~~~\nDid you mean cache-dir? It may hold: bases, ',
    ],
    ['jobs: many\n', ':1:7: jobs should be a whole number from 1 on', '1 | jobs: many\n  |       ^~~~'],
    ['jobs: 0\n', ':1:7: jobs should be', '^'],
    ['engine: [a]\n', ':1:1: engine should be a text', '^~~~~~'],
    ['engine:\n', ': engine should be a text', '^'],
    ['store-from:\n  - a\n  - {b: c}\n', ': store-from should be a text or a list of texts', '^'],
    ['bases: x\n', ':1:1: bases should be a map from references to replacements', '^~~~~'],
    ['- a\n', ':1:1: settings are a map', '^'],
    ['jobs: [\n', ':2:1: Flow sequence', '^'],
    ['a: 1\na: 2\n', ': Map keys must be unique', '^'],
    ['"x\\u001b[31m": 1\n', 'there is no setting "x\\\\u001b[31m"', '^'],
  ])('are refused with the place: %j', async (text, message, hint) => {
    project(text)
    const error = await loadSettings(cwd, env).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(SifstageError)
    if (!(error instanceof SifstageError)) return
    expect(error.exitCode).toBe(2)
    expect(error.message).toContain(message)
    expect(error.message.startsWith(join(cwd, 'sifstage.config.yaml'))).toBe(true)
    expect(error.hint).toContain(hint)
  })
})

describe('sifstage config', () => {
  const config = (...args: readonly string[]) =>
    sifstage(['config', ...args], {
      cwd,
      env: {...env, SIFSTAGE_RUN_AS: '', SIFSTAGE_ENGINE: 'podman', SIFSTAGE_RUNTIME_LIBRARIES: 'a.so, b.so'},
    })

  it('shows every value and who says so', async () => {
    project('# ours\njobs: 2\nruntime-libraries: [c.so]\nbases:\n  x: ./y.sif\n')
    user('engine: docker\ncache-size: 1GB\n')
    const {code, stdout, stderr} = await config()
    expect(code).toBe(0)
    const rows = stdout
      .trimEnd()
      .split('\n')
      .map(each => each.split(/ {2,}/))
    expect(rows).toContainEqual(['jobs', '2', 'sifstage.config.yaml:2'])
    expect(rows).toContainEqual(['bases', 'x=./y.sif', 'sifstage.config.yaml:5'])
    expect(rows).toContainEqual(['engine', 'podman', 'SIFSTAGE_ENGINE'])
    expect(rows).toContainEqual(['cache-size', '1GB', 'config/sifstage/config.yaml:2'])
    expect(rows).toContainEqual(['cache-dir', join(cwd, '.cache/sifstage'), 'default'])
    expect(rows).toContainEqual(['store-to', 'not set'])
    expect(rows).toContainEqual(['', 'c.so', 'sifstage.config.yaml:3'])
    expect(stderr).toContain(`the project's file: ${join(cwd, 'sifstage.config.yaml')}\n`)
    const {settings} = JSON.parse((await config('--json')).stdout) as {
      settings: {name: string; values: {value: string; origin: object}[]}[]
    }
    expect(settings.find(each => each.name === 'jobs')?.values).toEqual([
      {value: '2', origin: {kind: 'project', file: join(cwd, 'sifstage.config.yaml'), line: 2}},
    ])
    expect(settings.find(each => each.name === 'runtime-libraries')?.values.map(each => each.value)).toEqual([
      'a.so',
      'b.so',
      'c.so',
    ])
    expect((await config('jobs')).stdout).toBe('2\n')
    const unknown = await config('job')
    expect(unknown.code).toBe(2)
    expect(unknown.stderr).toContain('Did you mean jobs?')
    project('jobs: none\n')
    expect((await config()).code).toBe(2)
  })
})

describe('docs/configuration.md', () => {
  const page = readFileSync(join(root, 'docs/configuration.md'), 'utf8')
  const cell = (text: string | undefined) => (text === undefined ? '' : `\`${text}\``)
  it('has a row for each setting, as the table has it', () => {
    for (const {name, variable, flag, meaning, otherwise} of SETTINGS as readonly Setting[])
      expect(page).toContain(`| \`${name}\` | ${cell(variable)} | ${cell(flag)} | ${meaning} | ${otherwise} |\n`)
    for (const {variable, flag, meaning} of ENVIRONMENT_ONLY)
      expect(page).toContain(`| \`${variable}\` | ${cell(flag)} | ${meaning} |\n`)
    expect(page.match(/^\| `/gm)?.length).toBe(SETTINGS.length + ENVIRONMENT_ONLY.length)
  })

  it('leaves out no variable that the program reads', () => {
    const known = new Set([
      ...SETTINGS.flatMap(each => ('variable' in each ? [each.variable] : [])),
      ...ENVIRONMENT_ONLY.map(each => each.variable),
    ])
    const read = new Set<string>()
    for (const entry of readdirSync(join(root, 'src'), {recursive: true, withFileTypes: true}))
      if (entry.isFile())
        for (const [name] of readFileSync(join(entry.parentPath, entry.name), 'utf8').matchAll(/\bSIFSTAGE_[A-Z_]+\b/g))
          read.add(name)
    // The command line's own library would read a theme; it is told not to.
    read.delete('SIFSTAGE_DISABLE_THEME')
    expect([...read].sort()).toEqual([...known].sort())
  })
})
