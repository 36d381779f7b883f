/** A squashfs (of a SIF, or by itself) as an image: names from its listing, contents by one `unsquashfs -cat`. */
import {randomBytes} from 'node:crypto'
import {chmod} from 'node:fs/promises'
import {join} from 'node:path'
import type {Readable} from 'node:stream'
import {PassThrough} from 'node:stream'
import {Bytes, streamSource} from '../images/bytes.js'
import {openBelow, readRange} from '../images/host-file.js'
import {Budget, namingImage, refused} from '../images/limits.js'
import {Listing} from '../images/listing.js'
import {isOdd} from '../images/names.js'
import {catArguments, ListParser, listArguments, noSquashfsTools, unpackArguments} from '../images/squashfs.js'
import {SifstageError} from '../model/errors.js'
import type {Image, ImageTree} from '../model/image.js'
import {engineEnvironment} from './environment.js'
import {errorCode} from './files.js'
import {ownIdentity} from './identity.js'
import {capture, runProcess} from './processes.js'
import {makeScratch} from './scratch.js'

/** Paths and bytes of one command line: it has a limit. */
const MOST_PATHS = 2_000
const MOST_BYTES = 200_000

/** A damaged squashfs can send unsquashfs in circles. Nothing it does takes so long between two pieces of output. */
const SILENCE_MS = 120_000

export interface SquashfsOptions {
  /** What the image is called in messages. */
  readonly shown: string
  readonly environment: NodeJS.ProcessEnv
  readonly signal: AbortSignal
  readonly architecture?: string | undefined
  readonly config?: string | undefined
}

type Visit = (path: string, content: AsyncIterable<Uint8Array>) => Promise<void>

/** Pieces of a list that each fit on a command line. */
function* slices(paths: readonly string[]): Generator<readonly string[]> {
  let slice: string[] = []
  let bytes = 0
  for (const path of paths) {
    // A backslash before each character at worst.
    bytes += 2 * Buffer.byteLength(path) + 1
    if (slice.length === MOST_PATHS || (bytes > MOST_BYTES && slice.length > 0)) {
      yield slice
      slice = []
      bytes = 2 * Buffer.byteLength(path)
    }
    slice.push(path)
  }
  if (slice.length > 0) yield slice
}

/** Runs unsquashfs and hands its output on. `enough`: what it printed suffices, however it ended. */
async function unsquashfs(
  argv: readonly string[],
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal,
  use: (output: Readable) => Promise<'all' | 'enough'>,
): Promise<void> {
  const complaints: string[] = []
  let read: 'all' | 'enough' = 'all'
  let trouble: unknown
  const silence = new AbortController()
  let timer = setTimeout(() => silence.abort(), SILENCE_MS)
  try {
    const result = await runProcess({
      argv,
      cwd: '/',
      env: {...engineEnvironment(environment, ownIdentity()), LC_ALL: 'C', TZ: 'UTC'},
      signal: AbortSignal.any([signal, silence.signal]),
      onLine: line => complaints.push(line),
      onOutput: async stream => {
        // Taken at once: Node throws away what nobody reads when the program ends.
        const output = stream.pipe(new PassThrough())
        stream.on('data', () => {
          clearTimeout(timer)
          timer = setTimeout(() => silence.abort(), SILENCE_MS)
        })
        try {
          read = await use(output)
        } catch (error) {
          trouble = error
        }
        output.destroy()
        stream.destroy()
      },
    })
    if (read === 'all' && (result.exitCode !== 0 || trouble !== undefined)) {
      const last = complaints.filter(line => line !== '').at(-1)
      // What it says itself is better than what we missed.
      if (trouble === undefined || (result.exitCode !== 0 && last !== undefined))
        throw refused(last ?? 'unsquashfs failed', trouble)
    }
  } catch (error) {
    if (errorCode(error) === 'ENOENT') throw noSquashfsTools('unsquashfs')
    if (silence.signal.aborted) throw refused(`unsquashfs said nothing for ${SILENCE_MS / 1000} s`)
    throw error
  } finally {
    clearTimeout(timer)
  }
  if (trouble !== undefined) throw trouble
}

/** Contents one right behind the other: sizes tell where one ends. */
async function split(
  output: Readable,
  paths: readonly string[],
  sizeOf: (path: string) => number,
  visit: Visit,
): Promise<'all' | 'enough'> {
  const bytes = new Bytes(streamSource(output))
  for (const [i, path] of paths.entries()) {
    const size = sizeOf(path)
    const end = bytes.offset + size
    await visit(path, bytes.pieces(size))
    if (bytes.offset < end && i === paths.length - 1) return 'enough'
    await bytes.skip(end - bytes.offset)
  }
  if ((await bytes.drain()) > 0) throw refused('its files are longer than its listing says')
  return 'all'
}

/** Whether this unsquashfs knows `-cat`: 4.5 and newer. */
async function knowsCat(environment: NodeJS.ProcessEnv): Promise<boolean> {
  const env = engineEnvironment(environment, ownIdentity())
  const {lines} = await capture(['unsquashfs', '-version'], {cwd: '/', env})
  const [, major, minor] = /version (\d+)\.(\d+)/.exec(lines.join('\n')) ?? []
  return Number(major) > 4 || (Number(major) === 4 && Number(minor) >= 5)
}

/**
 * The image in a squashfs.
 * @throws SifstageError (2) when it is damaged, (4) without squashfs-tools
 */
export async function squashfsImage(file: string, offset: number, options: SquashfsOptions): Promise<Image> {
  const {shown, environment} = options
  const nonce = `sifstage-${randomBytes(12).toString('hex')}`
  const parser = new ListParser(nonce, new Budget())
  try {
    await unsquashfs(listArguments(file, offset, nonce), environment, options.signal, async output => {
      for await (const chunk of output) if (Buffer.isBuffer(chunk)) parser.push(chunk)
      return 'all'
    })
  } catch (error) {
    options.signal.throwIfAborted()
    throw namingImage(shown, error)
  }
  return packedImage(file, offset, new Listing(parser.end()), options)
}

/** An image in a squashfs whose names are known already. */
export function packedImage(file: string, offset: number, tree: ImageTree, options: SquashfsOptions): Image {
  const {shown, environment, architecture, config} = options
  const sizeOf = (path: string) => tree.lookup(path)?.size ?? 0
  let cat: Promise<boolean> | undefined

  /** For old squashfs-tools: these paths alone, into a folder of our own that is removed right after. */
  async function unpackSome(paths: readonly string[], visit: Visit, signal: AbortSignal): Promise<void> {
    const scratch = await makeScratch(environment, ownIdentity(), 'none')
    try {
      const folder = join(scratch.folder, 'files')
      await unsquashfs(unpackArguments(file, offset, folder, paths), environment, signal, async output => {
        output.resume()
        return 'all'
      })
      for (const path of paths) {
        await chmod(join(folder, path), 0o400).catch(() => {})
        const handle = await openBelow(folder, path)
        const {size} = await handle.stat()
        await visit(path, readRange(handle, 0, size, true))
        await handle.close().catch(() => {})
      }
    } finally {
      await scratch.remove()
    }
  }

  return {
    tree,
    // Listings of unsquashfs name neither attributes nor inodes.
    untold: ['capabilities', 'sameAs'],
    ...(architecture === undefined ? {} : {architecture}),
    ...(config === undefined ? {} : {config}),
    async contents(paths, visit, signal) {
      try {
        const odd = paths.find(isOdd)
        if (odd !== undefined)
          throw refused(`${JSON.stringify(odd)} has a name that is no UTF-8, which unsquashfs cannot be asked for`)
        cat ??= knowsCat(environment)
        const known = await cat
        // In the order of the tree, which is that of the data.
        for (const slice of slices([...new Set(paths)].sort())) {
          if (known)
            await unsquashfs(catArguments(file, offset, slice), environment, signal, output =>
              split(output, slice, sizeOf, visit),
            )
          else await unpackSome(slice, visit, signal)
        }
      } catch (error) {
        signal.throwIfAborted()
        throw error instanceof SifstageError ? namingImage(shown, error) : error
      }
    },
    async close() {},
  }
}
