import type {Check} from '../../model/check.js'
import {diagnostic} from '../finding.js'
import {definitionShell} from '../scripts.js'
import {headingSpan, postSteps, sectionsNamed} from './sections.js'

export const errorsIgnored: Check = {
  name: 'errors-ignored',
  severity: 'info',
  summary: 'A %post with a shell of its own goes on after a failing command.',
  why: '%post is run by "/bin/sh -ex" and stops at the first failure. With %post -c /bin/bash the -e does not reach the script (D62): a failed download or compilation is passed over, and the image is made all the same.',
  bad: [
    {format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%post -c /bin/bash\n  apt-get update\n  apt-get install -y gcc\n'},
  ],
  good: [
    {format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%post -c /bin/bash\n  set -euo pipefail\n  apt-get update\n'},
    {
      format: 'def',
      text: 'Bootstrap: docker\nFrom: debian:12\n%post -c /bin/bash -e\n  apt-get update\n  apt-get install -y gcc\n',
    },
    {format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%post\n  apt-get update\n'},
  ],
  find: description =>
    [...postSteps(description)].flatMap(({stage, step, ran}) => {
      const shell = definitionShell(step)
      if (shell === undefined || ran.length < 2) return []
      const words = step.section?.arguments ?? []
      if (words.slice(words.indexOf('-c') + 2).some(word => /^-[a-z]*e/.test(word))) return []
      if (ran.some(({program, argv}) => program === 'set' && argv.some(each => /^-[a-z]*e|^errexit$/.test(each.raw)))) return []
      const section = [...sectionsNamed(description, 'post')].find(each => each.stage === stage)?.section
      return diagnostic(errorsIgnored, {
        span: section === undefined ? step.span : headingSpan(section),
        stage,
        message: `With "-c ${shell}" this %post goes on after a command that fails, and its last command alone decides.`,
        hint: 'Make "set -e" its first line.',
      })
    }),
}
