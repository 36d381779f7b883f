/** An OCI or docker archive that is a file without compression: one look at its headers tells where everything lies. */
import type {FileHandle} from 'node:fs/promises'
import {posix} from 'node:path'
import {SifstageError} from '../model/errors.js'
import type {Image} from '../model/image.js'
import {Bytes, fileSource} from './bytes.js'
import {readRange} from './host-file.js'
import {Budget, namingImage, refused} from './limits.js'
import {members} from './members.js'
import {type Blobs, blobsImage, type LayeredOptions, pickDocker, pickOci} from './picked.js'

/** Members of the archive itself: a few for each layer. */
const MOST_MEMBERS = 100_000
/** Links from layer to layer in archives of old Docker versions. */
const MOST_LINKS = 8

/** How members of an image archive name each other: `./x` is `x`. */
export function plainName(name: string): string {
  return posix.normalize(`/${name}`).slice(1)
}

/** The member that a name leads to, through links inside the archive. */
export function followLinks(name: string, links: ReadonlyMap<string, string>): string {
  let at = plainName(name)
  for (let hops = 0; hops < MOST_LINKS; hops += 1) {
    const link = links.get(at)
    if (link === undefined) return at
    // As text: a link that leads out of the archive ends at a name in it, or at none.
    at = plainName(link.startsWith('/') ? link : posix.join(posix.dirname(at), link))
  }
  throw refused(`its member ${JSON.stringify(name.slice(0, 200))} is a link in a circle`)
}

export type ArchiveForm = 'oci-archive' | 'docker-archive'

/** What an archive is, by its members: newer Docker writes both forms in one, and Apptainer then reads it as OCI (D50). */
export function formOf(has: (name: string) => boolean): ArchiveForm {
  if (has('index.json') && has('oci-layout')) return 'oci-archive'
  if (has('manifest.json')) return 'docker-archive'
  throw refused('it is an archive, but of no image: it has neither an index.json nor a manifest.json')
}

export function pickerOf(form: ArchiveForm): typeof pickOci {
  return form === 'oci-archive' ? pickOci : pickDocker
}

/** Counts the members of an archive. */
export function memberBudget(): Budget {
  return new Budget({
    entries: MOST_MEMBERS,
    pathBytes: MOST_MEMBERS * 200,
    steps: Number.POSITIVE_INFINITY,
    unpackedBytes: Number.POSITIVE_INFINITY,
  })
}

/** Whether an open file is an image archive, by the names of its members alone: its headers are read, and nothing between them. */
export async function isImageArchive(handle: FileHandle): Promise<boolean> {
  const names = new Set<string>()
  try {
    const {size} = await handle.stat()
    const budget = memberBudget()
    for await (const {member} of members(new Bytes(fileSource(handle, size)))) {
      budget.entry(member.name)
      names.add(plainName(member.name))
    }
    formOf(name => names.has(name))
    return true
  } catch (error) {
    if (error instanceof SifstageError) return false
    throw error
  }
}

/**
 * The image in an archive.
 * @param handle of the open file, which is the image's from now on
 * @param form what the archive has to be; found out where it is not said
 * @throws SifstageError when it is damaged, or has several images and none is named
 */
export async function archiveImage(handle: FileHandle, form: ArchiveForm | undefined, options: LayeredOptions): Promise<Image> {
  const found = new Map<string, {readonly at: number; readonly size: number}>()
  const links = new Map<string, string>()
  try {
    const {size} = await handle.stat()
    const budget = memberBudget()
    for await (const {member} of members(new Bytes(fileSource(handle, size)))) {
      budget.entry(member.name)
      const name = plainName(member.name)
      found.delete(name)
      links.delete(name)
      if (member.kind === 'file' && !member.sparse) found.set(name, {at: member.at, size: member.stored})
      // A hard link names its target from the root.
      else if (member.kind === 'symlink') links.set(name, member.link)
      else if (member.kind === 'hardlink') links.set(name, `/${member.link}`)
    }
    const blobs: Blobs = {
      async open(name) {
        const place = found.get(followLinks(name, links))
        if (place === undefined) throw refused(`it has no ${JSON.stringify(name.slice(0, 200))}`)
        return {size: place.size, stream: () => readRange(handle, place.at, place.size, false), close: async () => {}}
      },
      close: () => handle.close(),
    }
    const has = (name: string) => found.has(followLinks(name, links))
    return await blobsImage(blobs, pickerOf(form ?? formOf(has)), options)
  } catch (error) {
    await handle.close().catch(() => {})
    options.signal.throwIfAborted()
    throw namingImage(options.shown, error)
  }
}
