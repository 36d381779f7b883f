/** Reads forward through bytes: some to keep, some to hand on, some to pass over. */
import type {FileHandle} from 'node:fs/promises'
import {refused} from './limits.js'

export interface Source {
  /** The next bytes; undefined at the end. */
  next(): Promise<Uint8Array | undefined>
  /** Passes over bytes without reading them, where that is possible: then how many. */
  seek?(bytes: number): number
}

/** A stream as a source. */
export function streamSource(stream: AsyncIterable<Uint8Array>): Source {
  const iterator = stream[Symbol.asyncIterator]()
  return {
    async next() {
      const {value, done} = await iterator.next()
      return done === true ? undefined : value
    },
  }
}

const PIECE = 1 << 16

/** An open file as a source that can jump. */
export function fileSource(handle: FileHandle, size: number): Source {
  let at = 0
  return {
    async next() {
      const {bytesRead, buffer} = await handle.read(Buffer.allocUnsafe(PIECE), 0, PIECE, at)
      at += bytesRead
      return bytesRead === 0 ? undefined : buffer.subarray(0, bytesRead)
    },
    seek(bytes) {
      if (at + bytes > size) throw refused('it is cut short')
      at += bytes
      return bytes
    },
  }
}

export class Bytes {
  #rest: Uint8Array = Buffer.alloc(0)
  /** How many bytes lie behind us. */
  offset = 0

  constructor(readonly source: Source) {}

  async #more(): Promise<boolean> {
    while (this.#rest.length === 0) {
      const next = await this.source.next()
      if (next === undefined) return false
      this.#rest = next
    }
    return true
  }

  #cut(most: number): Uint8Array {
    const piece = this.#rest.subarray(0, most)
    this.#rest = this.#rest.subarray(piece.length)
    this.offset += piece.length
    return piece
  }

  /** Exactly so many bytes, which must be few; undefined when the end is reached before the first. */
  async take(count: number): Promise<Buffer | undefined> {
    if (this.#rest.length >= count) {
      const piece = this.#cut(count)
      return Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)
    }
    const pieces: Uint8Array[] = []
    let missing = count
    while (missing > 0) {
      if (!(await this.#more())) {
        if (missing === count) return undefined
        throw refused('it is cut short')
      }
      const piece = this.#cut(missing)
      pieces.push(piece)
      missing -= piece.length
    }
    return Buffer.concat(pieces)
  }

  /** Hands on so many bytes, piece by piece. */
  async *pieces(count: number): AsyncGenerator<Uint8Array> {
    let missing = count
    while (missing > 0) {
      if (!(await this.#more())) throw refused('it is cut short')
      const piece = this.#cut(missing)
      missing -= piece.length
      yield piece
    }
  }

  /** Passes over so many bytes. */
  async skip(count: number): Promise<void> {
    let missing = count - this.#cut(count).length
    if (missing > 0 && this.source.seek) {
      this.offset += this.source.seek(missing)
      return
    }
    while (missing > 0) {
      if (!(await this.#more())) throw refused('it is cut short')
      missing -= this.#cut(missing).length
    }
  }

  /** Passes over all that is left; gives back how many bytes that was. */
  async drain(): Promise<number> {
    const before = this.offset
    while (await this.#more()) this.#cut(this.#rest.length)
    return this.offset - before
  }
}
