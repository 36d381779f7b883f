/** What each instruction inside a stage means: one function for each, chosen by `readStep`. */

import type {Command, Setting} from '../../model/description.js'
import {plainText, type Template} from '../../model/template.js'
import {wordSpan} from './arguments.js'
import {readCopy} from './copies.js'
import type {Instruction} from './instruction.js'
import {commentOf, expand, type OpenStage, quoteShort, type Reading, remark} from './reading.js'
import {readCommand, readRun} from './runs.js'
import {readExpose, readHealthcheck, readMaintainer, readOnbuild, readStopSignal, readVolume} from './runtime.js'
import {folderAfter, joinPath} from './template-paths.js'

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
      readShell(stage, instruction)
      return
    case 'USER':
      readUser(reading, stage, instruction)
      return
    case 'WORKDIR':
      readWorkdir(reading, stage, instruction)
      return
    case 'EXPOSE':
      readExpose(reading, stage, instruction)
      return
    case 'HEALTHCHECK':
      readHealthcheck(reading, stage, instruction)
      return
    case 'STOPSIGNAL':
      readStopSignal(reading, stage, instruction)
      return
    case 'VOLUME':
      readVolume(reading, stage, instruction)
      return
    case 'MAINTAINER':
      readMaintainer(stage, instruction)
      return
    case 'ONBUILD':
      readOnbuild(stage, instruction)
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
  if (variables === undefined || variables.length === 0) return
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
    if (name === undefined) {
      const message = `${quoteShort(pair.name.text)} needs a variable of the base image, and nobody could look at the image yet.`
      remark(
        reading,
        stage,
        'base-variable-needed',
        'error',
        wordSpan(pair.name),
        message,
        'Give it a value with ENV or ARG first.',
      )
      continue
    }
    if (name === '') {
      const message = `${quoteShort(pair.name.text)} is empty after substitution: no ${instruction.name === 'ENV' ? 'variable' : 'label'} is set.`
      remark(reading, stage, 'empty-name', 'warning', wordSpan(pair.name), message, 'Give its variable a value with ARG or ENV.')
      continue
    }
    found.push({name, value, span})
  }
  return found
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

/** K125: for later commands, for stages that start from this one, and for the image. */
function readShell(stage: OpenStage, instruction: Of<'SHELL'>): void {
  stage.shell = instruction.words.map(word => word.text)
  stage.settings = {...stage.settings, shell: {value: stage.shell, span: instruction.span}}
}

/** K121: relative to the one before. */
function readWorkdir(reading: Reading, stage: OpenStage, instruction: Of<'WORKDIR'>): void {
  const path = expand(reading, instruction.value, stage.scope.lookup)
  if (path === undefined) return
  const folder = joinPath(stage.workdir, path)
  stage.workdir = folderAfter(folder)
  stage.steps.push({kind: 'workdir', rules: 'docker', span: instruction.span, path: folder, ...commentOf(instruction)})
}

function readUser(reading: Reading, stage: OpenStage, instruction: Of<'USER'>): void {
  const user: Template | undefined = expand(reading, instruction.value, stage.scope.lookup)
  if (user === undefined) return
  if (plainText(user) === '') {
    const message = `${quoteShort(instruction.value.text)} is empty after substitution, which docker takes for root.`
    const hint = 'Give the variable a value with ARG or ENV, or write USER root.'
    remark(reading, stage, 'empty-user', 'warning', wordSpan(instruction.value), message, hint)
  }
  const chosen = plainText(user) === '' ? ['0'] : user
  stage.steps.push({kind: 'user', rules: 'docker', span: instruction.span, user: chosen, ...commentOf(instruction)})
}
