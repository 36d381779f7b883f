/**
 * Our own store, with others behind it: it is asked first, then each of the others in its order. Another store never
 * fails a build: one that fails, or is too slow, is left out from then on, with one word about it.
 */
import type {Store, StoredStage} from '../model/store.js'
import {RegistryTrouble} from '../system/registry-line.js'
import type {Sending} from './sending.js'
import {type Note, type Source, whyNot} from './source.js'

export interface LayeredOptions {
  readonly note: Note
  /** Takes what is ours to another store as well. */
  readonly sending?: Sending | undefined
}

/** What a person can do about it, where we know. */
function advice(error: unknown): string {
  if (!(error instanceof RegistryTrouble)) return ''
  if (error.status === 401) return '; log in as for any image there (docker, podman, skopeo or apptainer registry login)'
  return error.status === 403 ? '; look at the rights of your login there' : ''
}

export function layeredStore(local: Store, sources: readonly Source[], {note, sending}: LayeredOptions): Store {
  const gone = new Set<Source>()

  /** What another store answers; one that cannot has nothing, now and later. */
  async function tried<T>(source: Source, signal: AbortSignal, what: () => Promise<T | undefined>): Promise<T | undefined> {
    if (gone.has(source)) return undefined
    try {
      return await what()
    } catch (error) {
      signal.throwIfAborted()
      if (!gone.has(source))
        note('warning', `the store ${source.name} is left out for the rest of this build: ${whyNot(error)}${advice(error)}`)
      gone.add(source)
      return undefined
    }
  }

  async function firstOf<T>(signal: AbortSignal, what: (source: Source) => Promise<T | undefined>): Promise<T | undefined> {
    for (const source of sources) {
      const found = await tried(source, signal, () => what(source))
      if (found !== undefined) return found
    }
    return undefined
  }

  /** The image where the entry is, else that of any store that has the very same tree. */
  function withImage(stored: StoredStage, from?: Source): StoredStage {
    let found: ReturnType<StoredStage['image']> | undefined
    async function image(signal: AbortSignal): ReturnType<StoredStage['image']> {
      const own = () => stored.image(signal)
      const there = await (from === undefined ? own() : tried(from, signal, own))
      return there ?? firstOf(signal, source => source.imageOf(stored.record, signal))
    }
    return {
      ...stored,
      image(signal) {
        found ??= image(signal)
        return found
      },
    }
  }

  return {
    ...local,
    async find(key, signal) {
      const mine = await local.find(key, signal)
      if (mine !== undefined) {
        sending?.stage(key, false)
        return withImage(mine)
      }
      for (const source of sources) {
        const stored = await tried(source, signal, () => source.find(key, signal))
        if (stored === undefined) continue
        note('info', `found in ${source.name}`, stored.record.stage)
        return withImage(stored, source)
      }
      return undefined
    },
    async findArtifacts(name, signal) {
      const mine = await local.findArtifacts(name, signal)
      if (mine === undefined) return firstOf(signal, source => source.findArtifacts(name, signal))
      sending?.artifacts(name)
      return mine
    },
    async findCheckpoint(key, signal) {
      return (await local.findCheckpoint(key, signal)) ?? firstOf(signal, source => source.findCheckpoint(key, signal))
    },
    async put(key, files, record) {
      const stored = await local.put(key, files, record)
      sending?.stage(key, true)
      return stored
    },
    async putArtifacts(name, file) {
      await local.putArtifacts(name, file)
      sending?.artifacts(name)
    },
  }
}
