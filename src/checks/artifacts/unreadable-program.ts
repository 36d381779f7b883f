import type {ArtifactCheck} from '../../model/artifact.js'
import {def} from '../../model/examples.js'
import {atStake, fitFinding, whoAsked} from './finding.js'

/** A program that starts like one and is cut short. */
export const unreadableProgram: ArtifactCheck = {
  name: 'artifact-damaged',
  severity: 'error',
  summary: 'A program or library that a later stage copies starts as an ELF file does, but is cut short or damaged.',
  why: 'A compiler that was stopped, or a disk that was full, leaves such files. One that the image runs is an error, any other a warning.',
  bad: [
    def(`Bootstrap: docker
From: gcc:12
Stage: build
%post
  gcc -static -o /src/tool tool.c
  truncate -s 100 /src/tool

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
  gcc -static -o /src/tool tool.c

Bootstrap: docker
From: debian:12
%files from build
  /src/tool /usr/bin/tool
%runscript
  exec /usr/bin/tool "$@"
`),
  ],
  find(subject) {
    return [...atStake(subject)].flatMap(({shown, program, ranBy, supplier}) =>
      program?.kind !== 'damaged'
        ? []
        : [
            fitFinding(unreadableProgram.name, subject, {
              severity: ranBy === undefined ? 'warning' : 'error',
              message: `${shown} in stage "${subject.producer}" starts as a program does, but ${program.why}${ranBy === undefined ? '' : `, and ${ranBy} runs it`}; ${whoAsked(subject)}`,
              hint: 'Look at the step that makes it.',
              supplier,
            }),
          ],
    )
  },
}
