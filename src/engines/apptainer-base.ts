/** What a stage starts from, in the words of a definition file's header. */
import type {StageBase} from '../model/ports.js'

export interface Bootstrap {
  readonly agent: string
  readonly from: string
}

/** The base in the words that the image keeps of it: an image by its reference, wherever its copy lies. */
export function namedBootstrap(base: StageBase): Bootstrap | undefined {
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

/** The bootstrap agent and the source that the engine is given: for an image our copy, where there is one. */
export function bootstrapOf(base: StageBase): Bootstrap | undefined {
  if (base.kind === 'image' && base.supplied !== undefined) return {agent: base.supplied.agent, from: base.supplied.path}
  return namedBootstrap(base)
}

/** Whether the engine gets the base under another name than the definition's: with its digest, or as a copy. */
export function isRenamed(base: StageBase): boolean {
  return (
    base.kind === 'stage' ||
    (base.kind === 'image' && (base.pinned !== undefined || base.supplied !== undefined)) ||
    (base.kind === 'local' && base.moved)
  )
}

/** Whether the image itself has to be told where it comes from: the engine saw only our copy. */
export function isSupplied(base: StageBase): boolean {
  return base.kind === 'stage' || (base.kind === 'image' && base.supplied !== undefined)
}

/**
 * Keeps builds side by side from damaging each other's list of blobs in the engine's cache, which whatever is made of
 * layers goes through.
 */
export function cacheFlags(base: StageBase): string[] {
  const agent = bootstrapOf(base)?.agent ?? ''
  return /^(docker|docker-daemon|docker-archive|oci|oci-archive)$/.test(agent) ? ['--disable-cache'] : []
}

/** A header of a definition file. */
export function headerLines({agent, from}: Bootstrap): string {
  return `Bootstrap: ${agent}\n${from === '' ? '' : `From: ${from}\n`}`
}

/** The labels that the engine makes of a header (D120). */
export function headerLabels(headers: readonly {readonly key: string; readonly value: string}[]): Record<string, string> {
  return Object.fromEntries(headers.map(({key, value}) => [`org.label-schema.usage.singularity.deffile.${key}`, value]))
}
