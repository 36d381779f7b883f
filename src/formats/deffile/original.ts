/**
 * A stage that came from a definition file, as a definition file again: its own words. Build arguments are
 * already filled in, so what is left in braces has to be kept from being filled in once more.
 */

import {placeholders} from './arguments.js'
import {cutStages} from './lex.js'
import {Unprintable} from './print.js'
import {trim} from './space.js'

/** Throws Unprintable when the text means something else as part of a file. */
export function originalStage(text: string): string {
  const body = trim(text.replaceAll('\r\n', '\n').replace(/\r$/, ''))
  if (!/^bootstrap:/i.test(body)) {
    // ` Bootstrap:` and comments above it are fine in a file of one stage only (D3, D4).
    const loose = /^(?:[^\S\n]*(?:#[^\n]*)?\n)*[^\S\n]*bootstrap[^\S\n]*:/i.exec(body)
    if (loose === null) throw new Unprintable('its header does not begin with "Bootstrap:"')
    return originalStage(`Bootstrap:${body.slice(loose[0].length)}`)
  }
  if (cutStages(body).length > 1)
    throw new Unprintable('a build argument put "bootstrap:" at the start of a line, which would begin a stage')
  return `${body}${identity(body)}\n`
}

/** D37, D39: a default that is the placeholder itself, behind whatever the stage's own `%arguments` say. */
function identity(body: string): string {
  const spellings = new Map<string, string>()
  for (const {name, spelling} of placeholders(body)) {
    const before = spellings.get(name)
    if ((before !== undefined && before !== spelling) || spelling.includes('\n')) {
      throw new Unprintable(`${before ?? ''} ${spelling} is left after filling in, and Apptainer would fill it in again`)
    }
    spellings.set(name, spelling)
  }
  const lines = Array.from(spellings, ([name, spelling]) => `${name}=${spelling}`)
  // The stage already says so itself.
  const missing = lines.filter(
    line => !new RegExp(`(^|\\n)[^\\S\\n]*${line.replaceAll(/[{}]/g, '\\$&')}[^\\S\\n]*(\\n|$)`).test(body),
  )
  return missing.length === 0 ? '' : `\n\n%arguments\n${missing.map(line => `    ${line}`).join('\n')}`
}
