/** COPY and ADD (K25, K81–K105): where files come from and where they go. */

import {checksumTrouble, type RemoteSource, remoteSource} from '../../language/remote-sources.js'
import {expandWord} from '../../language/words.js'
import type {CopyOrigin, CopySource, CopyStep} from '../../model/description.js'
import {literal, plainText, showTemplate, type Template} from '../../model/template.js'
import {type Word, wordSpan} from './arguments.js'
import {type CopyFlags, readCopyFlags} from './copy-flags.js'
import {type Heredoc, heredocText, parseMarker} from './heredocs.js'
import type {Instruction} from './instruction.js'
import {copyOrigin} from './origins.js'
import {commentOf, expand, type OpenStage, quoteShort, type Reading, remark} from './reading.js'
import {destinationPath, sourcePath} from './template-paths.js'

type CopyInstruction = Extract<Instruction, {name: 'COPY' | 'ADD'}>

/** What all steps of one instruction have in common. */
type Common = Omit<CopyStep, 'from' | 'sources' | 'unpack'>

/**
 * BuildKit copies each source on its own, in order, and here-documents last (K90): files that stand next to each other
 * are one step, whatever is fetched is a step each, and the here-documents are one at the end.
 */
export function readCopy(reading: Reading, stage: OpenStage, instruction: CopyInstruction): void {
  const origin = copyOrigin(reading, instruction)
  const destination = readDestination(reading, stage, instruction.destination)
  const flags = readCopyFlags(reading, stage, instruction)
  if (origin === undefined || destination === undefined || flags === undefined) return
  if (flags.checksum !== undefined && !mayHaveChecksum(reading, stage, instruction, flags.checksum)) return
  const {span} = instruction
  const common: Common = {kind: 'copy', rules: 'docker', span, destination, ...flags.attributes, ...commentOf(instruction)}
  const unpack = instruction.name === 'COPY' ? {} : {unpack: unpackOf(flags.unpack, 'detect')}
  const steps: CopyStep[] = []
  let sources: CopySource[] = []
  const flush = () => {
    if (sources.length > 0) steps.push({...common, from: origin, sources, ...unpack})
    sources = []
  }
  // The last of a repeated name, as in BuildKit.
  const heredocs = new Map(instruction.heredocs.map(heredoc => [heredoc.name, heredoc]))
  const inline: {readonly word: Word; readonly heredoc: Heredoc}[] = []
  for (const word of instruction.sources) {
    const heredoc = heredocs.get(parseMarker(word.text)?.name ?? '')
    if (heredoc !== undefined) {
      inline.push({word, heredoc})
      continue
    }
    const path = expand(reading, word, stage.scope.lookup)
    if (path === undefined) continue
    const remote = remoteSource(showTemplate(path))
    if (remote === undefined) {
      if (plainText(path) === '') remarkEmpty(reading, stage, word)
      sources.push({
        path: sourcePath(path, origin.kind === 'context' ? 'context' : 'image', flags.attributes.parents === true),
        span: wordSpan(word),
      })
      continue
    }
    flush()
    const from = remoteOrigin(reading, stage, instruction, {remote, path, word}, flags)
    if (from === undefined) continue
    const name = remote.kind === 'url' ? remote.name : '.'
    const unpackUrl = remote.kind === 'url' ? {unpack: unpackOf(flags.unpack, 'never')} : {}
    steps.push({...common, from, sources: [{path: literal(name), span: wordSpan(word)}], ...unpackUrl})
  }
  flush()
  stage.steps.push(...steps)
  readInline(reading, stage, common, inline)
}

function unpackOf(flag: boolean | undefined, unsaid: 'detect' | 'never'): 'detect' | 'always' | 'never' {
  if (flag === undefined) return unsaid
  return flag ? 'always' : 'never'
}

function readInline(
  reading: Reading,
  stage: OpenStage,
  common: Common,
  inline: readonly {readonly word: Word; readonly heredoc: Heredoc}[],
): void {
  const files: {name: string; text: Template}[] = []
  const sources: CopySource[] = []
  for (const {word, heredoc} of inline) {
    const text = heredocBody(reading, stage, heredoc, word)
    if (text === undefined) continue
    files.push({name: heredoc.name, text})
    sources.push({path: literal(heredoc.name), span: wordSpan(word)})
  }
  if (files.length > 0) stage.steps.push({...common, from: {kind: 'inline', files}, sources})
}

/** K25: unless the name was quoted, variables of the stage are filled in; `\` escapes, quotes are text. */
function heredocBody(reading: Reading, stage: OpenStage, heredoc: Heredoc, word: Word): Template | undefined {
  const body = heredocText(heredoc)
  if (!heredoc.expand) return literal(body)
  const expansion = expandWord(body, {lookup: stage.scope.lookup, quotes: false})
  if (expansion.kind === 'expanded') return expansion.template
  const {message} = expansion.problem
  const hint = `Quote the name (<<"${heredoc.name}") if the text has no variables of Docker's.`
  const what = `failed to process the here-document ${heredoc.name}: ${message}`
  if (expansion.problem.kind !== 'open') reading.problems.syntax(wordSpan(word), what, hint)
  else remark(reading, stage, 'base-variable-modifier', 'error', wordSpan(word), `${what}, so this can't be worked out.`, hint)
  return undefined
}

/** K83: absolute, with a `/` at the end where a directory is meant. */
function readDestination(reading: Reading, stage: OpenStage, word: Word): CopyStep['destination'] | undefined {
  const path = expand(reading, word, stage.scope.lookup)
  return path && {path: destinationPath(stage.workdir, path), span: wordSpan(word)}
}

function remarkEmpty(reading: Reading, stage: OpenStage, word: Word): void {
  const message = `${quoteShort(word.text)} is empty after substitution, which means everything: the whole folder that is copied from.`
  const hint = 'Give the variable a value with ARG or ENV, or write `.`.'
  remark(reading, stage, 'empty-copy-source', 'warning', wordSpan(word), message, hint)
}

/** K104: one source, and one that is fetched. */
function mayHaveChecksum(
  reading: Reading,
  stage: OpenStage,
  instruction: CopyInstruction,
  {word}: NonNullable<CopyFlags['checksum']>,
): boolean {
  const [source, more] = instruction.sources
  const path = source && expand(reading, source, stage.scope.lookup)
  if (path === undefined) return false
  const remote = remoteSource(showTemplate(path))
  if (more === undefined && remote !== undefined) return true
  const message =
    more === undefined ? 'checksum requires HTTP(S) or Git sources' : "checksum can't be specified for multiple sources"
  reading.problems.syntax(wordSpan(word), message, 'Leave --checksum out, or give the source an ADD of its own.')
  return false
}

/** K104, K105: what ADD fetches and COPY refuses; undefined after a problem. */
function remoteOrigin(
  reading: Reading,
  stage: OpenStage,
  {name}: CopyInstruction,
  {remote, path, word}: {readonly remote: RemoteSource; readonly path: Template; readonly word: Word},
  {keepGitDir, checksum}: CopyFlags,
): CopyOrigin | undefined {
  const span = wordSpan(word)
  if (name === 'COPY') {
    const what = remote.kind === 'git' ? 'git ref' : 'URL'
    const hint = 'ADD fetches; COPY takes files of the context or of a stage.'
    reading.problems.syntax(span, `source can't be a ${what} for COPY`, hint)
    return undefined
  }
  if (remote.kind === 'bad') {
    reading.problems.syntax(span, remote.message, remote.hint)
    return undefined
  }
  if (plainText(path) === undefined) {
    const message = `${quoteShort(word.text)} needs a variable of the base image, and nobody could look at the image yet.`
    const hint = 'Give the variable a value with ENV or ARG first.'
    remark(reading, stage, 'base-variable-needed', 'error', span, message, hint)
    return undefined
  }
  const trouble = checksum === undefined ? undefined : checksumTrouble(remote.kind, checksum.text)
  if (checksum !== undefined && trouble !== undefined) {
    const hint = remote.kind === 'url' ? 'Write sha256: and 64 digits of a-f and 0-9.' : 'Write the id of the commit.'
    reading.problems.syntax(wordSpan(checksum.word), trouble, hint)
    return undefined
  }
  const checked = checksum === undefined ? {} : {checksum: checksum.text}
  if (remote.kind === 'url') return {kind: 'url', url: remote.url, ...checked, span}
  return {...remote, keepGitDir: remote.keepGitDir ?? keepGitDir, ...checked, span}
}
