/** `# sifstage: ignore RULE [reason]` on the line of a finding, or alone on the line above it, silences the rule there. */
import type {Diagnostic} from '../model/diagnostic.js'

/** In every format a comment starts with `#`; whether the format's own reader takes it for one does not matter. */
const comment = /#[ \t]*sifstage:[ \t]*ignore[ \t]+([a-z0-9-]+)(?![^\s])/g

/**
 * What cannot be read cannot be built either: a `syntax` finding is never silenced.
 * @param others texts of other files than the input, by the names that findings have for them
 */
export function heedComments(
  diagnostics: readonly Diagnostic[],
  source: string,
  others: ReadonlyMap<string, string>,
): Diagnostic[] {
  const split = new Map<string, readonly string[]>()
  const linesOf = (text: string): readonly string[] => {
    const lines = split.get(text) ?? (text.includes('sifstage:') ? text.split('\n') : [])
    split.set(text, lines)
    return lines
  }
  return diagnostics.filter(
    ({rule, span}) => rule === 'syntax' || !silenced(linesOf(others.get(span.file) ?? source), rule, span.start.line),
  )
}

function silenced(lines: readonly string[], rule: string, line: number): boolean {
  if (names(lines[line - 1], rule)) return true
  // Several rules are silenced by several comments, one above the other.
  for (let above = line - 1; above > 0; above -= 1) {
    const text = lines[above - 1] ?? ''
    if (!/^[ \t]*#[ \t]*sifstage:[ \t]*ignore[ \t]/.test(text)) return false
    if (names(text, rule)) return true
  }
  return false
}

function names(text: string | undefined, rule: string): boolean {
  return text !== undefined && [...text.matchAll(comment)].some(match => match[1] === rule)
}
