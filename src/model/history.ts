/** What a stage was made of when it was last built or reused: only to tell why it is built anew. */
import type {KeyPart} from './record.js'

/** One entry of what a copy takes from the host. */
export interface HostEntry {
  readonly path: string
  readonly kind: 'file' | 'directory' | 'symlink' | 'other'
  /** Octal; empty for a link. */
  readonly mode: string
  /** Digest of a file, target of a link. */
  readonly content: string
}

export interface MadeOf {
  readonly key: string
  readonly parts: readonly KeyPart[]
  /** The base as the input names it. */
  readonly base: string
  /** Line of the input at which the stage's text starts. */
  readonly line: number
  /** Digests of the values of build arguments: the values may be nobody's business. */
  readonly buildArguments: Readonly<Record<string, string>>
  /** Keys of the stages that it takes artifacts from, by name. */
  readonly producers: Readonly<Record<string, string>>
  /** By the name of the key's part, what each copy from the host takes. */
  readonly host: ReadonlyMap<string, readonly HostEntry[]>
}

/** What a stage took when it was last built. */
export interface StageCost {
  readonly seconds: number
  /** With all that is done around its steps: unpacking, packing. Not known of one that was only reused. */
  readonly elapsed?: number
  /** Bytes of its image in the store, and of its tree in scratch. */
  readonly imageBytes: number
  readonly treeBytes: number
}

export interface History {
  find(stage: string): Promise<MadeOf | undefined>
  cost(stage: string): Promise<StageCost | undefined>
  /** A store that cannot be written only costs the explanation. */
  note(stage: string, made: MadeOf, cost: StageCost): Promise<void>
}

/** One reason why a stage is built anew. */
export interface Change {
  readonly kind: 'file' | 'argument' | 'line' | 'step' | 'base' | 'option' | 'artifact' | 'other'
  /** What has changed: a path, an argument, a reference, the key's part. */
  readonly name: string
  /** Line of the input, where it has one. */
  readonly line?: number
  /** The stage that an artifact comes from. */
  readonly from?: string
  /** How it has changed, in words. */
  readonly what: string
}
