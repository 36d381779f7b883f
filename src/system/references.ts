/** Which image a reference means: by the lock file, else by its registry, else as it was the last time. */
import {ExitCode, SifstageError} from '../model/errors.js'
import type {Identity, Pins} from '../model/ports.js'
import {type ImageReference, normalizeReference, showImageReference} from '../model/reference.js'
import {type BlobCache, blobCache} from './blob-cache.js'
import {RegistryError, resolveImage} from './registry.js'
import {Remembered, textOf} from './remembered.js'

/** A registry that has not answered by then counts as unreachable (design section 5). */
const PATIENCE_MS = 5_000

export interface ReferenceOptions {
  /** The store's folder. */
  readonly folder: string
  readonly identity: Identity
  readonly architecture: string
  /** An image that is there for one platform alone has to be for this one. */
  readonly exact?: boolean | undefined
  readonly noHttps: boolean
  readonly environment: NodeJS.ProcessEnv
  /** No registry is asked. */
  readonly offline?: boolean | undefined
  readonly pins?: Pins | undefined
}

export interface ResolvedReference {
  /** Undefined for a transport that nobody can be asked of. */
  readonly digest: string | undefined
  /** The `config` of an OCI image as JSON text. */
  readonly config: string | undefined
  readonly notes: readonly string[]
}

export interface References {
  /** @throws SifstageError (2) when a strict lock file lacks it, (5) when nobody can tell */
  resolve(reference: ImageReference, signal: AbortSignal): Promise<ResolvedReference>
  /** What its registry says now, whatever is locked or remembered. @throws RegistryError */
  ask(reference: ImageReference, signal: AbortSignal): Promise<{readonly digest: string; readonly config: string | undefined}>
}

/** Whether a registry can be asked which image a reference means. */
export function isAskable({transport}: ImageReference): boolean {
  return transport === 'docker' || transport === 'oras'
}

/** The reference with a digest, and no tag beside it. */
export function pinnedName(name: string, digest: string): string {
  return `${name.replace(/@.*$/, '').replace(/:[^/:]*$/, '')}@${digest}`
}

export function references(
  options: ReferenceOptions,
  documents: Pick<BlobCache, 'document' | 'keep'> = cacheOf(options),
): References {
  const memory = new Remembered(options.folder)
  const {pins, offline = false} = options
  const knownAs = (reference: ImageReference) =>
    `${normalizeReference(showImageReference(reference))} linux/${options.architecture}`

  async function look(name: string, signal: AbortSignal) {
    const patience = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)])
    return resolveImage(name, {...options, signal: patience}, {documents, offline})
  }

  async function askAndRemember(reference: ImageReference, signal: AbortSignal) {
    const found = await look(reference.name, signal)
    await memory.set(knownAs(reference), {digest: found.digest, ...(found.config === undefined ? {} : {config: found.config})})
    return found
  }

  /** What is remembered of a reference, or only of one digest of it. */
  async function remembered(reference: ImageReference, digest?: string) {
    const before = await memory.get(knownAs(reference))
    const known = textOf(before?.['digest'])
    if (known === undefined || (digest !== undefined && known !== digest)) return undefined
    return {digest: known, config: textOf(before?.['config']), notes: []}
  }

  async function locked(
    reference: ImageReference,
    digest: string,
    file: string,
    signal: AbortSignal,
  ): Promise<ResolvedReference> {
    const shown = showImageReference(reference)
    try {
      return {digest, config: (await look(pinnedName(reference.name, digest), signal)).config, notes: []}
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof RegistryError)) throw error
      const known = error.absent ? undefined : await remembered(reference, digest)
      if (known !== undefined) return known
      throw new SifstageError(
        ExitCode.failed,
        error.absent
          ? `the base ${shown} is locked at ${digest} (${file}), and the registry does not have that any more: ${error.message}`
          : `the base ${shown} is locked at ${digest} (${file}), which is not in the store: ${error.message}`,
        error.absent
          ? `Lock what it means now (sifstage lock INPUT --update ${shown}), or use a copy of the old one: --base ${shown}=./base.sif`
          : offline
            ? 'Build once where the registry can be reached, with the same store (--cache-dir), or use a local copy: --base REF=./base.sif'
            : 'Look at the network and proxy settings, or use a local copy: --base REF=./base.sif',
      )
    }
  }

  async function offlineOnly(reference: ImageReference, signal: AbortSignal): Promise<ResolvedReference> {
    const known = await remembered(reference)
    if (known !== undefined) return known
    // One with a digest needs nobody to say what it means.
    const kept = reference.name.includes('@') ? await look(reference.name, signal).catch(() => undefined) : undefined
    if (kept !== undefined) return {...kept, notes: []}
    const shown = showImageReference(reference)
    throw new SifstageError(
      ExitCode.failed,
      `the base ${shown} is not known here, and --offline asks no registry`,
      'Build once where the registry can be reached, with the same store (--cache-dir), or use a local copy: --base REF=./base.sif',
    )
  }

  async function resolve(reference: ImageReference, signal: AbortSignal): Promise<ResolvedReference> {
    const shown = showImageReference(reference)
    const pin = pins?.image(reference)
    if (pins?.strict && pin === undefined)
      throw new SifstageError(
        ExitCode.usage,
        `${pins.file} does not lock ${shown}, and --locked was given`,
        isAskable(reference)
          ? 'Add it: sifstage lock INPUT'
          : `A ${reference.transport} image has no digest that can be locked: use a local copy, --base ${shown}=./base.sif`,
      )
    if (!isAskable(reference))
      return {
        digest: undefined,
        config: undefined,
        notes: [
          `${shown}: a ${reference.transport} image has no digest that can be asked for, so stages on it are built anew each time`,
        ],
      }
    if (pin !== undefined && pins !== undefined) return locked(reference, pin, pins.file, signal)
    if (offline) return offlineOnly(reference, signal)
    try {
      return {...(await askAndRemember(reference, signal)), notes: []}
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof RegistryError)) throw error
      const before = error.absent ? undefined : await remembered(reference)
      if (before !== undefined)
        return {
          ...before,
          notes: [`${shown}: ${error.message}; the digest of the last time is used (${before.digest.slice(0, 19)}…)`],
        }
      throw new SifstageError(
        ExitCode.failed,
        `the base ${shown} cannot be resolved: ${error.message}`,
        error.absent
          ? 'Look at its name and tag, log in if it is private (apptainer registry login), or put another in its place: --base REF=REPLACEMENT'
          : 'Look at the network and proxy settings, or use a local copy: --base REF=./base.sif',
      )
    }
  }

  return {resolve, ask: (reference, signal) => look(reference.name, signal)}
}

function cacheOf({folder, identity}: ReferenceOptions): BlobCache {
  return blobCache({folder, owner: identity})
}
