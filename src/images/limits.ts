/** What an image may hold before it counts as one that was made to harm, and how a broken one is refused. */
import {ExitCode, SifstageError} from '../model/errors.js'

export interface Limits {
  /** Entries of one image, those that upper layers hide and folders that no archive names included. */
  readonly entries: number
  /** Bytes of all their paths together: what a listing costs in memory. */
  readonly pathBytes: number
  /** Parts of paths looked up while layers are laid over each other: links can make each path a long one. */
  readonly steps: number
  /** Bytes that all layers together unpack to. Reading is streamed, so a bomb costs no room, only time. */
  readonly unpackedBytes: number
}

const usualLimits: Limits = {entries: 4_000_000, pathBytes: 512 << 20, steps: 500_000_000, unpackedBytes: 256 * 2 ** 30}

/** Longest path, and text of a link, that Linux takes (`PATH_MAX`). A longer one could not be unpacked. */
export const LONGEST_PATH = 4096

/** An image that cannot be read: damaged, hostile, or of a form that we do not know. */
export function refused(why: string, cause?: unknown): SifstageError {
  return new SifstageError(ExitCode.usage, why, undefined, cause === undefined ? undefined : {cause})
}

/** Counts what one image holds, and refuses what is beyond its limits. */
export class Budget {
  #entries = 0
  #pathBytes = 0
  #steps = 0
  #unpacked = 0

  constructor(
    readonly limits: Limits = usualLimits,
    /** Looked at wherever something is counted, so that nothing runs on after an interrupt. */
    readonly signal?: AbortSignal,
  ) {}

  /** @throws SifstageError when there are too many */
  entry(path: string): void {
    this.signal?.throwIfAborted()
    if (path.length > LONGEST_PATH) throw refused(`it holds a path of ${path.length} characters, and Linux takes ${LONGEST_PATH}`)
    this.#entries += 1
    this.#pathBytes += path.length
    if (this.#entries > this.limits.entries) throw refused(`it holds more than ${this.limits.entries} entries`)
    if (this.#pathBytes > this.limits.pathBytes) throw refused(`its paths take more than ${this.limits.pathBytes} bytes`)
  }

  /** @throws SifstageError when there are too many */
  step(): void {
    this.#steps += 1
    if (this.#steps > this.limits.steps) throw refused('its links lead to and fro too often')
  }

  /** @throws SifstageError when it is too much */
  unpacked(bytes: number): void {
    this.signal?.throwIfAborted()
    this.#unpacked += bytes
    if (this.#unpacked > this.limits.unpackedBytes)
      throw refused(`it unpacks to more than ${this.limits.unpackedBytes} bytes: it may have been made to fill disks`)
  }
}

/** Puts the image's name before the reason; what is no error of the image (an abort, a missing tool) passes as it is. */
export function namingImage(image: string, error: unknown): unknown {
  if (!(error instanceof SifstageError) || error.exitCode !== ExitCode.usage) return error
  if (error.message.startsWith('the image ')) return error
  return new SifstageError(
    ExitCode.usage,
    `the image ${image} cannot be read: ${error.message}`,
    error.hint ?? 'It may be cut short, damaged, or of a form that sifstage does not know.',
    {cause: error},
  )
}
