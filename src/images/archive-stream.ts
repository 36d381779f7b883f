/**
 * An OCI or docker archive that can only be passed through from one end to the other: compressed, or printed by an
 * engine. Its manifest may come last, so the first pass lists whatever is a layer, and keeps small documents.
 */
import {compressionOf, startsWithTarHeader, tarBlock} from '../model/archive.js'
import type {Image} from '../model/image.js'
import {type ArchiveForm, followLinks, formOf, memberBudget, pickerOf, plainName} from './archive-file.js'
import {Bytes, streamSource} from './bytes.js'
import {imageOf, type Layers, listLayer, MOST_LAYERS} from './layered.js'
import {Budget, namingImage, refused} from './limits.js'
import {LARGEST_DOCUMENT} from './manifest.js'
import {type Member, members} from './members.js'
import {type LayerMember, Merge} from './merge.js'
import type {LayeredOptions, LayerFile} from './picked.js'
import {hashing, unpacked} from './unpacked.js'

/** Bytes of all documents that are kept until the manifest tells which are needed. */
const MOST_DOCUMENTS = 64 << 20

/** Runs through the archive once more; `use` may stop before its end. */
export type Passage = (use: (stored: AsyncIterable<Uint8Array>) => Promise<void>, signal: AbortSignal) => Promise<void>

/** A layer that was listed, with its digests: whether they are right is known when the manifest has been seen. */
interface Listed {
  readonly members: readonly LayerMember[]
  readonly size: number
  /** Of its bytes as they are, and of the tar in them. */
  readonly digest: string
  readonly diffId: string
}

async function listed(content: AsyncIterable<Uint8Array>, budget: Budget): Promise<Listed> {
  const stored = hashing(content)
  const plain = hashing(unpacked(stored.stream, budget))
  const found = await listLayer(plain.stream, budget)
  return {members: found, size: stored.size(), digest: stored.digest(), diffId: plain.digest()}
}

/** What one pass found, by the names of members. */
class Findings {
  readonly documents = new Map<string, Buffer>()
  readonly layers = new Map<string, Listed>()
  readonly failures = new Map<string, unknown>()
  readonly links = new Map<string, string>()
  readonly #names = memberBudget()
  #kept = 0

  constructor(readonly budget: Budget) {}

  async add(member: Member, content: AsyncIterable<Uint8Array>): Promise<void> {
    this.#names.entry(member.name)
    const name = plainName(member.name)
    for (const each of [this.documents, this.layers, this.failures, this.links]) each.delete(name)
    if (member.kind === 'symlink') this.links.set(name, member.link)
    // A hard link names its target from the root.
    if (member.kind === 'hardlink') this.links.set(name, `/${member.link}`)
    if (member.kind !== 'file' || member.sparse) return
    const bytes = new Bytes(streamSource(content))
    const head = (await bytes.take(Math.min(tarBlock, member.stored))) ?? Buffer.alloc(0)
    async function* whole(): AsyncGenerator<Uint8Array> {
      yield head
      yield* bytes.pieces(member.stored - head.length)
    }
    if (startsWithTarHeader(head) || compressionOf(head) !== 'none') {
      try {
        this.layers.set(name, await listed(whole(), this.budget))
      } catch (error) {
        // It may be no layer at all.
        this.failures.set(name, error)
      }
    } else if (member.stored <= LARGEST_DOCUMENT) {
      this.#kept += member.stored
      if (this.#kept > MOST_DOCUMENTS) throw refused(`its documents have more than ${MOST_DOCUMENTS} bytes`)
      const pieces: Uint8Array[] = []
      for await (const piece of whole()) pieces.push(Buffer.from(piece))
      this.documents.set(name, Buffer.concat(pieces))
    }
  }

  has(name: string): boolean {
    const real = followLinks(name, this.links)
    return this.documents.has(real) || this.layers.has(real)
  }

  document(name: string): Buffer {
    const found = this.documents.get(followLinks(name, this.links))
    if (found === undefined) throw refused(`it has no ${JSON.stringify(name.slice(0, 200))}`)
    return found
  }

  async layer(name: string): Promise<Listed> {
    const real = followLinks(name, this.links)
    if (this.failures.has(real)) throw this.failures.get(real)
    const found = this.layers.get(real)
    if (found !== undefined) return found
    // An empty one is nothing but zeros.
    const document = this.document(name)
    async function* whole(): AsyncGenerator<Uint8Array> {
      yield document
    }
    return listed(whole(), this.budget)
  }
}

function holdDigests(file: LayerFile, found: Listed): void {
  if (file.size !== undefined && file.size !== found.size)
    throw refused(`its layer ${file.name} has ${found.size} bytes, not ${file.size}`)
  const [wanted, is] =
    file.digest?.startsWith('sha256:') === true ? [file.digest, found.digest] : [file.diffId ?? found.diffId, found.diffId]
  if (wanted !== is) throw refused(`its layer ${file.name} is not what its digest says: ${wanted} expected, ${is} found`)
}

/** The layers for a second pass: whichever comes first in the archive is handed over first. */
function streamLayers(files: readonly LayerFile[], links: ReadonlyMap<string, string>, passage: Passage): Layers {
  return {
    count: files.length,
    each(wanted, _whole, use, signal) {
      const byName = new Map([...wanted].map(layer => [followLinks(files[layer]?.name ?? '', links), layer]))
      if (byName.size < wanted.size) return twice(files, links, passage, wanted, use, signal)
      return passage(async stored => {
        const stream = unpacked(stored, new Budget(undefined, signal))
        try {
          for await (const {member, content} of members(new Bytes(streamSource(stream)))) {
            const name = plainName(member.name)
            const layer = member.kind === 'file' ? byName.get(name) : undefined
            if (layer === undefined) continue
            await use(layer, content())
            byName.delete(name)
            if (byName.size === 0) return
          }
        } finally {
          await stream.return(undefined)
        }
      }, signal)
    },
  }
}

/** Two layers of a pile that are one file: a pass for each, since content is handed over as it comes. */
async function twice(
  files: readonly LayerFile[],
  links: ReadonlyMap<string, string>,
  passage: Passage,
  wanted: ReadonlySet<number>,
  use: (layer: number, stored: AsyncIterable<Uint8Array>) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  for (const layer of wanted) await streamLayers(files, links, passage).each(new Set([layer]), false, use, signal)
}

/**
 * The image in an archive that is passed through.
 * @param form what the archive has to be; found out where it is not said
 * @throws SifstageError when it is damaged, or has several images and none is named
 */
export async function streamedImage(passage: Passage, form: ArchiveForm | undefined, options: LayeredOptions): Promise<Image> {
  const {limits, signal} = options
  try {
    const budget = new Budget(limits, signal)
    const findings = new Findings(budget)
    await passage(async stored => {
      const stream = unpacked(stored, new Budget(limits, signal))
      try {
        const bytes = new Bytes(streamSource(stream))
        for await (const {member, content} of members(bytes)) await findings.add(member, content())
        await bytes.drain()
      } finally {
        await stream.return(undefined)
      }
    }, signal)
    const pick = pickerOf(form ?? formOf(name => findings.has(name)))
    const {layers, architecture, config} = await pick(async name => findings.document(name), options)
    if (layers.length > MOST_LAYERS) throw refused(`it has ${layers.length} layers`)
    const merge = new Merge(budget)
    for (const [i, file] of layers.entries()) {
      const found = await findings.layer(file.name)
      holdDigests(file, found)
      merge.apply(i, found.members)
    }
    const facts = {shown: options.shown, architecture, config}
    return imageOf(merge, streamLayers(layers, findings.links, passage), facts, limits)
  } catch (error) {
    signal.throwIfAborted()
    throw namingImage(options.shown, error)
  }
}
