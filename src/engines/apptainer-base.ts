/** What a stage starts from, in the words of a definition file's header. */
import type {StageBase} from '../model/ports.js'

/** The bootstrap agent and the source that an image or a local base is given by. */
export function bootstrapOf(base: StageBase): {readonly agent: string; readonly from: string} | undefined {
  switch (base.kind) {
    case 'image':
      return {agent: base.transport, from: base.pinned ?? base.name}
    case 'local':
      return {agent: base.reference.agent, from: base.reference.path}
    case 'scratch':
      return {agent: 'scratch', from: ''}
    case 'stage':
    case 'mirror':
      return undefined
  }
}

/** Whether the engine gets the base under another name than the definition's: with its digest, or as a copy. */
export function isRenamed(base: StageBase): boolean {
  return (base.kind === 'image' && base.pinned !== undefined) || (base.kind === 'local' && base.moved)
}
