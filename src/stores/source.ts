/** Another store than our own, as the layers above ours are asked. */
import {SifstageError} from '../model/errors.js'
import type {PackedImage} from '../model/ports.js'
import type {StageRecord} from '../model/record.js'
import type {ReadableStore} from '../model/store.js'
import {errorCode, fileTrouble} from '../system/files.js'
import {reasonOf} from '../system/registry.js'

export interface Source extends ReadableStore {
  /** What it is called in messages: as the person named it. */
  readonly name: string
  /** The image of an entry that we have without it: the very tree that the record tells. */
  imageOf(record: StageRecord, signal: AbortSignal): Promise<PackedImage | undefined>
}

/** A word for the person, of a stage where it is about one. */
export type Note = (severity: 'info' | 'warning', text: string, stage?: string) => void

/** Where entries go that others are to have. What is there already is not sent again. */
export interface Target {
  readonly name: string
  sendStage(key: string, signal: AbortSignal): Promise<void>
  sendArtifacts(name: string, signal: AbortSignal): Promise<void>
  /** At the end of the build, however it ended. */
  close?(): Promise<void>
}

/** Why a store is of no use, for a person. */
export function whyNot(error: unknown): string {
  // Ours says it in words already.
  if (error instanceof SifstageError) return error.message
  return /^(ENO|EACC|EPERM|EIS|EROFS|EDQ)/.test(errorCode(error) ?? '') ? fileTrouble(error) : reasonOf(error)
}
