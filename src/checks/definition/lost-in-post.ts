import type {Check} from '../../model/check.js'
import {operands} from '../arguments.js'
import {diagnostic, quoted} from '../finding.js'
import {commandSpan, placeIn} from '../scripts.js'
import {postSteps} from './sections.js'

const builders = /^\/etc\/(resolv\.conf|hosts)$/

export const lostInPost: Check = {
  name: 'lost-in-post',
  severity: 'warning',
  summary: '%post makes something that does not stay in the image.',
  why: "/etc/hosts and /etc/resolv.conf are temporary copies of the machine's own while %post runs: what is written to them is lost (D73). mknod reports success and makes nothing, since a user namespace makes no devices (D74).",
  bad: [
    {format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%post\n  echo "nameserver 9.9.9.9" > /etc/resolv.conf\n'},
    {format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%post\n  mknod /dev/thing c 10 200\n'},
  ],
  good: [{format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%post\n  cat /etc/resolv.conf\n  echo x > /etc/hostname\n'}],
  find: description =>
    [...postSteps(description)].flatMap(step =>
      step.ran.flatMap(ran => {
        const {program, argv, redirects} = ran
        if (program === 'mknod' && operands(argv)[1]?.value !== 'p')
          return diagnostic(lostInPost, {
            span: commandSpan(step, ran),
            stage: step.stage,
            message: 'mknod makes nothing here, although it reports success.',
            hint: 'Bind the device when the image runs.',
          })
        const written = [
          ...redirects.filter(({operator}) => operator.startsWith('>')).map(({target}) => target),
          ...(program === 'tee' ? operands(argv) : /^(cp|mv|ln)$/.test(program ?? '') ? operands(argv).slice(-1) : []),
        ].find(({value}) => builders.test(value ?? ''))
        if (written === undefined) return []
        return diagnostic(lostInPost, {
          span: placeIn(step, written),
          stage: step.stage,
          message: `${quoted(written.value ?? '')} is a copy of the machine's own file while %post runs, and what is written to it is lost.`,
          hint: 'When the image runs, Apptainer takes that file of the machine again; bind another one over it if it has to differ.',
        })
      }),
    ),
}
