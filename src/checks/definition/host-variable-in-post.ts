import type {Check} from '../../model/check.js'
import {diagnostic, lineOf} from '../finding.js'
import {placeIn, stageScript} from '../scripts.js'
import {namesSet, readUnset} from '../variables.js'
import {postSteps} from './sections.js'

/** Every `%post` has them, whatever host scripts do. */
const ALWAYS_SET = new Set(['PATH', 'HOME', 'PWD', 'IFS', 'LANG', 'LD_LIBRARY_PATH'])

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
        for (const ran of each.ran) {
          const {line} = placeIn(each, ran.command).start
          for (const name of namesSet(ran, /^export$/)) host.set(name, line)
        }
      }
      const isMeant = (name: string) => (/^(APPTAINER|SINGULARITY)_ROOTFS$/.test(name) || host.has(name)) && !ALWAYS_SET.has(name)
      return [...readUnset(step, isMeant, [...host.keys()])].map(({name, span}) => {
        const line = host.get(name)
        return diagnostic(hostVariableInPost, {
          span,
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
      })
    }),
}
