/** What an editor asks of a YAML description that is being written. What keys there are, the JSON Schema tells it. */
import type {Editing} from '../../model/format.js'

export const editing: Editing = {
  anyOrder: true,
  stages(text) {
    const found: {name: string; line: number}[] = []
    let indent: number | undefined
    let inside = false
    for (const [at, line] of text.split('\n').entries()) {
      if (/^\S/.test(line) && !line.startsWith('#')) inside = /^stages:\s*(#.*)?$/.test(line)
      const [, blanks = '', name = ''] = (inside && /^( +)["']?([^\s"':#{}[\],]+)["']?:(?:\s|$)/.exec(line)) || []
      if (name === '') continue
      indent ??= blanks.length
      if (blanks.length === indent) found.push({name, line: at + 1})
    }
    return found
  },
  expected(_, start) {
    const typed = /(?:^|[\s{,])(?:from|stage|target):\s+["']?([^\s"'{}[\],:/]*)$/.exec(start)?.[1]
    return typed === undefined ? undefined : {typed, what: 'stages'}
  },
}
