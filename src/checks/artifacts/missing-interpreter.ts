import type {Arrival, ArtifactCheck, Destination, Subject} from '../../model/artifact.js'
import type {Diagnostic, Severity} from '../../model/diagnostic.js'
import {def} from '../../model/examples.js'
import {baseName} from '../../model/paths.js'
import {destinationName, fitFinding, groupBy, isOnPath, some, whoAsked} from './finding.js'

function isThere(destination: Destination, path: string): boolean {
  const found = destination.tree.resolve(path)
  return found.kind === 'found' && found.entry.kind === 'file'
}

function onPath(destination: Destination, name: string): boolean {
  return destination.path.some(folder => isThere(destination, `${folder}/${name}`))
}

/** With an ending CR made visible. */
function printable(name: string): string {
  return name.replaceAll('\r', '\\r')
}

interface Lack {
  readonly arrival: Arrival
  /** What is not there. */
  readonly interpreter: string
  readonly elf: boolean
}

/** What a program cannot be started without and the destination does not have. */
function lackOf(arrival: Arrival, destination: Destination): Lack | undefined {
  const {program} = arrival
  if (program.kind === 'elf') {
    if (program.interpreter === undefined || isThere(destination, program.interpreter)) return undefined
    return {arrival, interpreter: program.interpreter, elf: true}
  }
  if (program.kind !== 'script' || (arrival.entry.mode & 0o111) === 0) return undefined
  // The kernel takes a relative interpreter from the folder it is started in: nobody can tell.
  if (!program.interpreter.startsWith('/')) return undefined
  if (!isThere(destination, program.interpreter)) return {arrival, interpreter: program.interpreter, elf: false}
  if (baseName(program.interpreter) !== 'env') return undefined
  const name = nameForEnv(program.argument)
  if (name === undefined) return undefined
  const there = name.startsWith('/') ? isThere(destination, name) : onPath(destination, name)
  return there ? undefined : {arrival, interpreter: name, elf: false}
}

/** The program that env looks for: the kernel hands over all of the line as one word, and only -S takes it apart. */
function nameForEnv(argument: string): string | undefined {
  const split = /^(-[a-zA-Z]*S|--split-string[= ])/.exec(argument)
  if (split === null) return argument === '' || argument.startsWith('-') || argument.includes('=') ? undefined : argument
  const words = argument.slice(split[0].length).split(/[ \t]+/)
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? ''
    // Options with a value of their own.
    if (/^-[uC]$/.test(word)) at += 1
    else if (word !== '' && !word.startsWith('-') && !word.includes('=')) return word
  }
  return undefined
}

/** A program that the destination cannot start, since what starts it is not there. */
export const missingInterpreter: ArtifactCheck = {
  name: 'artifact-missing-interpreter',
  severity: 'error',
  summary:
    'A program or script that a later stage copies is started by a loader or interpreter that the destination does not have.',
  why: 'The kernel answers "no such file or directory" for a program that is plainly there. A program made for glibc has no loader in an image with musl (Alpine), and the other way round; a script names its interpreter in its first line.',
  bad: [
    def(`Bootstrap: docker
From: gcc:12
Stage: build
%post
  gcc -o /src/tool tool.c

Bootstrap: docker
From: alpine:3.20
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
From: alpine:3.20
%files from build
  /src/tool /usr/bin/tool
`),
  ],
  find(subject) {
    const {destination} = subject
    if (destination === undefined) return []
    const lacks = destination.arrivals.flatMap(arrival => lackOf(arrival, destination) ?? [])
    return [...groupBy(lacks, each => `${each.elf} ${each.interpreter}`).values()].flatMap(group =>
      tell(subject, destination, group),
    )
  },
}

function severityOf(lacks: readonly Lack[], destination: Destination): Severity | undefined {
  const weights = new Set(lacks.map(each => each.arrival.weight))
  const [first] = lacks
  if (first?.elf === true) {
    // Files that are handed out rather than run: nothing in the image could run any of them.
    const inPath = lacks.some(({arrival}) => isOnPath(arrival.to, destination))
    const handsOut = !destination.libc.glibc && !destination.libc.musl && !weights.has('run') && !inPath
    if (handsOut) return 'warning'
    return weights.has('run') || weights.has('named') || weights.has('on-path') ? 'error' : 'warning'
  }
  if (weights.has('run')) return 'error'
  // A script that is not called by its own name is handed to an interpreter, as a rule.
  if (weights.has('named')) return lacks.some(({arrival}) => isOnPath(arrival.to, destination)) ? 'error' : 'warning'
  // Helpers of a package that nobody runs are full of interpreters that are not there.
  return weights.has('on-path') ? 'warning' : undefined
}

function tell(subject: Subject, destination: Destination, lacks: readonly Lack[]): Diagnostic[] {
  const severity = severityOf(lacks, destination)
  const [first] = lacks
  if (severity === undefined || first === undefined) return []
  const {interpreter, elf} = first
  const paths = some(lacks.map(each => each.arrival.from))
  const where = destinationName(destination)
  const musl = elf && destination.libc.musl && !destination.libc.glibc && !/ld-musl/.test(interpreter)
  const glibc = elf && destination.libc.glibc && !destination.libc.musl && /ld-musl/.test(interpreter)
  const verb = lacks.length === 1 ? 'is' : 'are'
  const message = musl
    ? `${paths} in stage "${subject.producer}" ${verb} linked against glibc, and ${where} has musl: its loader ${interpreter} is not there`
    : glibc
      ? `${paths} in stage "${subject.producer}" ${verb} linked against musl, and ${where} has glibc: its loader ${interpreter} is not there`
      : `${paths} in stage "${subject.producer}" ${verb} started by ${printable(interpreter)}, which ${where} does not have`
  const crlf = !elf && interpreter.endsWith('\r')
  const hint = crlf
    ? "Its lines end in CR LF, as Windows writes them, and the CR is taken for a part of the name: sed -i 's/\\r$//' FILE."
    : !elf && /[ \t]/.test(interpreter)
      ? `Without -S, env takes the whole rest of the line for one name: #!/usr/bin/env -S ${interpreter}.`
      : musl
        ? `Compile stage "${subject.producer}" on a base with musl too, link it statically (-static), or take a base with glibc for stage "${subject.consumer.name}".`
        : glibc
          ? `Compile stage "${subject.producer}" on a base with glibc too, link it statically, or take a base with musl for stage "${subject.consumer.name}".`
          : elf
            ? 'Link it statically, or take a base with the loader it was made for.'
            : `Install ${baseName(interpreter)} in stage "${subject.consumer.name}", or name another interpreter in the first line of the script.`
  return [
    fitFinding(missingInterpreter.name, subject, {
      severity,
      message: `${message}; ${whoAsked(subject)}`,
      hint,
      supplier: destination.supplier(baseName(interpreter)),
    }),
  ]
}
