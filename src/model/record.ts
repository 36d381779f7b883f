/** What is kept about one stage that was built. Written as JSON beside its image. */

/** One named ingredient of a key, so that a changed key can be explained. */
export interface KeyPart {
  readonly name: string
  readonly value: string
}

interface BuiltStage {
  /** Version of the record's own layout; others are not read. */
  readonly version: 2
  readonly key: string
  readonly parts: readonly KeyPart[]
  readonly stage: string
  readonly engine: {readonly name: string; readonly version: string}
  /** Seconds that its commands took. */
  readonly seconds: number
  readonly created: string
  /** The configuration of the OCI image that it is or stands on, as JSON text; of a tree kept as a SIF object (D112). */
  readonly ociConfig?: string
}

/** A stage whose image an engine keeps in its own storage. */
export interface HeldRecord extends BuiltStage {
  /** The image's own id: the digest of its configuration or manifest, as its engine counts. */
  readonly digest: string
  /** The name that it has in its engine. */
  readonly name: string
  readonly bytes: number
}

/** A stage whose tree was packed. */
export interface StageRecord extends BuiltStage {
  /** Digest of the tree that came out (design section 5). */
  readonly digest: string
  /** The image file in the entry's folder, and where its squashfs starts. */
  readonly image: {readonly file: string; readonly offset: number; readonly bytes: number; readonly digest: string}
  readonly listing: {readonly file: string; readonly digest: string}
  /** Bytes of the files in the tree: what it takes up unpacked. */
  readonly treeBytes: number
  /** The engine's own account of the image's metadata (`inspect --json`), kept as a SIF object (D132). */
  readonly inspect?: string
}
