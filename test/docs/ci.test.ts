/** What docs/ci has for pipelines is run: the scripts of its steps, with what their services set, in a repository of git. */
import {chmodSync, cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {execa} from 'execa'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {parse} from 'yaml'
import {bases, root, user, workFolder} from '../support/engine.js'

const work = workFolder()
const project = join(work.path, 'work')
const settings = join(work.path, 'config')

interface Step {
  readonly name?: string
  readonly run?: string
  readonly env?: Readonly<Record<string, string>>
  readonly uses?: string
}

const read = (path: string) => parse(readFileSync(join(root, path), 'utf8'))

beforeAll(async () => {
  cpSync(join(root, 'examples/lab3'), project, {recursive: true})
  cpSync(join(project, 'lab3.def'), join(project, 'image.def'))
  work.write({
    'config/sifstage/config.yaml': [
      'bases:',
      `  gcc:12: ${bases}/gcc/rootfs`,
      `  alpine:3.20: ${bases}/busybox/rootfs`,
      ...(user === undefined ? [] : [`run-as: ${user}`]),
      '',
    ].join('\n'),
    'work/wrong.def': readFileSync(join(root, 'examples/lab3-wrong/lab3-wrong.def'), 'utf8'),
  })
  await execa('git', ['init', '--quiet'], {cwd: project})
})
afterAll(() => work.remove())

/** One script as a service runs it. */
async function script(text: string, env: Readonly<Record<string, string>>) {
  return execa('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', text], {
    cwd: project,
    stdin: 'ignore',
    reject: false,
    env: {XDG_CONFIG_HOME: settings, SIFSTAGE_CACHE_DIR: join(project, 'store'), CI: 'true', NO_COLOR: '1', ...env},
  })
}

describe('the GitHub Action', () => {
  const action = read('docs/ci/github/action.yml')
  const steps: readonly Step[] = action.runs.steps

  /** Runs its steps with inputs; gives back what the last one before a failure printed, and the summary. */
  async function run(inputs: Readonly<Record<string, string>>) {
    const files = {GITHUB_PATH: join(work.path, 'path'), GITHUB_STEP_SUMMARY: join(work.path, 'summary.md')}
    for (const file of Object.values(files)) writeFileSync(file, '')
    const given: Record<string, string> = Object.fromEntries(
      Object.entries<{default?: string}>(action.inputs).map(([name, {default: value}]) => [name, inputs[name] ?? value ?? '']),
    )
    const outputs: {name: string | undefined; code: number | undefined; stdout: string; stderr: string}[] = []
    for (const {name, run: text = '', env = {}} of steps) {
      const values = Object.entries(env).map(([key, value]) => [
        key,
        value.replace(/\$\{\{ inputs\.(\w+) \}\}/g, (_, input: string) => given[input] ?? ''),
      ])
      const added = readFileSync(files.GITHUB_PATH, 'utf8').trim()
      const ran = await script(text, {
        ...Object.fromEntries(values),
        ...files,
        GITHUB_ACTION_PATH: join(root, 'docs/ci/github'),
        PATH: added === '' ? (process.env['PATH'] ?? '') : `${added}:${process.env['PATH']}`,
      })
      outputs.push({name, code: ran.exitCode, stdout: ran.stdout, stderr: ran.stderr})
    }
    return {outputs, summary: readFileSync(files.GITHUB_STEP_SUMMARY, 'utf8')}
  }

  it('checks what is right, and draws its stages', async () => {
    const {outputs, summary} = await run({files: 'lab3.def *.nothing'})
    expect(outputs.map(each => each.code)).toEqual([0, 0, 0])
    expect(summary).toMatch(/^### lab3\.def\n\n```mermaid\nflowchart TD\n/)
  })

  it('annotates what is wrong, with files as the repository has them', async () => {
    const {outputs} = await run({files: 'lab3.def wrong.def'})
    const check = outputs.find(each => each.name === 'Check')
    expect(check?.code).toBe(1)
    expect(check?.stdout).toMatch(/^::error file=wrong\.def,line=8,endLine=8,col=13,endColumn=20,title=copy-from-later-stage::/m)
  })

  it('says when there is nothing to check, and takes patterns', async () => {
    const none = await run({files: 'no/**/such.def'})
    expect(none.outputs.find(each => each.name === 'Check')).toMatchObject({code: 2})
    expect(none.outputs.find(each => each.name === 'Check')?.stdout).toBe('::error::no file matches: no/**/such.def')
    const all = await run({files: '**/lab*.def'})
    expect(all.outputs.find(each => each.name === 'Check')?.code).toBe(0)
  })
})

describe('check --format github', () => {
  const below = join(project, 'below')

  beforeAll(() => {
    mkdirSync(below)
    cpSync(join(project, 'wrong.def'), join(below, 'wrong.def'))
  })

  it.each([
    ['in a folder below, with a context', 'below', 'wrong.def --context ..'],
    ['with ./ before the name', '.', './below/wrong.def'],
    ['by whole paths, several', 'below', `../lab3.def ${below}/wrong.def --context ..`],
  ])('names files from the root of the repository: %s', async (_, folder, args) => {
    const text = `cd ${folder} && ${root}/bin/sifstage check --format github ${args}`
    const ran = await script(text, {GITHUB_WORKSPACE: project})
    expect(ran.exitCode).toBe(1)
    const files = [...ran.stdout.matchAll(/^::\w+ file=([^,]*),/gm)].map(match => match[1])
    expect(files.length).toBeGreaterThan(0)
    expect(new Set(files).difference(new Set(['below/wrong.def', 'lab3.def']))).toEqual(new Set())
    expect(files).toContain('below/wrong.def')
  })

  it('leaves names as they were typed elsewhere, and those outside the repository', async () => {
    const typed = await script(`cd below && ${root}/bin/sifstage check --format github wrong.def`, {GITHUB_WORKSPACE: ''})
    expect(typed.stdout).toMatch(/^::error file=wrong\.def,/m)
    const outside = await script(`${root}/bin/sifstage check --format github wrong.def`, {GITHUB_WORKSPACE: below})
    expect(outside.stdout).toMatch(/^::error file=wrong\.def,/m)
  })
})

describe('the workflow', () => {
  it('has steps that do what they say', {timeout: 120_000}, async () => {
    const {jobs} = read('docs/ci/github/workflow.yml')
    const summary = join(work.path, 'workflow-summary.md')
    writeFileSync(summary, '')
    const steps: readonly Step[] = [...jobs.check.steps, ...jobs.build.steps]
    // What an administrator is asked for is noted, and not done to the machine of the tests.
    const asked = join(work.path, 'asked')
    work.write({'tools/sudo': `#!/bin/sh\necho "$*" >> '${asked}'\n`})
    chmodSync(join(work.path, 'tools/sudo'), 0o755)
    for (const {name, run: text} of steps.filter(each => each.run !== undefined)) {
      const ran = await script(text ?? '', {
        GITHUB_STEP_SUMMARY: summary,
        PATH: `${work.path}/tools:${root}/bin:${process.env['PATH']}`,
      })
      expect(ran.exitCode, `${name}\n${ran.stderr}`).toBe(0)
    }
    expect(JSON.parse(readFileSync(join(project, 'sifstage.sarif'), 'utf8')).version).toBe('2.1.0')
    expect(readFileSync(join(project, 'report.html'), 'utf8')).toMatch(/^<!DOCTYPE html>/)
    expect(readFileSync(summary, 'utf8')).toContain('compiler')
    expect(readFileSync(asked, 'utf8')).toBe(
      'apt-get install --yes squashfs-tools uidmap\nsysctl -w kernel.apparmor_restrict_unprivileged_userns=0\n',
    )
    const own = steps
      .filter(each => each.uses?.includes('sifstage'))
      .map(each => each.uses?.replace(/^[^/]+\/[^/]+\/(.*)@.*$/, '$1'))
    expect(new Set(own)).toEqual(new Set([dirname('docs/ci/github/action.yml')]))
  })
})

describe('the GitLab template', () => {
  it('has scripts that do what they say', {timeout: 120_000}, async () => {
    const jobs = read('docs/ci/gitlab.yml')
    symlinkSync(root, join(project, '.sifstage'))
    mkdirSync(join(project, 'none'), {recursive: true})
    for (const name of ['check image', 'build image']) {
      const job = jobs[name]
      const lines: readonly string[] = [...jobs[job.extends].before_script, ...job.script]
      const ran = await script(lines.join('\n'), {})
      expect(ran.exitCode, `${name}\n${ran.stderr}`).toBe(0)
      if (job.after_script !== undefined) {
        const after = await script(job.after_script.join('\n'), {})
        expect(after.exitCode, after.stderr).toBe(0)
      }
      for (const path of job.artifacts.paths) expect(readFileSync(join(project, path)).length).toBeGreaterThan(0)
    }
  })
})

describe('the hooks of pre-commit', () => {
  const hooks: readonly {id: string; entry: string; language: string; files: string; exclude: string}[] =
    read('.pre-commit-hooks.yaml')
  const isMeant = (id: string, name: string) => {
    const hook = hooks.find(each => each.id === id)
    return hook !== undefined && new RegExp(hook.files).test(name) && !new RegExp(hook.exclude).test(name)
  }

  it.each([
    ['image.def', true, true],
    ['deep/Singularity.dev', true, true],
    ['Apptainer', true, true],
    ['stages.yaml', true, true],
    ['Dockerfile', true, false],
    ['tools/Dockerfile.build', true, false],
    ['web.Dockerfile', true, false],
    ['image.def.lock', false, false],
    ['Dockerfile.dockerignore', false, false],
    ['Singularity.sif', false, false],
    ['src/main.c', false, false],
    ['compose.yaml', false, false],
  ])('look at %s: check %s, fmt %s', (name, checked, laidOut) => {
    expect([isMeant('sifstage-check', name), isMeant('sifstage-fmt', name)]).toEqual([checked, laidOut])
  })

  it('take several files behind their entry', async () => {
    const env = {PATH: `${root}/bin:${process.env['PATH']}`}
    for (const {entry} of hooks) expect((await script(`${entry} lab3.def image.def`, env)).exitCode, entry).toBe(0)
    expect((await script(`${hooks[0]?.entry} lab3.def wrong.def`, env)).exitCode).toBe(1)
  })
})
