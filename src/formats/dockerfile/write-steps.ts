/** Steps that follow docker's rules, as instructions; those of a definition file go to their own writer. */
import type {Stage, Step} from '../../model/description.js'
import type {Span} from '../../model/span.js'
import type {Template} from '../../model/template.js'
import {writeCopy} from './write-copy.js'
import {runFlags} from './write-mounts.js'
import {writeCommand, writeEnv, writtenPair} from './write-parts.js'
import {quotedWord} from './write-words.js'
import {refuseLineBreak, type StageState, type Writing, written} from './writing.js'

export function writeStep(writing: Writing, stage: Stage, state: StageState, step: Step): void {
  switch (step.kind) {
    case 'run': {
      const flags = runFlags(writing, stage, state, step)
      if (flags !== undefined) writeCommand(writing, stage, state, 'RUN', step.command, step.span, '', flags)
      return
    }
    case 'copy':
      writeCopy(writing, stage, state, step)
      return
    case 'env':
      writeEnv(writing, stage, state, step.variables, step.span)
      return
    case 'arg':
      writeArg(writing, stage, state, step.name, step.value, step.span)
      return
    case 'workdir':
      writeValue(writing, stage, state, 'WORKDIR', step.path, step.span)
      return
    case 'user':
      writeValue(writing, stage, state, 'USER', step.user, step.span)
  }
}

/** Arguments of the parent: a stage in a file of its own starts from its image, which does not have them (K76). */
export function writeInheritedArgs(writing: Writing, stage: Stage, state: StageState): void {
  for (const [name, value] of [...state.args]) writeArg(writing, stage, state, name, value, stage.span)
}

function writeArg(
  writing: Writing,
  stage: Stage,
  state: StageState,
  name: string,
  value: Template | undefined,
  span: Span,
): void {
  if (value === undefined) {
    writing.lines.push(`ARG ${quotedWord([name]) ?? name}`)
    return
  }
  const pair = writtenPair(writing, stage, state, name, value, span)
  state.variables.set(name, value)
  state.args.set(name, value)
  if (pair !== undefined) writing.lines.push(`ARG ${pair}`)
}

function writeValue(
  writing: Writing,
  stage: Stage,
  state: StageState,
  name: 'WORKDIR' | 'USER',
  value: Template,
  span: Span,
): void {
  const relative = written(writing, stage, state, value, span)
  if (relative === undefined) return
  const word = quotedWord(relative)
  if (word === undefined) refuseLineBreak(writing, stage, span, name)
  else writing.lines.push(`${name} ${word}`)
}
