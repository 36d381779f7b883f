/**
 * A folder as an image. Folders of other owners are open only in the user namespace, so names are listed there by
 * `find`, which reads no content; what we may open ourselves we open, and for the rest `tar` prints it from there.
 */
import {type FileHandle, realpath} from 'node:fs/promises'
import {PassThrough} from 'node:stream'
import {Bytes, streamSource} from '../images/bytes.js'
import {hardLinks} from '../images/hard-links.js'
import {openBelow, openTrouble, readRange} from '../images/host-file.js'
import {kindOfLetter} from '../images/kinds.js'
import {Budget, namingImage, refused} from '../images/limits.js'
import {Listing} from '../images/listing.js'
import {members} from '../images/members.js'
import {decodeName, isOdd} from '../images/names.js'
import type {Image, ImageEntry} from '../model/image.js'
import {errorCode} from './files.js'
import {runProcess} from './processes.js'

export interface SandboxOptions {
  /** What the image is called in messages. */
  readonly shown: string
  /** The command that runs another where the owners are real; empty for root. */
  readonly inside: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly signal: AbortSignal
  readonly architecture?: string | undefined
  readonly config?: string | undefined
  /** Ends what keeps the folder in place. */
  readonly close?: () => Promise<void>
  /** True where the folder is there in the namespace alone. */
  readonly onlyInside?: boolean
}

/** Fields of one entry, in the order of `entryOf`. */
const FORMAT = ['%y', '%m', '%U', '%G', '%s', '%n', '%D %i', '%l', '%P'].map(each => `${each}\\0`).join('')
const FIELDS = 9

/** Cuts find's output into entries. */
class FoundParser {
  readonly entries: ImageEntry[] = []
  readonly linked = hardLinks()
  readonly #budget = new Budget()
  #rest = Buffer.alloc(0)
  #fields: Buffer[] = []

  push(chunk: Buffer): void {
    const data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    let at = 0
    for (let end = data.indexOf(0, at); end !== -1; end = data.indexOf(0, at)) {
      this.#fields.push(data.subarray(at, end))
      at = end + 1
      if (this.#fields.length === FIELDS) {
        this.#entry(this.#fields)
        this.#fields = []
      }
    }
    this.#rest = Buffer.from(data.subarray(at))
    // Fields of a half entry would hold on to the whole chunk.
    this.#fields = this.#fields.map(each => Buffer.from(each))
  }

  #entry(fields: readonly Buffer[]): void {
    const [type = '', mode = '', uid = '', gid = '', size = '', links = '', file = ''] = fields.map(each =>
      each.toString('latin1'),
    )
    const path = `/${decodeName(fields[8] ?? Buffer.alloc(0))}`
    const kind = kindOfLetter(type)
    this.#budget.entry(path)
    if (kind !== 'directory' && links !== '1') this.linked.add(file, path)
    this.entries.push({
      path,
      kind,
      mode: Number.parseInt(mode, 8),
      uid: Number(uid),
      gid: Number(gid),
      size: kind === 'file' ? Number(size) : 0,
      ...(kind === 'symlink' ? {link: decodeName(fields[7] ?? Buffer.alloc(0))} : {}),
    })
  }
}

async function listed(folder: string, options: SandboxOptions): Promise<Listing> {
  const parser = new FoundParser()
  const complaints: string[] = []
  let trouble: unknown
  const result = await runProcess({
    argv: [...options.inside, 'find', folder, '-printf', FORMAT],
    cwd: '/',
    env: options.env,
    signal: options.signal,
    onLine: line => complaints.push(line),
    onOutput: async stream => {
      const output = stream.pipe(new PassThrough())
      try {
        for await (const chunk of output) if (Buffer.isBuffer(chunk)) parser.push(chunk)
      } catch (error) {
        trouble = error
        stream.destroy()
      }
    },
  })
  if (trouble !== undefined) throw trouble
  if (result.exitCode !== 0) throw refused(complaints[0] ?? 'find failed')
  return new Listing(parser.linked.mark(parser.entries))
}

/** Contents by tar in the namespace, in the order asked for. */
async function packed(
  folder: string,
  paths: readonly string[],
  visit: (path: string, content: AsyncIterable<Uint8Array>) => Promise<void>,
  options: SandboxOptions,
  signal: AbortSignal,
): Promise<void> {
  const odd = paths.find(isOdd)
  if (odd !== undefined) throw refused(`${JSON.stringify(odd)} has a name that is no UTF-8, which tar cannot be asked for`)
  const left = new Set(paths)
  const complaints: string[] = []
  let trouble: unknown
  const result = await runProcess({
    // `./` before each name: one that starts with a dash would be an option.
    argv: [
      ...options.inside,
      'tar',
      '--create',
      '--format=pax',
      '--hard-dereference',
      '--no-recursion',
      '-C',
      folder,
      '--null',
      '-T',
      '-',
    ],
    input: paths.map(path => `.${path}\0`).join(''),
    cwd: '/',
    env: options.env,
    signal,
    onLine: line => complaints.push(line),
    onOutput: async stream => {
      const output = stream.pipe(new PassThrough())
      try {
        const bytes = new Bytes(streamSource(output))
        for await (const {member, content} of members(bytes)) {
          const path = member.name.slice(1)
          if (member.kind !== 'file' || !left.delete(path)) continue
          await visit(path, content())
        }
        await bytes.drain()
      } catch (error) {
        trouble = error
        output.destroy()
        stream.destroy()
      }
    },
  })
  if (trouble !== undefined) throw trouble
  const [missing] = left
  if (missing !== undefined || result.exitCode !== 0) throw refused(complaints[0] ?? `${missing} has changed while it was read`)
}

/**
 * The image in a folder.
 * @throws SifstageError (2) when it cannot be read
 */
export async function sandboxImage(path: string, options: SandboxOptions): Promise<Image> {
  let folder = path
  let tree: Listing
  try {
    if (!options.onlyInside) folder = await realpath(path)
    tree = await listed(folder, options)
  } catch (error) {
    await options.close?.()
    options.signal.throwIfAborted()
    throw namingImage(options.shown, error)
  }
  /** Undefined for a file that is open in the namespace alone. */
  const opened = async (file: string): Promise<FileHandle | undefined> => {
    if (options.onlyInside) return undefined
    try {
      return await openBelow(folder, file)
    } catch (error) {
      const code = errorCode(error)
      if (code === undefined) throw error
      if ((code === 'EACCES' || code === 'EPERM') && options.inside.length > 0) return undefined
      throw openTrouble(file, error)
    }
  }
  return {
    tree,
    untold: ['capabilities'],
    ...(options.architecture === undefined ? {} : {architecture: options.architecture}),
    ...(options.config === undefined ? {} : {config: options.config}),
    async contents(paths, visit, signal) {
      try {
        const closed: string[] = []
        for (const each of new Set(paths)) {
          signal.throwIfAborted()
          const handle = await opened(each)
          if (handle === undefined) {
            closed.push(each)
            continue
          }
          try {
            await visit(each, readRange(handle, 0, (await handle.stat()).size, false))
          } finally {
            await handle.close()
          }
        }
        if (closed.length > 0) await packed(folder, closed, visit, options, signal)
      } catch (error) {
        signal.throwIfAborted()
        throw namingImage(options.shown, error)
      }
    },
    async close() {
      await options.close?.()
    },
  }
}
