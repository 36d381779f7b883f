import type {Check} from '../../model/check.js'
import {has} from '../arguments.js'
import {diagnostic, quoted} from '../finding.js'
import {commandSpan, runSteps} from '../scripts.js'

export const downloadIntoShell: Check = {
  name: 'download-into-shell',
  severity: 'info',
  summary: 'A script is downloaded and run through a pipe, so a failed download goes unnoticed.',
  why: 'The status of a pipe is that of its last command (D69): when curl fails, the shell behind it reads nothing and reports success, and the build goes on without what should have been installed. What is run is also another script tomorrow.',
  bad: [{format: 'dockerfile', text: 'FROM debian:12\nRUN curl -fsSL https://example.org/install.sh | sh\n'}],
  good: [
    {
      format: 'dockerfile',
      text: 'FROM debian:12\nRUN curl -fsSLo /tmp/install.sh https://example.org/install.sh && sh /tmp/install.sh\n',
    },
    {
      format: 'dockerfile',
      text: 'FROM debian:12\nSHELL ["/bin/bash", "-o", "pipefail", "-c"]\nRUN curl -fsSL https://example.org/install.sh | sh\n',
    },
    {format: 'dockerfile', text: 'FROM debian:12\nRUN curl -fsSL https://example.org/a.tar.gz | tar xz\n'},
  ],
  find: description =>
    [...runSteps(description)].flatMap(step => {
      const {command} = step.step
      if (/pipefail/.test(step.text) || (command.kind === 'shell' && command.shell.includes('pipefail'))) return []
      return step.ran.flatMap((ran, at) => {
        const next = step.ran[at + 1]
        if (!/^(curl|wget)$/.test(ran.program ?? '') || next?.command.after !== '|') return []
        if (!/^(sh|bash|python3?|perl)$/.test(next.program ?? '') || has(next.argv.slice(1), /^-c$/)) return []
        return diagnostic(downloadIntoShell, {
          span: commandSpan(step, ran),
          stage: step.stage,
          message: `When this download fails, ${quoted(next.program ?? 'sh')} reads an empty script and reports success.`,
          hint: 'Download to a file, and run that with && behind it.',
        })
      })
    }),
}
