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
    ['explain copy-from-slef', 'there is no rule copy-from-slef', 'Do you mean copy-from-self? sifstage explain copy-from-self'],
  ])('%s', async (line, message, hint) => {
    const ran = await sifstage(line.split(' '), {cwd: root})
    expect(ran.stderr).toBe(`error: ${message}\n  ${hint}\n`)
    expect(ran.code).toBe(2)
    expect(ran.stdout).toBe('')
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
