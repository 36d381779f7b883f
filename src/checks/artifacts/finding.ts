import type {Subject} from '../../model/artifact.js'
import type {Diagnostic} from '../../model/diagnostic.js'

/** `stage "final" at lab3.def:12` for messages that say who asked. */
export function whoAsked(subject: Subject): string {
  const {file, start} = subject.source.span
  return `stage "${subject.consumer.name}" copies it (${file}:${start.line})`
}

/** A finding at the copy that asks for the artifact. */
export function artifactFinding(rule: string, subject: Subject, message: string, hint?: string): Diagnostic {
  return {
    rule,
    severity: 'error',
    message,
    ...(hint === undefined ? {} : {hint}),
    span: subject.source.span,
    stage: subject.producer,
  }
}
