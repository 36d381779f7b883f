/** Shell text that is nothing but `export NAME=value` lines, so that ENV can say the same. */
import {expandWord} from '../../language/words.js'
import {literal, type Template} from '../../model/template.js'

export type PlainExports =
  | {readonly kind: 'exports'; readonly variables: readonly {readonly name: string; readonly value: Template}[]}
  /** The first line that is something else. */
  | {readonly kind: 'other'; readonly line: string}

/** Variables that an image may set, and that mean the same in a build as at run time. Others, as HOME, are the caller's. */
const ofTheImage = /^(PATH|[A-Z_]*_PATH|MANPATH|PYTHONPATH|CPATH|INFOPATH)$/

export function plainExports(text: string): PlainExports {
  const variables: {name: string; value: Template}[] = []
  const known = new Map<string, Template>()
  for (const raw of text.split('\n')) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    const match = /^export\s+([A-Za-z_][A-Za-z0-9_]*)=(.*)$/.exec(line)
    const value = match === null ? undefined : plainValue(match[2] ?? '', known)
    if (match === null || value === undefined) return {kind: 'other', line: raw}
    const name = match[1] ?? ''
    known.set(name, value)
    variables.push({name, value})
  }
  return {kind: 'exports', variables}
}

/** One shell word that Docker's words read the same way: no commands, no blanks outside quotes, no other operators. */
function plainValue(word: string, known: ReadonlyMap<string, Template>): Template | undefined {
  const outsideSingle = word.replace(/'[^']*'/g, '')
  const outside = outsideSingle.replace(/"(?:[^"\\]|\\.)*"/g, '')
  if (/[\s;&|<>()`*?[\]{}~#!'"]/.test(outside.replace(/\$\{[A-Za-z_][A-Za-z0-9_]*\}/g, '').replace(/\\./g, ''))) return undefined
  if (/`|\$\(|\$\{(?![A-Za-z_][A-Za-z0-9_]*\})|\$[^A-Za-z_{]/.test(outsideSingle.replace(/\\[\s\S]/g, ''))) return undefined
  let foreign = false
  const expansion = expandWord(word, {
    lookup: name => {
      const value = known.get(name)
      if (value !== undefined) return value
      if (!ofTheImage.test(name)) foreign = true
      return [{variable: name}]
    },
  })
  if (expansion.kind === 'problem' || foreign) return undefined
  return expansion.template.length === 0 ? literal('') : expansion.template
}
