/** Wires the stores behind our own: where entries are looked for as well, who is believed, and where they go. */
import {resolve} from 'node:path'
import {ExitCode, SifstageError} from '../model/errors.js'
import type {Identity, Sink} from '../model/ports.js'
import type {Store} from '../model/store.js'
import type {DirectoryStore} from '../stores/directory.js'
import type {Note, Source, Target} from '../stores/source.js'
import type {Settings} from './settings.js'

export interface SharingFlags {
  readonly storeFrom?: readonly string[] | undefined
  readonly storeTo?: string | undefined
  readonly storeTrust?: readonly string[] | undefined
}

export interface SharingAround {
  readonly identity: Identity
  readonly environment: NodeJS.ProcessEnv
  readonly noHttps: boolean
  /** Registries are left out. */
  readonly offline?: boolean | undefined
  readonly sink: Sink
  readonly signal: AbortSignal
}

export interface Shared {
  readonly store: Store
  /** Waits for what is still being sent. */
  finish(): Promise<void>
  /** At the end of the build, however it ended. */
  close(): Promise<void>
}

/** A flag, else a variable with a list in it, else settings (design section 3). */
function listed(
  flag: readonly string[] | undefined,
  variable: string | undefined,
  setting: readonly string[] | undefined,
): readonly string[] {
  if (flag !== undefined) return flag
  const words = (variable ?? '').split(/\s+/).filter(each => each !== '')
  return words.length > 0 ? words : (setting ?? [])
}

function isRegistry(place: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(place)
}

/**
 * Our own store with the others behind it.
 * @param sends false for verbs that only look
 * @throws SifstageError (2) for a place or key that is none
 */
export async function shareStore(
  local: DirectoryStore,
  flags: SharingFlags,
  settings: Settings,
  around: SharingAround,
  sends: boolean,
): Promise<Shared> {
  const {environment, sink} = around
  const reachable = (place: string) => !around.offline || !isRegistry(place)
  const from = listed(flags.storeFrom, environment['SIFSTAGE_STORE_FROM'], settings.storeFrom).filter(reachable)
  const wanted = sends ? (flags.storeTo ?? (environment['SIFSTAGE_STORE_TO'] || settings.storeTo)) : undefined
  const to = wanted === undefined || reachable(wanted) ? wanted : undefined
  for (const [flag, place] of [...from.map(each => ['--store-from', each] as const), ['--store-to', to ?? '-'] as const])
    if (place.trim() === '')
      throw new SifstageError(ExitCode.usage, `${flag}: no place is named`, 'Give a folder, or oras://HOST/REPOSITORY')
  if (from.length === 0 && to === undefined) return {store: local, finish: async () => {}, close: async () => {}}
  const [{layeredStore}, {folderSource, folderTarget}, {sending}] = await Promise.all([
    import('../stores/layered.js'),
    import('../stores/folder-source.js'),
    import('../stores/sending.js'),
  ])
  const note: Note = (severity, text, stage) =>
    sink.emit({event: 'note', severity, text, ...(stage === undefined ? {} : {stage})})
  const registries =
    from.some(isRegistry) || (to !== undefined && isRegistry(to))
      ? await withRegistries(local, flags, settings, around, note)
      : undefined
  const owner = around.identity
  const onDamage = (text: string) => note('warning', text)
  const source = (place: string) =>
    registries !== undefined && isRegistry(place) ? registries.source(place) : folderSource(resolve(place), {owner, onDamage})
  const target = (place: string) =>
    registries !== undefined && isRegistry(place) ? registries.target(place) : folderTarget(resolve(place), {local, owner})
  const goes = to === undefined ? undefined : target(to)
  const sent = goes === undefined ? undefined : sending(goes, note, around.signal)
  return {
    store: layeredStore(local, from.map(source), {note, sending: sent}),
    finish: async () => sent?.finish(),
    close: async () => goes?.close?.(),
  }
}

interface Registries {
  source(place: string): Source
  /** Undefined where nothing can be signed. */
  target(place: string): Target | undefined
}

async function withRegistries(
  local: DirectoryStore,
  flags: SharingFlags,
  settings: Settings,
  {environment, identity, noHttps}: SharingAround,
  note: Note,
): Promise<Registries> {
  const [{registryStore, parseRegistryStore}, {registryTarget}, {isPublicLine, keyFile, readSigner}] = await Promise.all([
    import('../stores/registry.js'),
    import('../stores/registry-target.js'),
    import('../system/signing.js'),
  ])
  const named = listed(flags.storeTrust, environment['SIFSTAGE_STORE_TRUST'], settings.storeTrust)
  const wrong = named.find(each => !isPublicLine(each))
  if (wrong !== undefined)
    throw new SifstageError(
      ExitCode.usage,
      `--store-trust ${wrong}: this is no key of a signer`,
      'It is the line that `sifstage cache key` prints: ed25519: and 43 characters',
    )
  const signer = await readSigner(environment['SIFSTAGE_STORE_KEY'] || keyFile(environment))
  const trusted = new Set([...named, ...(signer === undefined ? [] : [signer.publicLine])])
  return {
    source(place) {
      if (trusted.size === 0)
        note('warning', `nothing from ${place} is believed, since no signer is: --store-trust KEY names one (sifstage cache key)`)
      return registryStore(place, {local, owner: identity, noHttps, environment, trusted, note})
    },
    target(place) {
      parseRegistryStore(place)
      if (signer === undefined) {
        note('warning', `nothing is sent to ${place}, since there is no key to sign it with: sifstage cache key makes one`)
        return undefined
      }
      return registryTarget(place, {local, noHttps, environment, signer, trusted})
    },
  }
}
