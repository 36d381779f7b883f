/** What is kept between builds, as the build sees it. The layout of a folder that keeps it: docs/store.md. */
import type {ImageEntry, ImageFacts, ImageTree} from './image.js'
import type {EngineImages, PackedImage} from './ports.js'
import type {HeldRecord, StageRecord} from './record.js'

/** A stage as the store keeps it: its record and listing always, its image as long as there is room. */
export interface StoredStage {
  readonly kind: 'tree'
  readonly record: StageRecord
  tree(): Promise<ImageTree>
  /** Facts about its programs, kept with the entry. */
  readonly facts: ImageFacts
  /**
   * The image, its content held against the record's digest before the first use; undefined when it is not kept any
   * more, or was damaged and has been dropped.
   */
  image(signal: AbortSignal): Promise<PackedImage | undefined>
}

/** A stage whose image lies in its engine's storage: the store has its record, and what was read of it. */
export interface HeldStage {
  readonly kind: 'held'
  readonly record: HeldRecord
  readonly facts: ImageFacts
  /** The part of its tree that was read before. */
  readonly known: KnownPart
}

/** Entries of an image that were read, and the paths that were asked for: what is none of the entries is not there. */
export interface KnownPart {
  load(): Promise<{readonly asked: readonly string[]; readonly entries: readonly ImageEntry[]} | undefined>
  save(part: {readonly asked: readonly string[]; readonly entries: readonly ImageEntry[]}): Promise<void>
}

/** A stage that is done, wherever its image is. */
export type KeptStage = StoredStage | HeldStage

/** A point inside a stage: all that changed since the checkpoint before it, or since the base. */
export interface StoredCheckpoint {
  readonly record: CheckpointRecord
  /** The changes as an archive (tar, zstd or gzip), held against the record's digest; undefined: damaged, dropped. */
  changes(signal: AbortSignal): Promise<string | undefined>
}

export interface CheckpointRecord {
  readonly version: 2
  readonly key: string
  /** Key of the checkpoint that these changes are made to; undefined: the stage's base as it was unpacked. */
  readonly before: string | undefined
  readonly stage: string
  /** Number of steps of the stage that are done. */
  readonly steps: number
  readonly archive: {
    readonly file: string
    readonly bytes: number
    readonly digest: string
    readonly compression: 'zstd' | 'gzip'
  }
  /** Paths that were removed, each with all below it. */
  readonly removed: readonly string[]
  /** Seconds that the steps took up to here, from the base. */
  readonly seconds: number
  readonly created: string
}

export interface OutputRecord {
  readonly version: 2
  readonly key: string
  /** `sha256:…` of the file. */
  readonly digest: string
  readonly bytes: number
  readonly created: string
}

export interface StoredOutput {
  readonly record: OutputRecord
  readonly path: string
}

/** Files of a stage as `put` takes them: each is moved in. */
export interface StageFiles {
  readonly image: string
  readonly listing: string
}

/** What can be taken from a store. Another one than our own never fails a build: it only has nothing. */
export interface ReadableStore {
  /** @param key `sha256:…`, of what went into the stage */
  find(key: string, signal: AbortSignal): Promise<StoredStage | undefined>
  /**
   * Paths of an image, packed by themselves.
   * @param name `sha256:…` of the paths and of all that lies at them, so that it is the same whichever stage made it
   */
  findArtifacts(name: string, signal: AbortSignal): Promise<PackedImage | undefined>
  findCheckpoint(key: string, signal: AbortSignal): Promise<StoredCheckpoint | undefined>
}

export interface Store extends ReadableStore {
  readonly folder: string
  /** Writes a tree's listing as `put` takes it; gives back its digest. */
  writeListing(file: string, tree: ImageTree): Promise<string>
  /** Publishes whole or not at all; the files are moved in. */
  put(key: string, files: StageFiles, record: StageRecord): Promise<StoredStage>
  putArtifacts(name: string, file: string): Promise<void>
  putCheckpoint(key: string, archive: string, record: CheckpointRecord): Promise<void>
  /** A stage that an engine keeps; whether it still does is not known here. */
  findHeld(key: string): Promise<HeldStage | undefined>
  putHeld(key: string, record: HeldRecord): Promise<HeldStage>
  findOutput(key: string): Promise<StoredOutput | undefined>
  putOutput(key: string, file: string, record: OutputRecord): Promise<StoredOutput>
  /** Runs `work` while no other build on this store runs it for the same key; `waiting` tells that one does. */
  locked<T>(key: string, waiting: (who: string) => void, signal: AbortSignal, work: () => Promise<T>): Promise<T>
}

/** Where an image engine looks for the layers of a stage's steps, and where it leaves them. */
export interface LayerCache {
  /** References, the best first; one that is not there is passed over. */
  readonly from: readonly string[]
  /** `inline`: in the image itself. */
  readonly to: string | undefined
}

/** Images of stages in a registry, for image engines. */
export interface ImageCache {
  /** Fetches the image of a key under a name; gives back where it was found. */
  take(storage: EngineImages, key: string, name: string): Promise<string | undefined>
  /** Starts to push the image of a stage. */
  send(storage: EngineImages, key: string, name: string, stage: string): void
  layers(stage: string): LayerCache
  /** Waits until all is pushed, or given up. */
  finish(): Promise<void>
}
