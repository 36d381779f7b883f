import type {ArtifactCheck, Subject} from '../../model/artifact.js'
import type {Diagnostic} from '../../model/diagnostic.js'
import {fitFinding, ranHere, whoAsked} from './finding.js'

/** A program that starts like one and is cut short. */
export const unreadableProgram: ArtifactCheck = {
  name: 'artifact-damaged',
  severity: 'error',
  summary: 'A program or library that a later stage copies starts as an ELF file does, but is cut short or damaged.',
  why: 'A compiler that was stopped, or a disk that was full, leaves such files. One that the image runs is an error, any other a warning.',
  find(subject) {
    return [...damagedMatches(subject), ...damagedInside(subject)]
  },
}

/** What is run out of a copied folder. */
function damagedInside(subject: Subject): Diagnostic[] {
  const matched = new Set(subject.matches.map(({resolution}) => (resolution.kind === 'found' ? resolution.entry.path : '')))
  return (subject.destination?.arrivals ?? []).flatMap(({from, ranBy, program}) =>
    ranBy === undefined || program.kind !== 'damaged' || matched.has(from)
      ? []
      : [
          fitFinding(unreadableProgram.name, subject, {
            severity: 'error',
            message: `${from} in stage "${subject.producer}" starts as a program does, but ${program.why}, and ${ranBy} runs it; ${whoAsked(subject)}`,
            hint: 'Look at the step that makes it.',
            supplier: ranHere(subject, from)?.supplier,
          }),
        ],
  )
}

function damagedMatches(subject: Subject): Diagnostic[] {
  return subject.matches.flatMap(({path, resolution}) => {
    if (resolution.kind !== 'found' || resolution.entry.kind !== 'file') return []
    const program = subject.programs.get(resolution.entry.path)
    if (program?.kind !== 'damaged') return []
    const ran = ranHere(subject, resolution.entry.path)
    return [
      fitFinding(unreadableProgram.name, subject, {
        severity: ran === undefined ? 'warning' : 'error',
        message: `${path} in stage "${subject.producer}" starts as a program does, but ${program.why}${ran === undefined ? '' : `, and ${ran.by} runs it`}; ${whoAsked(subject)}`,
        hint: 'Look at the step that makes it.',
        supplier: ran?.supplier,
      }),
    ]
  })
}
