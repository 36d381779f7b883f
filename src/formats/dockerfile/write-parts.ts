/** Instructions that the writers of steps and of definition sections have in common. */
import type {Command, EnvStep, Stage} from '../../model/description.js'
import {LineIndex, type Span} from '../../model/span.js'
import {plainText, type Template} from '../../model/template.js'
import {readInstructions} from './instructions.js'
import {LineReader} from './lines.js'
import {Problems} from './problems.js'
import {bareWord, hasLongLine, heredocBody, heredocName, jsonArray, quotedWord} from './write-words.js'
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

/**
 * RUN, CMD, ENTRYPOINT. A SHELL line comes first where the command wants another one than holds (K125).
 * `before` stands in front of the instruction (HEALTHCHECK), `flags` between its name and the command.
 */
export function writeCommand(
  writing: Writing,
  stage: Stage,
  state: StageState,
  name: 'RUN' | 'CMD' | 'ENTRYPOINT',
  command: Command,
  span: Span,
  before = '',
  flags = '',
): void {
  const opening = `${before}${name} ${flags}`
  switch (command.kind) {
    case 'exec':
      writing.lines.push(`${opening}${jsonArray(command.argv)}`)
      return
    case 'script': {
      const message = `${name} can't be a script of a definition file.`
      writing.refuse(stage, 'definition-script', span, message, 'Write it as shell text.')
      return
    }
    case 'file': {
      writeShell(writing, state, command.shell)
      if (heredocName(command.text, command.name) !== command.name && /\n/.test(command.name))
        refuseText(writing, stage, span, name)
      else writing.lines.push(`${opening}<<"${command.name}"\n${command.text}${command.name}`)
      return
    }
    case 'shell': {
      writeShell(writing, state, command.shell)
      const line = shellLine(name, command.text)
      if (line === undefined) refuseText(writing, stage, span, name)
      else writing.lines.push(line === name ? `${before}${name}` : `${opening}${line.slice(name.length + 1)}`)
    }
  }
}

/** SHELL, where another one holds. */
export function writeShell(writing: Writing, state: StageState, shell: readonly string[]): void {
  if (jsonArray(shell) === jsonArray(state.shell)) return
  writing.lines.push(`SHELL ${jsonArray(shell)}`)
  state.shell = shell
  state.saidShell = true
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

/**
 * K25: the name is quoted, so that the text stays as it is, unless it has a variable of the base. One COPY for each
 * file, which is the same (K90).
 */
export function writeInline(
  writing: Writing,
  stage: Stage,
  state: StageState,
  flags: string,
  file: {readonly name: string; readonly text: Template},
  destination: string,
  span: Span,
): void {
  const text = plainText(file.text)
  const open = text === undefined ? written(writing, stage, state, file.text, span) : undefined
  if (text === undefined && open === undefined) return
  const body = text ?? heredocBody(open ?? [])
  if (body !== '' && !body.endsWith('\n')) {
    const message = `${file.name} doesn't end in a line feed, and a here-document always does.`
    writing.refuse(stage, 'inline-without-newline', span, message, 'End the text with a line feed, or copy a file.')
    return
  }
  if (body.includes('\0') || hasLongLine(body)) {
    refuseText(writing, stage, span, 'COPY')
    return
  }
  const name = heredocName(body, file.name)
  const word = bareWord([file.name]) ?? file.name
  const target = destination.endsWith('/') && name !== file.name ? `${destination}${word}` : destination
  if (/\s/.test(target)) {
    const message = "A here-document can't go to a path with blanks: only the JSON form could say that, and it has none."
    writing.refuse(stage, 'inline-with-blanks', span, message, 'Copy a file instead.')
    return
  }
  writing.lines.push(`COPY ${flags}<<${text === undefined ? name : `"${name}"`} ${target}\n${body}${name}`)
}
