/** The content of cache mounts, one folder an id, kept in the store between builds (K128). */
import {createHash} from 'node:crypto'
import {utimes} from 'node:fs/promises'
import {join} from 'node:path'
import type {CacheMount} from '../model/description.js'
import type {Identity, Mapping} from '../model/ports.js'
import type {Store} from '../model/store.js'
import type {Caches} from '../model/supplies.js'
import {makeOwned} from '../system/files.js'
import {asUser} from '../system/identity.js'
import {capture} from '../system/processes.js'
import type {UseMarks} from './session.js'

export interface CachesOptions {
  readonly store: Store
  readonly owner: Identity
  /** Owners on disk mean something else under another mapping. */
  readonly mapping: Mapping
  /** Where it is noted what is relied on. */
  readonly uses: UseMarks
  /** Another folder, of this build alone, where the engine's user cannot reach the store. */
  readonly unreachable: (name: string) => Promise<string>
}

export function storeCaches({store, owner, mapping, uses, unreachable}: CachesOptions): Caches {
  /** Private folders in use by this process. */
  const taken = new Set<string>()

  const nameOf = (id: string, number: number) => {
    const hash = createHash('sha256')
      .update(JSON.stringify([mapping, id]))
      .digest('hex')
    return number === 0 ? hash : `${hash}-${number}`
  }

  async function folderOf(name: string): Promise<string> {
    const parent = join(store.folder, 'caches', name)
    await uses.add(`caches/${name}`)
    await makeOwned(parent, owner)
    // `cache prune` goes by last use.
    const now = new Date()
    await utimes(parent, now, now).catch(() => {})
    const usable = await capture([...asUser(owner), 'test', '-w', parent, '-a', '-x', parent], {
      cwd: '/',
      env: {PATH: '/usr/bin:/bin'},
    })
    if (usable.exitCode !== 0) return join(await unreachable(name), 'content')
    // Made by the helper in the namespace, where its owner is real.
    return join(parent, 'content')
  }

  /** A folder that nobody in this process uses; other builds are waited for. */
  function freeName(id: string): string {
    for (let number = 1; ; number += 1) {
      const name = nameOf(id, number)
      if (!taken.has(name)) return name
    }
  }

  return {
    async use(mounts, waiting, signal, work) {
      const folders = new Map<CacheMount, string>()
      const byId = new Map<string, CacheMount[]>()
      for (const mount of mounts) byId.set(mount.id, [...(byId.get(mount.id) ?? []), mount])
      // Always in the same order, so that two stages never wait for each other.
      const ids = [...byId.keys()].sort()

      const next = async (index: number): ReturnType<typeof work> => {
        const id = ids[index]
        if (id === undefined) return work(folders)
        const same = byId.get(id) ?? []
        const sharing = (['private', 'locked'] as const).find(each => same.some(mount => mount.sharing === each))
        const name = sharing === 'private' ? freeName(id) : nameOf(id, 0)
        // At once: the next that asks has to find it taken.
        if (sharing === 'private') taken.add(name)
        try {
          const folder = await folderOf(name)
          for (const mount of same) folders.set(mount, folder)
          if (sharing === undefined) return await next(index + 1)
          return await store.locked(
            `cache-${name}`,
            () => waiting(id),
            signal,
            () => next(index + 1),
          )
        } finally {
          if (sharing === 'private') taken.delete(name)
        }
      }
      return next(0)
    },
  }
}
