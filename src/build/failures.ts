/** What a stage's failure means for a person: the engine's words, what to do, and where the input says it. */
import type {Stage} from '../model/description.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import {startOf} from '../model/span.js'
import type {StageFailure} from './commands.js'
import type {BuildPorts, Failure} from './request.js'

/** Lines of an engine's output that a failure message quotes. */
const QUOTED = 12

/** What a failed command means, at the line of its step. */
export function explainFailure(stage: Stage, failure: StageFailure, ports: BuildPorts): Failure {
  const known = ports.engineOf(stage).engine.explain(failure.tail)
  const step = failure.command.step
  const span = step?.span ?? stage.nameSpan
  const fatal = failure.tail.findLast(line => /^FATAL:/.test(line))?.replace(/^FATAL:\s*/, '')
  const status = failure.exitCode === undefined ? 'it was killed by a signal' : `status ${failure.exitCode}`
  const said = known?.message ?? fatal
  return {
    exitCode: ExitCode.failed,
    diagnostic: {
      rule: 'stage-failed',
      severity: 'error',
      message: `stage "${stage.name}": ${failure.command.title} failed (${status})${said === undefined ? '' : `: ${said}`}`,
      ...(known === undefined ? {} : {hint: known.hint}),
      span,
      stage: stage.name,
    },
    tail: failure.tail.slice(-QUOTED),
  }
}

/** OUT could not be written. */
export function outputFailed(error: SifstageError, file: string): Failure {
  return {
    exitCode: error.exitCode,
    diagnostic: {
      rule: 'output-failed',
      severity: 'error',
      message: error.message,
      ...(error.hint === undefined ? {} : {hint: error.hint}),
      span: startOf(file),
    },
    tail: [],
  }
}

/** A failure that is not a command's: an unreadable base, a full disk. */
export function otherFailure(stage: Stage, error: unknown): Failure {
  if (!(error instanceof SifstageError)) throw error
  return {
    exitCode: error.exitCode,
    diagnostic: {
      rule: 'stage-failed',
      severity: 'error',
      message: `stage "${stage.name}": ${error.message}`,
      ...(error.hint === undefined ? {} : {hint: error.hint}),
      span: stage.base.span,
      stage: stage.name,
    },
    tail: [],
  }
}
