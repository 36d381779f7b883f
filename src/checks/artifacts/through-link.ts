import type {ArtifactCheck} from '../../model/artifact.js'
import {def} from '../../model/examples.js'
import {showTemplate} from '../../model/template.js'
import {artifactFinding, whoAsked} from './finding.js'

/** A file that is written through a link of the base, over what the link leads to. */
export const throughLink: ArtifactCheck = {
  name: 'artifact-through-link',
  severity: 'error',
  summary: 'A file is copied to a path that is a link in the base, and overwrites the file that the link leads to.',
  why: 'A destination that is a link is followed (D93): a copy to /bin/wget of an image with busybox overwrites busybox itself, and with it the shell. It is an error where it hits the shell, else a warning.',
  bad: [
    def(`Bootstrap: docker
From: gcc:12
Stage: build
%post
  gcc -static -o /src/wget wget.c

Bootstrap: docker
From: alpine:3.20
%files from build
  /src/wget /bin/wget
`),
  ],
  good: [
    def(`Bootstrap: docker
From: gcc:12
Stage: build
%post
  gcc -static -o /src/wget wget.c

Bootstrap: docker
From: alpine:3.20
%files from build
  /src/wget /bin/
`),
  ],
  find(subject) {
    const {destination, step} = subject
    const written = step.destination === undefined ? undefined : showTemplate(step.destination.path)
    const before = destination?.before
    if (before === undefined || written === undefined || !written.startsWith('/')) return []
    const link = before.lookup(written)
    const hit = link?.kind === 'symlink' ? before.resolve(written) : undefined
    if (hit?.kind !== 'found' || hit.entry.kind !== 'file') return []
    const shell = before.resolve('/bin/sh')
    const vital = shell.kind === 'found' && shell.entry.path === hit.entry.path
    return subject.matches
      .filter(({to, resolution}) => to === hit.entry.path && resolution.kind === 'found' && resolution.entry.kind === 'file')
      .map(({path}) =>
        artifactFinding(
          throughLink.name,
          subject,
          `${path} goes to ${written}, which is a link to ${hit.entry.path} in the base of stage "${subject.consumer.name}": that file is overwritten${vital ? ', and it is the shell of the image' : ''}; ${whoAsked(subject)}`,
          `Name the folder instead, which puts the file in the place of the link: ${written.slice(0, written.lastIndexOf('/') + 1)}`,
          vital ? 'error' : 'warning',
        ),
      )
  },
}
