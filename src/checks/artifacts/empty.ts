import type {ArtifactCheck, Subject} from '../../model/artifact.js'
import type {Diagnostic} from '../../model/diagnostic.js'
import {fitFinding, ranHere, whoAsked} from './finding.js'

/** Something that is there, with nothing in it. */
export const empty: ArtifactCheck = {
  name: 'artifact-empty',
  severity: 'error',
  summary: 'A path that a later stage copies is a program without content, or a folder without files.',
  why: 'The step that should have filled it went wrong without a word. An empty file that is no program may be meant as a mark, and is left alone. A program that the image runs is an error, anything else a warning.',
  find(subject) {
    return [...emptyMatches(subject), ...emptyInside(subject)]
  },
}

/** What is run out of a copied folder. */
function emptyInside(subject: Subject): Diagnostic[] {
  const matched = new Set(subject.matches.map(({resolution}) => (resolution.kind === 'found' ? resolution.entry.path : '')))
  return (subject.destination?.arrivals ?? []).flatMap(({from, ranBy, entry}) =>
    ranBy === undefined || entry.size > 0 || matched.has(from)
      ? []
      : [
          fitFinding(empty.name, subject, {
            severity: 'error',
            message: `${from} in stage "${subject.producer}" is an empty file, and ${ranBy} runs it; ${whoAsked(subject)}`,
            hint: 'Look at the step that fills it.',
            supplier: ranHere(subject, from)?.supplier,
          }),
        ],
  )
}

function emptyMatches(subject: Subject): Diagnostic[] {
  return subject.matches.flatMap(({path, resolution}) => {
    if (resolution.kind !== 'found') return []
    const {entry} = resolution
    const program = entry.kind === 'file' && entry.size === 0 && ((entry.mode & 0o111) !== 0 || /\.so(\.|$)/.test(entry.path))
    const hollow = entry.kind === 'directory' && !hasFiles(subject.tree.below(entry.path))
    if (!program && !hollow) return []
    const ran = ranHere(subject, entry.path)
    return [
      fitFinding(empty.name, subject, {
        severity: ran === undefined ? 'warning' : 'error',
        message: `${path} in stage "${subject.producer}" is ${program ? 'an empty file' : 'a folder without any files'}${ran === undefined ? '' : `, and ${ran.by} runs it`}; ${whoAsked(subject)}`,
        hint: 'Look at the step that fills it.',
        supplier: ran?.supplier,
      }),
    ]
  })
}

function hasFiles(entries: Iterable<{readonly kind: string}>): boolean {
  for (const entry of entries) if (entry.kind !== 'directory') return true
  return false
}
