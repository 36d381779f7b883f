/** Runs stage commands on this machine, as the engine's user, in the namespace where they belong. */
import {closeSync, openSync} from 'node:fs'
import type {CommandResult, Identity, Mapping, Runner, StageCommand} from '../model/ports.js'
import {asUser, insideNamespace} from '../system/identity.js'
import {runProcess} from '../system/processes.js'
import {helperProgram} from './helper.js'

/** Lines kept of a command's output, for the message when it fails. */
const TAIL = 200

export interface LocalRunnerOptions {
  readonly identity: Identity
  readonly mapping: Mapping
  readonly environment: Readonly<Record<string, string>>
  /** For commands that run as whoever started us. */
  readonly callerEnvironment?: Readonly<Record<string, string>>
}

/** What stands before a command of this kind on this machine: also what `--dry-run` prints. */
export function commandPrefix(kind: StageCommand['kind'], identity: Identity, mapping: Mapping): readonly string[] {
  if (kind === 'caller') return []
  return kind === 'engine' ? asUser(identity) : [...asUser(identity), ...insideNamespace(mapping)]
}

export function localRunner(options: LocalRunnerOptions): Runner {
  return {
    async run(
      command: StageCommand,
      onLine: (line: string, isOver: boolean) => void,
      signal: AbortSignal,
    ): Promise<CommandResult> {
      const tail: string[] = []
      const keep = (line: string, isOver: boolean) => {
        tail.push(line)
        if (tail.length > TAIL) tail.shift()
        onLine(line, isOver)
      }
      const prefix = commandPrefix(command.kind, options.identity, options.mapping)
      const environment = command.kind === 'caller' ? options.callerEnvironment : undefined
      const env = {...(environment ?? options.environment), ...command.env}
      const common = {cwd: command.cwd, env, onLine: keep, signal}
      if (command.kind !== 'helper') {
        const result = await runProcess({...common, argv: [...prefix, ...command.argv]})
        return {...result, tail}
      }
      // Node by an open descriptor and the program by its text: neither needs to be reachable for the other user.
      const descriptor = openSync(process.execPath, 'r')
      try {
        const argv = [...prefix, '/proc/self/fd/3', '--input-type=module', '-', ...command.argv]
        const result = await runProcess({...common, argv, descriptor, input: helperProgram()})
        return {...result, tail}
      } finally {
        closeSync(descriptor)
      }
    },
  }
}
