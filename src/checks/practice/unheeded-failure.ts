import type {Check} from '../../model/check.js'
import {diagnostic} from '../finding.js'
import {commandSpan, runSteps} from '../scripts.js'

/** Commands whose failure changes nothing, or that seldom fail. */
const harmless =
  /^(echo|printf|true|:|export|set|unset|umask|rm|mkdir|for|case|shopt|local|useradd|groupadd|cd|\[|\[\[|test|wait|ls|exit|\.|source|)$/

export const unheededFailure: Check = {
  name: 'unheeded-failure',
  severity: 'info',
  summary: 'A RUN goes on after a command that fails, since ; stands behind it.',
  why: 'RUN is "/bin/sh -c" without -e (K113): behind ";", a line end of a here-document or "|" nobody looks at how the command before ended, and the last one alone decides. Join commands with && or write set -e first.',
  bad: [
    {format: 'dockerfile', text: 'FROM debian:12\nRUN apt-get update; apt-get install -y gcc\n'},
    {format: 'dockerfile', text: 'FROM debian:12\nRUN <<EOF\nmake\nmake install\nEOF\n'},
  ],
  good: [
    {format: 'dockerfile', text: 'FROM debian:12\nRUN set -e; apt-get update; apt-get install -y gcc\n'},
    {format: 'dockerfile', text: 'FROM debian:12\nRUN apt-get update && apt-get install -y gcc || exit 1; rm -rf /tmp/x\n'},
    {format: 'dockerfile', text: 'FROM debian:12\nSHELL ["/bin/sh", "-ec"]\nRUN make; make install\n'},
  ],
  find: description =>
    [...runSteps(description)].flatMap(step => {
      const {command} = step.step
      if (step.stage.rules === 'def' || command.kind !== 'shell') return []
      if (
        command.shell.slice(1).some(word => /^-[a-z]*e/.test(word)) ||
        /(^|[\s;&(])set\s+-[a-z]*e|errexit/.test(step.text.slice(0, 100_000))
      )
        return []
      for (const [at, ran] of step.ran.entries()) {
        const next = step.ran[at + 1]
        if (next === undefined || !ran.certain || ran.command.condition || ran.command.after === '||') continue
        if (next.command.after !== ';' || !next.certain || harmless.test(ran.program ?? '?')) continue
        return diagnostic(unheededFailure, {
          span: commandSpan(step, ran),
          stage: step.stage,
          message: 'If this fails, the step goes on and may still succeed: only its last command is looked at.',
          hint: 'Join the commands with &&, or begin with set -e.',
        })
      }
      return []
    }),
}
