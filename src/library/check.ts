/** `check`: everything that can be known before a build. */
import type {Diagnostic} from '../model/diagnostic.js'
import type {ExitCode} from '../model/errors.js'
import {exitCodeOf, type InputSource, type Loaded, loadInput} from './input.js'
import type {InputOptions} from './options.js'

export interface Checked {
  readonly input: Loaded
  /** What the findings call for (design section 3). */
  readonly exitCode: ExitCode
  readonly diagnostics: readonly Diagnostic[]
}

/** @throws SifstageError (2) for options that cannot be carried out */
export async function runCheck(source: InputSource | undefined, options: InputOptions): Promise<Checked> {
  const input = await loadInput(source, options, 'offline', 'all')
  return {input, exitCode: exitCodeOf(input.diagnostics), diagnostics: input.diagnostics}
}
