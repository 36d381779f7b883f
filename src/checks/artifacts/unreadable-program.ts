import type {ArtifactCheck} from '../../model/artifact.js'
import {artifactFinding, whoAsked} from './finding.js'

/** A program that starts like one and is cut short. */
export const unreadableProgram: ArtifactCheck = {
  name: 'artifact-damaged',
  severity: 'warning',
  summary: 'A program or library that a later stage copies starts as an ELF file does, but is cut short or damaged.',
  why: 'A compiler that was stopped, or a disk that was full, leaves such files.',
  find(subject) {
    return subject.matches.flatMap(({path, resolution}) => {
      if (resolution.kind !== 'found' || resolution.entry.kind !== 'file') return []
      const program = subject.programs.get(resolution.entry.path)
      if (program?.kind !== 'damaged') return []
      return [
        artifactFinding(
          unreadableProgram.name,
          subject,
          `${path} in stage "${subject.producer}" starts as a program does, but ${program.why}; ${whoAsked(subject)}`,
          'Look at the step that makes it.',
          'warning',
        ),
      ]
    })
  },
}
