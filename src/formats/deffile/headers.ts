/** The header of a printed stage: `Bootstrap:` and `From:` for a base (D50). */
import type {Base} from '../../model/description.js'
import type {ImageReference} from '../../model/reference.js'
import {Unprintable} from './print.js'

type Header = readonly [key: string, value: string]

export function baseHeaders(base: Exclude<Base, {kind: 'stage'}>): Header[] {
  switch (base.kind) {
    case 'image':
      return imageHeaders(base.reference)
    case 'local':
      return [
        ['Bootstrap', base.reference.agent],
        ['From', headerValue(base.reference.path)],
      ]
    case 'scratch':
      return [['Bootstrap', 'scratch']]
    case 'mirror':
      throw new Unprintable(`its base is made by ${base.agent}, and the settings for that are not known here`)
  }
}

const transports = new Set(['docker', 'docker-daemon', 'library', 'oras', 'shub'])

export function imageHeaders(reference: ImageReference): Header[] {
  if (!transports.has(reference.transport)) throw new Unprintable(`Apptainer cannot start from ${reference.transport} images`)
  return [
    ['Bootstrap', reference.transport],
    ['From', headerValue(reference.name)],
  ]
}

/** D9, D14: no quoting exists, `#` begins a comment, a last backslash continues. */
export function headerValue(value: string): string {
  if (/[#\n\r]|\\$|^\s|\s$|^$/.test(value)) throw new Unprintable(`${JSON.stringify(value)} cannot be written in a header`)
  return value
}
