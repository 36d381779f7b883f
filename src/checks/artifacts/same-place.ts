import type {ArtifactCheck} from '../../model/artifact.js'
import {def} from '../../model/examples.js'
import {artifactFinding, groupBy, some, whoAsked} from './finding.js'

/** Several files of one copy that come to lie at one path. */
export const samePlace: ArtifactCheck = {
  name: 'artifact-same-place',
  severity: 'error',
  summary: 'A pattern matches several files, and the destination is one file: each overwrites the one before.',
  why: 'Without a `/` at its end a destination that does not exist is a file (D96): the engine writes one match after the other to it, without a word, and the last one stays.',
  bad: [
    def(`Bootstrap: docker
From: gcc:12
Stage: build
%post
  touch /src/a.txt /src/b.txt

Bootstrap: docker
From: debian:12
%files from build
  /src/*.txt /opt/notes
`),
  ],
  good: [
    def(`Bootstrap: docker
From: gcc:12
Stage: build
%post
  touch /src/a.txt /src/b.txt

Bootstrap: docker
From: debian:12
%files from build
  /src/*.txt /opt/notes/
`),
  ],
  find(subject) {
    const files = subject.matches.filter(
      each => each.to !== undefined && each.resolution.kind === 'found' && each.resolution.entry.kind === 'file',
    )
    return [...groupBy(files, each => each.to ?? '')].flatMap(([to, group]) =>
      group.length < 2
        ? []
        : [
            artifactFinding(
              samePlace.name,
              subject,
              `${some(group.map(each => each.path))} in stage "${subject.producer}" are all copied to the one file ${to}; ${whoAsked(subject)}`,
              `End the destination with a slash to copy them into a folder: ${to}/`,
            ),
          ],
    )
  },
}
