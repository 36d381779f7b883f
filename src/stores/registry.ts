/**
 * The store in a registry (OCI distribution protocol): entries as artifacts that ORAS reads, each under a tag made of
 * its key. What is small is fetched into our own store when an entry is found, the image when it is wanted. Nothing is
 * believed that no trusted signer vouches for (entry-manifest.ts).
 */
import {readFile} from 'node:fs/promises'
import {join} from 'node:path'
import {ExitCode, SifstageError} from '../model/errors.js'
import type {Identity, PackedImage} from '../model/ports.js'
import type {StageRecord} from '../model/record.js'
import type {StoredStage} from '../model/store.js'
import {giveTo} from '../system/files.js'
import {downloadBlob} from '../system/registry-blobs.js'
import {type Patience, RegistryLine, RegistryTrouble} from '../system/registry-line.js'
import type {DirectoryStore} from './directory.js'
import {type Entry, type EntryKind, FACTS, LARGEST_MANIFEST, MANIFEST_TYPE, readManifest, tagOf} from './entry-manifest.js'
import {foreignStageRecord, foreignTreeDigest, isForeignFacts} from './foreign-record.js'
import type {Note, Source} from './source.js'

export interface RegistryStoreOptions {
  /** Our own store, where what is fetched is kept. */
  readonly local: DirectoryStore
  readonly owner: Identity
  readonly noHttps: boolean
  readonly environment: NodeJS.ProcessEnv
  /** Public lines of the signers who are believed. */
  readonly trusted: ReadonlySet<string>
  /** Told once when entries are there that are not believed, and when images come. */
  readonly note: Note
  readonly patience?: Partial<Patience>
}

/**
 * The registry and repository of `oras://HOST/REPOSITORY`.
 * @throws SifstageError (2) for anything else
 */
export function parseRegistryStore(text: string): {readonly registry: string; readonly repository: string} {
  const part = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*'
  const match = new RegExp(`^oras://([A-Za-z0-9.-]+(?::\\d+)?|\\[[0-9a-fA-F:]+\\](?::\\d+)?)/(${part}(?:/${part})*)$`).exec(text)
  const [, registry, repository] = match ?? []
  if (registry === undefined || repository === undefined)
    throw new SifstageError(
      ExitCode.usage,
      `${text} names no store in a registry`,
      'It looks like this, with no tag: oras://HOST[:PORT]/REPOSITORY (lower case)',
    )
  return {registry, repository}
}

/** @throws SifstageError (2) for a reference that names no repository */
export function registryStore(reference: string, options: RegistryStoreOptions): Source {
  const {local, owner} = options
  const line = new RegistryLine({...parseRegistryStore(reference), ...options, actions: 'pull'})
  let told = false

  function refuse(kind: EntryKind, key: string, why: string): undefined {
    if (!told) options.note('warning', `${reference}: ${tagOf(kind, key)} is not taken: ${why}`)
    told = true
    return undefined
  }

  async function lookUp(kind: EntryKind, key: string, signal: AbortSignal): Promise<Entry | undefined> {
    const answer = await line.document(`manifests/${tagOf(kind, key)}`, MANIFEST_TYPE, LARGEST_MANIFEST, signal)
    if (answer === undefined) return undefined
    const read = readManifest(answer.body, kind, key, options.trusted)
    return 'entry' in read ? read.entry : refuse(kind, key, read.refused)
  }

  async function adopt(entry: Entry, signal: AbortSignal): Promise<StoredStage | undefined> {
    const small = entry.files.filter(each => each.name !== 'image.sqfs')
    return local.inPartial('registry', async folder => {
      const files = new Map<string, string>()
      for (const file of small) {
        const path = join(folder, file.name)
        await downloadBlob(line.hasty, file, path, signal)
        await giveTo(path, owner)
        files.set(file.name, path)
      }
      const text = await readFile(files.get('record.json') ?? '', 'utf8')
      const record = foreignStageRecord(text, entry)
      if (record === undefined) return refuse('stage', entry.key, 'its record is not one of this key and these files')
      if ((await foreignTreeDigest(files.get('listing.jsonl') ?? '')) !== record.digest)
        return refuse('stage', entry.key, 'its listing is not of the tree that its record tells')
      for (const name of FACTS) {
        const file = files.get(name)
        if (file !== undefined && !isForeignFacts(name, await readFile(file, 'utf8'))) files.delete(name)
      }
      files.delete('record.json')
      // Another build may have made it meanwhile, and has its image.
      return (await local.find(entry.key, signal)) ?? local.adopt(entry.key, files, record)
    })
  }

  /** The image of our own entry of this record, once it is there. */
  async function ownImage(record: StageRecord, signal: AbortSignal): Promise<PackedImage | undefined | 'other'> {
    const mine = await local.find(record.key, signal)
    if (mine?.record.image.digest !== record.image.digest) return 'other'
    return mine.image(signal)
  }

  async function imageOf(record: StageRecord, signal: AbortSignal): Promise<PackedImage | undefined> {
    const {digest, bytes: size} = record.image
    const waiting = () => options.note('info', 'another build is fetching its image; waiting for it', record.stage)
    // One fetch of a digest, however many builds want it.
    return local.locked(digest, waiting, signal, async () => {
      const there = await ownImage(record, signal)
      if (there !== undefined) return there === 'other' ? undefined : there
      const found = await local.inPartial('registry', async folder => {
        const file = join(folder, record.image.file)
        const megabytes = (size / (1 << 20)).toFixed(1)
        options.note('info', `fetching its image (${megabytes} MB) from ${reference}`, record.stage)
        try {
          await downloadBlob(line, {digest, size}, file, signal)
        } catch (error) {
          if (error instanceof RegistryTrouble && error.status === 404) return false
          throw error
        }
        await giveTo(file, owner)
        await local.adoptImage(record.key, file)
        return true
      })
      const now = found ? await ownImage(record, signal) : undefined
      return now === 'other' ? undefined : now
    })
  }

  return {
    name: reference,
    imageOf,
    async find(key, signal) {
      const entry = await lookUp('stage', key, signal)
      const stored = entry && (await adopt(entry, signal))
      return stored && {...stored, image: async until => (await stored.image(until)) ?? imageOf(stored.record, until)}
    },
    async findArtifacts(name, signal) {
      const entry = await lookUp('artifacts', name, signal)
      const [pack] = entry?.files ?? []
      if (pack === undefined) return undefined
      return local.locked(
        pack.digest,
        () => {},
        signal,
        async () => {
          const there = await local.findArtifacts(name, signal)
          if (there !== undefined) return there
          await local.inPartial('registry', async folder => {
            const file = join(folder, pack.name)
            await downloadBlob(line, pack, file, signal)
            await giveTo(file, owner)
            await local.putArtifacts(name, file)
          })
          return local.findArtifacts(name, signal)
        },
      )
    },
    // Points inside stages are for the machine that was interrupted: nobody sends them.
    findCheckpoint: async () => undefined,
  }
}
