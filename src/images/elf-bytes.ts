/** Bytes of an ELF file, of which only a part is at hand, and the numbers in them. */

/** Holds the headers of any file that a linker makes. */
const KEPT = 16_384

/** A stretch of a file. */
export interface Range {
  readonly offset: number
  readonly length: number
}

/** The bytes of a file that are at hand: a reader that asks for others learns which it has to fetch first. */
export class HeldBytes {
  readonly #pieces: {readonly offset: number; readonly bytes: Buffer}[] = []

  constructor(readonly size: number) {}

  add(offset: number, bytes: Buffer): void {
    this.#pieces.push({offset, bytes})
  }

  /** Lets go of all but the start of the first piece, which is the largest. */
  shrink(): void {
    const [first] = this.#pieces
    if (first !== undefined && first.bytes.length > KEPT)
      this.#pieces[0] = {offset: first.offset, bytes: Buffer.from(first.bytes.subarray(0, KEPT))}
  }

  /**
   * @throws NeedsBytes when they are not at hand
   * @throws ElfError when the file ends before them
   */
  at(offset: number, length: number): Buffer {
    if (offset < 0 || length < 0 || offset + length > this.size) throw new ElfError('a table lies outside the file')
    for (const piece of this.#pieces) {
      if (piece.offset <= offset && offset + length <= piece.offset + piece.bytes.length)
        return piece.bytes.subarray(offset - piece.offset, offset - piece.offset + length)
    }
    throw new NeedsBytes({offset, length})
  }
}

/** Bytes that have to be read first. */
export class NeedsBytes extends Error {
  constructor(readonly range: Range) {
    super(`bytes ${range.offset}+${range.length} are not at hand`)
  }
}

/** Why a file that starts as ELF does cannot be read as such. */
export class ElfError extends Error {}

/** Numbers of one file, in its own width and order of bytes. */
export class Numbers {
  constructor(
    readonly file: HeldBytes,
    readonly wide: boolean,
    readonly little: boolean,
  ) {}

  u16(offset: number): number {
    const bytes = this.file.at(offset, 2)
    return this.little ? bytes.readUInt16LE() : bytes.readUInt16BE()
  }

  u32(offset: number): number {
    const bytes = this.file.at(offset, 4)
    return this.little ? bytes.readUInt32LE() : bytes.readUInt32BE()
  }

  /** An address, offset or size: 4 or 8 bytes. */
  word(offset: number): number {
    if (!this.wide) return this.u32(offset)
    const bytes = this.file.at(offset, 8)
    const value = this.little ? bytes.readBigUInt64LE() : bytes.readBigUInt64BE()
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new ElfError('a place in the file is beyond all bounds')
    return Number(value)
  }
}
