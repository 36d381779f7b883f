/** Runs the commands of a stage's script, their output to a log and to whoever watches. */
import {chmod, writeFile} from 'node:fs/promises'
import type {Stage} from '../model/description.js'
import type {StageLog} from '../model/log.js'
import type {CommandResult, StageCommand, StageScript} from '../model/ports.js'
import type {Done, StageInputs} from './inputs.js'
import type {BuildPorts, BuildRequest} from './request.js'

/** A command of a stage failed: the engine's words, and what they mean. */
export class StageFailure extends Error {
  constructor(
    readonly command: StageCommand,
    readonly exitCode: number | undefined,
    readonly tail: readonly string[],
  ) {
    super(`${command.title} failed`)
  }
}

/** What a stage is run with. */
export interface StageRun {
  readonly stage: Stage
  readonly inputs: StageInputs
  readonly done: ReadonlyMap<number, Done>
  readonly request: BuildRequest
  readonly ports: BuildPorts
  readonly signal: AbortSignal
  /** Seconds since the build began. */
  readonly at: () => number
  /** Told where the log of this run is, as soon as there is one. */
  readonly onLog: (path: string) => void
}

/** Writes the files and makes the folders that a script works with. */
export async function writeScript(script: StageScript, ports: BuildPorts): Promise<void> {
  for (const {path, mode} of script.folders) {
    await ports.scratch.folder(path)
    await chmod(path, mode)
  }
  for (const {path, text, mode} of script.files) {
    await writeFile(path, text, {mode})
    await chmod(path, mode)
    await ports.scratch.give(path)
  }
}

/** Runs one command, its output to the log and the sink. */
async function runCommand(run: StageRun, command: StageCommand, log: StageLog): Promise<CommandResult> {
  const {stage, ports, signal} = run
  const {sink} = ports
  const {engine} = ports.engineOf(stage)
  const begun = ports.now()
  if (!command.quiet)
    sink.emit({
      event: 'step-start',
      stage: stage.name,
      title: command.title,
      at: run.at(),
      ...(command.step === undefined ? {} : {line: command.step.span.start.line}),
    })
  if (!command.quiet) log.write(`# ${command.title}`)
  const result = await ports.runner.run(
    command,
    (text, isOver) => {
      if (engine.isNoise(text)) return
      log.write(text)
      const doing = command.quiet ? undefined : engine.doing(text)
      if (doing !== undefined) sink.emit({event: 'activity', stage: stage.name, text: doing, ...lineOf(stage, doing)})
      sink.emit({event: 'step-log', stage: stage.name, text, ...(isOver ? {over: true} : {})})
    },
    signal,
  )
  const ok = result.exitCode === 0
  const seconds = (ports.now() - begun) / 1000
  if (!command.quiet) {
    log.write(`# ${command.title}: ${ok ? 'done' : 'failed'}, ${seconds.toFixed(1)} s`)
    sink.emit({event: 'step-end', stage: stage.name, title: command.title, at: run.at(), seconds, ok})
  }
  return result
}

/** Where a section of a definition file stands. */
function lineOf(stage: Stage, doing: string): {readonly line?: number} {
  const section = stage.definition?.sections.find(({name}) => `%${name}` === doing)
  return section === undefined ? {} : {line: section.span.start.line}
}

/** Runs the commands in order, to the first that fails. */
export async function runCommands(run: StageRun, commands: readonly StageCommand[], log: StageLog): Promise<void> {
  for (const [at, command] of commands.entries()) {
    const result = await runCommand(run, command, log)
    if (result.exitCode === 0) continue
    // What tidies up behind it, so that a tree that is kept holds nothing of ours.
    for (const after of commands.slice(at + 1).filter(each => each.always && each.step === command.step))
      await runCommand(run, after, log)
    const tail = result.tail.filter(line => !run.ports.engineOf(run.stage).engine.isNoise(line))
    throw new StageFailure(command, result.exitCode, tail)
  }
}

/** Works with the log of a stage. */
export async function withLog<T>(run: StageRun, work: (log: StageLog) => Promise<T>): Promise<T> {
  const {stage, ports, request} = run
  const log = await ports.logs.open(stage.name)
  if (log.path !== undefined) run.onLog(log.path)
  log.write(`# stage ${stage.name} of ${request.description.file}, ${new Date(ports.now()).toISOString()}`)
  try {
    return await work(log)
  } finally {
    await log.close()
  }
}
