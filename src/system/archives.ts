/** Archives of the build context: told by their content, decompressed and taken apart for ADD (K103). */
import {createReadStream} from 'node:fs'
import {open} from 'node:fs/promises'
import {PassThrough, type Readable} from 'node:stream'
import {pipeline} from 'node:stream/promises'
import * as zlib from 'node:zlib'
import {startsAsTar, takeApart} from '../images/archive.js'
import {type Compression, compressionOf} from '../model/archive.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import type {Archives} from '../model/supplies.js'
import {errorCode} from './files.js'
import {runProcess} from './processes.js'

async function compressionOfFile(file: string): Promise<Compression> {
  const handle = await open(file, 'r')
  try {
    const {buffer} = await handle.read(Buffer.alloc(6), 0, 6, 0)
    return compressionOf(buffer)
  } finally {
    await handle.close()
  }
}

/** Hands the file's content over, decompressed. */
async function withContent<T>(file: string, signal: AbortSignal, use: (stream: Readable) => Promise<T>): Promise<T> {
  const compression = await compressionOfFile(file)
  if (compression === 'none') return use(createReadStream(file))
  // Node has learned zstd only in its later versions.
  const output = compression === 'gzip' ? zlib.createGunzip() : compression === 'zstd' ? zlib.createZstdDecompress?.() : undefined
  if (output !== undefined) {
    // The reader sees the failure: the pipeline hands it on.
    pipeline(createReadStream(file), output).catch(() => {})
    return use(output)
  }
  let result: {readonly value: T} | undefined
  const complaints: string[] = []
  try {
    const ran = await runProcess({
      argv: [compression, '--decompress', '--stdout', '--', file],
      cwd: '/',
      env: {PATH: '/usr/bin:/bin', LC_ALL: 'C'},
      signal,
      onLine: line => complaints.push(line),
      onOutput: async stream => {
        // Taken at once: Node throws away what nobody reads when the program ends.
        const content = stream.pipe(new PassThrough())
        result = {value: await use(content)}
        stream.destroy()
      },
    })
    if (result === undefined) throw new Error(complaints[0] ?? `${compression} ended with ${ran.exitCode}`)
    return result.value
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error
    throw new SifstageError(
      ExitCode.failed,
      `${file} is compressed with ${compression}, and the program ${compression} is not installed`,
      `Install it (apt-get install ${compression === 'xz' ? 'xz-utils' : compression}), or unpack the archive before the build.`,
    )
  }
}

export const archives: Archives = {
  async takeApart(file, folder, signal) {
    if (!(await withContent(file, signal, startsAsTar))) return undefined
    try {
      return await withContent(file, signal, stream => takeApart(stream, folder))
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof SifstageError) throw error
      throw new SifstageError(
        ExitCode.failed,
        `the archive cannot be unpacked: ${error instanceof Error ? error.message : String(error)}`,
        'It is cut short or damaged. `ADD --unpack=false` copies it as a file.',
      )
    }
  },
}
