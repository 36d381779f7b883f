import type {ArtifactCheck} from '../../model/artifact.js'
import {atStake, fitFinding, whoAsked} from './finding.js'

/** A program that starts like one and is cut short. */
export const unreadableProgram: ArtifactCheck = {
  name: 'artifact-damaged',
  severity: 'error',
  summary: 'A program or library that a later stage copies starts as an ELF file does, but is cut short or damaged.',
  why: 'A compiler that was stopped, or a disk that was full, leaves such files. One that the image runs is an error, any other a warning.',
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
