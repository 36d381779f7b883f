/** What an editor asks of a YAML description that is being written. What keys there are, the JSON Schema tells it. */
import {isMap, isScalar, LineCounter, parseDocument} from 'yaml'
import type {Editing} from '../../model/format.js'

export const editing: Editing = {
  anyOrder: true,
  stages(text) {
    const lines = new LineCounter()
    const options = {schema: 'failsafe', uniqueKeys: false, prettyErrors: false, logLevel: 'silent', lineCounter: lines} as const
    const {contents} = parseDocument(text, options)
    const stages = isMap(contents) ? contents.get('stages') : undefined
    if (!isMap(stages)) return []
    return stages.items.flatMap(({key}) =>
      isScalar(key) ? [{name: String(key.value), line: lines.linePos(key.range?.[0] ?? 0).line}] : [],
    )
  },
  expected(_, start) {
    const typed = /(?:^|[\s{,])(?:from|stage|target):\s+["']?([^\s"'{}[\],:/]*)$/.exec(start)?.[1]
    return typed === undefined ? undefined : {typed, what: 'stages'}
  },
}
