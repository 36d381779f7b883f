/** What the writers of `%files` share. */
import type {CopyStep, Stage} from '../../model/description.js'
import type {KnownPaths} from './known-paths.js'
import {bareWord, wordList} from './write-words.js'
import type {StageState, Writing} from './writing.js'

export interface Placing {
  readonly writing: Writing
  readonly stage: Stage
  readonly state: StageState
  readonly known: KnownPaths
  readonly step: CopyStep
}

export function refuseCopy({writing, stage, step}: Placing, message: string, hint: string): void {
  writing.refuse(stage, 'definition-copy', step.span, message, hint)
}

/** `COPY SOURCE DESTINATION`, quoted as need be. */
export function copyLine(flags: string, source: string, destination: string): string {
  return `COPY ${flags}${wordList([source, destination].map(word => bareWord([word]) ?? word))}`
}

/** Tried with BuildKit 0.25: no pattern of COPY finds a file whose own name has such a character; it copies nothing, without a word. */
export function readsAsPattern(path: string): boolean {
  return /[*?[\\]/.test(path)
}
