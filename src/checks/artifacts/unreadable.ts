import type {Arrival, ArtifactCheck, Destination, Subject} from '../../model/artifact.js'
import type {Diagnostic} from '../../model/diagnostic.js'
import {def} from '../../model/examples.js'
import {fitFinding, some, whoAsked} from './finding.js'

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0')
}

/** A folder above a path that people other than its owner cannot get through. */
function closedFolder(path: string, destination: Destination): string | undefined {
  const parts = path.split('/').slice(1, -1)
  for (let count = 1; count <= parts.length; count += 1) {
    const folder = `/${parts.slice(0, count).join('/')}`
    const above = destination.tree.lookup(folder)
    if (above?.kind === 'directory' && (above.mode & 0o001) === 0) return `its folder ${folder} has mode ${octal(above.mode)}`
  }
  return undefined
}

/** Why people other than its owner cannot run a program. */
function blocked({to, entry, program}: Arrival, destination: Destination): string | undefined {
  const closed = closedFolder(to, destination)
  if (closed !== undefined) return closed
  if ((entry.mode & 0o111) !== 0 && (entry.mode & 0o001) === 0) return `it has mode ${octal(entry.mode)}`
  // A program needs no more than its x bit; a script and a library are read.
  const isRead = program.kind === 'script' || (program.kind === 'elf' && program.interpreter === undefined && program.dynamic)
  return isRead && (entry.mode & 0o004) === 0 ? `it has mode ${octal(entry.mode)}` : undefined
}

/** The first library of a program that people other than its owner cannot read, and why. */
function closedLibrary({linked}: Arrival, destination: Destination): {readonly path: string; readonly why: string} | undefined {
  for (const path of linked?.libraries ?? []) {
    const found = destination.tree.resolve(path)
    if (found.kind !== 'found') continue
    const why = closedFolder(found.entry.path, destination)
    if (why !== undefined) return {path, why}
    if ((found.entry.mode & 0o004) === 0) return {path, why: `it has mode ${octal(found.entry.mode)}`}
  }
  return undefined
}

/** A program that whoever runs the image may not run. */
export const unreadable: ArtifactCheck = {
  name: 'artifact-unreadable',
  severity: 'error',
  summary: 'A program that a later stage copies can be run by its owner only.',
  why: 'A .sif is run by whoever calls it, as himself and never as root: a program of mode 0700, or one below a folder like /root, ends in "Permission denied", although it works for root in a container.',
  bad: [
    def(`Bootstrap: docker
From: gcc:12
Stage: build
%post
  gcc -static -o /src/tool tool.c
  chmod 700 /src/tool

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
    const {destination} = subject
    if (destination === undefined) return []
    const found = destination.arrivals.flatMap(arrival => {
      const why = blocked(arrival, destination)
      return why === undefined ? [] : [{arrival, why}]
    })
    const certain = found.filter(({arrival}) => arrival.weight === 'run' || (arrival.weight === 'named' && isProgram(arrival)))
    const rest = found.filter(each => !certain.includes(each))
    const libraries = destination.arrivals.flatMap(arrival => {
      const counts = arrival.weight === 'run' || (arrival.weight === 'named' && isProgram(arrival))
      const library = counts ? closedLibrary(arrival, destination) : undefined
      return library === undefined ? [] : [tellLibrary(subject, destination, arrival, library)]
    })
    return [
      ...libraries,
      ...certain.map(each => tell(subject, destination, [each], true)),
      ...(rest.length === 0 ? [] : [tell(subject, destination, rest, false)]),
    ]
  },
}

function isProgram({program}: Arrival): boolean {
  return program.kind === 'script' || (program.kind === 'elf' && program.interpreter !== undefined)
}

function tellLibrary(
  subject: Subject,
  destination: Destination,
  {to}: Arrival,
  library: {readonly path: string; readonly why: string},
): Diagnostic {
  return fitFinding(unreadable.name, subject, {
    severity: 'error',
    message: `${to} in stage "${destination.stage.name}" is loaded with ${library.path}, which can be read by its owner only: ${library.why}; ${whoAsked(subject)}`,
    hint: `Make it readable for all (chmod a+r) in the stage that it comes from, and keep it out of folders like /root.`,
    supplier: destination.modeChanger,
  })
}

function tell(
  subject: Subject,
  destination: Destination,
  found: readonly {readonly arrival: Arrival; readonly why: string}[],
  certain: boolean,
): Diagnostic {
  const [first] = found
  const paths = some(found.map(each => each.arrival.to))
  const ranBy = first?.arrival.ranBy === undefined ? '' : ` by ${first.arrival.ranBy}`
  return fitFinding(unreadable.name, subject, {
    severity: certain ? 'error' : 'warning',
    message: `${paths} in stage "${destination.stage.name}" can be run${ranBy} by ${found.length === 1 ? 'its' : 'their'} owner only: ${first?.why ?? ''}; ${whoAsked(subject)}`,
    hint: `Let stage "${subject.producer}" make it readable for all (chmod a+rX)${subject.step.chmod === undefined ? '' : ', change the --chmod of the copy'}, and keep it out of folders like /root; look at what later steps do to its mode.`,
    supplier: destination.modeChanger,
  })
}
