/** What engines' programs print when they fail, in the words of our errors. */
import {ExitCode, SifstageError} from '../model/errors.js'

/**
 * The end of what a program printed, without what it only remarks; empty when there is nothing.
 * @param most characters
 */
export function lastWords(lines: readonly string[], most = 400): string {
  return lines
    .filter(line => line.trim() !== '' && !/level=(warning|info)/.test(line))
    .slice(-3)
    .join('; ')
    .slice(0, most)
}

/** What an error of an engine means, where that is known. */
export type Explain = (lines: readonly string[]) => {readonly message: string; readonly hint: string} | undefined

/** The error (5) of a command of an engine: `what` could not be done, and why. */
export function engineFailure(what: string, lines: readonly string[], explain: Explain): SifstageError {
  const known = explain(lines)
  return new SifstageError(ExitCode.failed, `${what}: ${known?.message ?? lastWords(lines)}`, known?.hint)
}
