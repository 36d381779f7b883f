/** A build that is stopped in the middle of a step: processes end, trees of foreign owners go, the next build works. */
import {type ChildProcess, spawn} from 'node:child_process'
import {chmodSync, mkdirSync, readdirSync, readFileSync, realpathSync} from 'node:fs'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {registry, root, sifstage, user, workFolder} from '../support/engine.js'

const work = workFolder()
const out = join(work.path, 'work')
const scratch = join(work.path, 'scratch')
const env = {SIFSTAGE_TMPDIR: scratch, SIFSTAGE_CACHE_DIR: join(out, 'store')}

/** A stage that makes what only its namespace can remove, then waits for `seconds`, which name its process. */
function definition(seconds: string): string {
  return `Bootstrap: docker
From: ${registry}/busybox

%post
    mkdir -p /foreign/closed && echo x > /foreign/closed/file
    chown -R 5:6 /foreign && chmod 700 /foreign/closed /foreign
    echo now-waiting
    sleep ${seconds}
`
}

/** Processes of this machine whose arguments are these, or whose paths lie in our scratch. */
function processes(wanted: (argv: readonly string[], path: string) => boolean): string[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter(name => {
      try {
        const argv = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0').slice(0, -1)
        let at = ''
        try {
          at = realpathSync(`/proc/${name}/cwd`)
        } catch {
          // Gone, or in another namespace.
        }
        return wanted(argv, at)
      } catch {
        return false
      }
    })
}

const sleeping = (seconds: string) => processes(argv => argv.at(-2)?.endsWith('sleep') === true && argv.at(-1) === seconds)
const engines = () => processes((argv, at) => argv.some(each => each.startsWith(`${scratch}/`)) || at.startsWith(`${scratch}/`))

async function until(what: () => boolean, milliseconds: number): Promise<boolean> {
  const end = Date.now() + milliseconds
  while (Date.now() < end) {
    if (what()) return true
    await sleep(100)
  }
  return what()
}

interface Started {
  readonly child: ChildProcess
  readonly ended: Promise<{readonly code: number | null; readonly signal: string | null}>
  readonly output: () => string
}

async function start(name: string, seconds: string): Promise<Started> {
  work.write({[`${name}.def`]: definition(seconds)})
  const child = spawn(join(root, 'bin/sifstage'), ['build', `${name}.def`, '-o', join(out, `${name}.sif`)], {
    cwd: work.path,
    env: {...process.env, ...(user === undefined ? {} : {SIFSTAGE_RUN_AS: user}), NO_COLOR: '1', ...env},
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let text = ''
  child.stderr?.on('data', chunk => {
    text += String(chunk)
  })
  const ended = new Promise<{code: number | null; signal: string | null}>(done =>
    child.once('exit', (code, signal) => done({code, signal})),
  )
  expect(await until(() => sleeping(seconds).length > 0, 30_000), text).toBe(true)
  // Neither of these is empty for nothing.
  expect(engines().length).toBeGreaterThan(0)
  expect(readdirSync(scratch)).toHaveLength(1)
  return {child, ended, output: () => text}
}

/** The same file without the wait. */
async function nextBuildWorks(name: string): Promise<string> {
  work.write({[`${name}.def`]: definition('0')})
  const ran = await sifstage(['build', `${name}.def`, '-o', join(out, `${name}.sif`)], {cwd: work.path, env})
  expect(ran.code, ran.stderr).toBe(0)
  expect(readdirSync(scratch)).toEqual([])
  return ran.stderr
}

beforeAll(() => {
  mkdirSync(scratch)
  chmodSync(scratch, 0o777)
})
afterAll(() => work.remove())

describe('a build that is stopped during a step', () => {
  it.each([
    {signal: 'SIGINT', code: 130, seconds: '61.25'},
    {signal: 'SIGTERM', code: 143, seconds: '62.25'},
    {signal: 'SIGHUP', code: 143, seconds: '63.25'},
  ] as const)('by $signal ends with $code and leaves nothing', {timeout: 90_000}, async ({signal, code, seconds}) => {
    const name = `stopped-${signal}`
    const {child, ended, output} = await start(name, seconds)
    const at = Date.now()
    child.kill(signal)
    expect(await ended, output()).toEqual({code, signal: null})
    expect(Date.now() - at).toBeLessThan(15_000)
    expect(sleeping(seconds)).toEqual([])
    expect(engines()).toEqual([])
    expect(readdirSync(scratch)).toEqual([])
    expect(readdirSync(out).filter(each => each.startsWith(name))).toEqual([])
    expect(output()).not.toMatch(/^\s+at .+:\d+:\d+/m)
    expect(output()).toContain('stopped; finished stages are kept, and the next build goes on with them\n')
    await nextBuildWorks(name)
  })

  it('by SIGKILL: the engine dies within five seconds, and the next build sweeps', {timeout: 90_000}, async () => {
    const {child, ended} = await start('killed', '64.25')
    child.kill('SIGKILL')
    expect(await ended).toEqual({code: null, signal: 'SIGKILL'})
    expect(
      await until(() => sleeping('64.25').length === 0 && engines().length === 0, 5000),
      `left: ${[...sleeping('64.25'), ...engines()].join(' ')}`,
    ).toBe(true)
    const said = await nextBuildWorks('killed')
    expect(said).not.toMatch(/^\s+at .+:\d+:\d+/m)
  })
})
