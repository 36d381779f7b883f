import type {RanCommand} from '../../language/shell-walk.js'
import type {Check} from '../../model/check.js'
import {has} from '../arguments.js'
import {diagnostic} from '../finding.js'
import {commandSpan, runSteps} from '../scripts.js'

interface Asking {
  readonly program: RegExp
  readonly action: RegExp
  readonly yes: RegExp
  readonly hint: string
}

const asking: readonly Asking[] = [
  {
    program: /^(apt-get|apt|aptitude)$/,
    action: /^(install|upgrade|dist-upgrade|full-upgrade|remove|purge|autoremove|build-dep)$/,
    yes: /^(-\w*y\w*|--yes|--assume-yes|-qq\w*|-s|--simulate|--download-only|-\w*d|--print-uris)$|Assume-Yes/,
    hint: 'Write apt-get install -y.',
  },
  {
    program: /^(dnf|yum)$/,
    action: /^(install|groupinstall|update|upgrade|remove|erase|builddep|group)$/,
    yes: /^(-\w*y\w*|--assumeyes|--assumeno|--downloadonly)$|assumeyes/,
    hint: 'Write -y.',
  },
  {
    program: /^zypper$/,
    action: /^(install|in|update|up|dup|remove|rm)$/,
    yes: /^(-\w*[ny]\w*|--non-interactive|--no-confirm)$/,
    hint: 'Write zypper --non-interactive install.',
  },
  {program: /^pacman$/, action: /^-S\w*$/, yes: /^--noconfirm$/, hint: 'Write --noconfirm.'},
]

export const installWithoutYes: Check = {
  name: 'install-without-yes',
  severity: 'warning',
  summary: 'A package manager will ask a question that nobody answers.',
  why: 'Commands of a build have no terminal, and their input is empty (D70): apt-get, dnf and zypper take that for a no, and the step fails.',
  bad: [
    {format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%post\n  apt-get update\n  apt-get install gcc make\n'},
    {format: 'dockerfile', text: 'FROM rockylinux:9\nRUN dnf install gcc && dnf clean all\n'},
  ],
  good: [
    {
      format: 'dockerfile',
      text: 'FROM debian:12\nRUN apt-get update && apt-get -qqy install gcc\nRUN yes | apt-get install make\n',
    },
    {format: 'dockerfile', text: 'FROM debian:12\nRUN apt-get update && apt-get install --yes --no-install-recommends gcc\n'},
    {format: 'def', text: 'Bootstrap: docker\nFrom: opensuse/leap:15.5\n%post\n  zypper -n install gcc\n'},
    {
      format: 'dockerfile',
      text: 'FROM debian:12\nRUN echo \'APT::Get::Assume-Yes "true";\' > /etc/apt/apt.conf.d/90yes\nRUN apt-get update && apt-get install gcc\n',
    },
  ],
  find: description => {
    const settled = new Set<number>()
    return [...runSteps(description)].flatMap(step => {
      if (/Assume-Yes|assumeyes|alias (apt-get|apt|dnf|yum|conda)=/.test(step.text)) settled.add(step.stage.index)
      if (settled.has(step.stage.index) || step.step.where === 'host') return []
      return step.ran.flatMap((ran: RanCommand) => {
        const kind = asking.find(each => each.program.test(ran.program ?? ''))
        if (kind === undefined || ran.command.after === '|' || ran.redirects.some(({operator}) => operator.startsWith('<')))
          return []
        const words = ran.argv.slice(1)
        // An unknown word may be the option itself (`$APT_FLAGS`).
        if (words.some(each => each.value === undefined && !/^["']?[\w.+-]+[=$:]/.test(each.raw))) return []
        if (!words.some(each => kind.action.test(each.value ?? '')) || has(words, kind.yes)) return []
        return diagnostic(installWithoutYes, {
          span: commandSpan(step, ran),
          stage: step.stage,
          message: `${ran.program} asks before it installs more than what is named, and nobody is there to answer: the command fails.`,
          hint: kind.hint,
        })
      })
    })
  },
}
