/** A stage whose image its engine keeps, as an image to look into: as little of it is read as is asked for. */
import {createHash} from 'node:crypto'
import {Listing} from '../images/listing.js'
import {ImageNotKept} from '../model/errors.js'
import type {Image, ImageEntry, ImageTree} from '../model/image.js'
import type {HeldStage} from '../model/store.js'
import {DockerApi, DockerStatus, dockerSocket} from './docker-api.js'
import {plainParts, readContents, readParts} from './docker-parts.js'
import {errorCode} from './files.js'

export interface HeldImageOptions {
  readonly environment: NodeJS.ProcessEnv
  readonly signal: AbortSignal
  /** Opens all of an image of the engine's storage, by its id. */
  openWhole(id: string): Promise<Image>
  /** Whether the engine has it still. */
  isThere(): Promise<boolean>
}

/** All of it. */
const EVERYTHING = '/'

/** Whether what was asked for before covers what is asked for now. */
function covers(asked: readonly string[], paths: readonly string[]): boolean {
  const known = new Set(asked)
  return known.has(EVERYTHING) || paths.every(path => known.has(path))
}

/** Files that an artifact may be made of, without the digest of their content. */
function unhashed(tree: ImageTree, paths: readonly string[]): string[] {
  const found = new Set<string>()
  for (const path of paths) {
    const fixed = path.replace(/\/[^/]*[*?[{].*$/, '') || '/'
    const resolved = tree.resolve(fixed)
    if (resolved.kind !== 'found') continue
    for (const entry of tree.below(resolved.entry.path))
      if (entry.kind === 'file' && entry.digest === undefined) found.add(entry.path)
  }
  return [...found]
}

/** The entries of a whole image, with the content of what may be copied hashed. */
async function hashedEntries(image: Image, paths: readonly string[], signal: AbortSignal): Promise<ImageEntry[]> {
  const digests = new Map<string, string>()
  const wanted = unhashed(image.tree, paths)
  if (wanted.length > 0)
    await image.contents(
      wanted,
      async (path, content) => {
        const hash = createHash('sha256')
        for await (const chunk of content) hash.update(chunk)
        digests.set(path, `sha256:${hash.digest('hex')}`)
      },
      signal,
    )
  return [...image.tree.below('/')].map(entry => {
    const digest = digests.get(entry.path)
    return digest === undefined ? entry : {...entry, digest}
  })
}

/**
 * @param paths what will be looked at, patterns as written; undefined: everything
 * @throws ImageNotKept where the engine does not have it any more
 */
export async function heldImage(
  {record, facts, known}: HeldStage,
  paths: readonly string[] | undefined,
  {environment, signal, openWhole, isThere}: HeldImageOptions,
): Promise<Image> {
  let whole: Promise<Image> | undefined
  const open = () => {
    whole ??= openOr()
    return whole
  }
  // By the id: a name may have gone to another image meanwhile.
  const id = record.engine.name === 'docker' ? record.digest : record.digest.replace(/^sha256:/, '')
  async function openOr(): Promise<Image> {
    try {
      return await openWhole(id)
    } catch (error) {
      signal.throwIfAborted()
      throw (await isThere()) ? error : new ImageNotKept(record.key)
    }
  }
  const before = await known.load()
  const plain = paths === undefined ? undefined : plainParts(paths)
  const isDocker = record.engine.name === 'docker'

  async function api(): Promise<DockerApi | undefined> {
    const socket = isDocker ? await dockerSocket(environment) : undefined
    return socket === undefined ? undefined : new DockerApi(socket)
  }

  async function entries(): Promise<readonly ImageEntry[]> {
    if (paths?.length === 0) return []
    if (before !== undefined && covers(before.asked, paths ?? [EVERYTHING])) return before.entries
    if (paths !== undefined && plain !== undefined) {
      const daemon = await api()
      try {
        const found = daemon && (await readParts(daemon, id, plain, signal))
        if (found !== undefined) {
          const all = new Map([...(before?.entries ?? []), ...found].map(entry => [entry.path, entry]))
          await known.save({asked: [...(before?.asked ?? []), ...paths], entries: [...all.values()]})
          return [...all.values()]
        }
      } catch (error) {
        signal.throwIfAborted()
        if (error instanceof DockerStatus && error.status === 404) throw new ImageNotKept(record.key)
        // Any other trouble is told better by docker's own command.
        if (!(error instanceof DockerStatus) && errorCode(error) === undefined) throw error
      }
    }
    const image = await open()
    const all = await hashedEntries(image, paths ?? before?.asked ?? [], signal)
    await known.save({asked: [EVERYTHING, ...(paths ?? before?.asked ?? [])], entries: all})
    return all
  }

  const tree = new Listing(await entries())
  return {
    tree,
    ...(record.ociConfig === undefined ? {} : {config: record.ociConfig}),
    facts,
    async contents(wanted, visit, stop) {
      if (wanted.length === 0) return
      const few = whole === undefined && wanted.length <= 40
      const daemon = few ? await api() : undefined
      if (daemon === undefined) return (await open()).contents(wanted, visit, stop)
      try {
        await readContents(daemon, id, wanted, visit, stop)
      } catch (error) {
        stop.throwIfAborted()
        if (error instanceof DockerStatus && error.status === 404) throw new ImageNotKept(record.key)
        throw error
      }
    },
    async close() {
      await whole?.then(image => image.close())
    },
  }
}
