/**
 * `sifstage build` in a real terminal (tmux), with the real engine: what a person sees while it runs, at its end, when it
 * fails and at Ctrl-C. `SIFSTAGE_RECORD=screens npx vitest run test/e2e/progress.test.ts` writes docs/screens.
 */
import {readdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {Ajv2020} from 'ajv/dist/2020.js'
import {execa} from 'execa'
import {afterAll, beforeAll, describe, expect, it, vi} from 'vitest'
import {columnsOf} from '../../src/reports/visible.js'
import {registry, root, user, workFolder} from '../support/engine.js'

const work = workFolder()
const out = join(work.path, 'work')
const socket = join(work.path, 'tmux')
const records = process.env['SIFSTAGE_RECORD'] === 'screens'

const from = `Bootstrap: docker\nFrom: ${registry}/busybox\n`
/** `docs` is done at once; `compiler` prints what a terminal must not carry out, and takes its time. */
function definition(last: string, artifact = '/app'): string {
  return `${from}Stage: compiler

%post
    set +x
    echo "cc -O2 -c solver.c -o solver.o -DVERSION=2 -I/opt/include -Wall -Wextra"
    printf ' 10 %%\\r 55 %%\\r100 %%\\n'
    printf '\\033[31mwarning\\033[0m \\033]0;title\\007\\033[2J\\033[99A✅ 漢字 linked\\n'
    ${last}
    echo app > /app

${from}Stage: docs

%post
    echo pages > /docs

${from}Stage: final

%files from compiler
    ${artifact} /app
%files from docs
    /docs /docs
`
}

async function tmux(...args: readonly string[]): Promise<string> {
  const {stdout} = await execa('tmux', ['-u', '-S', socket, '-f', '/dev/null', ...args], {env: {LC_ALL: 'C.UTF-8'}})
  return stdout
}

interface Pane {
  /** All of it, with what scrolled off. */
  lines(): Promise<string[]>
  until(wanted: RegExp): Promise<string[]>
  keys(...keys: readonly string[]): Promise<unknown>
  resize(columns: number, rows: number): Promise<unknown>
  /** What tmux knows of it. */
  ask(format: string): Promise<string>
}

/** Runs `sifstage ARGS` in a terminal of its own. */
async function inTerminal(
  name: string,
  columns: number,
  args: readonly string[],
  {locale = 'C.UTF-8', before = []}: {readonly locale?: string; readonly before?: readonly string[]} = {},
): Promise<Pane> {
  const line = `sifstage ${args.join(' ')}`
  const script = [
    'unset CI NO_COLOR FORCE_COLOR',
    ...before,
    'trap : INT',
    `printf '$ %s\\n' ${JSON.stringify(line)}`,
    `${root}/bin/${line}`,
    'echo "exit code $?"',
    'exec sleep 600',
  ].join('\n')
  const env = {
    LC_ALL: locale,
    SIFSTAGE_CACHE_DIR: join(out, `store-${name}`),
    ...(user === undefined ? {} : {SIFSTAGE_RUN_AS: user}),
  }
  const pairs = Object.entries(env).flatMap(([key, value]) => ['-e', `${key}=${value}`])
  const size = ['-x', String(columns), '-y', '30']
  await tmux('new-session', '-d', '-s', name, ...size, '-c', work.path, ...pairs, 'sh', '-c', script)
  const pane: Pane = {
    async lines() {
      const text = await tmux('capture-pane', '-p', '-t', name, '-S', '-')
      return text.trimEnd().split('\n')
    },
    async until(wanted) {
      const end = Date.now() + 30_000
      for (;;) {
        const lines = await pane.lines()
        if (wanted.test(lines.join('\n'))) return lines
        if (Date.now() > end) throw new Error(`the screen never showed ${wanted}:\n${lines.join('\n')}`)
        await sleep(50)
      }
    },
    keys: (...keys) => tmux('send-keys', '-t', name, ...keys),
    resize: (width, height) => tmux('resize-window', '-t', name, '-x', String(width), '-y', String(height)),
    ask: async format => (await tmux('display-message', '-p', '-t', name, format)).trim(),
  }
  return pane
}

/** Puts a screen into the docs, with what is another each time left as wide as it is. */
async function record(scene: string, columns: number, session = scene): Promise<void> {
  if (!records) return
  const joined = await tmux('capture-pane', '-p', '-J', '-t', `${session}-${columns}`, '-S', '-')
  const lines = joined
    .trimEnd()
    .replaceAll(/sifstage-test-\w{6}/g, 'sifstage-test-XXXXXX')
    .split('\n')
    .flatMap(line => folded(line.trimEnd(), columns))
  writeFileSync(join(root, 'docs/screens', `${scene}-${columns}.txt`), `${lines.join('\n')}\n`)
}

/** As the terminal folds it. */
function folded(line: string, columns: number): string[] {
  const rows = ['']
  for (const character of line) {
    if (columnsOf(`${rows.at(-1)}${character}`) > columns) rows.push('')
    rows.push(`${rows.pop()}${character}`)
  }
  return rows
}

/** Nothing of the live part is left, and the terminal is as it was. */
async function expectClean(pane: Pane, lines: readonly string[]): Promise<void> {
  expect(lines.filter(line => /[\u2800-\u28ff]|│| done, |waits for/.test(line))).toEqual([])
  expect(await pane.ask('#{cursor_flag} #{wrap_flag} #{cursor_x}')).toBe('1 1 0')
}

beforeAll(() => {
  work.write({
    'app.def': definition('sleep 3'),
    'slow.def': definition('sleep 71.5'),
    'wrong.def': definition('true', '/ap'),
    'broken.def': definition('echo "ld: cannot find -lfftw3"; false'),
  })
})
afterAll(async () => {
  await tmux('kill-server').catch(() => {})
  await work.remove()
})

describe.each([80, 40])('a terminal of %i columns', columns => {
  const build = (name: string) => ['build', name, '-o', `work/${name}-${columns}.sif`, '-j', '2']

  it('success: what runs is drawn again and again, and one line is left of each stage', {timeout: 90_000}, async () => {
    const pane = await inTerminal(`success-${columns}`, columns, build('app.def'))
    const running = await pane.until(/compiler +\d[\s\S]*\(line \d+\)[\s\S]*漢字[\s\S]*\n· final/)
    await record('running', columns, 'success')
    expect(await pane.ask('#{cursor_flag}')).toBe('0')
    const text = running.join('\n')
    // Of a progress bar what was written last, and nothing of what would have moved the cursor.
    expect(text).toMatch(/^ {2}│ 100 %$/m)
    expect(text).not.toContain('55 %')
    expect(text).toMatch(/^ {2}│ warning ✅ 漢字 linked$/m)
    expect(text).toMatch(/^· final +waits for /m)
    for (const line of running.slice(3)) expect(columnsOf(line)).toBeLessThan(columns)
    const lines = await pane.until(/^exit code 0$/m)
    await record('success', columns)
    await expectClean(pane, lines)
    for (const stage of ['compiler', 'docs', 'final'])
      expect(lines.filter(line => new RegExp(`^✓ ${stage} +built in [\\d.]+ s`).test(line))).toHaveLength(1)
    expect(lines.join('\n')).toMatch(/^✓ compiler +built in [\d.]+ s {2}✓ \/app/m)
    expect(lines.join('\n')).toMatch(/^3 built, [\d.]+ s$/m)
  })

  it('failure: the line, the last words, the log', {timeout: 90_000}, async () => {
    const pane = await inTerminal(`failure-${columns}`, columns, build('broken.def'))
    const lines = await pane.until(/^exit code 5$/m)
    await record('failure', columns)
    await expectClean(pane, lines)
    expect(lines.join('\n')).toMatch(/^✗ compiler +failed after [\d.]+ s {2}\(never/m)
    expect(lines.join('\n')).toContain('    ld: cannot find -lfftw3')
    const joined = await tmux('capture-pane', '-p', '-J', '-t', `failure-${columns}`, '-S', '-')
    const log = /whole log: (\S+)/.exec(joined)?.[1] ?? ''
    expect(readFileSync(log, 'utf8')).toContain('ld: cannot find -lfftw3')
  })

  it('an artifact that is not there is named below its stage', {timeout: 90_000}, async () => {
    const pane = await inTerminal(`wrong-${columns}`, columns, build('wrong.def'))
    const lines = await pane.until(/^exit code 1$/m)
    await record('wrong', columns)
    await expectClean(pane, lines)
    expect(lines.join('\n')).toMatch(/^✗ compiler +failed after [\d.]+ s.*\n {2}✗ \/ap, wanted by final$/m)
  })

  it('Ctrl-C: what ran is named, the cursor is back', {timeout: 90_000}, async () => {
    const pane = await inTerminal(`interrupt-${columns}`, columns, build('slow.def'))
    await pane.until(/✓ docs[\s\S]*漢字/)
    await pane.keys('C-c')
    const lines = await pane.until(/^exit code 130$/m)
    await record('interrupt', columns)
    await expectClean(pane, lines)
    expect(lines.filter(line => /^- compiler +stopped after [\d.]+ s/.test(line))).toHaveLength(1)
    expect(lines.filter(line => line.includes('^C'))).toEqual([])
  })
})

describe('while it runs', () => {
  it('another size of the window, SIGUSR1 and typed keys leave nothing behind', {timeout: 90_000}, async () => {
    // Some lines above, as there are: tmux moves what it folds up, and what leaves the screen is nobody's to change.
    const args = ['build', 'slow.def', '-o', 'work/resized.sif']
    const pane = await inTerminal('resized', 80, args, {before: ['seq 20']})
    await pane.until(/✓ docs|漢字/)
    await pane.until(/漢字/)
    for (const [columns, rows] of [
      [33, 30],
      [100, 12],
      [60, 6],
      [80, 30],
    ] as const) {
      await pane.resize(columns, rows)
      await pane.keys('x')
      await sleep(1500)
      const counts = (lines: readonly string[]) =>
        [/ done, \d/, /^[\u2800-\u28ff] compiler/].map(each => lines.filter(line => each.test(line)).length)
      // A machine under load may be in the middle of a frame; what is left over stays, however long one waits.
      await vi.waitFor(
        async () => {
          const lines = await pane.lines()
          expect(counts(lines), `${columns}x${rows}\n${lines.join('\n')}`).toEqual([1, 1])
        },
        {timeout: 5000, interval: 300},
      )
    }
    const shell = Number(await pane.ask('#{pane_pid}'))
    process.kill(childOf(shell), 'SIGUSR1')
    await pane.until(/^status: [\d.]+ s; \d of 3 stages done, [\s\S]*compiler/m)
    await pane.keys('C-c')
    await expectClean(
      pane,
      (await pane.until(/^exit code 130$/m)).filter(line => !line.startsWith('status:')),
    )
  })

  it('without UTF-8 it draws in ASCII', {timeout: 90_000}, async () => {
    const pane = await inTerminal('ascii', 60, ['build', 'slow.def', '-o', 'work/ascii.sif', '-j', '2'], {locale: 'C'})
    const lines = await pane.until(/\| warning \? \?\? linked/)
    expect(lines.join('\n')).toMatch(/^[|/\\-] compiler/m)
    expect(lines.join('\n')).toMatch(/^[\x00-\x7f]*$/)
    await pane.keys('C-c')
    await pane.until(/^exit code 130$/m)
  })

  it('--progress json and plain: SIGUSR1 says on one line where it is', {timeout: 90_000}, async () => {
    for (const mode of ['plain', 'json']) {
      const env = {SIFSTAGE_CACHE_DIR: join(out, `store-${mode}`), ...(user === undefined ? {} : {SIFSTAGE_RUN_AS: user})}
      const args = ['build', 'slow.def', '-o', `work/${mode}.sif`, '--progress', mode]
      const child = execa(join(root, 'bin/sifstage'), args, {cwd: work.path, env, reject: false})
      let text = ''
      child.stderr?.on('data', chunk => {
        text += String(chunk)
      })
      while (!text.includes('linked') && child.exitCode === undefined) await sleep(50)
      child.kill('SIGUSR1')
      const end = Date.now() + 5000
      while (!text.includes('status: ') && Date.now() < end) await sleep(50)
      child.kill('SIGINT')
      expect((await child).exitCode, text).toBe(130)
      const line = text.split('\n').find(each => each.includes('status: ')) ?? ''
      expect(line).toMatch(
        /status: [\d.]+ s; \d of 3 stages done, \d running, \d waiting; .*compiler: %post \(line \d+\), [\d.]+ s/,
      )
      if (mode === 'json')
        expect(JSON.parse(line)).toMatchObject({
          event: 'step-log',
          status: {stages: 3, running: expect.arrayContaining([expect.objectContaining({stage: 'compiler', doing: '%post'})])},
        })
    }
  })
})

describe('--progress json', () => {
  it('is one event of the contract a line, from the start of the build to its end, however it goes', {
    timeout: 90_000,
  }, async () => {
    const validate = new Ajv2020({strict: false}).compile(
      JSON.parse(readFileSync(join(root, 'test/contract/event.schema.json'), 'utf8')),
    )
    const env = {SIFSTAGE_CACHE_DIR: join(out, 'store-events'), ...(user === undefined ? {} : {SIFSTAGE_RUN_AS: user})}
    for (const [input, code] of [
      ['app.def', 0],
      ['broken.def', 5],
      ['wrong.def', 1],
    ] as const) {
      const args = ['build', input, '-o', `work/${input}-events.sif`, '--progress', 'json', '-j', '1', '--json']
      const ran = await execa(join(root, 'bin/sifstage'), args, {cwd: work.path, env, reject: false})
      expect(ran.exitCode, ran.stderr).toBe(code)
      const lines = ran.stderr.split('\n').filter(line => line.startsWith('{'))
      const events = lines.map(line => JSON.parse(line))
      for (const event of events)
        expect(validate(event), `${JSON.stringify(event)} ${JSON.stringify(validate.errors)}`).toBe(true)
      const names = events.map(each => each.event)
      expect(names.filter(each => each === 'build-start')).toHaveLength(1)
      expect(names.filter(each => each === 'build-end')).toHaveLength(1)
      // Stages end in the order in which they are told, each once.
      const ended = events.filter(each => each.event === 'stage-end').map(each => each.stage)
      expect(new Set(ended).size).toBe(ended.length)
      const {stages} = JSON.parse(ran.stdout) as {stages: {name: string; status: string}[]}
      for (const {name, status} of stages) {
        const end = events.find(each => each.event === 'stage-end' && each.stage === name)
        if (status === 'not-run') expect([undefined, 'not-run']).toContain(end?.status)
        else expect(end?.status).toBe(status)
      }
    }
  })
})

/** The screens that the docs show, as they were recorded. */
const shown = join(root, 'docs/progress.md')
const SCREEN = /(<!-- screen (\S+) -->\n```text\n)([^`]*)(```)/g
it('the docs show the screens that were recorded', () => {
  const screen = (name: string) => readFileSync(join(root, 'docs/screens', `${name}.txt`), 'utf8').replaceAll('`', "'")
  const put = (_: string, head: string, name: string, __: string, end: string) => `${head}${screen(name)}${end}`
  if (records) writeFileSync(shown, readFileSync(shown, 'utf8').replace(SCREEN, put))
  const blocks = [...readFileSync(shown, 'utf8').matchAll(SCREEN)]
  expect(blocks.map(each => each[2])).toEqual(['running-80', 'success-80', 'failure-80'])
  for (const [, , name = '', text] of blocks) expect(text).toBe(screen(name))
})

it('the screens in the docs are all there, and none is wider than it says', () => {
  const names = readdirSync(join(root, 'docs/screens'))
    .filter(name => /-\d+\.txt$/.test(name))
    .sort()
  const scenes = ['failure', 'interrupt', 'running', 'success', 'wrong']
  expect(names).toEqual(scenes.flatMap(scene => [`${scene}-40.txt`, `${scene}-80.txt`]).sort())
  for (const name of names) {
    const text = readFileSync(join(root, 'docs/screens', name), 'utf8')
    const width = Number(/\d+/.exec(name)?.[0])
    for (const line of text.split('\n')) expect(columnsOf(line), `${name}: ${line}`).toBeLessThanOrEqual(width)
  }
})

/** The process that a shell has started. */
function childOf(pid: number): number {
  const [child = ''] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
  return Number(child)
}
