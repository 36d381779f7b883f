import type {ArtifactCheck, Subject} from '../../model/artifact.js'
import type {Diagnostic} from '../../model/diagnostic.js'
import {def} from '../../model/examples.js'
import type {ImageEntry} from '../../model/image.js'
import {artifactFinding, some, whoAsked} from './finding.js'

/** Capabilities and setuid bits that the engine's copy between stages loses. */
export const lostProperties: ArtifactCheck = {
  name: 'artifact-lost-properties',
  severity: 'warning',
  summary: 'A file that a definition file copies from a stage loses its capabilities or its setuid bit.',
  why: 'The engine’s copy drops the file capabilities of a file that is named (not of those in a copied folder), and the setuid bit of a file with several names (def-semantics, D.4).',
  bad: [
    def(`Bootstrap: docker
From: gcc:12
Stage: build
%post
  gcc -static -o /src/tool tool.c
  setcap cap_net_raw+ep /src/tool

Bootstrap: docker
From: debian:12
%files from build
  /src/tool /usr/bin/tool
`),
  ],
  good: [
    def(`Bootstrap: docker
From: gcc:12
Stage: build
%post
  gcc -static -o /src/tool tool.c
  mkdir /src/bin && mv /src/tool /src/bin/
  setcap cap_net_raw+ep /src/bin/tool

Bootstrap: docker
From: debian:12
%files from build
  /src/bin /opt/bin
`),
  ],
  find(subject) {
    if (subject.step.rules !== 'def') return []
    const findings: Diagnostic[] = []
    const named = subject.matches.flatMap(({resolution}) =>
      resolution.kind === 'found' && resolution.entry.kind === 'file' ? [resolution.entry] : [],
    )
    const capable = named.filter(each => each.capabilities !== undefined)
    if (capable.length > 0)
      findings.push(
        tell(subject, capable, 'its file capabilities', `Give them back in %post of stage "${subject.consumer.name}": setcap`),
      )
    const linked = setuidWithNames(subject)
    if (linked.length > 0)
      findings.push(
        tell(
          subject,
          linked,
          'its setuid or setgid bit, since it has several names',
          `Set it again in %post of stage "${subject.consumer.name}": chmod u+s`,
        ),
      )
    return findings
  },
}

function setuidWithNames(subject: Subject): ImageEntry[] {
  const several = new Set<string>()
  const entries = subject.matches.flatMap(({resolution}) =>
    resolution.kind === 'found' ? [...subject.tree.below(resolution.entry.path)] : [],
  )
  for (const entry of entries) if (entry.sameAs !== undefined) several.add(entry.sameAs).add(entry.path)
  return entries.filter(entry => entry.kind === 'file' && (entry.mode & 0o6000) !== 0 && several.has(entry.path))
}

function tell(subject: Subject, entries: readonly ImageEntry[], what: string, hint: string): Diagnostic {
  return artifactFinding(
    lostProperties.name,
    subject,
    `${some(entries.map(each => each.path))} in stage "${subject.producer}" loses ${what}, when the engine copies it; ${whoAsked(subject)}`,
    hint,
    'warning',
  )
}
