/** Completion in the shells themselves: their own completion code, a real terminal, and names that want to be commands. */
import {chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {execa} from 'execa'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {root, sifstage} from '../support/engine.js'

let cwd: string
let path: string

const hostile = `$(touch pwned)evil\`touch pwned\`; touch pwned & 'x" {a,b} *`

beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'sifstage-complete-'))
  mkdirSync(join(cwd, 'bin'))
  mkdirSync(join(cwd, 'hostile'))
  // Asked for words, it is sifstage; else it writes down what the shell made of the line.
  writeFileSync(
    join(cwd, 'bin/sifstage'),
    `#!/bin/sh\nif [ "$1" = __complete ]; then exec "${root}/bin/sifstage" "$@"; fi\nprintf '%s\\0' "$@" > "${cwd}/typed.new" && mv "${cwd}/typed.new" "${cwd}/typed"\n`,
  )
  chmodSync(join(cwd, 'bin/sifstage'), 0o755)
  const stages = ['compiler', 'final', 'with blank']
  writeFileSync(join(cwd, 'x.def'), stages.map(each => `Bootstrap: scratch\nStage: ${each}\n\n`).join(''))
  writeFileSync(join(cwd, 'y.yaml'), 'sifstage: 1\nstages:\n  one: {from: scratch}\n  two: {from: {stage: one}}\n  broken: [\n')
  writeFileSync(join(cwd, 'z.Dockerfile'), 'FROM scratch AS alpha\nFROM alpha\n')
  writeFileSync(join(cwd, 'hostile/h.def'), `Bootstrap: scratch\nStage: ${hostile}\n`)
  for (const shell of ['bash', 'zsh', 'fish'])
    writeFileSync(join(cwd, `script.${shell}`), (await sifstage(['completion', shell], {cwd})).stdout)
  path = `${join(cwd, 'bin')}:${process.env['PATH']}`
})
afterAll(() => rmSync(cwd, {recursive: true, force: true}))

const ask = async (shell: string, ...words: readonly string[]) =>
  (await sifstage(['__complete', shell, '--', ...words], {cwd})).stdout

describe('the answer', () => {
  it.each([
    [
      ['build', 'x.def', '--target', ''],
      ['words', 'compiler', 'final', 'with blank'],
    ],
    [
      ['build', 'x.def', '--target', 'f'],
      ['words', 'final'],
    ],
    [['plan', '--explain', ''], ['']],
    [
      ['plan', 'y.yaml', '--explain', ''],
      ['words', 'one', 'two', 'broken'],
    ],
    [
      ['verify', 'z.Dockerfile', '--stage', ''],
      ['words', 'alpha', 'stage-1'],
    ],
    [['build', '--no-cache-filter', 'one', '--no-cache-filter=t', 'y.yaml'], ['files']],
    [
      ['build', 'y.yaml', '--no-cache-filter', '=', 't'],
      ['words', 'two'],
    ],
    [['build', 'nothing.def', '--target', ''], ['']],
    [
      ['check', '--format', ''],
      ['words', 'text', 'json', 'sarif', 'github'],
    ],
    [
      ['build', '--engine', 'p'],
      ['words', 'podman'],
    ],
    [
      ['build', '--engine=b'],
      ['words', 'buildah'],
    ],
    [['build', '--context', ''], ['dirs']],
    [['build', '-o', ''], ['files']],
    [['build', ''], ['files']],
    [['build', '--', '--json'], ['files']],
    [
      ['check', '--j'],
      ['words', '--json'],
    ],
    [['check', '--json', '--j'], ['words']],
    [['cac'], ['words', 'cache']],
    [
      ['cache', ''],
      ['words', 'key', 'ls', 'prune', 'verify'],
    ],
    [
      ['completion', ''],
      ['words', 'bash', 'zsh', 'fish'],
    ],
    [
      ['config', 'jo'],
      ['words', 'jobs'],
    ],
    [
      ['convert', 'x.def', '--allow', 'copy-from-s'],
      ['words', 'copy-from-self'],
    ],
    [
      ['init', '--template', 'py'],
      ['words', 'python'],
    ],
    [['nonsense', ''], ['words']],
  ])('to %j is %j', async (words, lines) => {
    expect((await ask('bash', ...words)).trimEnd().split('\n')).toEqual(lines)
  })

  it('comes at once, and names no hidden command', async () => {
    // The processor's time: how long it takes when others want the processor too is another matter.
    const {stderr} = await execa(
      'bash',
      [
        '-c',
        `TIMEFORMAT='%U %S'; time "$0" __complete bash -- build y.yaml --target '' > /dev/null 2>&1`,
        join(root, 'bin/sifstage'),
      ],
      {cwd},
    )
    const [user = Number.NaN, system = Number.NaN] = stderr.trim().replaceAll(',', '.').split(' ').map(Number)
    expect(user + system).toBeLessThan(0.3)
    const all = await ask('zsh', '')
    expect(all).not.toContain('__complete')
    expect(all).toContain('\nbuild\tCheck, build stage by stage')
  })

  it('is nothing for what is no file, or far too large', async () => {
    await execa('mkfifo', [join(cwd, 'pipe.def')])
    expect(await ask('bash', 'build', 'pipe.def', '--target', '')).toBe('words\n')
    writeFileSync(join(cwd, 'large.def'), `Bootstrap: scratch\n${'#'.repeat(1 << 21)}`)
    expect(await ask('bash', 'build', 'large.def', '--target', '')).toBe('words\n')
    writeFileSync(join(cwd, 'odd.yaml'), 'sifstage: 1\nstages:\n  "a\\nb": {}\n  "a\\e[31m": {}\n  good: {}\n')
    expect(await ask('bash', 'build', 'odd.yaml', '--target', '')).toBe('words\ngood\n')
  })
})

/** A shell on a terminal of its own; `press` types the start of a line and TAB, and says what the shell made of it. */
async function start(shell: 'bash' | 'zsh' | 'fish') {
  const {command, setUp} = {
    bash: {command: 'bash --norc --noprofile -i', setUp: "PS1='READY> '; bind 'set bell-style none'; . ./script.bash"},
    zsh: {command: 'zsh -f -i', setUp: "PS1='READY> '; autoload -Uz compinit; compinit -u -D; . ./script.zsh"},
    fish: {command: 'fish --no-config -i', setUp: "function fish_prompt; echo 'READY> '; end; source script.fish"},
  }[shell]
  const child = execa('script', ['-qec', command, '/dev/null'], {
    cwd,
    env: {
      PATH: path,
      TERM: 'xterm',
      HOME: cwd,
      XDG_CONFIG_HOME: join(cwd, 'config'),
      XDG_DATA_HOME: join(cwd, 'data'),
      LANG: 'C.UTF-8',
    },
    reject: false,
    stdin: 'pipe',
  })
  let screen = ''
  child.stdout.on('data', (piece: Buffer) => {
    screen += piece.toString()
  })
  const until = async (what: string, holds: () => boolean) => {
    for (let tries = 0; !holds(); tries += 1) {
      if (tries > 500) throw new Error(`${shell} never came to ${what}:\n${screen}`)
      await new Promise(resolve => setTimeout(resolve, 20))
    }
  }
  const isReady = () => /READY> [^']*$/.test(screen)
  child.stdin.write(`${setUp}; cd hostile; echo SET'UP'\r`)
  await until('its set-up', () => /SETUP[^']/.test(screen) && isReady())
  return {
    async press(line: string, shown: string): Promise<readonly string[]> {
      rmSync(join(cwd, 'typed'), {force: true})
      await until('a prompt', isReady)
      screen = ''
      child.stdin.write(`${line}\t`)
      await until('the completed line', () => screen.includes(shown))
      screen = ''
      child.stdin.write('\r')
      await until('a command', () => existsSync(join(cwd, 'typed')))
      return readFileSync(join(cwd, 'typed'), 'utf8').split('\0').slice(0, -1)
    },
    async end(): Promise<void> {
      child.kill('SIGKILL')
      await child
    },
  }
}

describe.each(['bash', 'zsh', 'fish'] as const)('%s on a terminal', shell => {
  let terminal: Awaited<ReturnType<typeof start>>
  beforeAll(async () => {
    terminal = await start(shell)
  })
  afterAll(() => terminal.end())
  const press = (line: string, shown: string) => terminal.press(line, shown)

  it('completes a command, a value and a stage', async () => {
    expect(await press('sifstage comple', 'completion')).toEqual(['completion'])
    expect(await press('sifstage check --format sar', 'sarif')).toEqual(['check', '--format', 'sarif'])
    expect(await press('sifstage check --format=sar', 'sarif')).toEqual(['check', '--format=sarif'])
    expect(await press('sifstage build ../x.def --target com', 'compiler')).toEqual(['build', '../x.def', '--target', 'compiler'])
    expect(await press('sifstage build ../x.def --stage=x --target wi', 'blank')).toEqual([
      'build',
      '../x.def',
      '--stage=x',
      '--target',
      'with blank',
    ])
  })

  it('puts a name that looks like commands on the line as a name', async () => {
    expect(await press('sifstage build h.def --target ', 'evil')).toEqual(['build', 'h.def', '--target', hostile])
    expect(existsSync(join(cwd, 'hostile/pwned'))).toBe(false)
    expect(existsSync(join(cwd, 'pwned'))).toBe(false)
  })

  it('does not run what stands on the line while it completes', async () => {
    expect(await press("sifstage build '$(touch pwned)' --format x --engine pod", 'podman')).toContain('podman')
    expect(existsSync(join(cwd, 'hostile/pwned'))).toBe(false)
  })

  it('completes files where a file goes', async () => {
    expect(await press('sifstage check h.d', 'h.def')).toEqual(['check', 'h.def'])
  })
})
