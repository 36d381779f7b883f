import type {ArtifactCheck} from '../../model/artifact.js'
import {def} from '../../model/examples.js'
import {climbsOut, folderOf, movedPath} from '../../model/paths.js'
import {artifactFinding, some, whoAsked} from './finding.js'

/** Whether a link in a folder climbs above the root. */
function leaves(folder: string, target: string): boolean {
  return !target.startsWith('/') && climbsOut(`${folder}/${target}`)
}

/** A relative link that would climb above the root at its new place. */
export const linkLeavesRoot: ArtifactCheck = {
  name: 'artifact-link-leaves-root',
  severity: 'error',
  summary:
    'A folder that a definition file copies from a stage holds a relative link that climbs above the root at its new place.',
  why: 'The engine refuses such a link ("invalid symlink target"), although a kernel would stop at the root (D99): a tree that moves to a shallower place has too many `..` in its links.',
  bad: [
    def(`Bootstrap: docker
From: gcc:12
Stage: build
%post
  mkdir -p /src/out/lib
  ln -s ../../../etc/passwd /src/out/lib/users

Bootstrap: docker
From: debian:12
%files from build
  /src/out/lib /conf
`),
  ],
  good: [
    def(`Bootstrap: docker
From: gcc:12
Stage: build
%post
  mkdir -p /src/out/lib
  ln -s ../../../etc/passwd /src/out/lib/users

Bootstrap: docker
From: debian:12
%files from build
  /src/out/lib /opt/tool/conf
`),
  ],
  find(subject) {
    if (subject.step.rules !== 'def') return []
    const found = subject.matches.flatMap(({to, resolution}) => {
      if (to === undefined || resolution.kind !== 'found' || resolution.entry.kind !== 'directory') return []
      const from = resolution.entry.path
      return [...subject.tree.below(from)].filter(entry => {
        if (entry.kind !== 'symlink') return false
        return leaves(folderOf(movedPath(entry.path, from, to)), entry.link ?? '')
      })
    })
    if (found.length === 0) return []
    return [
      artifactFinding(
        linkLeavesRoot.name,
        subject,
        `${some(found.map(({path, link}) => `${path} → ${link ?? ''}`))} in stage "${subject.producer}" would climb above the root at the new place, which the engine refuses; ${whoAsked(subject)}`,
        'Copy the folder to a place as deep as the one it comes from, or make the link absolute.',
      ),
    ]
  },
}
