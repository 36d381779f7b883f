/** `%environment`: the variables of the finished image (K138, K139, D84, D113). */

import {configOf} from '../../language/image-config.js'
import {lastsInImage} from '../../language/settable.js'
import type {Settings, Stage} from '../../model/description.js'
import type {Span} from '../../model/span.js'
import type {Template} from '../../model/template.js'
import {type PrintedItem, type PrintedSection, Unprintable} from './print.js'
import {environmentWord, standardPath} from './quote.js'
import type {StageScript} from './script.js'

/** What Apptainer up to 1.4 does not hand on as it is: it escapes these twice (D113). */
const escapedTwice = /["$\\`\n]/

/**
 * Variables of the base image that arrive other than they are, with their values: Apptainer's own escaping breaks
 * some, and a backquote in one of them loses all of them.
 */
export function lostBaseVariables(root: Stage): ReadonlyMap<string, string> {
  const config = configOf(root.base)
  const variables = [...(config?.env ?? [])].filter(([name]) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
  const all = variables.some(([, value]) => value.includes('`'))
  return new Map(variables.filter(([name, value]) => all || escapedTwice.test(value) || name === 'HOME'))
}

/** In `%post` PATH has more than the image's own. */
export function shortPath(root: Stage): string | undefined {
  const config = configOf(root.base)
  const path = config?.env.get('PATH')
  return path !== undefined && standardPath.some(folder => !path.split(':').includes(folder)) ? path : undefined
}

/** Final values; one that needs the base's value of another comes before that one is set. */
export function environmentSection(
  script: StageScript,
  env: ReadonlyMap<string, Template>,
  settings: Settings,
  root: Stage,
  start: readonly string[],
): PrintedSection[] {
  const left = new Map<string, Template>()
  for (const [name, value] of lostBaseVariables(root)) left.set(name, [value])
  for (const [name, value] of env) left.set(name, value)
  for (const {name, value, span} of settings.env ?? []) {
    refuseName(script, name, span)
    left.set(name, value)
  }
  const config = configOf(root.base)
  for (const name of config?.env.keys() ?? []) refuseName(script, name, root.base.span)
  for (const name of left.keys()) if (!lastsInImage(name)) left.delete(name)
  const items: PrintedItem[] = []
  while (left.size > 0) {
    const next = [...left].find(([name]) => ![...left].some(([other, value]) => other !== name && needs(value, name)))
    if (next === undefined) throw new Unprintable("variables of its environment need the base image's value of each other")
    items.push({text: `export ${next[0]}=${environmentWord(next[1])}`})
    left.delete(next[0])
  }
  for (const line of start) items.push({text: line})
  const own = settings.environment?.text
  if (own !== undefined) items.push({text: own, verbatim: true})
  return items.length === 0 ? [] : [{title: 'environment', items}]
}

/** A variable that an image of Apptainer cannot have. */
export function refuseName(script: StageScript, name: string, span: Span): void {
  if (!lastsInImage(name))
    script.refuse(
      'env-name',
      span,
      `An image of Apptainer cannot set a variable called ${JSON.stringify(name)}: its shell ${/^\w+$/.test(name) ? 'sets that itself' : 'takes letters, digits and _ only'}.`,
      'Choose another name, or use ARG if only the build needs it.',
    )
}

function needs(value: Template, name: string): boolean {
  return value.some(
    part =>
      typeof part !== 'string' && (part.variable === name || (part.modifier !== undefined && needs(part.modifier.word, name))),
  )
}
