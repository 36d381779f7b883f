import type {ArtifactCheck} from '../../model/artifact.js'
import {def} from '../../model/examples.js'
import type {ImageEntry} from '../../model/image.js'
import {atStake, fitFinding, whoAsked} from './finding.js'

/** Something that is there, with nothing in it. */
export const empty: ArtifactCheck = {
  name: 'artifact-empty',
  severity: 'error',
  summary: 'A path that a later stage copies is a program without content, or a folder without files.',
  why: 'The step that should have filled it went wrong without a word. An empty file that is no program may be meant as a mark, and is left alone. A program that the image runs is an error, anything else a warning.',
  bad: [
    def(`Bootstrap: docker
From: gcc:12
Stage: build
%post
  gcc -static -o /src/tool tool.c || touch /src/tool
  chmod +x /src/tool

Bootstrap: docker
From: debian:12
%files from build
  /src/tool /usr/bin/tool
%runscript
  exec /usr/bin/tool "$@"
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
%runscript
  exec /usr/bin/tool "$@"
`),
  ],
  find(subject) {
    return [...atStake(subject)].flatMap(({shown, named, entry, ranBy, supplier}) => {
      const program = named ? isEmptyProgram(entry) : entry.size === 0
      const hollow = named && entry.kind === 'directory' && !hasFiles(subject.tree.below(entry.path))
      if (!program && !hollow) return []
      return [
        fitFinding(empty.name, subject, {
          severity: ranBy === undefined ? 'warning' : 'error',
          message: `${shown} in stage "${subject.producer}" is ${program ? 'an empty file' : 'a folder without any files'}${ranBy === undefined ? '' : `, and ${ranBy} runs it`}; ${whoAsked(subject)}`,
          hint: 'Look at the step that fills it.',
          supplier,
        }),
      ]
    })
  },
}

/** A program or library by its mode or name. Of any other file, to be empty may be its purpose. */
function isEmptyProgram({kind, size, mode, path}: ImageEntry): boolean {
  return kind === 'file' && size === 0 && ((mode & 0o111) !== 0 || /\.so(\.|$)/.test(path))
}

function hasFiles(entries: Iterable<{readonly kind: string}>): boolean {
  for (const entry of entries) if (entry.kind !== 'directory') return true
  return false
}
