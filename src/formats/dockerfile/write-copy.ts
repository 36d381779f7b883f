/** COPY and ADD (K25, K81–K105). */
import type {CopyOrigin, CopyStep, Stage} from '../../model/description.js'
import {literal} from '../../model/template.js'
import {imageText, isStageOfCopy} from './write-base.js'
import {copyWord, writeInline} from './write-parts.js'
import {flagValue, wordList} from './write-words.js'
import type {StageState, Writing} from './writing.js'

export function writeCopy(writing: Writing, stage: Stage, state: StageState, step: CopyStep): void {
  const destination = step.destination && copyWord(writing, stage, state, step.destination.path, step.destination.span)
  const from = originFlag(writing, stage, step.from)
  const flags = placingFlags(writing, stage, state, step)
  if (destination === undefined || from === undefined || flags === undefined) return
  if (step.from.kind === 'inline') {
    for (const file of step.from.files) writeInline(writing, stage, state, flags, file, destination, step.span)
    return
  }
  const add = step.unpack !== undefined || step.from.kind === 'url' || step.from.kind === 'git'
  const usual = step.from.kind === 'url' ? 'never' : 'detect'
  const unpack = step.unpack === undefined || step.unpack === usual ? '' : `--unpack=${step.unpack === 'always'} `
  const sources =
    step.from.kind === 'url' || step.from.kind === 'git'
      ? [copyWord(writing, stage, state, literal(remoteText(step.from)), step.span)]
      : step.sources.map(source => copyWord(writing, stage, state, source.path, source.span))
  if (!sources.every(source => source !== undefined)) return
  writing.lines.push(`${add ? 'ADD' : 'COPY'} ${from}${unpack}${flags}${wordList([...sources, destination])}`)
}

/** `--from`, `--checksum`, `--keep-git-dir`, each with a blank behind it; undefined after a refusal. */
function originFlag(writing: Writing, stage: Stage, from: CopyOrigin): string | undefined {
  switch (from.kind) {
    case 'inline':
      return ''
    case 'context':
      if (from.folder === undefined) return ''
      writing.refuse(
        stage,
        'context-of-another-file',
        stage.span,
        'This stage comes from another file and copies from the context of that file; one Dockerfile has one context.',
        'Write it with --to stages, or build that file on its own.',
      )
      return undefined
    case 'stage': {
      const name = from.index === undefined ? undefined : writing.names.get(from.index)
      if (name !== undefined) return `--from=${name} `
      const message = `There is no stage ${from.name} to copy from.`
      writing.refuse(stage, 'copy-from-unknown-stage', from.span, message, 'Name a stage that is there.')
      return undefined
    }
    case 'image': {
      const image = imageText(writing, stage, from.reference, from.span, name => isStageOfCopy(writing, name))
      return image === undefined ? undefined : `--from=${image} `
    }
    case 'url':
      return from.checksum === undefined ? '' : `--checksum=${from.checksum} `
    case 'git': {
      const keep = from.keepGitDir ? '--keep-git-dir=true ' : ''
      return `${keep}${from.checksum === undefined ? '' : `--checksum=${from.checksum} `}`
    }
  }
}

/** `--chown` and what else says how files are placed, each with a blank behind it. */
function placingFlags(writing: Writing, stage: Stage, state: StageState, step: CopyStep): string | undefined {
  let flags = ''
  for (const [name, value] of [
    ['chown', step.chown],
    ['chmod', step.chmod],
  ] as const) {
    const word = value && copyWord(writing, stage, state, value, step.span)
    if (value !== undefined && word === undefined) return undefined
    if (word !== undefined) flags += `--${name}=${flagValue(word)} `
  }
  if (step.link === true) flags += '--link '
  if (step.parents === true) flags += '--parents '
  for (const pattern of step.exclude ?? []) flags += `--exclude=${flagValue(pattern)} `
  return flags
}

/** The address as ADD takes it (K104, K105). */
function remoteText(from: Extract<CopyOrigin, {kind: 'url' | 'git'}>): string {
  if (from.kind === 'url') return from.url
  const {repository, ref = '', folder} = from
  const fragment = ref === '' && folder === undefined ? '' : `#${ref}${folder === undefined ? '' : `:${folder}`}`
  return `${repository}${from.submodules ? '' : '?submodules=false'}${fragment}`
}
