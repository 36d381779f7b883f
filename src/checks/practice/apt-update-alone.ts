import type {Check} from '../../model/check.js'
import {has} from '../arguments.js'
import {diagnostic} from '../finding.js'
import {commandSpan, runSteps} from '../scripts.js'

export const aptUpdateAlone: Check = {
  name: 'apt-update-alone',
  severity: 'info',
  summary: 'A step with apt-get update alone, and packages installed in another.',
  why: 'A step that has not changed is not run again. When only the list of packages changes, the step with apt-get update comes from the cache with its lists of long ago, and the packages that they name may be gone from the mirror.',
  bad: [{format: 'dockerfile', text: 'FROM debian:12\nRUN apt-get update\nRUN apt-get install -y gcc\n'}],
  good: [
    {format: 'dockerfile', text: 'FROM debian:12\nRUN apt-get update && apt-get install -y gcc\n'},
    {format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%post\n  apt-get update\n  apt-get install -y gcc\n'},
  ],
  find: description => {
    const steps = [...runSteps(description)].filter(step => step.stage.rules === 'docker')
    return steps.flatMap((step, at) => {
      const update = step.ran.find(({program, argv}) => /^(apt-get|apt)$/.test(program ?? '') && has(argv, /^update$/))
      if (update === undefined || (step.step.mounts ?? []).length > 0) return []
      const installs = (other: typeof step) =>
        other.ran.some(
          ({program, argv}) => /^(apt-get|apt)$/.test(program ?? '') && has(argv, /^(install|upgrade|dist-upgrade|build-dep)$/),
        )
      const alone = step.ran.every(ran => ran === update || /^(echo|set|export|)$/.test(ran.program ?? '?'))
      const later = steps.slice(at + 1, at + 200).some(other => other.stage === step.stage && installs(other))
      if (!alone || !later) return []
      return diagnostic(aptUpdateAlone, {
        span: commandSpan(step, update),
        stage: step.stage,
        message: 'This step is taken from the cache when only a later one changes, and its lists are old then.',
        hint: 'Run apt-get update and apt-get install in one step, joined with &&.',
      })
    })
  },
}
