/**
 * Looks at many files of an image at once and tells programs, libraries and scripts from the rest. An archive can only
 * be passed through, so each pass takes from every file the parts that are wanted next; nearly always one is enough.
 */
import {isUtf8} from 'node:buffer'
import type {Image} from '../model/image.js'
import type {Program} from '../model/program.js'
import {isElf, readElf} from './elf.js'
import {ElfError, HeldBytes, NeedsBytes, type Range} from './elf-bytes.js'

/** The start of a file that is always taken: the names of most libraries lie in it. */
const HEAD = 1024 * 1024
/** The longest part that is held besides: the names of the largest libraries that people build are a tenth of it. */
const MOST_HELD = 64 * 1024 * 1024
/** A file that asks for more passes than this is made to. */
const MOST_PASSES = 8
/** Longest `#!` line that Linux reads (`BINPRM_BUF_SIZE`). */
const LONGEST_HASHBANG = 256

/** What a start of a file says when it is no ELF file. */
function textProgram(start: Buffer): Program {
  if (start[0] !== 0x23 || start[1] !== 0x21) return {kind: 'other'}
  const line = start.subarray(2, LONGEST_HASHBANG).toString('utf8').split('\n', 1)[0] ?? ''
  const [, interpreter = '', argument = ''] = /^[ \t]*([^ \t]+)[ \t]*(.*?)[ \t]*$/s.exec(line) ?? []
  if (interpreter === '') return {kind: 'other'}
  return {kind: 'script', interpreter, argument, setsLibraryPath: isUtf8(start) && start.includes('LD_LIBRARY_PATH=')}
}

/** Takes the head of a stream and then the ranges that `next` asks for, as long as they lie ahead. */
async function take(content: AsyncIterable<Uint8Array>, head: number, held: HeldBytes, next: () => Range | undefined) {
  let position = 0
  let wanted: Range | undefined = head > 0 ? {offset: 0, length: head} : next()
  let parts: Buffer[] = []
  const iterator = content[Symbol.asyncIterator]()
  try {
    while (wanted !== undefined) {
      if (wanted.offset < position && parts.length === 0) return
      const {value, done} = await iterator.next()
      if (done === true) return
      const chunk = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
      let used = 0
      // One chunk may hold several ranges.
      while (wanted !== undefined && used < chunk.length) {
        const end: number = wanted.offset + wanted.length
        const from = Math.max(wanted.offset, position + used)
        if (from >= position + chunk.length) break
        const to = Math.min(end, position + chunk.length)
        // A copy: what the chunk was cut from is not kept alive.
        parts.push(Buffer.from(chunk.subarray(from - position, to - position)))
        used = to - position
        if (to < end) break
        held.add(wanted.offset, Buffer.concat(parts))
        parts = []
        wanted = next()
        if (wanted !== undefined && wanted.offset < position + used) {
          if (wanted.offset < position) return
          used = wanted.offset - position
        }
      }
      position += chunk.length
    }
  } finally {
    await iterator.return?.()
  }
}

class Look {
  readonly held: HeldBytes
  result: Program | undefined
  wanted: Range | undefined
  passes = 0

  constructor(readonly size: number) {
    this.held = new HeldBytes(size)
  }

  /** The next part that is missing; undefined when the verdict is in. */
  next(): Range | undefined {
    this.wanted = undefined
    try {
      const start = this.held.at(0, Math.min(this.size, HEAD))
      this.result = isElf(start) ? {kind: 'elf', ...readElf(this.held)} : textProgram(start)
    } catch (error) {
      if (error instanceof NeedsBytes) {
        if (error.range.length > MOST_HELD) this.result = {kind: 'damaged', why: 'one of its tables is too large'}
        else this.wanted = error.range
      } else if (error instanceof ElfError) this.result = {kind: 'damaged', why: error.message}
      else throw error
    }
    return this.wanted
  }

  async read(content: AsyncIterable<Uint8Array>): Promise<void> {
    this.passes += 1
    await take(content, this.passes === 1 ? Math.min(HEAD, this.size) : 0, this.held, () => this.next())
    this.held.shrink()
    if (this.passes >= MOST_PASSES) this.result ??= {kind: 'damaged', why: 'its parts lie in no order'}
  }
}

/** Facts by the digest of what they were read from, beside those that were known. */
function factsOf(
  {tree}: Image,
  results: ReadonlyMap<string, Program>,
  known: ReadonlyMap<string, Program> | undefined,
): ReadonlyMap<string, Program> {
  const facts = new Map(known)
  for (const [path, program] of results) {
    const digest = tree.lookup(path)?.digest
    if (digest !== undefined) facts.set(digest, program)
  }
  return facts
}

/**
 * What each of these files is. Paths that are no files of the image are left out.
 * @throws SifstageError when the image is damaged
 */
export async function readPrograms(image: Image, paths: Iterable<string>, signal: AbortSignal): Promise<Map<string, Program>> {
  const results = new Map<string, Program>()
  const looks = new Map<string, Look>()
  const facts = await image.facts?.load()
  for (const path of paths) {
    const entry = image.tree.lookup(path)
    if (entry?.kind !== 'file') continue
    const known = entry.digest === undefined ? undefined : facts?.get(entry.digest)
    if (known === undefined) looks.set(path, new Look(entry.size))
    else results.set(path, known)
  }
  const read = new Set(looks.keys())
  for (const [path, look] of looks) if (look.size === 0) results.set(path, {kind: 'other'})
  let open = [...looks.keys()].filter(path => !results.has(path))
  while (open.length > 0) {
    await image.contents(
      open,
      async (path, content) => {
        const look = looks.get(path)
        if (look === undefined) return
        await look.read(content)
        if (look.result === undefined) return
        results.set(path, look.result)
        // What it held is not needed any more.
        looks.delete(path)
      },
      signal,
    )
    // A content that was shorter than the listing says gave no verdict and asks for nothing that is there.
    const rest = open.filter(path => (looks.get(path)?.passes ?? 0) > 0)
    open = rest.length === open.length && rest.every(path => looks.get(path)?.wanted === undefined) ? [] : rest
  }
  if (image.facts !== undefined && read.size > 0) await image.facts.save(factsOf(image, results, facts))
  return results
}
