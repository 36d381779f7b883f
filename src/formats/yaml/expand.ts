/** Variables in the values of a description: a Dockerfile's (K41-K48), but quotes are text, since YAML has its own. */
import type {Node} from 'yaml'
import {expandWord, type Lookup} from '../../language/words.js'
import {literal, type Template} from '../../model/template.js'
import type {Problems} from '../dockerfile/problems.js'
import type {YamlDocument} from './document.js'
import {valueOffsets} from './offsets.js'

/** Undefined after a problem, which is reported where it stands. */
export function expandNode(
  {yaml, problems}: {readonly yaml: YamlDocument; readonly problems: Problems},
  node: Node,
  text: string,
  lookup: Lookup,
): Template | undefined {
  if (!/[$\\]/.test(text)) return literal(text)
  const expansion = expandWord(text, {lookup, quotes: false})
  if (expansion.kind === 'expanded') return expansion.template
  const {kind, message, from, to} = expansion.problem
  const offsets = valueOffsets(yaml.index.text, yaml.resolved(node) ?? node)
  const span = yaml.index.span(offsets(from), Math.max(offsets(to), offsets(from) + 1))
  if (kind !== 'open')
    problems.syntax(
      span,
      `${message}, in ${JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)}.`,
      'Write \\$ for a dollar sign.',
    )
  else {
    problems.add(
      'base-variable-modifier',
      'error',
      span,
      `${message}, so this can't be worked out.`,
      'Set the variable with env or args first, or use it without a modifier.',
    )
  }
  return undefined
}
