/** What each instruction inside a stage means: one function for each, chosen by `readStep`. */

import type {Command, Setting} from '../../model/description.js'
import {plainText, type Template} from '../../model/template.js'
import {wordSpan} from './arguments.js'
import {readCopy} from './copies.js'
import {heredocText, parseMarker} from './heredocs.js'
import type {CommandLine, Instruction} from './instruction.js'
import {commentOf, expand, type OpenStage, quoteShort, type Reading, remark, unsupported} from './reading.js'
import {joinPath} from './template-paths.js'

type Of<Name extends Instruction['name']> = Extract<Instruction, {name: Name}>

export function readStep(reading: Reading, stage: OpenStage, instruction: Instruction): void {
  switch (instruction.name) {
    case 'ADD':
    case 'COPY':
      readCopy(reading, stage, instruction)
      return
    case 'ARG':
      readArg(reading, stage, instruction)
      return
    case 'CMD':
      readCmd(stage, instruction)
      return
    case 'ENTRYPOINT':
      readEntrypoint(stage, instruction)
      return
    case 'ENV':
      readEnv(reading, stage, instruction)
      return
    case 'LABEL':
      readLabel(reading, stage, instruction)
      return
    case 'RUN':
      readRun(reading, stage, instruction)
      return
    case 'SHELL':
      stage.shell = instruction.words.map(word => word.text)
      return
    case 'USER':
      readUser(reading, stage, instruction)
      return
    case 'WORKDIR':
      readWorkdir(reading, stage, instruction)
      return
    case 'EXPOSE':
    case 'HEALTHCHECK':
    case 'STOPSIGNAL':
    case 'VOLUME':
      readRuntimeOnly(reading, stage, instruction)
      return
    case 'MAINTAINER':
      readMaintainer(reading, stage, instruction)
      return
    case 'ONBUILD':
      unsupported(reading, stage, instruction.keyword, 'ONBUILD', 'Write the instruction into the stages that stand on this one.')
      return
    // Opens the next stage, which the reader of stages does.
    case 'FROM':
  }
}

/** K51: the arguments of one line from left to right, each seeing those before it. */
function readArg(reading: Reading, stage: OpenStage, instruction: Of<'ARG'>): void {
  for (const argument of instruction.arguments) {
    const name = expand(reading, argument.name, stage.scope.lookup)
    const given = argument.value && expand(reading, argument.value, stage.scope.lookup)
    if (name === undefined || (argument.value !== undefined && given === undefined)) continue
    const text = plainText(name)
    if (text === undefined || text === '') {
      reading.problems.syntax(wordSpan(argument.name), 'ARG names can not be blank', 'Write a name in front of the `=`.')
      continue
    }
    const value = reading.arguments.valueInStage(text, given)
    stage.scope.setArg(text, value)
    stage.steps.push({kind: 'arg', rules: 'docker', span: instruction.span, name: text, value, ...commentOf(instruction)})
  }
}

/** K50: all values are expanded before any is set. */
function readEnv(reading: Reading, stage: OpenStage, instruction: Of<'ENV'>): void {
  const variables = readPairs(reading, stage, instruction)
  if (variables === undefined) return
  for (const {name, value} of variables) stage.scope.setEnv(name, value)
  stage.steps.push({
    kind: 'env',
    rules: 'docker',
    span: instruction.span,
    variables: variables.map(({name, value}) => ({name, value})),
    ...commentOf(instruction),
  })
}

function readLabel(reading: Reading, stage: OpenStage, instruction: Of<'LABEL'>): void {
  for (const {name, value, span} of readPairs(reading, stage, instruction) ?? []) stage.labels.set(name, {value, span})
}

/** K53: names are expanded as well. */
function readPairs(reading: Reading, stage: OpenStage, instruction: Of<'ENV' | 'LABEL'>) {
  const found = []
  for (const pair of instruction.pairs) {
    const key = expand(reading, pair.name, stage.scope.lookup)
    const value = expand(reading, pair.value, stage.scope.lookup)
    if (key === undefined || value === undefined) return undefined
    const name = plainText(key)
    const span = instruction.line.span(pair.name.from, pair.value.to)
    if (name === undefined || name === '') {
      const hint = name === '' ? 'Write a name in front of the `=`.' : 'Give its variable a value with ENV or ARG first.'
      reading.problems.syntax(
        wordSpan(pair.name),
        `${instruction.name} names can not be blank: ${quoteShort(pair.name.text)} has no value`,
        hint,
      )
      return undefined
    }
    found.push({name, value, span})
  }
  return found
}

/** K113, K114, K23, K24. */
function readRun(reading: Reading, stage: OpenStage, instruction: Of<'RUN'>): void {
  for (const flag of instruction.flags) {
    const harmless =
      (flag.name === 'network' && flag.value.text === 'default') || (flag.name === 'security' && flag.value.text === 'sandbox')
    if (harmless) continue
    const instead: Record<string, string> = {
      mount: 'COPY what the command needs, and remove what it leaves.',
      network: 'Leave the flag out if the command may use the network.',
      security: 'Leave the flag out; the command runs in the sandbox.',
      device: 'Leave the flag out; devices are a matter of the run, not of the build.',
    }
    unsupported(reading, stage, wordSpan(flag.value), `RUN --${flag.name}`, instead[flag.name] ?? 'Leave the flag out.')
  }
  const command = readCommand(stage, instruction.command)
  if (command.kind === 'exec' && command.argv.length === 0) {
    reading.problems.syntax(instruction.span, 'RUN [] has no command to run', 'Name the program: RUN ["program", "argument"].')
    return
  }
  if (command.kind === 'shell' && scriptBody(instruction.command)?.startsWith('#!')) {
    const instead = 'Start the interpreter yourself: RUN python3 <<EOF … EOF.'
    unsupported(reading, stage, instruction.keyword, 'RUN with a here-document that starts with #!', instead)
    return
  }
  stage.steps.push({kind: 'run', rules: 'docker', span: instruction.span, where: 'image', command, ...commentOf(instruction)})
}

function readCommand(stage: OpenStage, command: CommandLine): Command {
  if (command.kind === 'json') return {kind: 'exec', argv: command.words.map(word => word.text)}
  const script = scriptBody(command)
  if (script !== undefined) return {kind: 'shell', shell: stage.shell, text: script}
  const text = command.heredocs.reduce((whole, heredoc) => `${whole}\n${heredoc.body}${heredoc.name}`, command.text.text)
  return {kind: 'shell', shell: stage.shell, text}
}

/** The body of a here-document that is all there is on the line; the front end takes it as the script itself (K23). */
function scriptBody(command: CommandLine): string | undefined {
  if (command.kind === 'json' || command.heredocs.length === 0) return undefined
  const [heredoc] = command.heredocs
  return heredoc === undefined || parseMarker(command.text.text) === undefined ? undefined : heredocText(heredoc)
}

/** K123: the last one wins; shell form takes the SHELL of its own line. */
function readCmd(stage: OpenStage, instruction: Of<'CMD'>): void {
  stage.settings = {...stage.settings, cmd: setting(stage, instruction)}
}

function readEntrypoint(stage: OpenStage, instruction: Of<'ENTRYPOINT'>): void {
  stage.settings = {...stage.settings, entrypoint: setting(stage, instruction)}
}

function setting(stage: OpenStage, instruction: Of<'CMD' | 'ENTRYPOINT'>): Setting<Command> {
  return {value: readCommand(stage, instruction.command), span: instruction.span}
}

/** K121: relative to the one before. */
function readWorkdir(reading: Reading, stage: OpenStage, instruction: Of<'WORKDIR'>): void {
  const path = expand(reading, instruction.value, stage.scope.lookup)
  if (path === undefined) return
  stage.workdir = joinPath(stage.workdir, path)
  stage.steps.push({kind: 'workdir', rules: 'docker', span: instruction.span, path: stage.workdir, ...commentOf(instruction)})
}

function readUser(reading: Reading, stage: OpenStage, instruction: Of<'USER'>): void {
  const user: Template | undefined = expand(reading, instruction.value, stage.scope.lookup)
  if (user === undefined) return
  if (plainText(user) === '') {
    const message = `${quoteShort(instruction.value.text)} is empty after substitution; USER needs a name or a number.`
    reading.problems.syntax(wordSpan(instruction.value), message, 'Give the variable a value with ARG or ENV.')
    return
  }
  stage.steps.push({kind: 'user', rules: 'docker', span: instruction.span, user, ...commentOf(instruction)})
}

/** Metadata that changes no file and that a SIF has no place for (K126, K127). */
function readRuntimeOnly(
  reading: Reading,
  stage: OpenStage,
  instruction: Of<'EXPOSE' | 'HEALTHCHECK' | 'STOPSIGNAL' | 'VOLUME'>,
): void {
  const reasons = {
    EXPOSE: [
      'EXPOSE has no effect: a container shares the network of its host.',
      'Tell people the port in the help text or a label.',
    ],
    HEALTHCHECK: ['HEALTHCHECK has no effect: nothing watches a running container.', 'Use %test, or call the check yourself.'],
    STOPSIGNAL: ['STOPSIGNAL has no effect.', 'apptainer instance stop --signal chooses the signal.'],
    VOLUME: ['VOLUME has no effect: the image is read-only when it runs.', 'Bind a folder there with --bind.'],
  } as const
  const [message, hint] = reasons[instruction.name]
  remark(reading, stage, 'no-runtime-equivalent', 'warning', instruction.keyword, message, hint)
}

function readMaintainer(reading: Reading, stage: OpenStage, instruction: Of<'MAINTAINER'>): void {
  const message = 'MAINTAINER is deprecated and is not kept: the image it would name an author for has no such field.'
  const hint = 'Write LABEL org.opencontainers.image.authors="…" instead.'
  remark(reading, stage, 'no-runtime-equivalent', 'info', instruction.keyword, message, hint)
}
