/** What all commands share: one way to print an outcome, one way to fail. */
import {Command} from '@oclif/core/command'
import type {Diagnostic} from '../model/diagnostic.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import {failureFinding} from '../model/failure.js'
import {startOf} from '../model/span.js'
import {errorCode} from '../system/files.js'
import type {Outcome} from './outcome.js'

/** A signal that stopped us; SIGHUP counts as SIGTERM (design section 3). */
class Interrupted extends Error {
  constructor(readonly exitCode: ExitCode) {
    super('stopped')
  }
}

/** Whether someone looks on who wants colour. */
export function isColoured({isTTY}: {readonly isTTY?: boolean}): boolean {
  return isTTY === true && !process.env['NO_COLOR']
}

export abstract class SifstageCommand extends Command {
  /** Colour and movement only where someone looks on. */
  protected get colour(): boolean {
    return isColoured(process.stderr)
  }

  /** The same for results, which go elsewhere. */
  protected get resultColour(): boolean {
    return isColoured(process.stdout)
  }

  /** The document of a verb without an input that could not even begin. */
  protected readonly failedDocument = (finding: Diagnostic): object => ({version: 1, error: finding.message})

  /** Prints an outcome; its code becomes the program's. */
  protected async print(outcome: Outcome, json: boolean): Promise<void> {
    if (outcome.messages !== '') process.stderr.write(outcome.messages)
    const text = json ? `${JSON.stringify(outcome.document, undefined, 2)}\n` : outcome.text
    if (text !== '') {
      await new Promise<void>((resolve, reject) =>
        process.stdout.write(text, error => (error ? reject(error) : resolve())),
      ).catch(error => {
        // The reader went away (head, a closed pager): not our failure.
        if (errorCode(error) !== 'EPIPE') throw error
      })
    }
    process.exitCode = outcome.exitCode
  }

  /**
   * Runs a verb and prints what it gives. With `--json` even a failure to begin prints the verb's document.
   * @param failed makes that document out of one finding
   * @param watch prints what has to be said while the verb is being stopped
   */
  protected async carryOut(
    json: boolean,
    input: string | undefined,
    failed: (finding: Diagnostic) => object,
    verb: (signal: AbortSignal) => Promise<Outcome>,
    watch?: {stopping(text: string): void},
  ): Promise<void> {
    const controller = new AbortController()
    let stops = 0
    const stop = (code: ExitCode) => () => {
      stops += 1
      if (stops === 1) {
        const text = 'stopping: the engine is ended and what it left is removed\n'
        if (watch === undefined) process.stderr.write(`\n${text}`)
        else watch.stopping(text)
        controller.abort(new Interrupted(code))
      } else if (stops > 2) process.exit(code)
    }
    const handlers = [
      ['SIGINT', stop(ExitCode.interrupted)],
      ['SIGTERM', stop(ExitCode.terminated)],
      ['SIGHUP', stop(ExitCode.terminated)],
    ] as const
    for (const [signal, handler] of handlers) process.on(signal, handler)
    try {
      await this.print(await verb(controller.signal), json)
    } catch (error) {
      const cause = controller.signal.aborted ? controller.signal.reason : error
      const exitCode = cause instanceof Interrupted || cause instanceof SifstageError ? cause.exitCode : ExitCode.bug
      if (exitCode === ExitCode.bug) this.#bug(cause)
      else if (cause instanceof SifstageError)
        process.stderr.write(
          `error: ${cause.message}\n${cause.hint === undefined ? '' : `  ${cause.hint.replaceAll('\n', '\n  ')}\n`}`,
        )
      else
        process.stderr.write(
          watch === undefined ? 'stopped\n' : 'stopped; finished stages are kept, and the next build goes on with them\n',
        )
      if (json) {
        const finding = failureFinding(cause, exitCode, startOf(input ?? '-'))
        process.stdout.write(`${JSON.stringify(failed(finding), undefined, 2)}\n`)
      }
      process.exitCode = exitCode
    } finally {
      for (const [signal, handler] of handlers) process.off(signal, handler)
    }
  }

  #bug(error: unknown): void {
    process.stderr.write(
      `This is a bug in sifstage ${this.config.version}; please report it with the lines below, and with what "sifstage version" prints.\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    )
  }
}
