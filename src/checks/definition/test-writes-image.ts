import type {Check} from '../../model/check.js'
import {operands} from '../arguments.js'
import {diagnostic, quoted} from '../finding.js'
import {scriptSpan, scriptsNamed} from './sections.js'

const writers = new Set(['mkdir', 'touch', 'rm', 'cp', 'mv', 'ln', 'install', 'tee', 'chmod', 'chown'])
const managers = /^(apt-get|apt|dnf|yum|microdnf|zypper|apk)$/

export const testWritesImage: Check = {
  name: 'test-writes-image',
  severity: 'warning',
  summary: '%test writes to the image, which is read-only then.',
  why: '%test runs on the finished root file system, mounted read-only (D76): a command that writes outside of /tmp and the home folder fails, and when it is the last one, no image is made.',
  bad: [
    {format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%test\n  mkdir /work\n  cd /work\n'},
    {format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%test\n  tool --version > /opt/version\n'},
  ],
  good: [
    {
      format: 'def',
      text: 'Bootstrap: docker\nFrom: debian:12\n%test\n  tool --version > /tmp/version 2> /dev/null\n  ls /opt/version\n',
    },
  ],
  find: description =>
    [...scriptsNamed(description, 'test')].flatMap(script =>
      script.ran.flatMap(({program, argv, redirects, command}) => {
        if (managers.test(program ?? '') && argv.some(each => each.value === 'install' || each.value === 'add'))
          return diagnostic(testWritesImage, {
            span: scriptSpan(script, command),
            stage: script.stage,
            message: `${program} cannot install anything here: the image is read-only while %test runs.`,
            hint: 'Install it in %post.',
          })
        const words =
          program !== undefined && writers.has(program)
            ? operands(argv, '-m').slice(/^(cp|mv|ln|install|ch)/.test(program) ? -1 : 0)
            : []
        const targets = [
          ...words,
          ...redirects.filter(({operator}) => operator.startsWith('>') && operator !== '>&').map(({target}) => target),
        ]
        const written = targets.find(
          ({value}) =>
            value !== undefined && /^\/(opt|usr|etc|var\/(?!tmp)|srv|lib|bin|sbin|root|work|data|app|src)(\/|$)/.test(value),
        )
        if (written === undefined || command.after === '||') return []
        return diagnostic(testWritesImage, {
          span: scriptSpan(script, written),
          stage: script.stage,
          message: `${quoted(written.value ?? '')} cannot be written here: the image is read-only while %test runs.`,
          hint: 'Write below /tmp, or do it in %post.',
        })
      }),
    ),
}
