/** Which bytes a base means right now, and our copy of them for the engine. */
import type {Base} from '../model/description.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import type {BaseResolver, ResolvedBase} from '../model/ports.js'
import {type ImageReference, type LocalReference, showImageReference} from '../model/reference.js'
import type {Store} from '../model/store.js'
import {type BlobCache, blobCache} from './blob-cache.js'
import {fetching} from './fetch-image.js'
import {localBases} from './local-bases.js'
import {isAskable, pinnedName, type ReferenceOptions, references} from './references.js'
import {RegistryError} from './registry.js'
import {supplyImage} from './supply-base.js'

export interface BaseResolverOptions extends ReferenceOptions {
  /** Lets one process at a time fetch a blob. */
  readonly locked?: Store['locked'] | undefined
  /** Told how far a large image has come, and what the engine has to fetch itself. */
  readonly tell?: ((text: string) => void) | undefined
  /** Shared with whoever reads the same images. */
  readonly blobs?: BlobCache | undefined
}

/** A name for what is asked, so that two stages on one base ask once. */
function nameOf(base: Base, cwd: string): string {
  switch (base.kind) {
    case 'image':
      return showImageReference(base.reference)
    case 'local':
      return JSON.stringify([base.reference.agent, base.reference.path, cwd])
    case 'mirror':
      return base.header
    default:
      return base.kind
  }
}

export function baseResolver(options: BaseResolverOptions): BaseResolver {
  const {pins} = options
  const blobs = options.blobs ?? blobCache({folder: options.folder, owner: options.identity, locked: options.locked})
  const known = references(options, blobs)
  const localBase = localBases(options)
  const running = new Map<string, Promise<ResolvedBase>>()

  async function image(reference: ImageReference, signal: AbortSignal): Promise<ResolvedBase> {
    const found = await known.resolve(reference, signal)
    return {...found, pinned: found.digest === undefined ? undefined : pinnedName(reference.name, found.digest)}
  }

  async function local(reference: LocalReference, cwd: string, signal: AbortSignal): Promise<ResolvedBase> {
    const found = await localBase(reference, cwd, signal)
    const pin = pins?.local(reference.path)
    if (pins === undefined || pin === undefined || pin === found.digest) return found
    const differs = `the base ${reference.path} is not the one that ${pins.file} locks`
    if (pins.strict)
      throw new SifstageError(
        ExitCode.usage,
        `${differs}: it is ${found.digest}, not ${pin}`,
        `Bring the old one back, or lock this one: sifstage lock INPUT --update ${reference.path}`,
      )
    return {...found, notes: [...found.notes, `${differs} (sifstage lock INPUT --update ${reference.path})`]}
  }

  function mirror(agent: string, header: string): ResolvedBase {
    const since = pins?.mirror(header)
    if (pins?.strict && since === undefined)
      throw new SifstageError(
        ExitCode.usage,
        `${pins.file} does not lock the base that ${agent} makes, and --locked was given`,
        'Add it: sifstage lock INPUT',
      )
    return {
      digest: since === undefined ? `mirror ${agent}` : `mirror ${agent} ${since}`,
      pinned: undefined,
      config: undefined,
      notes: [],
    }
  }

  async function resolveNow(base: Base, cwd: string, signal: AbortSignal): Promise<ResolvedBase> {
    switch (base.kind) {
      case 'image':
        return image(base.reference, signal)
      case 'local':
        return local(base.reference, cwd, signal)
      case 'scratch':
        return {digest: 'scratch', pinned: undefined, config: undefined, notes: []}
      case 'mirror':
        return mirror(base.agent, base.header)
      case 'stage':
        throw new Error('a stage is not resolved but built')
    }
  }

  return {
    resolve(base, cwd, signal) {
      const name = nameOf(base, cwd)
      let answer = running.get(name)
      if (answer === undefined) {
        answer = resolveNow(base, cwd, signal)
        running.set(name, answer)
      }
      return answer
    },

    async now(base, signal) {
      if (options.offline || base.kind !== 'image' || !isAskable(base.reference)) return undefined
      try {
        return (await known.ask(base.reference, signal)).digest
      } catch (error) {
        signal.throwIfAborted()
        if (error instanceof RegistryError) return undefined
        throw error
      }
    },

    async supply(base, resolved, folder, signal) {
      const isMade = base.kind === 'mirror' || (base.kind === 'image' && /^(library|shub)$/.test(base.reference.transport))
      if (options.offline && isMade)
        throw new SifstageError(
          ExitCode.failed,
          `the base ${base.kind === 'mirror' ? `that ${base.agent} makes` : showImageReference(base.reference)} comes from the network, and --offline was given`,
          'Build once with the network, into the same store, or use a local copy: --base REF=./base.sif',
        )
      if (base.kind !== 'image' || resolved.digest === undefined || !isAskable(base.reference)) return undefined
      const {identity: owner, ...rest} = options
      const source = fetching(resolved.pinned ?? base.reference.name, {...rest, owner, signal}, blobs)
      return supplyImage(source, base.reference.transport, resolved.digest, folder)
    },
  }
}
