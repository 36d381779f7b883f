import type {ArtifactCheck, Match, Subject} from '../../model/artifact.js'
import {def} from '../../model/examples.js'
import type {ImageEntry} from '../../model/image.js'
import {movedPath} from '../../model/paths.js'
import {destinationName, fitFinding, some, whoAsked} from './finding.js'

/** Places that the engine fills when the image runs. */
const AT_RUN_TIME = /^\/(proc|dev|sys|run|tmp|var\/run)(\/|$)/

/** A link in a copied folder whose target stays behind. */
export const linkTargetLeft: ArtifactCheck = {
  name: 'artifact-link-target-left',
  severity: 'warning',
  summary: 'A folder that a later stage copies holds a link to something that is not copied along.',
  why: 'A link named by the copy is followed, one inside a copied folder is kept as a link (D95, K91): what it points to has to be in the destination too.',
  bad: [
    def(`Bootstrap: docker
From: gcc:12
Stage: build
%post
  gcc -static -o /src/tool tool.c
  mkdir /src/out
  ln -s /src/tool /src/out/tool

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
  gcc -static -o /src/out/tool tool.c

Bootstrap: docker
From: debian:12
%files from build
  /src/out /opt/out
`),
  ],
  find(subject) {
    const {destination} = subject
    if (destination === undefined) return []
    const left = subject.matches.flatMap(match => [...leftBehind(match, subject)])
    if (left.length === 0) return []
    const [first] = left
    const library = left.some(({path, link}) => /\.so(\.|$)/.test(path) || /\.so(\.|$)/.test(link ?? ''))
    return [
      fitFinding(linkTargetLeft.name, subject, {
        severity: 'warning',
        message: `${some(left.map(({path, link}) => `${path} → ${link ?? ''}`))} in stage "${subject.producer}" ${left.length === 1 ? 'points' : 'point'} to what ${destinationName(destination)} does not have; ${whoAsked(subject)}`,
        hint: hintOf(first, library, subject),
        supplier: undefined,
      }),
    ]
  },
}

/** Where the chain of links ends in its own stage: that is what has to be there. */
function hintOf(first: ImageEntry | undefined, library: boolean, {tree}: Subject): string {
  const end = first === undefined ? undefined : tree.resolve(first.path)
  const target = end?.kind === 'found' ? end.entry.path : (first?.link ?? '')
  if (/\/python[\d.]*$/.test(target) && /\/bin\/python[\d.]*$/.test(first?.path ?? ''))
    return `A virtual environment runs the Python that made it, ${target}: let this stage start from an image that has it there.`
  return `Copy ${library ? 'the library itself' : 'the target'} too (${target}).`
}

function* leftBehind({to, resolution}: Match, {tree, destination}: Subject): Iterable<ImageEntry> {
  if (destination === undefined || to === undefined || resolution.kind !== 'found' || resolution.entry.kind !== 'directory')
    return
  const from = resolution.entry.path
  for (const entry of tree.below(from)) {
    if (entry.kind !== 'symlink') continue
    // What leads nowhere in its own stage was broken before.
    const here = tree.resolve(entry.path)
    if (here.kind !== 'found' || AT_RUN_TIME.test(here.entry.path)) continue
    const path = movedPath(entry.path, from, to)
    if (destination.tree.lookup(path)?.kind !== 'symlink') continue
    if (destination.tree.resolve(path).kind !== 'found') yield entry
  }
}
