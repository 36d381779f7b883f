/** Runs the commands of a stage's script, their output to a log and to whoever watches. */
import {createHash} from 'node:crypto'
import {createWriteStream, mkdirSync, rmSync, type WriteStream} from 'node:fs'
import {chmod, writeFile} from 'node:fs/promises'
import {join, resolve} from 'node:path'
import type {Description, Stage} from '../model/description.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import type {CommandResult, StageCommand, StageScript} from '../model/ports.js'
import type {Done, StageInputs} from './inputs.js'
import type {BuildPorts, BuildRequest} from './request.js'

/** A command of a stage failed: the engine's words, and what they mean. */
export class StageFailure extends Error {
  constructor(
    readonly command: StageCommand,
    readonly exitCode: number | undefined,
    readonly tail: readonly string[],
    readonly log: string,
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
async function runCommand(run: StageRun, command: StageCommand, log: WriteStream): Promise<CommandResult> {
  const {stage, ports, signal} = run
  const {sink} = ports
  const {engine} = ports.engineOf(stage)
  const begun = ports.now()
  if (!command.quiet)
    sink.emit({
      event: 'step-start',
      stage: stage.name,
      title: command.title,
      ...(command.step === undefined ? {} : {line: command.step.span.start.line}),
    })
  if (!command.quiet) log.write(`# ${command.title}\n`)
  const result = await ports.runner.run(
    command,
    text => {
      if (engine.isNoise(text)) return
      log.write(`${text}\n`)
      sink.emit({event: 'step-log', stage: stage.name, text})
    },
    signal,
  )
  const ok = result.exitCode === 0
  if (!command.quiet)
    sink.emit({event: 'step-end', stage: stage.name, title: command.title, seconds: (ports.now() - begun) / 1000, ok})
  return result
}

/** Runs the commands in order, to the first that fails. */
export async function runCommands(run: StageRun, commands: readonly StageCommand[], log: Log): Promise<void> {
  for (const [at, command] of commands.entries()) {
    const result = await runCommand(run, command, log.stream)
    if (result.exitCode === 0) continue
    // What tidies up behind it, so that a tree that is kept holds nothing of ours.
    for (const after of commands.slice(at + 1).filter(each => each.always && each.step === command.step))
      await runCommand(run, after, log.stream)
    const tail = result.tail.filter(line => !run.ports.engineOf(run.stage).engine.isNoise(line))
    throw new StageFailure(command, result.exitCode, tail, log.file)
  }
}

/** A stage's log while it runs. */
export interface Log {
  readonly file: string
  readonly stream: WriteStream
}

/** Works with the log of a stage. */
export async function withLog<T>({stage, ports, request}: StageRun, work: (log: Log) => Promise<T>): Promise<T> {
  const file = await logPath(ports.store.folder, stage, request.description)
  const stream = createWriteStream(file)
  stream.on('error', () => {})
  try {
    return await work({file, stream})
  } finally {
    stream.end()
  }
}

/** The log of a stage's last run; kept in the store, so that its path can be told after a failure. */
async function logPath(store: string, stage: Stage, description: Description): Promise<string> {
  const folder = join(store, 'logs')
  const safe = `${description.file.replace(/^.*\//, '')}-${stage.name}`.replace(/[^\w.-]/g, '_').slice(0, 100)
  // Many projects have a Dockerfile with a stage of that name.
  const input = createHash('sha256')
    .update(JSON.stringify([resolve(description.file), stage.name]))
    .digest('hex')
  const file = join(folder, `${safe}-${input.slice(0, 8)}.log`)
  try {
    mkdirSync(folder, {recursive: true})
    // Perhaps of another user, who may not be written over but replaced.
    rmSync(file, {force: true})
  } catch (error) {
    throw new SifstageError(
      ExitCode.usage,
      `the store ${store} cannot be written: ${error instanceof Error ? error.message : String(error)}`,
      'Name another store: --cache-dir DIR',
    )
  }
  return file
}
