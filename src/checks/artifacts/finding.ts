import type {Destination, Subject} from '../../model/artifact.js'
import type {Diagnostic, Severity} from '../../model/diagnostic.js'
import type {ImageEntry} from '../../model/image.js'
import {baseName, folderOf} from '../../model/paths.js'
import type {Program} from '../../model/program.js'

/** `stage "final" at lab3.def:12` for messages that say who asked. */
export function whoAsked(subject: Subject): string {
  const {file, start} = subject.source.span
  return `stage "${subject.consumer.name}" copies it (${file}:${start.line})`
}

/** A finding at the copy that asks for the artifact. */
export function artifactFinding(
  rule: string,
  subject: Subject,
  message: string,
  hint?: string,
  severity: Severity = 'error',
): Diagnostic {
  return {
    rule,
    severity,
    message,
    ...(hint === undefined ? {} : {hint}),
    span: subject.source.span,
    stage: subject.producer,
  }
}

/** What is found about an artifact in the image that it goes to. */
export interface FitFinding {
  readonly severity: Severity
  readonly message: string
  readonly hint?: string | undefined
  /** Who may still make it right; undefined when nobody can. */
  readonly supplier: string | undefined
}

/**
 * A finding about the destination. Where somebody may still supply what is missing, it is a warning that is judged
 * again on the finished image: a build that installs its libraries later is not refused.
 */
export function fitFinding(rule: string, subject: Subject, finding: FitFinding): Diagnostic {
  const {severity, message, hint, supplier} = finding
  const deferred = supplier !== undefined && severity === 'error' && subject.destination?.finished !== true
  return {
    ...artifactFinding(
      rule,
      subject,
      deferred
        ? `${message} (deferred: ${supplier} may still change that; build judges it again on the finished image)`
        : message,
      hint,
      deferred ? 'warning' : severity,
    ),
    ...(deferred ? {deferred} : {}),
  }
}

/** Who runs a file of the artifact where it goes, and who may still put another in its place; undefined when nobody runs it. */
function ranHere({destination}: Subject, path: string): {readonly by: string; readonly supplier: string | undefined} | undefined {
  const arrival = destination?.arrivals.find(each => each.from === path)
  if (destination === undefined || arrival?.ranBy === undefined) return undefined
  return {by: arrival.ranBy, supplier: destination.supplier(baseName(path))}
}

/** What a copy names, or a file in a folder that it names, with who runs it where it goes. */
interface AtStake {
  /** For messages: as the copy names it, else its own path in the stage. */
  readonly shown: string
  /** False for a file that only came along. */
  readonly named: boolean
  readonly entry: ImageEntry
  readonly program: Program | undefined
  /** Undefined when nobody is known to run it. */
  readonly ranBy: string | undefined
  /** Who may still put another file in its place. */
  readonly supplier: string | undefined
}

/** All that the copy names and is there, then what is run out of the folders that it names. */
export function* atStake(subject: Subject): Iterable<AtStake> {
  const named = new Set<string>()
  for (const {path, resolution} of subject.matches) {
    if (resolution.kind !== 'found') continue
    const {entry} = resolution
    named.add(entry.path)
    const ran = ranHere(subject, entry.path)
    const program = subject.programs.get(entry.path)
    yield {shown: path, named: true, entry, program, ranBy: ran?.by, supplier: ran?.supplier}
  }
  for (const {from, ranBy, entry, program} of subject.destination?.arrivals ?? []) {
    if (ranBy === undefined || named.has(from)) continue
    yield {shown: from, named: false, entry, program, ranBy, supplier: ranHere(subject, from)?.supplier}
  }
}

/** Whether a file comes to lie in a folder of `PATH`. */
export function isOnPath(path: string, {path: folders}: Destination): boolean {
  return folders.includes(folderOf(path))
}

/** `the base of stage "final"`, or the image itself once there is one. */
export function destinationName({stage, finished}: Destination): string {
  return finished ? `the image of stage "${stage.name}"` : `stage "${stage.name}"`
}

/** `a, b, c and 4 more`. */
export function some(names: readonly string[], most = 3): string {
  if (names.length <= most) return names.join(', ')
  return `${names.slice(0, most).join(', ')} and ${names.length - most} more`
}

/** Groups values by a key, in order of first appearance. */
export function groupBy<T>(values: Iterable<T>, keyOf: (value: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const value of values) {
    const key = keyOf(value)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [value])
    else group.push(value)
  }
  return groups
}
