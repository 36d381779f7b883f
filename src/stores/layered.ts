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
  /** Milliseconds that one other store may take, over the whole build, to say that it has nothing. */
  readonly patienceMs?: number
}

/** Each answer in good time, but many of them: that holds a build up all the same. */
const PATIENCE_MS = 15_000
/** A stage is looked for before its lock is taken and again behind it: nobody else need be asked twice for that. */
const RECENT_MS = 10_000

/** What a person can do about it, where we know. */
function advice(error: unknown): string {
  if (!(error instanceof RegistryTrouble)) return ''
  if (error.status === 401) return '; log in as for any image there (docker, podman, skopeo or apptainer registry login)'
  return error.status === 403 ? '; look at the rights of your login there' : ''
}

export function layeredStore(local: Store, sources: readonly Source[], options: LayeredOptions): Store {
  const {note, sending, patienceMs = PATIENCE_MS} = options
  const gone = new Set<Source>()
  const waited = new Map<Source, number>()
  const missed = new Map<string, number>()

  function leaveOut(source: Source, why: string): void {
    if (!gone.has(source)) note('warning', `the store ${source.name} is left out for the rest of this build: ${why}`)
    gone.add(source)
  }

  /** What another store answers; one that cannot has nothing, now and later. */
  async function tried<T>(source: Source, signal: AbortSignal, what: () => Promise<T | undefined>): Promise<T | undefined> {
    if (gone.has(source)) return undefined
    try {
      return await what()
    } catch (error) {
      signal.throwIfAborted()
      leaveOut(source, `${whyNot(error)}${advice(error)}`)
      return undefined
    }
  }

  /** The same for what is small; the time that it takes to have nothing is counted. */
  async function asked<T>(source: Source, signal: AbortSignal, what: () => Promise<T | undefined>): Promise<T | undefined> {
    const since = Date.now()
    const found = await tried(source, signal, what)
    if (found !== undefined || gone.has(source)) return found
    const total = (waited.get(source) ?? 0) + Date.now() - since
    waited.set(source, total)
    if (total > patienceMs) leaveOut(source, `it took ${(total / 1000).toFixed(0)} s to say that it has nothing`)
    return undefined
  }

  async function firstOf<T>(
    signal: AbortSignal,
    what: (source: Source) => Promise<T | undefined>,
    how = asked,
  ): Promise<T | undefined> {
    for (const source of sources) {
      const found = await how(source, signal, () => what(source))
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
      return there ?? firstOf(signal, source => source.imageOf(stored.record, signal), tried)
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
      if (Date.now() - (missed.get(key) ?? Number.NEGATIVE_INFINITY) < RECENT_MS) return undefined
      for (const source of sources) {
        const stored = await asked(source, signal, () => source.find(key, signal))
        if (stored === undefined) continue
        note('info', `found in ${source.name}`, stored.record.stage)
        return withImage(stored, source)
      }
      missed.set(key, Date.now())
      return undefined
    },
    async findArtifacts(name, signal) {
      const mine = await local.findArtifacts(name, signal)
      if (mine !== undefined) sending?.artifacts(name)
      return mine ?? firstOf(signal, source => source.findArtifacts(name, signal))
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
