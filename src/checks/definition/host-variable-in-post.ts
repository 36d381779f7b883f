import type {WordPart} from '../../language/shell-commands.js'
import type {Check} from '../../model/check.js'
import {diagnostic, lineOf} from '../finding.js'
import {placeIn, stageScript} from '../scripts.js'
import {postSteps} from './sections.js'

export const hostVariableInPost: Check = {
  name: 'host-variable-in-post',
  severity: 'warning',
  summary: '%post uses a variable that only host scripts have.',
  why: 'APPTAINER_ROOTFS and SINGULARITY_ROOTFS are set for %pre and %setup alone, and what those export does not reach %post (D59, D64): there the variable is empty. Inside %post the image is simply /.',
  bad: [
    {format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%post\n  cp /etc/hosts $SINGULARITY_ROOTFS/opt\n'},
    {
      format: 'def',
      text: 'Bootstrap: docker\nFrom: debian:12\n%setup\n  export VERSION=1.2\n%post\n  echo $VERSION > /version\n',
    },
  ],
  good: [
    {format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%setup\n  cp tool $SINGULARITY_ROOTFS/opt\n%post\n  ls /opt\n'},
    {
      format: 'def',
      text: 'Bootstrap: docker\nFrom: debian:12\n%setup\n  VERSION=1.2\n%post\n  VERSION=1.3\n  echo $VERSION ${SINGULARITY_ROOTFS:-} > /version\n',
    },
  ],
  find: description =>
    [...postSteps(description)].flatMap(step => {
      const host = new Map<string, number>()
      for (const each of stageScript(description, step.stage).steps) {
        if (each.kind !== 'run' || each.step.where !== 'host') continue
        for (const {program, argv, assigned, command} of each.ran) {
          const {line} = placeIn(each, command).start
          for (const one of assigned) host.set(one.name, line)
          if (program === 'export') for (const one of argv.slice(1)) host.set(one.raw.split('=')[0] ?? '', line)
        }
      }
      const own = new Set<string>(['PATH', 'HOME', 'PWD', 'IFS', 'LANG', 'LD_LIBRARY_PATH'])
      return step.ran.flatMap(({program, argv, assigned, command}) => {
        if (program === '.' || program === 'source' || program === 'eval') for (const name of host.keys()) own.add(name)
        const words = [
          ...command.words,
          ...command.assignments.map(each => each.value),
          ...command.redirects.map(each => each.target),
        ]
        const found = words.flatMap(word =>
          word.parts
            .filter(
              (part): part is Extract<WordPart, {kind: 'variable'}> => part.kind === 'variable' && part.fallback === undefined,
            )
            .filter(({name}) => (/^(APPTAINER|SINGULARITY)_ROOTFS$/.test(name) || host.has(name)) && !own.has(name))
            .map(({name}) => {
              own.add(name)
              const line = host.get(name)
              return diagnostic(hostVariableInPost, {
                span: placeIn(step, word),
                stage: step.stage,
                message:
                  line === undefined
                    ? `$${name} is empty in %post: it is there for %setup and %pre alone.`
                    : `$${name} is empty in %post: a host script sets it (${lineOf({...step.step.span, start: {line, column: 1}})}), and nothing of that reaches %post.`,
                hint:
                  line === undefined
                    ? 'Inside %post the image is /.'
                    : 'Set it in %post too, or use {{ NAME }} from %arguments in both.',
              })
            }),
        )
        for (const each of assigned) own.add(each.name)
        if (/^(export|read|declare|local|readonly|for)$/.test(program ?? ''))
          for (const each of argv.slice(1)) own.add(each.raw.split('=')[0] ?? '')
        return found
      })
    }),
}
