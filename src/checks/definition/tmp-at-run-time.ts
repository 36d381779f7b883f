import {absolutePath} from '../../language/paths.js'
import type {Check} from '../../model/check.js'
import {diagnostic, lineOf, quoted} from '../finding.js'
import {claimsOf} from '../prediction/tools.js'
import {placeIn} from '../scripts.js'
import {postSteps, scriptSpan, scriptsNamed} from './sections.js'

export const tmpAtRunTime: Check = {
  name: 'tmp-at-run-time',
  severity: 'warning',
  summary: 'The image uses a file below /tmp that only %post made.',
  why: 'What %post writes below /tmp or /var/tmp lands on the machine that builds and not in the image (D72), and when the image runs, the /tmp of that machine lies over it as well. Put such files elsewhere, for example below /opt.',
  bad: [
    {
      format: 'def',
      text: 'Bootstrap: docker\nFrom: debian:12\n%post\n  mkdir -p /tmp/tool\n  echo x > /tmp/tool/config\n%runscript\n  cat /tmp/tool/config\n',
    },
  ],
  good: [
    {
      format: 'def',
      text: 'Bootstrap: docker\nFrom: debian:12\n%post\n  mkdir -p /opt/tool\n  echo x > /opt/tool/config\n%runscript\n  cat /opt/tool/config\n',
    },
    {
      format: 'def',
      text: 'Bootstrap: docker\nFrom: debian:12\n%post\n  mkdir /tmp/work\n  rm -rf /tmp/work\n%runscript\n  mkdir -p /tmp/work\n  ls /tmp/work\n',
    },
  ],
  find: description =>
    [...postSteps(description)].flatMap(step => {
      const made = new Map<string, number>()
      for (const ran of step.ran) {
        const workshop = {prefixes: new Set<string | undefined>()}
        for (const claim of claimsOf(ran, workshop, placeIn(step, ran.command))) {
          if (claim.kind !== 'file' && claim.kind !== 'folder') continue
          if (/^\/(var\/)?tmp\/./.test(claim.path)) made.set(claim.path, placeIn(step, ran.command).start.line)
        }
      }
      if (made.size === 0) return []
      return [...scriptsNamed(description, 'runscript', 'startscript', 'test', 'environment')]
        .filter(script => script.stage === step.stage)
        .flatMap(script => {
          const own = /\b(mkdir|mktemp|touch|cp|mv|ln|tar|curl|wget|git|install)\b|>/.test(script.script.text)
          if (own) return []
          for (const ran of script.ran) {
            const word = [...ran.argv, ...ran.redirects.map(each => each.target)].find(
              each => each.value !== undefined && made.has(absolutePath('/', each.value)),
            )
            if (word?.value === undefined) continue
            const span = scriptSpan(script, word)
            return diagnostic(tmpAtRunTime, {
              span,
              stage: step.stage,
              message: `${quoted(word.value)} is not in the image: %post makes it (${lineOf({...span, start: {line: made.get(absolutePath('/', word.value)) ?? 1, column: 1}})}) in a folder of the machine that builds.`,
              hint: 'Put it below another folder of the image, for example /opt.',
            })
          }
          return []
        })
    }),
}
