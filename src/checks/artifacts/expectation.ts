import type {ArtifactCheck, Subject} from '../../model/artifact.js'
import type {Expectation} from '../../model/description.js'
import {yaml} from '../../model/examples.js'
import type {ImageEntry} from '../../model/image.js'
import {namePattern} from '../../model/paths.js'
import type {Program} from '../../model/program.js'
import {artifactFinding, whoAsked} from './finding.js'

/** What an expectation asks for and the file is not; undefined when it is. */
type Demand = (
  expect: Expectation,
  entry: ImageEntry,
  bytes: number,
  program: Program | undefined,
  subject: Subject,
) => string | undefined

const demands: readonly Demand[] = [
  ({minSize}, _, bytes) =>
    minSize !== undefined && bytes < minSize ? `has ${bytes} bytes, and at least ${minSize} are expected` : undefined,
  ({maxSize}, _, bytes) =>
    maxSize !== undefined && bytes > maxSize ? `has ${bytes} bytes, and at most ${maxSize} are expected` : undefined,
  ({sha256}, entry, _, __, {digests}) => {
    if (sha256 === undefined) return undefined
    const found = entry.kind === 'file' ? digests.get(entry.path) : undefined
    if (found === `sha256:${sha256}`) return undefined
    return found === undefined
      ? 'is no file, and a sha256 is expected of it'
      : `has the sha256 ${found.slice(7)}, and ${sha256} is expected`
  },
  ({arch}, _, __, program) => {
    if (arch === undefined) return undefined
    if (program?.kind !== 'elf') return `is no program, and one for ${arch} is expected`
    return program.architecture === arch ? undefined : `is made for ${program.architecture}, and ${arch} is expected`
  },
  ({static: wanted}, _, __, program) => {
    if (wanted === undefined) return undefined
    if (program?.kind !== 'elf') return wanted ? 'is no program, and a static one is expected' : undefined
    const isStatic = program.interpreter === undefined && program.needed.length === 0
    if (isStatic === wanted) return undefined
    return wanted
      ? `is linked dynamically (it needs ${program.needed.join(', ') || 'its loader'}), and a static program is expected`
      : 'is linked statically, and a dynamic program is expected'
  },
  ({libraries}, _, __, program) => {
    const lacking = (libraries ?? []).filter(
      pattern => program?.kind !== 'elf' || !program.needed.some(name => namePattern(pattern).test(name)),
    )
    if (lacking.length === 0) return undefined
    const has = program?.kind === 'elf' ? ` (it is linked with ${program.needed.join(', ') || 'nothing'})` : ''
    return `is not linked with ${lacking.join(', ')} as expected${has}`
  },
]

/** What `expect:` asks for. */
export const expectation: ArtifactCheck = {
  name: 'artifact-unexpected',
  severity: 'error',
  summary: 'An artifact is not what its `expect:` says: its size, content, architecture or linking.',
  why: 'The description makes it a hard requirement. `libraries` names what a program has to be linked with: a configure that does not find MPI often goes on without it.',
  bad: [
    yaml(`sifstage: 1
stages:
  build:
    from: gcc:12
    steps:
      - run: gcc -o /src/tool tool.c
  final:
    from: debian:12
    steps:
      - {copy: /src/tool, from: build, to: /usr/bin/, expect: {static: true}}
target: final
`),
  ],
  good: [
    yaml(`sifstage: 1
stages:
  build:
    from: gcc:12
    steps:
      - run: gcc -static -o /src/tool tool.c
  final:
    from: debian:12
    steps:
      - {copy: /src/tool, from: build, to: /usr/bin/, expect: {static: true}}
target: final
`),
  ],
  find(subject) {
    const {expect} = subject.step
    if (expect === undefined) return []
    return subject.matches.flatMap(({path, resolution}) => {
      if (resolution.kind !== 'found') return []
      const {entry} = resolution
      let bytes = 0
      for (const each of subject.tree.below(entry.path)) bytes += each.size
      return demands.flatMap(demand => {
        const problem = demand(expect, entry, bytes, subject.programs.get(entry.path), subject)
        return problem === undefined
          ? []
          : [
              artifactFinding(
                expectation.name,
                subject,
                `${path} in stage "${subject.producer}" ${problem}; ${whoAsked(subject)}`,
              ),
            ]
      })
    })
  },
}
