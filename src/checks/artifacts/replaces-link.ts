import type {ArtifactCheck} from '../../model/artifact.js'
import {def} from '../../model/examples.js'
import {movedPath} from '../../model/paths.js'
import {artifactFinding, some, whoAsked} from './finding.js'

/** Links of a base without which nothing starts. */
const VITAL = /^\/(bin|sbin|lib|lib32|lib64|libx32)$/

/** A copied folder that takes the place of a link of the destination. */
export const replacesLink: ArtifactCheck = {
  name: 'artifact-replaces-link',
  severity: 'error',
  summary: 'A folder that a definition file copies from a stage takes the place of a link in the destination.',
  why: 'Where the base has a link to a folder (such as /lib → usr/lib), the engine’s copy puts the folder in the link’s place without a word (D97): what was reached through the link is gone, and the image may not start.',
  bad: [
    def(`Bootstrap: docker
From: gcc:12
Stage: build
%post
  mkdir -p /src/out/lib/tool
  touch /src/out/lib/tool/a

Bootstrap: docker
From: debian:12
%files from build
  /src/out/ /
`),
  ],
  good: [
    def(`Bootstrap: docker
From: gcc:12
Stage: build
%post
  mkdir -p /src/out/lib/tool
  touch /src/out/lib/tool/a

Bootstrap: docker
From: debian:12
%files from build
  /src/out/lib/tool /usr/lib/tool
`),
  ],
  find(subject) {
    const before = subject.destination?.before
    if (subject.step.rules !== 'def' || before === undefined) return []
    const replaced = subject.matches.flatMap(({to, resolution}) => {
      if (to === undefined || resolution.kind !== 'found' || resolution.entry.kind !== 'directory') return []
      const from = resolution.entry.path
      return [...subject.tree.below(from)].flatMap(entry => {
        // The folder that the copy names is put in the place that the link leads to (D93).
        if (entry.kind !== 'directory' || entry.path === from) return []
        const path = movedPath(entry.path, from, to)
        const there = before.lookup(path)
        const leads = there?.kind === 'symlink' ? before.resolve(path) : undefined
        return leads?.kind === 'found' && leads.entry.kind === 'directory' ? [{path, link: there?.link ?? ''}] : []
      })
    })
    if (replaced.length === 0) return []
    const vital = replaced.some(({path}) => VITAL.test(path))
    return [
      artifactFinding(
        replacesLink.name,
        subject,
        `the copy puts folders in the place of links of stage "${subject.consumer.name}": ${some(replaced.map(({path, link}) => `${path} → ${link}`))}; ${whoAsked(subject)}`,
        'Copy to where the link leads (for example /usr/lib instead of /lib), or only the files that are needed.',
        vital ? 'error' : 'warning',
      ),
    ]
  },
}
