/** A second folder store, of a group or a site: read where it lies, never written; and one that entries are copied to. */
import {constants} from 'node:fs'
import {copyFile, stat} from 'node:fs/promises'
import {join} from 'node:path'
import type {ImageFacts} from '../model/image.js'
import type {Identity} from '../model/ports.js'
import type {StoredStage} from '../model/store.js'
import {giveTo} from '../system/files.js'
import {mayRead} from '../system/may-read.js'
import {type DirectoryStore, directoryStore} from './directory.js'
import {useMarks} from './session.js'
import type {Source, Target} from './source.js'
import {prepareStore} from './version.js'

export interface FolderSourceOptions {
  readonly owner: Identity
  /** Told of what cannot be used: it is left as it is, since it is not ours. */
  readonly onDamage: (text: string) => void
}

/** Entries are used in place: nothing of them is copied. */
export function folderSource(folder: string, options: FolderSourceOptions): Source {
  const told = new Set<string>()
  const tell = (text: string) => {
    // It stays as it is, and is met again.
    if (!told.has(text)) options.onDamage(text)
    told.add(text)
  }
  const store = directoryStore(folder, {owner: options.owner, readOnly: true, onDamage: tell})
  let looked: Promise<unknown> | undefined

  /** A folder that is not there is told, not taken for an empty one. */
  async function there(): Promise<DirectoryStore> {
    looked ??= stat(folder).then(found => {
      if (!found.isDirectory()) throw new Error('it is no folder')
    })
    await looked
    return store
  }

  /** A file that the engine's user can read: he is the one who unpacks it. */
  async function readable<T extends {readonly path: string}>(file: T | undefined): Promise<T | undefined> {
    if (file === undefined || (await mayRead(options.owner, file.path))) return file
    tell(`${options.owner.user} cannot read ${file.path}: it is not used`)
    return undefined
  }

  async function find(key: string, signal: AbortSignal): Promise<StoredStage | undefined> {
    const stored = await (await there()).find(key, signal)
    return stored && {...stored, image: async until => readable(await stored.image(until))}
  }

  return {
    name: folder,
    find,
    findArtifacts: async (name, signal) => readable(await (await there()).findArtifacts(name, signal)),
    findCheckpoint: async (key, signal) => (await there()).findCheckpoint(key, signal),
    async imageOf(record, signal) {
      const found = await find(record.key, signal)
      return found?.record.digest === record.digest ? found.image(signal) : undefined
    },
  }
}

/** Takes over what was read of a stage's files. */
async function copyFacts(from: ImageFacts, to: ImageFacts): Promise<void> {
  const [programs, texts] = [await from.load(), await from.loadTexts()]
  if (programs.size > 0 && (await to.load()).size === 0) await to.save(programs)
  if (texts.size > 0 && (await to.loadTexts()).size === 0) await to.saveTexts(texts)
}

export interface FolderTargetOptions {
  readonly local: DirectoryStore
  readonly owner: Identity
}

/** Entries are copied; the folder is a store like any other. */
export function folderTarget(folder: string, {local, owner}: FolderTargetOptions): Target {
  // Others work on it: `cache prune` has to leave alone what is being copied, and the next one to sweep it if we are killed.
  const uses = useMarks(folder, {owner})
  const store = directoryStore(folder, {owner, onDamage: () => {}, uses})
  let prepared: Promise<void> | undefined

  function prepare(): Promise<void> {
    prepared ??= prepareStore(folder, owner)
    return prepared
  }

  /** Copies of files on the file system of the folder, for its store to move in. */
  function copied<T>(files: readonly string[], work: (copies: readonly string[]) => Promise<T>): Promise<T> {
    return store.inPartial('sent', async beside => {
      const copies: string[] = []
      for (const [index, file] of files.entries()) {
        const copy = join(beside, String(index))
        await copyFile(file, copy, constants.COPYFILE_FICLONE)
        await giveTo(copy, owner)
        copies.push(copy)
      }
      return work(copies)
    })
  }

  return {
    name: folder,
    close: () => uses.close(),
    async sendStage(key, signal) {
      await prepare()
      const [there, stored] = [await store.find(key, signal), await local.find(key, signal)]
      if ((await there?.image(signal)) !== undefined) return there && stored && copyFacts(stored.facts, there.facts)
      const image = await stored?.image(signal)
      if (stored === undefined || image === undefined) return
      const {record} = stored
      const listing = join(local.folder, 'stages', key.replace(/^sha256:/, ''), record.listing.file)
      await copied([image.path, listing], async ([imageCopy = '', listingCopy = '']) => {
        const put = await store.put(key, {image: imageCopy, listing: listingCopy}, record)
        await copyFacts(stored.facts, put.facts)
      })
    },
    async sendArtifacts(name, signal) {
      await prepare()
      if ((await store.findArtifacts(name, signal)) !== undefined) return
      const pack = await local.findArtifacts(name, signal)
      if (pack === undefined) return
      await copied([pack.path], ([copy = '']) => store.putArtifacts(name, copy))
    },
  }
}
