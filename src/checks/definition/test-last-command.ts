import type {Check} from '../../model/check.js'
import {diagnostic} from '../finding.js'
import {headingSpan, scriptsNamed, sectionsNamed} from './sections.js'

const harmless = /^(echo|printf|cd|export|:|true|\.|source|set|unset|exit|for|case|\[|\[\[|test|)$/

export const testLastCommand: Check = {
  name: 'test-last-command',
  severity: 'info',
  summary: 'Only the last command of %test decides; failures before it are passed over.',
  why: '%test runs without -e (D76), unlike %post. A test of several commands passes as long as its last one does. Write set -e as its first line, or %test -e.',
  bad: [{format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%test\n  tool --version\n  other --version\n'}],
  good: [
    {format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%test\n  set -e\n  tool --version\n  other --version\n'},
    {format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%test\n  tool --version && other --version\n'},
    {format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%test -e\n  tool --version\n  other --version\n'},
    {format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%test\n  tool --version || exit 1\n  other --version\n'},
  ],
  find: description =>
    [...scriptsNamed(description, 'test')].flatMap(({stage, script, ran}) => {
      if (script.arguments?.some(word => /^-[a-z]*e/.test(word)) === true || /^\s*#![^\n]* -[a-z]*e/.test(script.text)) return []
      if (ran.some(({program, argv}) => program === 'set' && argv.some(each => /^-[a-z]*e|^errexit$/.test(each.raw)))) return []
      const unheeded = ran.filter(({program, command, certain}, at) => {
        if (!certain || command.condition || harmless.test(program ?? '?')) return false
        // `a || exit 1` and `a && b`: somebody looks at how it ended.
        const next = ran[at + 1]
        return next !== undefined && next.command.after !== '&&' && next.command.after !== '||' && next.command.after !== '|'
      })
      if (unheeded.length === 0) return []
      const section = [...sectionsNamed(description, 'test')].find(each => each.stage === stage)?.section
      return diagnostic(testLastCommand, {
        span: section === undefined ? script.span : headingSpan(section),
        stage,
        message: `This test passes when its last command does: %test runs without -e, and ${unheeded.length === 1 ? 'a command before it is' : `${unheeded.length} commands before it are`} not looked at.`,
        hint: 'Make "set -e" its first line.',
      })
    }),
}
