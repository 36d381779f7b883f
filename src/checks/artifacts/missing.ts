import type {ArtifactCheck} from '../../model/artifact.js'
import {def} from '../../model/examples.js'
import {artifactFinding, whoAsked} from './finding.js'
import {folderContent, nearestPaths} from './nearest.js'

/** A path that a later stage copies and the stage's image does not have. */
export const missing: ArtifactCheck = {
  name: 'artifact-missing',
  severity: 'error',
  summary: 'A path that a later stage copies is not in the image of the stage it is copied from.',
  why: 'The copy would fail in the last stage, after all the work before it. A pattern that matches nothing counts as missing: docker would copy nothing without a word (K86).',
  bad: [
    def(`Bootstrap: docker
From: gcc:12
Stage: build
%post
  gcc -static -o /src/tool tool.c

Bootstrap: docker
From: debian:12
%files from build
  /src/tol /usr/bin/tool
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
    if (subject.refused !== undefined) {
      return [
        artifactFinding(
          missing.name,
          subject,
          `${subject.path} cannot be looked for in stage "${subject.producer}": ${subject.refused}; ${whoAsked(subject)}`,
        ),
      ]
    }
    const gone = subject.matches.filter(match => match.resolution.kind === 'missing' && match.resolution.link === undefined)
    if (subject.matches.length > 0 && gone.length === 0) return []
    const pattern = subject.matches.length === 0
    const what = pattern
      ? `nothing in stage "${subject.producer}" matches ${subject.path}`
      : `stage "${subject.producer}" has no ${gone[0]?.path ?? subject.path}`
    const elsewhere = [...subject.others].flatMap(([stage, tree]) =>
      stage !== subject.producer && !pattern && tree.resolve(subject.path).kind === 'found' ? [`"${stage}"`] : [],
    )
    const near = nearestPaths(subject.tree, subject.path)
    const content = folderContent(subject.tree, subject.path)
    const temporary =
      /^\/(var\/)?tmp(\/|$)/.test(subject.path) && subject.step.rules === 'def'
        ? ' Files that %post writes below /tmp or /var/tmp do not stay in the image (rule D72): write them elsewhere.'
        : ''
    const hint =
      elsewhere.length > 0
        ? `It exists in stage ${elsewhere.join(' and ')}: copy it from there.${temporary}`
        : near.length > 0
          ? `Nearest paths that exist: ${near.join(', ')}.${temporary}`
          : `Nothing of a like name exists${content === undefined ? '' : `; ${content}`}.${temporary}`
    return [artifactFinding(missing.name, subject, `${what}; ${whoAsked(subject)}`, hint)]
  },
}
