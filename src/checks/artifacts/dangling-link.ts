import type {ArtifactCheck} from '../../model/artifact.js'
import {def} from '../../model/examples.js'
import {artifactFinding, whoAsked} from './finding.js'
import {nearestPaths} from './nearest.js'

/** A link that leads nowhere inside the image. */
export const danglingLink: ArtifactCheck = {
  name: 'artifact-dangling-link',
  severity: 'error',
  summary: 'A path that a later stage copies is, or leads through, a symlink to nothing.',
  why: 'The named source of a copy is followed (D95, K91), inside the image only: an absolute link starts at the image, never at the host.',
  bad: [
    def(`Bootstrap: docker
From: gcc:12
Stage: build
%post
  gcc -static -o /src/tool tool.c
  ln -s /src/tol /src/current

Bootstrap: docker
From: debian:12
%files from build
  /src/current /usr/bin/tool
`),
  ],
  good: [
    def(`Bootstrap: docker
From: gcc:12
Stage: build
%post
  gcc -static -o /src/tool tool.c
  ln -s /src/tool /src/current

Bootstrap: docker
From: debian:12
%files from build
  /src/current /usr/bin/tool
`),
  ],
  find(subject) {
    return subject.matches.flatMap(match => {
      const {resolution} = match
      if (resolution.kind === 'loop') {
        return [
          artifactFinding(
            danglingLink.name,
            subject,
            `${match.path} in stage "${subject.producer}" goes round in circles through the link ${resolution.link.path} → ${resolution.link.link ?? ''}; ${whoAsked(subject)}`,
          ),
        ]
      }
      if (resolution.kind !== 'missing' || resolution.link === undefined) return []
      const {link} = resolution
      const near = nearestPaths(subject.tree, resolution.at)
      return [
        artifactFinding(
          danglingLink.name,
          subject,
          `${match.path} in stage "${subject.producer}" leads through the link ${link.path} → ${link.link ?? ''}, and ${resolution.at} does not exist there; ${whoAsked(subject)}`,
          near.length > 0
            ? `Nearest paths that exist: ${near.join(', ')}.`
            : 'Make the link point at a file of the image itself.',
        ),
      ]
    })
  },
}
