import type {Check} from '../../model/check.js'
import {diagnostic, quoted} from '../finding.js'
import {scriptSpan, scriptsNamed} from './sections.js'

export const runscriptArguments: Check = {
  name: 'runscript-arguments',
  severity: 'info',
  summary: "%runscript drops the caller's arguments, or takes those with blanks apart.",
  why: 'What stands behind "apptainer run IMAGE" arrives in "$@" (D115). A run script that starts one program and never looks at its arguments ignores what people type; $@ and $* without quotes turn one argument with a blank into two.',
  bad: [
    {format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%runscript\n  exec tool\n'},
    {format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%runscript\n  exec tool $@\n'},
  ],
  good: [
    {format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%runscript\n  exec tool "$@"\n'},
    {format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%runscript\n  echo "Usage: apptainer exec"\n'},
    {
      format: 'def',
      text: 'Bootstrap: docker\nFrom: debian:12\n%runscript\n  if [ $# -gt 0 ]; then exec tool "$1"; fi\n  exec tool\n',
    },
  ],
  find: description =>
    [...scriptsNamed(description, 'runscript')].flatMap(script => {
      const {ran, stage} = script
      for (const {command, argv} of ran) {
        const at = command.words.findIndex(({parts}) =>
          parts.some(part => part.kind === 'variable' && (part.name === '@' || part.name === '*') && !part.quoted),
        )
        const word = command.words[at]
        if (word === undefined || argv[0]?.value === 'for' || /^(echo|printf)$/.test(argv[0]?.value ?? '')) continue
        return diagnostic(runscriptArguments, {
          span: scriptSpan(script, word),
          stage,
          message: 'Without quotes an argument that holds a blank arrives as several.',
          hint: 'Write "$@".',
        })
      }
      const last = ran.at(-1)
      if (last === undefined || /\$[@*#1-9{]|\bshift\b|\bgetopts\b/.test(script.script.text)) return []
      if (!last.prefixes.includes('exec') || !last.certain || last.program === undefined) return []
      if (/^(bash|sh|echo|cat)$/.test(last.program) && last.argv.length > 1) return []
      return diagnostic(runscriptArguments, {
        span: scriptSpan(script, last.command),
        stage,
        message: `The arguments behind "apptainer run IMAGE" do not reach ${quoted(last.program)}.`,
        hint: 'End the line with "$@" if they should.',
      })
    }),
}
