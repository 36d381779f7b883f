/** Which variables the commands of a script set, and which they read without having set them. */

import type {RanCommand} from '../language/shell-walk.js'
import type {Span} from '../model/span.js'
import {placeIn, type RanStep} from './scripts.js'

/** Names that a command assigns to, and those that a builtin of these names gets as its words: `export A B=1`. */
export function namesSet({program, argv, assigned}: RanCommand, builtins: RegExp): string[] {
  const words = builtins.test(program ?? '') ? argv.slice(1) : []
  return [...assigned.map(each => each.name), ...words.map(each => each.raw.split('=')[0] ?? '')]
}

/**
 * Reads of variables that a step has not set before, without a value to fall back to; the first of each name.
 * @param isMeant whether a name is looked for
 * @param elsewhere names that a script may set which the step sources
 */
export function* readUnset(
  step: RanStep,
  isMeant: (name: string) => boolean,
  elsewhere: Iterable<string>,
): Generator<{readonly name: string; readonly span: Span}> {
  const done = new Set<string>()
  for (const ran of step.ran) {
    const {program, command} = ran
    if (program === '.' || program === 'source' || program === 'eval') for (const name of elsewhere) done.add(name)
    const words = [
      ...command.words,
      ...command.assignments.map(each => each.value),
      ...command.redirects.map(each => each.target),
    ]
    for (const word of words) {
      for (const part of word.parts) {
        if (part.kind !== 'variable' || part.fallback !== undefined || !isMeant(part.name) || done.has(part.name)) continue
        const {name} = part
        done.add(name)
        yield {name, span: placeIn(step, word)}
      }
    }
    for (const name of namesSet(ran, /^(export|read|declare|local|readonly|for)$/)) done.add(name)
  }
}
