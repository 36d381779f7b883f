/** Findings of readers and checks, made ready for people. */
import {type Diagnostic, inOrder} from '../model/diagnostic.js'
import {heedComments} from './ignore-comments.js'

/** Findings of readers and checks as people get to see them: without the silenced ones, in the order of the file. */
export function arrange(
  diagnostics: readonly Diagnostic[],
  source: string,
  others: ReadonlyMap<string, string> = new Map(),
): Diagnostic[] {
  return inOrder(heedComments(diagnostics, source, others))
}
