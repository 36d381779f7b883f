import type {ArtifactCheck} from '../../model/artifact.js'
import type {Diagnostic} from '../../model/diagnostic.js'
import {def} from '../../model/examples.js'
import {artifactFinding, some, whoAsked} from './finding.js'

/** A FIFO, socket or device in a folder that a definition file's stage copies. */
export const specialFile: ArtifactCheck = {
  name: 'artifact-special-file',
  severity: 'error',
  summary: 'A folder that a definition file copies from a stage holds a FIFO, a socket or a device.',
  why: 'The engine’s copy between stages ends with an error at a FIFO, after all the work, and leaves sockets and devices out (def-semantics, D.4).',
  bad: [
    def(`Bootstrap: docker
From: gcc:12
Stage: build
%post
  mkdir /src/out
  mkfifo /src/out/queue

Bootstrap: docker
From: debian:12
%files from build
  /src/out /opt/out
`),
  ],
  good: [
    def(`Bootstrap: docker
From: gcc:12
Stage: build
%post
  mkdir /src/out
  touch /src/out/list

Bootstrap: docker
From: debian:12
%files from build
  /src/out /opt/out
`),
  ],
  find(subject) {
    if (subject.step.rules !== 'def') return []
    const findings: Diagnostic[] = []
    for (const {resolution} of subject.matches) {
      if (resolution.kind !== 'found' || resolution.entry.kind !== 'directory') continue
      const inside = [...subject.tree.below(resolution.entry.path)]
      const fifos = inside.filter(each => each.kind === 'fifo').map(each => each.path)
      const others = inside.filter(each => each.kind === 'socket' || each.kind === 'device').map(each => each.path)
      if (fifos.length > 0)
        findings.push(
          artifactFinding(
            specialFile.name,
            subject,
            `${some(fifos)} in stage "${subject.producer}" is a FIFO, at which the engine's copy fails; ${whoAsked(subject)}`,
            `Remove it at the end of stage "${subject.producer}", or copy what you need by name.`,
          ),
        )
      if (others.length > 0)
        findings.push(
          artifactFinding(
            specialFile.name,
            subject,
            `${some(others)} in stage "${subject.producer}" is a socket or device, which the engine's copy leaves out; ${whoAsked(subject)}`,
            undefined,
            'warning',
          ),
        )
    }
    return findings
  },
}
