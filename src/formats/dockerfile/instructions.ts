/**
 * The instruction layer (K27–K38; frontend/dockerfile/instructions/parse.go): joined lines become typed
 * instructions whose words know their place. Nothing is expanded and no stage is looked at.
 */
import {didYouMean} from '../../language/distance.js'
import {isSpace, skipSpace, trimSpaceEnd} from '../../language/space.js'
import {blankWords, type JsonForm, jsonForm, pairs, quotedWords, splitPair, type Word, wordAt, wordSpan} from './arguments.js'
import {flagWords, readFlags} from './flags.js'
import {type Heredoc, heredocMarkers, parseMarker} from './heredocs.js'
import {
  type CommandLine,
  flagTables,
  type Instruction,
  type InstructionBase,
  type InstructionName,
  isInstructionName,
} from './instruction.js'
import type {JoinedLine} from './joined.js'
import type {CommentedLine, LineReader} from './lines.js'
import type {Problems} from './problems.js'

/** All instructions of a file. A line that is wrong is reported and left out; a lexical error ends the reading. */
export function readInstructions(reader: LineReader, problems: Problems): Instruction[] {
  const instructions: Instruction[] = []
  for (let line = reader.next(); line !== undefined && !problems.tooMany; line = reader.next()) {
    const heredocs = readHeredocs(reader, line.line, problems)
    if (heredocs === undefined) break
    const instruction = readInstruction(line, heredocs, reader, problems)
    if (instruction !== undefined) instructions.push(instruction)
  }
  return instructions
}

/** A line cut into its name, its flags and the rest. Both layers of BuildKit need this much. */
interface Cut {
  readonly name: string
  readonly keywordEnd: number
  readonly flags: readonly Word[]
  /** Trimmed. */
  readonly from: number
  readonly to: number
}

function cut(line: JoinedLine, start: number): Cut {
  const from = skipSpace(line.text, start)
  const to = trimSpaceEnd(line.text, from)
  const keyword = /[^\t\v\f\r ]*/y
  keyword.lastIndex = from
  keyword.exec(line.text)
  const keywordEnd = Math.min(keyword.lastIndex, to)
  const {flags, rest} = flagWords(line, keywordEnd, to)
  const first = skipSpace(line.text, rest, to)
  return {name: line.text.slice(from, keywordEnd), keywordEnd, flags, from: first, to}
}

/** K17: RUN, COPY and ADD may have here-documents, also under ONBUILD, unless written as JSON. */
function readHeredocs(reader: LineReader, line: JoinedLine, problems: Problems): Heredoc[] | undefined {
  if (!line.text.includes('<<')) return []
  let parts = cut(line, 0)
  if (/^onbuild$/i.test(parts.name)) parts = cut(line, parts.from)
  if (!/^(run|copy|add)$/i.test(parts.name) || jsonForm(line, parts.from, parts.to).kind === 'words') return []
  const heredocs: Heredoc[] = []
  for (const marker of heredocMarkers(line.text)) {
    const found = reader.heredocBody(marker.name, marker.chomp)
    if (found === undefined) {
      problems.syntax(
        line.span(0, trimSpaceEnd(line.text, 0)),
        `unterminated heredoc: the line ${JSON.stringify(marker.name)} that ends it is missing`,
        'It has to stand alone, without blanks around it.',
      )
      return undefined
    }
    if (found.body.includes('\r\n')) {
      problems.add(
        'heredoc-crlf',
        'warning',
        reader.index.span(found.from, found.from),
        'The lines of this here-document end in CR LF. Docker keeps the CR, which breaks most scripts.',
        'Save the file with plain line feeds.',
      )
    }
    heredocs.push({...marker, body: found.body, from: found.from})
  }
  return heredocs
}

function readInstruction(
  {line, comments}: CommentedLine,
  heredocs: readonly Heredoc[],
  reader: LineReader,
  problems: Problems,
): Instruction | undefined {
  const parts = cut(line, 0)
  const start = skipSpace(line.text, 0)
  const keyword = line.span(start, parts.keywordEnd)
  const name = parts.name.toUpperCase()
  if (!isInstructionName(name)) {
    const near = didYouMean(name, Object.keys(flagTables))
    problems.syntax(
      keyword,
      parts.name === '' ? 'an instruction is missing here' : `unknown instruction: ${shorten(parts.name)}`,
      near === undefined ? undefined : `Did you mean ${near}?`,
    )
    return undefined
  }
  const flags = readFlags(parts.flags, flagTables[name], name, problems)
  if (flags === undefined) return undefined
  const span = reader.index.span(line.offset(start), heredocs.length > 0 ? reader.end : line.offset(parts.to - 1) + 1)
  const base = {line, span, keyword, comments, flags}
  return readArguments(name, base, parts, heredocs, reader.escape, problems)
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}

function readArguments(
  name: InstructionName,
  base: InstructionBase,
  {from, to}: Cut,
  heredocs: readonly Heredoc[],
  escapeCharacter: string,
  problems: Problems,
): Instruction | undefined {
  const {line} = base
  const wrong = (message: string, hint?: string): undefined => {
    problems.syntax(base.span, message, hint)
    return undefined
  }
  switch (name) {
    case 'FROM': {
      const words = blankWords(line, from, to)
      const [image, as, stage] = words
      if (image !== undefined && words.length === 1) return {...base, name, image, as: undefined}
      if (image === undefined || words.length !== 3 || !/^as$/i.test(as?.text ?? '')) {
        return wrong(
          'FROM requires either one or three arguments',
          'Write FROM IMAGE or FROM IMAGE AS NAME; a comment needs a line of its own.',
        )
      }
      return {...base, name, image, as: stage}
    }
    case 'ARG': {
      const words = quotedWords(line, from, to, escapeCharacter)
      if (words.length === 0) return wrong('ARG requires at least one argument', 'Write ARG NAME or ARG NAME=value.')
      const found = words.map(word => splitPair(word) ?? {name: word, value: undefined})
      const blank = found.find(argument => argument.name.text === '')
      if (blank !== undefined) return wrong('ARG names can not be blank', 'Write a name in front of the `=`.')
      return {...base, name, arguments: found}
    }
    case 'ENV':
    case 'LABEL': {
      const found = pairs(line, from, to, escapeCharacter, name)
      if (found.kind === 'pairs') return {...base, name, pairs: found.pairs}
      problems.syntax(found.span, found.message, found.hint)
      return undefined
    }
    case 'RUN':
    case 'CMD':
    case 'ENTRYPOINT': {
      const json = listForm(line, from, to, problems)
      if (json.kind === 'not-strings') return undefined
      if (json.kind === 'words') return {...base, name, command: {kind: 'json', words: json.words}}
      return {...base, name, command: {kind: 'shell', text: wordAt(line, from, to), heredocs}}
    }
    case 'SHELL': {
      const json = listForm(line, from, to, problems)
      if (json.kind === 'not-strings') return undefined
      if (json.kind === 'none') return wrong('SHELL requires the arguments to be in JSON form', 'Write SHELL ["/bin/sh", "-c"].')
      if (json.words.length === 0) return wrong('SHELL requires at least one argument', 'Write SHELL ["/bin/sh", "-c"].')
      return {...base, name, words: json.words}
    }
    case 'COPY':
    case 'ADD': {
      const json = listForm(line, from, to, problems)
      if (json.kind === 'not-strings') return undefined
      const words = json.kind === 'words' ? json.words : blankWords(line, from, to)
      const destination = words.at(-1)
      if (destination === undefined || words.length < 2) {
        const said = words.length === 0 ? 'none was provided' : 'only one was provided. Destination could not be determined'
        return wrong(`${name} requires at least two arguments, but ${said}`, `Write ${name} SOURCE… DESTINATION.`)
      }
      if (json.kind === 'none' && parseMarker(destination.text) !== undefined) {
        problems.syntax(
          wordSpan(destination),
          `${name} cannot accept a heredoc as a destination`,
          'The destination comes last: a path in the image.',
        )
        return undefined
      }
      return {...base, name, sources: words.slice(0, -1), destination, heredocs}
    }
    case 'USER':
    case 'WORKDIR':
    case 'STOPSIGNAL':
    case 'MAINTAINER':
      if (from >= to) return wrong(`${name} requires exactly one argument`)
      return {...base, name, value: wordAt(line, from, to)}
    case 'EXPOSE':
    case 'VOLUME': {
      const json: JsonForm = name === 'VOLUME' ? listForm(line, from, to, problems) : {kind: 'none'}
      if (json.kind === 'not-strings') return undefined
      const words = json.kind === 'words' ? json.words : blankWords(line, from, to)
      if (words.length === 0) return wrong(`${name} requires at least one argument`)
      return {...base, name, words}
    }
    case 'HEALTHCHECK':
      return readHealthcheck(base, from, to, problems)
    case 'ONBUILD':
      return readOnbuild(base, from, to, heredocs, problems)
  }
}

/** The JSON form; reports one that isn't made of strings, and a shell form that was surely meant to be JSON (K32). */
function listForm(line: JoinedLine, from: number, to: number, problems: Problems): JsonForm {
  const json = jsonForm(line, from, to)
  if (json.kind === 'not-strings') {
    problems.syntax(
      line.span(from, to),
      'when using JSON array syntax, arrays must be comprised of strings only',
      'Put each element into double quotes.',
    )
  }
  if (json.kind === 'none' && isMeantAsJson(line.text.slice(from, Math.min(to, from + 1000)))) {
    problems.add(
      'broken-json-form',
      'warning',
      line.span(from, to),
      'This looks like a JSON array but is none, so Docker takes it as text for the shell.',
      'JSON wants double quotes, no comma at the end, and nothing behind the `]`.',
    )
  }
  return json
}

/** `["a" "b"]`, `['a']`, `["a",]`; not the shell's `[ "$a" = b ]` or `[ "$a" ] && c`. */
function isMeantAsJson(text: string): boolean {
  const match = /^\[(\s*)(?:'[^']*'|"(?:[^"\\]|\\.)*"|“[^”]*”)\s*([,'"“\]])\s*(\S?)/s.exec(text)
  return match !== null && !(match[1] !== '' && match[2] === ']' && match[3] !== '')
}

function readHealthcheck(base: InstructionBase, from: number, to: number, problems: Problems): Instruction | undefined {
  const {line} = base
  const [first] = blankWords(line, from, to)
  const type = first?.text.toUpperCase()
  const rest = first === undefined ? to : skipSpace(line.text, first.to, to)
  const wrong = (message: string, hint: string): undefined => {
    problems.syntax(base.span, message, hint)
    return undefined
  }
  if (type === 'NONE') {
    if (rest < to) return wrong('HEALTHCHECK NONE takes no arguments', 'Remove what follows NONE.')
    return {...base, name: 'HEALTHCHECK', test: undefined}
  }
  if (type === undefined)
    return wrong('HEALTHCHECK requires at least one argument', 'Write HEALTHCHECK CMD … or HEALTHCHECK NONE.')
  if (type !== 'CMD')
    return wrong(`Unknown type ${JSON.stringify(type)} in HEALTHCHECK (try CMD)`, 'Write HEALTHCHECK CMD … or HEALTHCHECK NONE.')
  const json = listForm(line, rest, to, problems)
  if (json.kind === 'not-strings') return undefined
  if (rest >= to || (json.kind === 'words' && json.words.length === 0)) {
    return wrong('Missing command after HEALTHCHECK CMD', 'Write the command that tells whether the program is well.')
  }
  const test: CommandLine =
    json.kind === 'words' ? {kind: 'json', words: json.words} : {kind: 'shell', text: wordAt(line, rest, to), heredocs: []}
  return {...base, name: 'HEALTHCHECK', test}
}

/** K37: the rest is an instruction of its own, kept as text. Docker reads it when it fires. */
function readOnbuild(
  base: InstructionBase,
  from: number,
  to: number,
  heredocs: readonly Heredoc[],
  problems: Problems,
): Instruction | undefined {
  const {line} = base
  let end = from
  while (end < to && !isSpace(line.text.charAt(end))) end += 1
  const trigger = line.text.slice(from, end).toUpperCase()
  const span = line.span(from, end)
  if (trigger === '') problems.syntax(base.span, 'ONBUILD requires at least one argument', 'Write ONBUILD INSTRUCTION ….')
  else if (trigger === 'ONBUILD')
    problems.syntax(span, "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed", 'Remove one of the two.')
  else if (trigger === 'FROM' || trigger === 'MAINTAINER') problems.syntax(span, `${trigger} isn't allowed as an ONBUILD trigger`)
  else {
    if (!isInstructionName(trigger)) {
      const near = didYouMean(trigger, Object.keys(flagTables))
      const message = `${shorten(trigger)} is no instruction: every build that starts from this image will fail.`
      problems.add('unknown-trigger', 'warning', span, message, near === undefined ? undefined : `Did you mean ${near}?`)
    }
    const bodies = heredocs.map(heredoc => `\n${heredoc.body}${heredoc.name}`)
    return {...base, name: 'ONBUILD', trigger: line.text.slice(from, to) + bodies.join('')}
  }
  return undefined
}
