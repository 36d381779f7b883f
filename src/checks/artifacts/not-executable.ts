import type {ArtifactCheck} from '../../model/artifact.js'
import {artifactFinding, whoAsked} from './finding.js'

/** A file that `expect: {executable: true}` asks to be a program, without the bit. */
export const notExecutable: ArtifactCheck = {
  name: 'artifact-not-executable',
  severity: 'error',
  summary: 'A file that has to be executable (`expect:`) is not.',
  why: 'The mode goes with the copy: what is not executable here will not run there.',
  find(subject) {
    if (subject.step.expect?.executable !== true) return []
    return subject.matches.flatMap(match => {
      if (
        match.resolution.kind !== 'found' ||
        match.resolution.entry.kind !== 'file' ||
        (match.resolution.entry.mode & 0o111) !== 0
      )
        return []
      return [
        artifactFinding(
          notExecutable.name,
          subject,
          `${match.path} in stage "${subject.producer}" is not executable; ${whoAsked(subject)} and expects a program`,
          'Add `chmod +x` to the step that makes it.',
        ),
      ]
    })
  },
}
