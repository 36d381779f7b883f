/** What the image says that it is: os-release(5). */
import type {Row} from '../model/report.js'
import type {Topic} from './topic.js'

export interface Distribution {
  readonly id?: string
  readonly version?: string
  /** For people. */
  readonly name?: string
}

const PLACES = ['/etc/os-release', '/usr/lib/os-release']

/** Fields of an os-release file, quotes taken off. */
export function parseOsRelease(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>()
  for (const line of text.split('\n')) {
    const match = /^([A-Z][A-Z0-9_]*)=(.*)$/.exec(line.trim())
    if (match === null) continue
    const value = match[2] ?? ''
    const quoted = /^"(.*)"$|^'(.*)'$/.exec(value)
    fields.set(match[1] ?? '', quoted === null ? value : (quoted[1] ?? quoted[2] ?? '').replace(/\\(["$`\\])/g, '$1'))
  }
  return fields
}

export const distribution: Topic<Distribution> = {
  title: 'distribution',
  wants: () => ({texts: PLACES}),
  look(facts) {
    const text = PLACES.map(path => facts.text(path)).find(each => each !== undefined)
    const fields = parseOsRelease(text ?? '')
    const [id, version, name] = [fields.get('ID'), fields.get('VERSION_ID'), fields.get('PRETTY_NAME') ?? fields.get('NAME')]
    const rows: Row[] = text === undefined ? [] : [['os-release', name ?? id ?? 'says nothing']]
    return {
      data: {
        ...(id === undefined ? {} : {id}),
        ...(version === undefined ? {} : {version}),
        ...(name === undefined ? {} : {name}),
      },
      rows,
    }
  },
}
