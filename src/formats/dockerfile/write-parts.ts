/** Instructions that the writers of steps and of definition sections have in common. */
import type {Command, EnvStep, Stage} from '../../model/description.js'
import {LineIndex, type Span} from '../../model/span.js'
import {plainText, type Template} from '../../model/template.js'
import {readInstructions} from './instructions.js'
import {LineReader} from './lines.js'
import {Problems} from './problems.js'
import {bareWord, hasLongLine, heredocName, jsonArray, quotedWord} from './write-words.js'
import {refuseLineBreak, type StageState, type Writing, written} from './writing.js'

/** One line, since its values are expanded before any of them is set (K50). */
export function writeEnv(writing: Writing, stage: Stage, state: StageState, variables: EnvStep['variables'], span: Span): void {
  const pairs = variables.map(({name, value}) => writtenPair(writing, stage, state, name, value, span))
  for (const {name, value} of variables) state.variables.set(name, value)
  if (pairs.every(pair => pair !== undefined)) writing.lines.push(`ENV ${pairs.join(' ')}`)
}

/** `name=value`. A name is cut off at the first `=`, whatever quotes say. */
export function writtenPair(
  writing: Writing,
  stage: Stage,
  state: StageState,
  name: string,
  value: Template,
  span: Span,
): string | undefined {
  const relative = written(writing, stage, state, value, span)
  if (relative === undefined) return undefined
  const key = quotedWord([name])
  const word = quotedWord(relative)
  if (name === '' || name.includes('=')) {
    const message = `${JSON.stringify(name)} can't be a name in a Dockerfile.`
    writing.refuse(stage, 'unwritable-name', span, message, 'Choose a name without `=`.')
    return undefined
  }
  if (key !== undefined && word !== undefined) return `${key}=${plainText(relative) === '' ? '' : word}`
  refuseLineBreak(writing, stage, span, `The value of ${name}`)
  return undefined
}

/** RUN, CMD, ENTRYPOINT. A SHELL line comes first where the command wants another one than holds (K125). */
export function writeCommand(
  writing: Writing,
  stage: Stage,
  state: StageState,
  name: 'RUN' | 'CMD' | 'ENTRYPOINT',
  command: Command,
  span: Span,
): void {
  switch (command.kind) {
    case 'exec':
      writing.lines.push(`${name} ${jsonArray(command.argv)}`)
      return
    case 'script': {
      const message = `${name} can't be a script of a definition file.`
      writing.refuse(stage, 'definition-script', span, message, 'Write it as shell text.')
      return
    }
    case 'shell': {
      if (jsonArray(command.shell) !== jsonArray(state.shell)) writing.lines.push(`SHELL ${jsonArray(command.shell)}`)
      state.shell = command.shell
      const line = shellLine(name, command.text)
      if (line !== undefined) writing.lines.push(line)
      else refuseText(writing, stage, span, name)
    }
  }
}

function refuseText(writing: Writing, stage: Stage, span: Span, name: string): void {
  const message = `No line of a Dockerfile can hold the text of this ${name}: it has line breaks, a NUL, or a line of more than 65,535 bytes.`
  writing.refuse(stage, 'unwritable-text', span, message, 'Put the text into a script that is copied in.')
}

/** The text behind the name where that reads back the same; else, for RUN, as a here-document (K23). */
function shellLine(name: 'RUN' | 'CMD' | 'ENTRYPOINT', text: string): string | undefined {
  const plain = text === '' ? name : `${name} ${text}`
  if (readsBack(plain, text)) return plain
  if (name !== 'RUN' || text.includes('\0') || hasLongLine(text)) return undefined
  // With `#!` in front the body would be run as a file.
  const body = `${text.startsWith('#!') ? '\n' : ''}${text}${text.endsWith('\n') ? '' : '\n'}`
  const end = heredocName(body)
  return `RUN <<${end}\n${body}${end}`
}

function readsBack(instruction: string, text: string): boolean {
  const problems = new Problems()
  const [read, more] = readInstructions(new LineReader(new LineIndex('', instruction), problems), problems)
  if (problems.failed || more !== undefined || read === undefined || !('command' in read)) return false
  if (read.command.kind === 'json' || read.flags.length > 0 || read.command.text.text.startsWith('<<')) return false
  const {text: line, heredocs} = read.command
  return heredocs.reduce((whole, heredoc) => `${whole}\n${heredoc.body}${heredoc.name}`, line.text) === text
}

/** A word of COPY as it has to be written here. */
export function copyWord(writing: Writing, stage: Stage, state: StageState, path: Template, span: Span): string | undefined {
  const relative = written(writing, stage, state, path, span)
  const word = relative && bareWord(relative)
  if (relative !== undefined && word === undefined) refuseLineBreak(writing, stage, span, 'A path')
  return word
}

/** K25: the name is quoted, so that the text stays as it is. One COPY for each file, which is the same (K90). */
export function writeInline(
  writing: Writing,
  stage: Stage,
  flags: string,
  file: {readonly name: string; readonly text: string},
  destination: string,
  span: Span,
): void {
  if (file.text !== '' && !file.text.endsWith('\n')) {
    const message = `${file.name} doesn't end in a line feed, and a here-document always does.`
    writing.refuse(stage, 'inline-without-newline', span, message, 'End the text with a line feed, or copy a file.')
    return
  }
  if (hasLongLine(file.text)) {
    refuseText(writing, stage, span, 'COPY')
    return
  }
  const name = heredocName(file.text, file.name)
  const word = bareWord([file.name]) ?? file.name
  const target = destination.endsWith('/') && name !== file.name ? `${destination}${word}` : destination
  if (/\s/.test(target)) {
    const message = "A here-document can't go to a path with blanks: only the JSON form could say that, and it has none."
    writing.refuse(stage, 'inline-with-blanks', span, message, 'Copy a file instead.')
    return
  }
  writing.lines.push(`COPY ${flags}<<"${name}" ${target}\n${file.text}${name}`)
}
