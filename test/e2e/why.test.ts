/** What a build and a plan say of a stage that is built anew, with the real engine. */
import {rmSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {bases, sifstage, workFolder} from '../support/engine.js'

const work = workFolder()
const out = join(work.path, 'work')
const store = join(out, 'store')
const base = join(bases, 'busybox/rootfs')
const musl = join(bases, 'musl/rootfs')

interface Text {
  readonly line?: string
  readonly base?: string
}

function definition({line = 'echo one > /one', base: from = base}: Text = {}): string {
  return `Bootstrap: localimage
From: ${from}
Stage: maker

%files
    data /data

%arguments
    MODE=644

%post
    cp -r /data /made
    chmod {{ MODE }} /made/one
    ${line}

Bootstrap: localimage
From: ${base}
Stage: final

%files from maker
    /made /made
`
}

const run = (verb: string, ...flags: string[]) => sifstage([verb, 'it.def', '--cache-dir', store, ...flags], {cwd: work.path})
const build = (...flags: string[]) => run('build', '-o', join(out, 'it.sif'), ...flags)

/** What the plan says of a stage, and the text of --explain; then it is built. */
async function explained(stage: string, ...flags: string[]) {
  const plan = await run('plan', '--json', ...flags)
  const found = JSON.parse(plan.stdout).stages.find((each: {name: string}) => each.name === stage)
  const text = (await run('plan', '--explain', stage, ...flags)).stdout
  const built = await build(...flags)
  expect(built.code, built.stderr).toBe(0)
  return {why: String(found?.why), changes: found?.changes, text, told: built.stderr}
}

beforeAll(() => work.write({'it.def': definition(), 'data/one': 'one\n', 'data/two': 'two\n'}))
afterAll(() => work.remove())

describe('a stage that is built', () => {
  it('for the first time was never built here', async () => {
    const {why, changes, text, told} = await explained('maker')
    expect(why).toBe('never built here')
    expect(changes).toBeUndefined()
    expect(text).toBe('maker: never built here\n')
    expect(told).toContain('[maker] never built here')
    expect((await run('plan', '--explain', 'maker')).stdout).toBe('maker: cached, since nothing that goes into it has changed\n')
    expect((await run('plan', '--explain', 'nobody')).code).toBe(2)
  })

  it('names the file of the context, and for the next stage the artifact that came out otherwise', async () => {
    work.write({'data/two': 'zwei\n'})
    const {changes, text, told} = await explained('maker')
    expect(changes).toEqual([{kind: 'file', name: 'data/two', what: 'its content'}])
    expect(text).toBe('maker: changed since it was last built\n  data/two: its content\n')
    expect(told).toContain('[maker] changed since it was last built: data/two: its content')
    expect(told).toContain('[final] changed since it was last built: /made of maker: /made/two has other content')
  })

  it('names the build argument and the line that it changed', async () => {
    const {changes, told} = await explained('maker', '--build-arg', 'MODE=600')
    expect(changes).toMatchObject([
      {kind: 'argument', name: 'MODE', what: 'given now'},
      {kind: 'line', line: 13, what: 'was "chmod 644 /made/one", is "chmod 600 /made/one"'},
    ])
    expect(told).toContain('/made of maker: /made/one has mode 600, not 644')
  })

  it('names the line, and only the stage that it is in where nothing else comes out', async () => {
    // Back to what the first build made of the argument.
    await build()
    work.write({'it.def': definition({line: 'echo two > /one'})})
    const {changes, told} = await explained('maker')
    expect(changes).toEqual([{kind: 'line', name: 'line 14', line: 14, what: 'was "echo one > /one", is "echo two > /one"'}])
    expect(told).toContain('[final] cached')
  })

  it('names the base', async () => {
    work.write({'it.def': definition({line: 'echo two > /one', base: musl})})
    const {changes} = await explained('maker')
    expect(changes[0]).toMatchObject({
      kind: 'base',
      name: musl,
      what: expect.stringMatching(`^was sha256:.*, is sha256:.*${base}`),
    })
  })

  it('names the option', async () => {
    const {changes} = await explained('maker', '--fix-perms')
    expect(changes).toEqual([{kind: 'option', name: '--fix-perms', what: 'was not given, is given'}])
  })

  it('was asked for', async () => {
    const {why} = await explained('maker', '--fix-perms', '--no-cache-filter', 'maker')
    expect(why).toBe('asked for anew: --no-cache-filter maker')
  })

  it('has not changed but is not in the store any more', async () => {
    rmSync(join(store, 'stages'), {recursive: true})
    const {why} = await explained('maker', '--fix-perms')
    expect(why).toBe('nothing has changed, but the store does not have it any more')
  })
})

it('a stage with %setup is stored by its text on request', async () => {
  work.write({'host.def': `Bootstrap: localimage\nFrom: ${base}\n\n%setup\n    touch "$APPTAINER_ROOTFS/x"\n`})
  const host = (...flags: string[]) =>
    sifstage(['build', 'host.def', '--cache-dir', store, '-o', join(out, 'host.sif'), '--json', ...flags], {cwd: work.path})
  const status = async (...flags: string[]) => JSON.parse((await host(...flags)).stdout).stages[0].status
  expect(await status()).toBe('built')
  expect(await status('--cache-host-steps')).toBe('built')
  expect(await status('--cache-host-steps')).toBe('cached')
  expect(await status()).toBe('built')
})
