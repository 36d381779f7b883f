/** A command line that cannot be understood is answered in one way, with what may be meant. */
import {describe, expect, it} from 'vitest'
import {root, sifstage} from '../support/engine.js'

describe('a command line that cannot be understood', () => {
  it.each([
    ['bild lab3.def', 'there is no command "bild"', 'Do you mean: sifstage build'],
    ['cache lss', 'there is no command "cache lss"', 'Do you mean: sifstage cache ls'],
    ['cache bogus', 'there is no command "cache bogus"', 'There are: cache key, cache ls, cache prune, cache verify'],
    ['help bild', 'there is no command "bild"', 'Do you mean: sifstage build'],
    ['README.md', 'there is no command "README.md"', 'Do you mean: sifstage build README.md'],
    ['frobnicate', 'there is no command "frobnicate"', 'All commands: sifstage --help'],
    ['--verison', 'there is no command "--verison"', 'Do you mean: sifstage --version'],
    ['engines more', 'sifstage engines takes no arguments; too much: more', 'How it is written: sifstage engines --help'],
    ['build --tarfet x', 'sifstage build has no flag --tarfet', 'Do you mean --target? All flags: sifstage build --help'],
    ['build --nocache', 'sifstage build has no flag --nocache', 'Do you mean --no-cache? All flags: sifstage build --help'],
    [
      'cache prune --day 3',
      'sifstage cache prune has no flag --day',
      'Do you mean --days? All flags: sifstage cache prune --help',
    ],
    ['build -q', 'sifstage build has no flag -q', 'All flags: sifstage build --help'],
    ['build --engine', '--engine expects a value', 'How it is written: sifstage build --help'],
    ['build -j many', '--jobs: Expected an integer but received: many', 'How it is written: sifstage build --help'],
    ['plan a b', 'sifstage plan takes INPUT; too much: b', 'How it is written: sifstage plan --help'],
    ['plan --format mermiad', '--format mermiad: not one of text, json, mermaid, dot', 'Do you mean --format mermaid?'],
    ['verify a.def', 'sifstage verify needs IMAGE', 'How it is written: sifstage verify --help'],
    ['verify a.def b.sif', 'sifstage verify needs --stage', 'How it is written: sifstage verify --help'],
    ['convert README.md', 'sifstage convert needs --to', 'It is one of: def, dockerfile, yaml, stages'],
    ['completion', 'sifstage completion needs SHELL', 'It is one of: bash, zsh, fish'],
    ['completion bsh', 'bsh: not one of bash, zsh, fish', 'Do you mean bash?'],
    // What people type who know other tools.
    ['run lab3.sif --nv', 'there is no command "run"', "That is the engine's: apptainer run lab3.sif --nv"],
    ['inspect lab3.sif', 'there is no command "inspect"', 'Do you mean: sifstage report IMAGE'],
    ['--target final build', 'there is no command "--target"', 'Flags go behind the command: sifstage build --target'],
    [
      'build -t lab3 .',
      'sifstage build has no flag -t',
      'What is written is named with -o: -o NAME.sif, or -o docker-daemon:NAME for an image of Docker',
    ],
    [
      'check --file Dockerfile',
      'sifstage check has no flag --file',
      'INPUT needs no flag, only its name; the folder that its paths start at is --context DIR',
    ],
    [
      'build --sandbox lab3/ README.md',
      'sifstage build has no flag --sandbox',
      'A sandbox folder is named with a slash at its end: -o NAME/',
    ],
    [
      'build lab3.sif examples/lab3/lab3.def',
      'sifstage build takes INPUT; too much: examples/lab3/lab3.def',
      'The image goes behind -o: sifstage build examples/lab3/lab3.def -o lab3.sif',
    ],
    [
      'build examples/lab3/lab3.def lab3/ --no-cache',
      'sifstage build takes INPUT; too much: lab3/',
      'The image goes behind -o: sifstage build examples/lab3/lab3.def -o lab3/',
    ],
    [
      'convert examples/helloworld/Dockerfile hello.def --to def',
      'sifstage convert takes INPUT; too much: hello.def',
      'Do you mean: sifstage convert examples/helloworld/Dockerfile --to def -o hello.def',
    ],
    ['explain copy-from-slef', 'there is no rule copy-from-slef', 'Do you mean copy-from-self? sifstage explain copy-from-self'],
  ])('%s', async (line, message, hint) => {
    const ran = await sifstage(line.split(' '), {cwd: root})
    expect(ran.stderr).toBe(`error: ${message}\n  ${hint}\n`)
    expect(ran.code).toBe(2)
    expect(ran.stdout).toBe('')
  })

  it.each([['-h'], ['build -h'], ['cache ls -h']])('%s is help', async line => {
    const [ran, help] = await Promise.all(
      [line, line.replace('-h', '--help')].map(each => sifstage(each.split(' '), {cwd: root})),
    )
    expect(ran?.code).toBe(0)
    expect(ran?.stdout).toBe(help?.stdout)
    expect(ran?.stdout).toContain('USAGE')
  })

  it('moves no cursor with what was typed', async () => {
    const ran = await sifstage(['bu\u001b[2Jild'], {cwd: root})
    expect(ran.stderr).not.toContain('\u001b')
    expect(ran.code).toBe(2)
  })

  it('takes an input behind flags that may be repeated', async () => {
    const ran = await sifstage(['plan', '--build-arg', 'A=1', '--base', 'a=b', 'nowhere.def'], {cwd: root})
    expect(ran.stderr).toContain('nowhere.def')
  })
})
