/** `%labels` (D30). */
import type {Settings} from '../../model/description.js'
import {literal} from '../../model/template.js'
import type {Section} from './sections.js'
import type {SourceText} from './source.js'
import {find, linesOf, skipSpace, trim, trimEnd} from './space.js'

type Labels = NonNullable<Settings['labels']>

/** In order of first appearance; the last value of a name wins. The first *blank* ends the name, a tab does not. */
export function readLabels(source: SourceText, section: Section): Labels {
  const labels = new Map<string, Labels[number]>()
  for (const part of section.parts) {
    for (const line of linesOf(source.text, part.body.start, part.body.end)) {
      const start = skipSpace(source.text, line.start, line.end)
      const end = trimEnd(source.text, start, line.end)
      if (start === end || source.text.charAt(start) === '#') continue
      const cut = find(source.text, ' ', start, end) ?? end
      const name = trim(source.text.slice(start, cut))
      labels.set(name, {name, value: literal(trim(source.text.slice(cut, end))), span: source.span(start, end)})
    }
  }
  return [...labels.values()]
}
