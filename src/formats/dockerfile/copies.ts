/** COPY and ADD (K70–K74, K81–K105): where files come from and where they go. */
import {nearest} from '../../language/distance.js'
import {absolutePath, rootedPath} from '../../language/paths.js'
import {joinTemplates} from '../../language/templates.js'
import {expandWord} from '../../language/words.js'
import type {CopyOrigin, CopySource, CopyStep} from '../../model/description.js'
import {literal, plainText, type Template} from '../../model/template.js'
import {type Word, wordSpan} from './arguments.js'
import {type Heredoc, heredocText, parseMarker} from './heredocs.js'
import {imageName} from './image-names.js'
import type {Instruction} from './instruction.js'
import {commentOf, expand, type OpenStage, quoteShort, type Reading, remark, unsupported} from './reading.js'
import {destinationPath} from './template-paths.js'

type CopyInstruction = Extract<Instruction, {name: 'COPY' | 'ADD'}>

/**
 * One step for the files and one for the here-documents, in BuildKit's order: each source is copied on its own
 * (K90), so that is the same as one step for both.
 */
export function readCopy(reading: Reading, stage: OpenStage, instruction: CopyInstruction): void {
  const {name, sources: words, span} = instruction
  const origin = readOrigin(reading, instruction)
  const destination = readDestination(reading, stage, instruction.destination)
  const attributes = readAttributes(reading, stage, instruction)
  if (origin === undefined || destination === undefined || attributes === undefined) return
  const sources: CopySource[] = []
  const files: {name: string; text: Template}[] = []
  // The last of a repeated name, as in BuildKit.
  const heredocs = new Map(instruction.heredocs.map(heredoc => [heredoc.name, heredoc]))
  const fileSources: CopySource[] = []
  for (const word of words) {
    const heredoc = heredocs.get(parseMarker(word.text)?.name ?? '')
    if (heredoc !== undefined) {
      const text = heredocBody(reading, stage, heredoc, word)
      if (text === undefined) continue
      files.push({name: heredoc.name, text})
      fileSources.push({path: literal(heredoc.name), span: wordSpan(word)})
      continue
    }
    const path = expand(reading, word, stage.scope.lookup)
    if (path === undefined || isRemote(reading, stage, name, path, word)) continue
    if (plainText(path) === '') remarkEmpty(reading, stage, word)
    sources.push({path: sourcePath(path, origin), span: wordSpan(word)})
  }
  const base = {kind: 'copy', rules: 'docker', span, destination, ...attributes, ...commentOf(instruction)} as const
  if (sources.length > 0) stage.steps.push({...base, from: origin, sources})
  if (files.length > 0) stage.steps.push({...base, from: {kind: 'inline', files}, sources: fileSources})
}

/** K25: unless the name was quoted, variables of the stage are filled in; `\` escapes, quotes are text. */
function heredocBody(reading: Reading, stage: OpenStage, heredoc: Heredoc, word: Word): Template | undefined {
  const body = heredocText(heredoc)
  if (!heredoc.expand) return literal(body)
  const expansion = expandWord(body, {lookup: stage.scope.lookup, quotes: false})
  const span = wordSpan(word)
  if (expansion.kind === 'problem') {
    const message = `failed to process the here-document ${heredoc.name}: ${expansion.problem.message}`
    reading.problems.syntax(span, message, `Quote the name (<<"${heredoc.name}") if the text has no variables of Docker's.`)
    return undefined
  }
  const text = plainText(expansion.template)
  if (text !== undefined) return literal(text)
  const open = expansion.template.find(part => typeof part !== 'string')
  const variable = typeof open === 'object' ? open.variable : ''
  const message = `Docker would put the base image's $${variable} into this file, or nothing if it has none; that isn't known yet.`
  const hint = `Quote the name (<<"${heredoc.name}") if the $ is meant as it stands, or give ${variable} a value with ARG or ENV.`
  remark(reading, stage, 'base-variable-in-heredoc', 'error', span, message, hint)
  return undefined
}

/** K71: digits are an index; else the last stage of that name; else an image, unless it is nearly a stage's name. */
function readOrigin(reading: Reading, instruction: CopyInstruction): CopyOrigin | undefined {
  const flag = instruction.flags.find(candidate => candidate.name === 'from')
  const text = flag?.value.text ?? ''
  if (flag === undefined || text === '') return {kind: 'context'}
  const span = wordSpan(flag.value)
  if (text.includes('$')) {
    const message = 'variable expansion is not supported for --from'
    reading.problems.syntax(
      span,
      message,
      'Define a stage with FROM, which may use an ARG from above the first FROM, and copy from that.',
    )
    return undefined
  }
  if (/^[0-9]+$/.test(text)) {
    const index = Number(text)
    return {kind: 'stage', name: text, index: index < reading.stageCount ? index : undefined, span}
  }
  const index = reading.lastNamed.get(text.toLowerCase())
  if (index !== undefined) return {kind: 'stage', name: text.toLowerCase(), index, span}
  if (!/[/:.@]/.test(text) && nearest(text.toLowerCase(), reading.lastNamed.keys()) !== undefined) {
    return {kind: 'stage', name: text, index: undefined, span}
  }
  const image = imageName(text)
  if (image.kind === 'image') return {kind: 'image', reference: image.reference, span}
  reading.problems.syntax(span, image.message, image.hint)
  return undefined
}

/** K83: absolute, with a `/` at the end where a directory is meant. */
function readDestination(reading: Reading, stage: OpenStage, word: Word): CopyStep['destination'] | undefined {
  const path = expand(reading, word, stage.scope.lookup)
  return path && {path: destinationPath(stage.workdir, path), span: wordSpan(word)}
}

/** K81: sources of the context can't leave it. K82: those of a stage or an image start at its root. */
function sourcePath(path: Template, origin: CopyOrigin): Template {
  const text = plainText(path)
  const inContext = origin.kind === 'context'
  if (text !== undefined) return [inContext ? rootedPath(text) : absolutePath('/', text)]
  const [first, ...rest] = path
  if (typeof first !== 'string') return path
  const stripped = first.replace(/^(\.?\/)+/, '')
  return joinTemplates(literal(inContext ? stripped : `/${stripped}`), rest)
}

function remarkEmpty(reading: Reading, stage: OpenStage, word: Word): void {
  const message = `${quoteShort(word.text)} is empty after substitution, which means everything: the whole folder that is copied from.`
  remark(
    reading,
    stage,
    'empty-copy-source',
    'warning',
    wordSpan(word),
    message,
    'Give the variable a value with ARG or ENV, or write `.`.',
  )
}

/** K103–K105: what ADD fetches or unpacks, and COPY refuses. */
function isRemote(reading: Reading, stage: OpenStage, name: 'COPY' | 'ADD', path: Template, word: Word): boolean {
  const text = plainText(path) ?? ''
  const span = wordSpan(word)
  const git = /^(git|ssh):\/\/|^[A-Za-z0-9_.-]+@[^/:]+:|^https?:\/\/[^#?]*\.git([#?]|$)/.test(text)
  const url = /^https?:\/\//.test(text)
  if (name === 'COPY') {
    if (!git && !url) return false
    reading.problems.syntax(
      span,
      `source can't be a ${git ? 'git ref' : 'URL'} for COPY`,
      'ADD fetches; COPY takes files of the context or of a stage.',
    )
    return true
  }
  if (git || url) {
    const instead = git
      ? 'Clone it beforehand and COPY the folder.'
      : 'Fetch the file beforehand and COPY it, or fetch it in a RUN.'
    unsupported(reading, stage, span, git ? 'ADD of a git repository' : 'ADD of a URL', instead)
    return true
  }
  if (!/\.(tar(\.(gz|bz2|xz|zst|lzma|Z))?|tgz|tbz2?|txz|tzst)$/i.test(text)) return false
  unsupported(
    reading,
    stage,
    span,
    'ADD of an archive, which unpacks it,',
    'COPY the archive and unpack it in a RUN, or unpack it beforehand.',
  )
  return true
}

interface CopyAttributes {
  readonly chown?: Template
  readonly chmod?: Template
}

/** K97–K102. `--link` differs from a plain copy only where the destination leads through a link (K100). */
function readAttributes(reading: Reading, stage: OpenStage, instruction: CopyInstruction): CopyAttributes | undefined {
  const attributes: {chown?: Template; chmod?: Template} = {}
  for (const flag of instruction.flags) {
    const span = wordSpan(flag.value)
    switch (flag.name) {
      case 'chown': {
        const chown = expand(reading, flag.value, stage.scope.lookup)
        if (chown === undefined) return undefined
        if (plainText(chown) !== '') attributes.chown = chown
        break
      }
      case 'chmod': {
        const chmod = readMode(reading, stage, flag.value)
        if (chmod === undefined) return undefined
        if (plainText(chmod) !== '') attributes.chmod = chmod
        break
      }
      case 'parents':
        if (flag.value.text === 'true')
          unsupported(reading, stage, span, 'COPY --parents', 'Write one COPY for each folder, with its whole destination.')
        break
      case 'exclude':
        unsupported(
          reading,
          stage,
          span,
          `${instruction.name} --exclude`,
          'List the files in .dockerignore, or remove them in a RUN.',
        )
        break
      case 'keep-git-dir':
      case 'checksum':
      case 'unpack':
        unsupported(reading, stage, span, `ADD --${flag.name}`, 'Fetch or unpack beforehand, and COPY the result.')
        break
      default:
        break
    }
  }
  return attributes
}

/** K98. */
function readMode(reading: Reading, stage: OpenStage, word: Word): Template | undefined {
  const mode = expand(reading, word, stage.scope.lookup)
  const text = mode && plainText(mode)
  if (text === undefined || text === '') return mode
  if (
    /^[0-7]{1,4}$|^0[0-7]{1,4}$/.test(text) ||
    /^[ugoa]*([-+=]([rwxXst]*|[ugo]))+(,[ugoa]*([-+=]([rwxXst]*|[ugo]))+)*$/.test(text)
  )
    return mode
  const message = `invalid chmod parameter: ${quoteShort(text)}. It should be octal between 0 and 07777, or symbolic as chmod(1) has it`
  reading.problems.syntax(wordSpan(word), message, 'Write --chmod=755 or --chmod=u+x.')
  return undefined
}
