/** The commands of every stage as they will run, worked out once for all rules that look at them. */
import {isRootUser} from '../language/image-config.js'
import {placeOf} from '../language/places.js'
import type {ShellItem} from '../language/shell-commands.js'
import {type RanCommand, type ShellState, Variables, walkScript} from '../language/shell-walk.js'
import {stageAt} from '../language/stages.js'
import type {Description, RunStep, Script, Stage, Step} from '../model/description.js'
import type {Span} from '../model/span.js'
import {plainText, showTemplate} from '../model/template.js'
import {baseFamily} from './bases.js'

/** A run step with its commands. */
export interface RanStep {
  readonly kind: 'run'
  readonly stage: Stage
  readonly step: RunStep
  /** The script; empty for a command that no shell reads. */
  readonly text: string
  readonly ran: readonly RanCommand[]
  /** The same with what opens and closes around them. */
  readonly items: readonly ShellItem[]
  /** False when a shell runs it that is no Bourne shell, or no shell at all: nothing is known of it. */
  readonly readable: boolean
  /** The working folder that WORKDIR left. */
  readonly folder: string | undefined
}

export interface OtherStep {
  readonly kind: 'other'
  readonly stage: Stage
  readonly step: Exclude<Step, RunStep>
  /** Folder for relative destinations. */
  readonly folder: string | undefined
}

export interface StageScript {
  readonly stage: Stage
  readonly steps: readonly (RanStep | OtherStep)[]
  readonly end: ShellState
}

const known = new WeakMap<Description, Map<number, StageScript>>()

/** The steps of a stage itself, without those of the stages that it starts from. */
export function stageScript(description: Description, stage: Stage): StageScript {
  let scripts = known.get(description)
  if (scripts === undefined) {
    scripts = new Map()
    known.set(description, scripts)
  }
  const found = scripts.get(stage.index)
  if (found !== undefined) return found
  // Upwards to a stage whose end is known, so that a long chain is walked once.
  const chain: Stage[] = []
  const seen = new Set<number>()
  let current: Stage | undefined = stage
  while (current !== undefined && !scripts.has(current.index) && !seen.has(current.index)) {
    chain.push(current)
    seen.add(current.index)
    current = parentOf(description, current)
  }
  let end = current === undefined ? undefined : scripts.get(current.index)?.end
  for (const each of chain.reverse()) {
    const script = walkStage(each, end ?? baseState(each))
    scripts.set(each.index, script)
    end = script.end
  }
  return scripts.get(stage.index) ?? walkStage(stage, baseState(stage))
}

function parentOf(description: Description, {base}: Stage): Stage | undefined {
  return base.kind === 'stage' && base.index !== undefined ? stageAt(description, base.index) : undefined
}

/** Every run step inside the images of all stages. */
export function* runSteps(description: Description): Generator<RanStep> {
  for (const stage of description.stages) {
    for (const each of stageScript(description, stage).steps) if (each.kind === 'run') yield each
  }
}

/** Where a piece of the script stands in the input. */
export function placeIn(step: RanStep, piece: {readonly from: number; readonly to: number}): Span {
  return placeOf(step.step.command, piece.from, piece.to, step.step.span)
}

/** The span of the whole of a command. */
export function commandSpan(step: RanStep, {command}: RanCommand): Span {
  return placeIn(step, command)
}

/** A script that runs when the image does, or `undefined` when another program than a Bourne shell reads it. */
export function scriptCommands(script: Script): readonly RanCommand[] | undefined {
  const interpreter = /^\s*#!\s*(\S+)(?:[ \t]+(\S+))?/.exec(script.text)
  const program = interpreter?.[1]?.endsWith('/env') ? interpreter[2] : interpreter?.[1]
  if (program !== undefined && !isShell(program)) return undefined
  return walkScript(script.text, {folder: undefined, variables: new Variables()}).ran
}

function isShell(program: string): boolean {
  return /^(.*\/)?(ba|da|k|z|a)?sh$/.test(program)
}

function baseState({base, rules}: Stage): ShellState {
  const plain = base.kind === 'scratch' || baseFamily(base).plain
  const config = base.kind === 'image' || base.kind === 'local' ? base.config : undefined
  const folder = rules === 'def' ? '/' : config !== undefined ? config.workdir || '/' : plain ? '/' : undefined
  const variables = new Variables()
  if (rules === 'def' || isRootUser(config?.user ?? '')) variables.set('HOME', '/root')
  for (const [name, value] of config?.env ?? []) variables.set(name, value)
  return {folder, variables}
}

function walkStage(stage: Stage, start: ShellState): StageScript {
  let {folder} = start
  const variables = new Variables(start.variables)
  const steps: (RanStep | OtherStep)[] = []
  for (const step of stage.steps) {
    switch (step.kind) {
      case 'run':
        steps.push(walkRun(stage, step, {folder, variables}))
        break
      case 'workdir':
        folder = plainText(step.path)
        if (folder !== undefined && !folder.startsWith('/')) folder = undefined
        steps.push({kind: 'other', stage, step, folder})
        break
      case 'env': {
        const values = step.variables.map(each => [each.name, plainText(each.value)] as const)
        for (const [name, value] of values) variables.set(name, value)
        steps.push({kind: 'other', stage, step, folder})
        break
      }
      case 'arg':
        if (!variables.has(step.name)) variables.set(step.name, step.value === undefined ? undefined : plainText(step.value))
        steps.push({kind: 'other', stage, step, folder})
        break
      case 'user':
        if (showTemplate(step.user) !== 'root' && showTemplate(step.user) !== '0') variables.set('HOME', undefined)
        steps.push({kind: 'other', stage, step, folder})
        break
      case 'copy':
        steps.push({kind: 'other', stage, step, folder})
    }
  }
  return {stage, steps, end: {folder, variables}}
}

function walkRun(stage: Stage, step: RunStep, state: ShellState): RanStep {
  const start = step.rules === 'def' ? {folder: step.where === 'image' ? '/' : undefined, variables: state.variables} : state
  const {command} = step
  const base = {kind: 'run', stage, step, folder: start.folder} as const
  switch (command.kind) {
    case 'exec': {
      const [program, flag, script] = command.argv
      if (program !== undefined && isShell(program) && /^-[a-z]*c$/.test(flag ?? '') && script !== undefined)
        return {...base, text: '', ...walked(script, start), readable: true}
      const line = command.argv.map(word => `'${word.replaceAll("'", `'"'"'`)}'`).join(' ')
      return {...base, text: '', ...walked(line, start), readable: true}
    }
    case 'shell':
      if (!isShell(command.shell[0] ?? '')) return {...base, text: command.text, ran: [], items: [], readable: false}
      return {...base, text: command.text, ...walked(command.text, start), readable: true}
    case 'file':
    case 'script': {
      const first = /^#!\s*(\S+)(?:[ \t]+(\S+))?/.exec(command.text)
      const named = first?.[1]?.endsWith('/env') ? first[2] : first?.[1]
      const program = command.kind === 'file' ? named : definitionShell(step)
      const readable = program === undefined || isShell(program)
      return {...base, text: command.text, ...(readable ? walked(command.text, start) : {ran: [], items: []}), readable}
    }
  }
}

function walked(script: string, start: ShellState): Pick<RanStep, 'ran' | 'items'> {
  const {ran, items} = walkScript(script, start)
  return {ran, items}
}

/** The program that reads a section, if its words name one: `%post -c /bin/bash` (D62). */
export function definitionShell({section}: RunStep): string | undefined {
  const words = section?.arguments ?? []
  const at = words.indexOf('-c')
  return at === -1 ? undefined : words[at + 1]
}
