/** Markup whose values cannot become markup: what comes from an input is escaped by the way it is put in. */
import {visible} from '../visible.js'

/** A piece of a page that is markup already. Only `html` makes any. */
class Markup {
  constructor(readonly text: string) {}
}

export type {Markup}

type Value = string | number | Markup | undefined | readonly Value[]

const entities: Readonly<Record<string, string>> = {'&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;'}

function escaped(value: Value): string {
  if (value === undefined) return ''
  if (value instanceof Markup) return value.text
  if (typeof value === 'number') return String(value)
  if (typeof value === 'string') return visible(value).replace(/[&<>"']/g, character => entities[character] ?? '')
  return value.map(escaped).join('')
}

/** `html\`<b>${name}</b>\``: whatever stands in for `${}` is text, in an attribute with quotes too. */
export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Markup {
  return new Markup(parts.map((part, i) => `${part}${escaped(values[i])}`).join(''))
}

/** A text of our own that is not to be changed: styles. */
export function trusted(text: string): Markup {
  return new Markup(text)
}
