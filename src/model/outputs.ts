/** Where a finished image goes, as the build sees it: places in the file system, and storages of engines. */

/** OUT as it was asked for (design section 3). */
export type OutputRequest = FileOutput | StorageOutput

export interface FileOutput {
  readonly kind: 'sif' | 'sandbox' | 'oci-archive' | 'docker-archive'
  /** Absolute. */
  readonly path: string
  /** Arguments for packing a SIF. */
  readonly mksquashfs: readonly string[]
}

export interface StorageOutput {
  readonly kind: EngineStorage
  /** As a person typed it, for messages and reports. */
  readonly path: string
  /** With host and tag. */
  readonly name: string
}

/** Engines that keep images themselves. */
export type EngineStorage = 'docker-daemon' | 'containers-storage'

/** Puts finished files and folders at their place: beside it, then renamed, so that it is the old or the new. */
export interface Places {
  /**
   * A file at `path`, made under the name that `make` gets; it belongs to the caller.
   * @throws SifstageError, naming the file, where it cannot be written
   */
  write<T>(path: string, make: (file: string) => Promise<T>): Promise<T>
  /** A copy of a file. */
  copy(from: string, path: string): Promise<void>
  /** A name beside a place that nobody uses. */
  beside(path: string): string
  /** Moves a folder to its place; gives back where the one that was there is now, for somebody to remove. */
  swap(folder: string, path: string): Promise<string | undefined>
  remove(file: string): Promise<void>
  facts(file: string): Promise<{readonly digest: string; readonly bytes: number}>
}

/** The storage of an engine. */
export interface ImageReceiver {
  /**
   * Looks whether the engine is there.
   * @throws SifstageError (4) with what to do
   */
  check(signal: AbortSignal): Promise<void>
  /**
   * Takes in a docker archive whose image has this name; an image that had it before loses it.
   * @returns the digest that the engine knows the image by
   * @throws SifstageError (4 where it cannot be reached, 5 when it fails)
   */
  load(archive: string, name: string, signal: AbortSignal): Promise<string>
}

export interface OutputPorts {
  readonly places: Places
  readonly receivers: Readonly<Record<EngineStorage, ImageReceiver>>
}
