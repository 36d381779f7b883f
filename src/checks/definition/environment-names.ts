import type {Check} from '../../model/check.js'
import type {Description} from '../../model/description.js'
import type {Diagnostic} from '../../model/diagnostic.js'
import {diagnostic} from '../finding.js'
import {scriptSpan, scriptsNamed} from './sections.js'

const readOnly = /^(UID|EUID|GID)$/
const taken = /^(IFS|e|key|__script__)$/

export const environmentNames: Check = {
  name: 'environment-names',
  severity: 'warning',
  summary: 'A variable of this name never arrives where the image runs.',
  why: 'Apptainer reads the environment with a shell of its own, in which UID, EUID and GID are read-only, IFS is its own, and e, key and __script__ are variables of its start script (D118): other values are lost, or take the place of those.',
  bad: [
    {format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%environment\n  export key=value\n'},
    {format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%environment\n  export UID=1000\n'},
  ],
  good: [{format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%environment\n  export KEY=value APP_UID=1000\n'}],
  find: (description: Description): Diagnostic[] =>
    [...scriptsNamed(description, 'environment')].flatMap(script =>
      script.ran.flatMap(({program, argv, assigned}) => {
        const exports =
          program === 'export' ? argv.slice(1).map(each => ({name: each.raw.split('=')[0] ?? '', from: each.from})) : []
        return [...assigned, ...exports].flatMap(({name, from}) => {
          if (!readOnly.test(name) && !taken.test(name)) return []
          return diagnostic(environmentNames, {
            span: scriptSpan(script, {from, to: from + name.length}),
            stage: script.stage,
            message: readOnly.test(name)
              ? `${name} cannot be set: it is read-only in the shell that reads %environment, which complains at every start.`
              : `${name} does not arrive: Apptainer's start script uses that name itself.`,
            hint: 'Choose another name.',
          })
        })
      }),
    ),
}
