import type {Check} from '../../model/check.js'
import type {Stage} from '../../model/description.js'
import {plainText} from '../../model/template.js'
import {diagnostic, lineOf, quoted} from '../finding.js'
import {placeIn} from '../scripts.js'
import {postSteps} from './sections.js'

export const tmpInPost: Check = {
  name: 'tmp-in-post',
  severity: 'warning',
  summary: '%post looks for a file below /tmp that %files put there.',
  why: 'While %post runs, the folders /tmp and /var/tmp of the machine lie over those of the image (D71, D72). What %files copied there is in the image, but %post cannot see it, and the command that wants it fails.',
  bad: [
    {
      format: 'def',
      text: 'Bootstrap: docker\nFrom: python:3.12\n%files\n  requirements.txt /tmp/requirements.txt\n%post\n  pip install -r /tmp/requirements.txt\n',
    },
    {
      format: 'def',
      text: 'Bootstrap: docker\nFrom: debian:12\n%files\n  install.sh /tmp/\n%post\n  cd /tmp\n  sh /tmp/install.sh\n',
    },
  ],
  good: [
    {
      format: 'def',
      text: 'Bootstrap: docker\nFrom: python:3.12\n%files\n  requirements.txt /opt/requirements.txt\n%post\n  pip install -r /opt/requirements.txt\n',
    },
    {
      format: 'def',
      text: 'Bootstrap: docker\nFrom: debian:12\n%files\n  data.txt /tmp/data.txt\n%post\n  umount -l /tmp\n  cat /tmp/data.txt\n',
    },
  ],
  find: description =>
    [...postSteps(description)].flatMap(step => {
      const copies = temporaryCopies(step.stage)
      if (copies.length === 0 || /\bu?mount\b/.test(step.text)) return []
      return copies.flatMap(({path, span}) => {
        for (const {argv, command} of step.ran) {
          const word = argv.slice(1).find(each => each.value === path)
          if (word === undefined || command.after === '||') continue
          // What the script itself puts there, it finds.
          const made = step.ran.some(each => each.redirects.some(({target}) => target.value === path))
          if (made) return []
          return diagnostic(tmpInPost, {
            span: placeIn(step, word),
            stage: step.stage,
            message: `${quoted(path)} is not there while %post runs: %files copies it to the image (${lineOf(span)}), and the machine's own folder lies over it.`,
            hint: 'Copy it to another folder, for example /opt, and remove it at the end.',
          })
        }
        return []
      })
    }),
}

/** Files of plain names that `%files` puts below a temporary folder. */
function temporaryCopies(stage: Stage) {
  return stage.steps.flatMap(step => {
    if (step.kind !== 'copy' || step.destination === undefined) return []
    const text = plainText(step.destination.path)
    const [source] = step.sources
    const name = source === undefined ? undefined : plainText(source.path)?.split('/').at(-1)
    if (text === undefined || !/^\/(var\/)?tmp(\/|$)/.test(text)) return []
    const path = /^\/(var\/)?tmp$/.test(text) || text.endsWith('/') ? `${text.replace(/\/$/, '')}/${name ?? ''}` : text
    return [{path, span: step.span}]
  })
}
