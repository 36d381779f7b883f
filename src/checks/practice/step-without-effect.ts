import type {Check} from '../../model/check.js'
import {diagnostic, quoted} from '../finding.js'
import {commandSpan, runSteps} from '../scripts.js'

const ofTheShell = new Set(['cd', 'pushd', 'popd', 'export', 'source', '.', 'umask', 'alias', 'set', 'unset', 'ulimit', 'shopt'])

export const stepWithoutEffect: Check = {
  name: 'step-without-effect',
  severity: 'warning',
  summary: 'A RUN ends in cd, export or the like, which last only until its end.',
  why: 'Each RUN is a shell of its own: the folder, variables, umask and aliases of one are not those of the next (K113). Use WORKDIR and ENV, or do it in the same step.',
  bad: [
    {format: 'dockerfile', text: 'FROM debian:12\nRUN mkdir /src && cd /src\nRUN touch here\n'},
    {format: 'dockerfile', text: 'FROM debian:12\nRUN export PATH=/opt/bin:$PATH\n'},
    {format: 'yaml', text: 'sifstage: 1\nstages:\n  a:\n    from: debian:12\n    steps:\n      - run: cd /src\n'},
  ],
  good: [
    {format: 'dockerfile', text: 'FROM debian:12\nWORKDIR /src\nRUN cd /src && touch here\n'},
    {format: 'dockerfile', text: 'FROM debian:12\nRUN set -e; test -d /x && cd /y || true\n'},
    {format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%post\n  mkdir /src\n  cd /src\n'},
  ],
  find: description =>
    [...runSteps(description)].flatMap(step => {
      if (step.stage.rules === 'def' || step.step.command.kind !== 'shell') return []
      const last = step.ran.at(-1)
      const name = last?.program === '' ? 'an assignment' : last?.program
      if (last === undefined || name === undefined || !last.certain || last.redirects.length > 0) return []
      // `set -e` alone stands for itself; a test that a file can be sourced is a test.
      if (last.program !== '' && !ofTheShell.has(name)) return []
      if (/^(set|source|\.|unset)$/.test(name) && step.ran.length > 1) return []
      if (last.program === '' && (last.argv.length > 0 || step.ran.length > 1)) return []
      return diagnostic(stepWithoutEffect, {
        span: commandSpan(step, last),
        stage: step.stage,
        message: `${quoted(name)} has no effect beyond this step: the next one is a new shell.`,
        hint:
          name === 'cd' || name === 'pushd'
            ? 'Use WORKDIR.'
            : name === 'export' || last.program === ''
              ? 'Use ENV.'
              : 'Do it in the step that needs it.',
      })
    }),
}
