import type {Check} from '../../model/check.js'
import {diagnostic} from '../finding.js'
import {scriptSpan, scriptsNamed} from './sections.js'

export const environmentQuoting: Check = {
  name: 'environment-quoting',
  severity: 'warning',
  summary: 'A backslash outside of double quotes stays in a value of %environment.',
  why: "The shell inside Apptainer that reads %environment keeps it (D84): export A=a\\ b sets \"a\\ b\", and 'it'\\''s' comes out as \"it\\'s\". Inside double quotes backslashes mean what they mean in sh.",
  bad: [{format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%environment\n  export TITLE=two\\ words\n'}],
  good: [
    {
      format: 'def',
      text: 'Bootstrap: docker\nFrom: debian:12\n%environment\n  export TITLE="two \\"words\\""\n  export A=1 \\\n    B=2\n',
    },
  ],
  find: description =>
    [...scriptsNamed(description, 'environment')].flatMap(script =>
      script.ran.flatMap(({program, argv, command}) => {
        const words = [
          ...(program === 'export' ? argv.slice(1) : []),
          ...command.assignments.map(({value}) => ({...value, raw: script.script.text.slice(value.from, value.to)})),
        ]
        return words.flatMap(word => {
          const bare = word.raw
            .slice(0, 4096)
            .replaceAll(/"(\\[\s\S]|[^"\\])*"|\\\n/g, '')
            .replaceAll(/'[^']*'/g, '')
          if (!/\\[ ']/.test(bare)) return []
          return diagnostic(environmentQuoting, {
            span: scriptSpan(script, word),
            stage: script.stage,
            message:
              'The backslash stays in the value, since the shell that reads %environment keeps it outside of double quotes.',
            hint: 'Put the value into double quotes.',
          })
        })
      }),
    ),
}
