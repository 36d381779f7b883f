import type {ArtifactCheck} from '../../model/artifact.js'
import {def} from '../../model/examples.js'
import {climbsOut} from '../../model/paths.js'
import {showTemplate} from '../../model/template.js'
import {artifactFinding, whoAsked} from './finding.js'

/** A source that climbs above the image's root. */
export const outsideImage: ArtifactCheck = {
  name: 'artifact-outside-image',
  severity: 'error',
  summary: 'A path that a later stage copies climbs out of the image with `..`.',
  why: "Apptainer does not stop at the root of the stage and then finds nothing (D88); no other file system than the image's own is ever meant.",
  bad: [
    def(`Bootstrap: docker
From: gcc:12
Stage: build
%post
  gcc -static -o /src/tool tool.c

Bootstrap: docker
From: debian:12
%files from build
  /../src/tool /usr/bin/tool
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
`),
  ],
  find(subject) {
    const written = showTemplate(subject.source.path)
    if (subject.step.rules !== 'def' || !climbsOut(written)) return []
    return [
      artifactFinding(
        outsideImage.name,
        subject,
        `${written} climbs above the root of stage "${subject.producer}"; ${whoAsked(subject)}`,
        `Write the path from the root of the image: ${subject.path}`,
      ),
    ]
  },
}
