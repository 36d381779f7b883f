/** Entries of our own store sent to a registry: blobs first and the manifest last, so that an entry is whole or not there. */
import {readFile, stat} from 'node:fs/promises'
import {join} from 'node:path'
import {hashFile, hashText} from '../system/files.js'
import {putManifest, uploadBlob} from '../system/registry-blobs.js'
import {type Patience, RegistryLine} from '../system/registry-line.js'
import type {Signer} from '../system/signing.js'
import type {DirectoryStore} from './directory.js'
import {
  EMPTY,
  type Entry,
  type EntryFile,
  type EntryKind,
  FACTS,
  isFacts,
  LARGEST_MANIFEST,
  MANIFEST_TYPE,
  manifestOf,
  mediaTypeOf,
  readManifest,
  tagOf,
} from './entry-manifest.js'
import {parseRegistryStore} from './registry.js'
import type {Target} from './source.js'

export interface RegistryTargetOptions {
  readonly local: DirectoryStore
  readonly noHttps: boolean
  readonly environment: NodeJS.ProcessEnv
  readonly signer: Signer
  /** Signers whose entries are left as they are; ours is among them. */
  readonly trusted: ReadonlySet<string>
  readonly patience?: Partial<Patience>
}

/** A file of an entry, and its content: in memory where it may be replaced under us. */
interface Outgoing {
  readonly file: EntryFile
  readonly content: Buffer | string
}

/** @throws SifstageError (2) for a reference that names no repository */
export function registryTarget(reference: string, options: RegistryTargetOptions): Target {
  const {local, signer, trusted} = options
  const line = new RegistryLine({...parseRegistryStore(reference), ...options, actions: 'pull,push'})

  /** The entry that the registry has, if people here believe it. */
  async function known(kind: EntryKind, key: string, signal: AbortSignal): Promise<Entry | undefined> {
    const answer = await line.document(`manifests/${tagOf(kind, key)}`, MANIFEST_TYPE, LARGEST_MANIFEST, signal)
    const read = answer && readManifest(answer.body, kind, key, trusted)
    return read !== undefined && 'entry' in read ? read.entry : undefined
  }

  async function sendBlobs(outgoing: readonly Outgoing[], signal: AbortSignal): Promise<EntryFile[]> {
    for (const {file, content} of outgoing) await uploadBlob(line, file, content, signal)
    return outgoing.map(each => each.file)
  }

  async function publish(entry: Entry, signal: AbortSignal): Promise<void> {
    await uploadBlob(line, {digest: hashText(EMPTY), size: EMPTY.length}, EMPTY, signal)
    await putManifest(line, tagOf(entry.kind, entry.key), MANIFEST_TYPE, manifestOf(entry, signer), signal)
  }

  const entryFolder = (key: string) => join(local.folder, 'stages', key.replace(/^sha256:/, ''))

  /** A small file of a stage, as it is now; undefined when there is none. */
  async function small(key: string, name: string): Promise<Outgoing | undefined> {
    const content = await readFile(join(entryFolder(key), name)).catch(() => undefined)
    if (content === undefined) return undefined
    return {file: {name, mediaType: mediaTypeOf('stage', name), digest: hashText(content), size: content.length}, content}
  }

  async function factsOf(key: string): Promise<Outgoing[]> {
    const facts = await Promise.all(FACTS.map(name => small(key, name)))
    return facts.filter(each => each !== undefined)
  }

  /** What cannot be missing of a stage; undefined where it is not whole any more. */
  async function stageFiles(key: string, signal: AbortSignal): Promise<Outgoing[] | undefined> {
    const stored = await local.find(key, signal)
    const record = await small(key, 'record.json')
    // Dropped for room meanwhile: who has no image has nothing to hand on.
    if (stored === undefined || record === undefined || (await stored.image(signal)) === undefined) return undefined
    const large = async (name: string, digest: string): Promise<Outgoing> => {
      const path = join(entryFolder(key), name)
      return {file: {name, mediaType: mediaTypeOf('stage', name), digest, size: (await stat(path)).size}, content: path}
    }
    const {listing, image} = stored.record
    return [record, await large(listing.file, listing.digest), await large(image.file, image.digest)]
  }

  return {
    name: reference,
    async sendStage(key, signal) {
      const there = await known('stage', key, signal)
      let files: readonly EntryFile[]
      if (there === undefined) {
        const outgoing = await stageFiles(key, signal)
        if (outgoing === undefined) return
        files = await sendBlobs(outgoing, signal)
      } else files = there.files.filter(each => !isFacts(each.name))
      // What was read of its files may have come since.
      const facts = await factsOf(key)
      if (there !== undefined) {
        const own = await small(key, 'record.json')
        const isOurs = there.files.some(each => each.digest === own?.file.digest)
        const isMissing = facts.some(({file}) => !there.files.some(each => each.name === file.name))
        if (!isOurs || !isMissing) return
      }
      await publish({kind: 'stage', key, files: [...files, ...(await sendBlobs(facts, signal))]}, signal)
    },
    async sendArtifacts(name, signal) {
      if ((await known('artifacts', name, signal)) !== undefined) return
      const pack = await local.findArtifacts(name, signal)
      if (pack === undefined) return
      const [file, digest, {size}] = ['files.sqfs', await hashFile(pack.path), await stat(pack.path)] as const
      const outgoing = {file: {name: file, mediaType: mediaTypeOf('artifacts', file), digest, size}, content: pack.path}
      await publish({kind: 'artifacts', key: name, files: await sendBlobs([outgoing], signal)}, signal)
    },
  }
}
