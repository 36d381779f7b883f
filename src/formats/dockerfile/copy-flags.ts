/** The flags of COPY and ADD that say how files are placed (K97–K103). */
import {isMode} from '../../language/modes.js'
import type {CopyStep} from '../../model/description.js'
import {plainText, type Template} from '../../model/template.js'
import type {Word} from './arguments.js'
import type {Instruction} from './instruction.js'
import {expand, expandPlain, type OpenStage, quoteShort, type Reading, refuseValue} from './reading.js'

type CopyInstruction = Extract<Instruction, {name: 'COPY' | 'ADD'}>

export interface CopyFlags {
  readonly attributes: Pick<CopyStep, 'chown' | 'chmod' | 'link' | 'parents' | 'exclude'>
  /** ADD only. */
  readonly unpack: boolean | undefined
  readonly keepGitDir: boolean
  readonly checksum: {readonly text: string; readonly word: Word} | undefined
}

/** Undefined after a problem, which is reported. */
export function readCopyFlags(reading: Reading, stage: OpenStage, {flags}: CopyInstruction): CopyFlags | undefined {
  const attributes: {-readonly [Key in keyof CopyFlags['attributes']]: CopyFlags['attributes'][Key]} = {}
  let [unpack, keepGitDir, link]: [boolean | undefined, boolean, boolean] = [undefined, false, false]
  let checksum: CopyFlags['checksum']
  const excluded: string[] = []
  for (const {name, value} of flags) {
    const truth = value.text === 'true'
    switch (name) {
      case 'chown': {
        const chown = expand(reading, value, stage.scope.lookup)
        if (chown === undefined) return undefined
        if (plainText(chown) !== '') attributes.chown = chown
        break
      }
      case 'chmod': {
        const chmod = readMode(reading, stage, value)
        if (chmod === undefined) return undefined
        if (plainText(chmod) !== '') attributes.chmod = chmod
        break
      }
      case 'checksum': {
        const text = expandPlain(reading, stage, value)
        if (text === undefined) return undefined
        if (text !== '') checksum = {text, word: value}
        break
      }
      case 'link':
        link = truth
        break
      case 'parents':
        if (truth) attributes.parents = true
        break
      case 'exclude':
        excluded.push(value.text)
        break
      case 'unpack':
        unpack = truth
        break
      case 'keep-git-dir':
        keepGitDir = truth
        break
      default:
        break
    }
  }
  if (excluded.length > 0) attributes.exclude = excluded
  // K100: BuildKit ignores it together with --chmod.
  if (link && attributes.chmod === undefined) attributes.link = true
  return {attributes, unpack, keepGitDir, checksum}
}

function readMode(reading: Reading, stage: OpenStage, word: Word): Template | undefined {
  const mode = expand(reading, word, stage.scope.lookup)
  const text = mode && plainText(mode)
  if (text === undefined || text === '' || isMode(text)) return mode
  const message = `invalid chmod parameter: ${quoteShort(text)}. It should be octal between 0 and 07777, or symbolic as chmod(1) has it`
  refuseValue(reading, word, message, 'Write --chmod=755 or --chmod=u+x.')
  return undefined
}
