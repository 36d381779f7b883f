import type {Arrival, ArtifactCheck, Destination, Subject} from '../../model/artifact.js'
import type {Diagnostic} from '../../model/diagnostic.js'
import {fitFinding, some, whoAsked} from './finding.js'

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0')
}

/** The path, or a folder above it, that people other than its owner cannot get through. */
function blocked({to, entry, program}: Arrival, destination: Destination): string | undefined {
  const parts = to.split('/').slice(1, -1)
  for (let count = 1; count <= parts.length; count += 1) {
    const folder = `/${parts.slice(0, count).join('/')}`
    const above = destination.tree.lookup(folder)
    if (above?.kind === 'directory' && (above.mode & 0o001) === 0) return `its folder ${folder} has mode ${octal(above.mode)}`
  }
  if ((entry.mode & 0o111) !== 0 && (entry.mode & 0o001) === 0) return `it has mode ${octal(entry.mode)}`
  // A program needs no more than its x bit; a script and a library are read.
  const isRead = program.kind === 'script' || (program.kind === 'elf' && program.interpreter === undefined && program.dynamic)
  return isRead && (entry.mode & 0o004) === 0 ? `it has mode ${octal(entry.mode)}` : undefined
}

/** A program that whoever runs the image may not run. */
export const unreadable: ArtifactCheck = {
  name: 'artifact-unreadable',
  severity: 'error',
  summary: 'A program that a later stage copies can be run by its owner only.',
  why: 'A .sif is run by whoever calls it, as himself and never as root: a program of mode 0700, or one below a folder like /root, ends in "Permission denied", although it works for root in a container.',
  find(subject) {
    const {destination} = subject
    if (destination === undefined) return []
    const found = destination.arrivals.flatMap(arrival => {
      const why = blocked(arrival, destination)
      return why === undefined ? [] : [{arrival, why}]
    })
    const certain = found.filter(({arrival}) => arrival.weight === 'run' || (arrival.weight === 'named' && isProgram(arrival)))
    const rest = found.filter(each => !certain.includes(each))
    return [
      ...certain.map(each => tell(subject, destination, [each], true)),
      ...(rest.length === 0 ? [] : [tell(subject, destination, rest, false)]),
    ]
  },
}

function isProgram({program}: Arrival): boolean {
  return program.kind === 'script' || (program.kind === 'elf' && program.interpreter !== undefined)
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
    hint: `Let stage "${subject.producer}" make it readable for all (chmod a+rX), and keep it out of folders like /root.`,
    supplier: destination.modeChanger,
  })
}
