import type {Arrival, ArtifactCheck, Destination, Subject} from '../../model/artifact.js'
import type {Diagnostic} from '../../model/diagnostic.js'
import {def} from '../../model/examples.js'
import type {MissingVersion} from '../../model/program.js'
import {destinationName, fitFinding, groupBy, some, whoAsked} from './finding.js'

/** `GLIBC_2.9` before `GLIBC_2.36`: by numbers. */
function byVersion(a: string, b: string): number {
  const [one, other] = [a, b].map(text => (text.match(/\d+/g) ?? []).map(Number))
  for (let i = 0; i < Math.max(one?.length ?? 0, other?.length ?? 0); i += 1) {
    const difference = (one?.[i] ?? 0) - (other?.[i] ?? 0)
    if (difference !== 0) return difference
  }
  return a < b ? -1 : 1
}

/** A symbol version that the destination's library is too old for. */
export const symbolVersion: ArtifactCheck = {
  name: 'artifact-symbol-version',
  severity: 'error',
  summary: 'A program that a later stage copies wants newer symbol versions than the destination’s libraries have.',
  why: 'It would end in "version `GLIBC_2.36\' not found". A program runs with the glibc it was made on and newer ones, never with an older one: the final stage needs a base that is at least as new as that of the stage that compiles.',
  bad: [
    def(`Bootstrap: docker
From: gcc:12
Stage: build
%post
  gcc -o /src/tool tool.c

Bootstrap: docker
From: debian:11
%files from build
  /src/tool /usr/bin/tool
`),
  ],
  good: [
    def(`Bootstrap: docker
From: gcc:12
Stage: build
%post
  gcc -o /src/tool tool.c

Bootstrap: docker
From: debian:12
%files from build
  /src/tool /usr/bin/tool
`),
  ],
  find(subject) {
    const {destination} = subject
    if (destination === undefined) return []
    const lacks = destination.arrivals.flatMap(arrival => (arrival.linked?.versions ?? []).map(missing => ({arrival, missing})))
    return [...groupBy(lacks, each => each.missing.found).values()].flatMap(group => tell(subject, destination, group))
  },
}

function tell(
  subject: Subject,
  destination: Destination,
  lacks: readonly {readonly arrival: Arrival; readonly missing: MissingVersion}[],
): Diagnostic[] {
  const [first] = lacks
  if (first === undefined) return []
  const wanted = [...new Set(lacks.map(each => each.missing.version))].sort(byVersion)
  const has = first.missing.has.filter(each => /_\d/.test(each)).toSorted(byVersion)
  const certain = lacks.some(({arrival}) => arrival.weight !== 'inside')
  const newest = has.at(-1)
  return [
    fitFinding(symbolVersion.name, subject, {
      severity: certain ? 'error' : 'warning',
      message: `${some([...new Set(lacks.map(each => each.arrival.from))])} in stage "${subject.producer}" wants ${some(wanted.toReversed(), 3)} of ${first.missing.library}, and ${first.missing.found} of ${destinationName(destination)} ${newest === undefined ? 'does not have it' : `ends with ${newest}`}; ${whoAsked(subject)}`,
      hint: `Take a base for stage "${subject.consumer.name}" that is at least as new as that of stage "${subject.producer}", or compile on an older one.`,
      supplier: destination.supplier(first.missing.library),
    }),
  ]
}
