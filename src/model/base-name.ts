import type {Base} from './description.js'
import {showImageReference} from './reference.js'

/** A base in a word or two, for people. */
export function showBase(base: Base): string {
  switch (base.kind) {
    case 'image':
      return showImageReference(base.reference)
    case 'local':
      return base.reference.path
    case 'stage':
      return `stage ${base.name}`
    case 'mirror':
      return base.agent
    case 'scratch':
      return 'scratch'
  }
}
