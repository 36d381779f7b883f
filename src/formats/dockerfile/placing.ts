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

/** `COPY SOURCE DESTINATION`, quoted as need be. The source is one path, whatever characters it has (K84). */
export function copyLine(flags: string, source: string, destination: string): string {
  const path = /[*?[]/.test(source) ? source.replace(/\\/g, '\\\\').replace(/[*?[]/g, '[$&]') : source
  return `COPY ${flags}${wordList([path, destination].map(word => bareWord([word]) ?? word))}`
}
