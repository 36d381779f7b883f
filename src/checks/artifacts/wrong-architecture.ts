import type {Arrival, ArtifactCheck, Subject} from '../../model/artifact.js'
import {def} from '../../model/examples.js'
import {artifactFinding, destinationName, some, whoAsked} from './finding.js'

/** Architectures whose programs another one runs by itself. */
const RUNS: Readonly<Record<string, readonly string[]>> = {amd64: ['386'], arm64: ['arm']}

function fits(of: string, on: string): boolean {
  return of === on || RUNS[on]?.includes(of) === true
}

/** A program for another machine than the image is for. */
export const wrongArchitecture: ArtifactCheck = {
  name: 'artifact-wrong-architecture',
  severity: 'error',
  summary: 'A program that a later stage copies is made for another architecture than the image it goes to.',
  why: 'It would end in "Exec format error", or a loader would pass the library over. Nothing that a later step does can change that. In a folder with programs for several machines, those that are not run are left alone, or a warning where they lie in a `bin` folder.',
  bad: [
    def(`Bootstrap: docker
From: gcc:12
Stage: build
%post
  aarch64-linux-gnu-gcc -static -o /src/tool tool.c

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

Bootstrap: docker
From: debian:12
%files from build
  /src/tool /usr/bin/tool
`),
  ],
  find(subject) {
    const {destination} = subject
    const on = destination?.architecture
    if (destination === undefined || on === undefined) return []
    const programs = destination.arrivals.filter(isProgram)
    const wrong = programs.filter(each => each.program.kind === 'elf' && !fits(each.program.architecture, on))
    // Firmware and cross compilers bring programs for other machines along with their own.
    const all = wrong.length === programs.length
    const told = wrong.filter(each => all || each.weight !== 'inside' || inProgramFolder(each))
    return told.length === 0 ? [] : [tell(subject, told, on)]
  },
}

function isProgram({program}: Arrival): boolean {
  return program.kind === 'elf' && (program.type === 'executable' || program.type === 'shared')
}

/** Endings of programs that are data to the image: firmware, modules, objects. */
const DATA = /\.(elf|bin|fw|hex|img|rom|ko|o|a|efi)$/

/** `bin` and its like, where nobody keeps what cannot be run; a compiler's own folders have the target's name in them. */
function inProgramFolder({to}: Arrival): boolean {
  return /\/s?bin\/[^/]+$/.test(to) && !/-linux-|-elf\/|-none-/.test(to)
}

function tell(subject: Subject, wrong: readonly Arrival[], on: string) {
  const [first] = wrong
  const of = first?.program.kind === 'elf' ? first.program.architecture : ''
  const paths = some(wrong.map(each => each.from))
  const where = subject.destination === undefined ? '' : destinationName(subject.destination)
  return artifactFinding(
    wrongArchitecture.name,
    subject,
    `${paths} in stage "${subject.producer}" ${wrong.length === 1 ? 'is' : 'are'} made for ${of}, and ${where} is an image for ${on}; ${whoAsked(subject)}`,
    `Build stage "${subject.producer}" for ${on}, or take the base of stage "${subject.consumer.name}" for ${of}.`,
    wrong.every(each => each.weight === 'inside' || (each.weight !== 'run' && DATA.test(each.to))) ? 'warning' : 'error',
  )
}
