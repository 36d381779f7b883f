import {isFolderMark} from '../../language/paths.js'
import type {ArtifactCheck} from '../../model/artifact.js'
import {def} from '../../model/examples.js'
import type {EntryKind} from '../../model/image.js'
import {showTemplate} from '../../model/template.js'
import {artifactFinding, whoAsked} from './finding.js'

const WORDS: Readonly<Record<EntryKind, string>> = {
  file: 'a file',
  directory: 'a folder',
  symlink: 'a symlink',
  fifo: 'a FIFO',
  socket: 'a socket',
  device: 'a device',
}

/** Something is there, but not what the copy needs. */
export const wrongKind: ArtifactCheck = {
  name: 'artifact-wrong-kind',
  severity: 'error',
  summary: 'A path that a later stage copies is of another kind than the copy needs.',
  why: "A source that ends in `/` must be a folder, `expect:` may demand a kind, and neither FIFOs, sockets nor devices can be copied out of a definition file's stage.",
  bad: [
    def(`Bootstrap: docker
From: gcc:12
Stage: build
%post
  gcc -static -o /src/tool tool.c

Bootstrap: docker
From: debian:12
%files from build
  /src/tool/ /opt/tool/
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
  /src/tool /opt/tool
`),
  ],
  find(subject) {
    const written = showTemplate(subject.source.path)
    const folderWanted = subject.step.rules === 'def' && isFolderMark(written)
    return subject.matches.flatMap(match => {
      if (match.resolution.kind !== 'found') return []
      const {kind} = match.resolution.entry
      const problem = (needed: string) => [
        artifactFinding(
          wrongKind.name,
          subject,
          `${match.path} in stage "${subject.producer}" is ${WORDS[kind]}, ${needed}; ${whoAsked(subject)}`,
        ),
      ]
      const expected = subject.step.expect?.kind
      if (expected !== undefined) {
        const link = subject.tree.lookup(match.path)?.kind === 'symlink'
        if (expected === 'symlink' ? !link : kind !== expected) return problem(`not ${WORDS[expected]} as its \`expect:\` says`)
      }
      if (folderWanted && kind !== 'directory') return problem('and the `/` at the end of the source asks for a folder')
      if (subject.step.rules === 'def' && (kind === 'fifo' || kind === 'socket' || kind === 'device'))
        return problem('which the engine cannot copy between stages (rule D95)')
      return []
    })
  },
}
