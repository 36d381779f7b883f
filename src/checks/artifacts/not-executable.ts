import type {Arrival, ArtifactCheck, Subject} from '../../model/artifact.js'
import type {Diagnostic} from '../../model/diagnostic.js'
import {def} from '../../model/examples.js'
import {artifactFinding, fitFinding, whoAsked} from './finding.js'

/** A file that has to be a program, without the bit. */
export const notExecutable: ArtifactCheck = {
  name: 'artifact-not-executable',
  severity: 'error',
  summary: 'A file that is run as a program, or has to be one (`expect:`), is not executable.',
  why: 'The mode goes with the copy: what is not executable in its stage ends in "Permission denied" where it is run.',
  bad: [
    def(`Bootstrap: docker
From: gcc:12
Stage: build
%post
  cp tool.sh /src/tool

Bootstrap: docker
From: debian:12
%files from build
  /src/tool /usr/bin/tool
%runscript
  exec /usr/bin/tool "$@"
`),
  ],
  good: [
    def(`Bootstrap: docker
From: gcc:12
Stage: build
%post
  cp tool.sh /src/tool
  chmod +x /src/tool

Bootstrap: docker
From: debian:12
%files from build
  /src/tool /usr/bin/tool
%runscript
  exec /usr/bin/tool "$@"
`),
  ],
  find(subject) {
    return [...unexpected(subject), ...run(subject)]
  },
}

function unexpected(subject: Subject): Diagnostic[] {
  if (subject.step.expect?.executable !== true) return []
  return subject.matches.flatMap(({path, resolution}) =>
    resolution.kind !== 'found' || resolution.entry.kind !== 'file' || (resolution.entry.mode & 0o111) !== 0
      ? []
      : [
          artifactFinding(
            notExecutable.name,
            subject,
            `${path} in stage "${subject.producer}" is not executable; ${whoAsked(subject)} and expects a program`,
            'Add `chmod +x` to the step that makes it.',
          ),
        ],
  )
}

function run(subject: Subject): Diagnostic[] {
  const {destination} = subject
  if (destination === undefined || subject.step.expect?.executable === true) return []
  return destination.arrivals.flatMap(arrival => {
    if ((arrival.entry.mode & 0o111) !== 0) return []
    const message = messageOf(subject, arrival)
    if (message === undefined) return []
    return [
      fitFinding(notExecutable.name, subject, {
        severity: arrival.weight === 'run' ? 'error' : 'warning',
        message: `${message}; ${whoAsked(subject)}`,
        hint:
          subject.step.rules === 'docker'
            ? 'Add `chmod +x` to the step that makes it, or --chmod=0755 to the copy.'
            : 'Add `chmod +x` to the %post that makes it.',
        supplier: destination.modeChanger,
      }),
    ]
  })
}

function messageOf(subject: Subject, {from, to, program, weight, ranBy}: Arrival): string | undefined {
  if (ranBy !== undefined) return `${from} in stage "${subject.producer}" is not executable, and ${ranBy} runs it as ${to}`
  // A program by its content: a library has no loader of its own.
  if (weight === 'named' && program.kind === 'elf' && program.interpreter !== undefined && program.soname === undefined)
    return `${from} in stage "${subject.producer}" is a program but not executable`
  return undefined
}
