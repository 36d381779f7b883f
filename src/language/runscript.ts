/**
 * ENTRYPOINT and CMD as a run script, with docker's rules for arguments (K124, K148). Values are never evaluated
 * again, which Apptainer's own script for OCI images does (D114).
 */
import type {Command} from '../model/description.js'
import {shellQuote} from './shell.js'

export interface StartCommand {
  readonly entrypoint: Command | undefined
  readonly cmd: Command | undefined
  /** Folder to start in; undefined leaves the caller's. */
  readonly workdir: string | undefined
}

/** The argument list of a command; a shell form is its shell with the text as one argument. */
export function commandWords(command: Command): readonly string[] {
  switch (command.kind) {
    case 'exec':
      return command.argv
    case 'shell':
      return [...command.shell, command.text]
    case 'file':
      return [...command.shell, `/dev/pipes/${command.name}`]
    case 'script':
      return ['/bin/sh', '-c', command.text]
  }
}

/** An empty ENTRYPOINT or CMD clears the base's (K123): then only arguments can say what to run. */
export const nothingToRun: readonly string[] = ['[ $# -gt 0 ] || { echo "no command specified" >&2; exit 125; }', 'exec "$@"']

/** Lines of the script after `#!/bin/sh`; undefined when there is nothing to start, so that the base's script stays. */
export function runscriptLines(start: StartCommand, quote: (text: string) => string = shellQuote): readonly string[] | undefined {
  const entry = start.entrypoint === undefined ? [] : commandWords(start.entrypoint)
  const cmd = start.cmd === undefined ? [] : commandWords(start.cmd)
  if (entry.length === 0 && cmd.length === 0) return undefined
  const lines: string[] = []
  if (start.workdir !== undefined) lines.push(`cd ${quote(start.workdir)} || exit`)
  if (cmd.length > 0) lines.push(`[ $# -gt 0 ] || set -- ${cmd.map(quote).join(' ')}`)
  lines.push(entry.length === 0 ? 'exec "$@"' : `exec ${entry.map(quote).join(' ')} "$@"`)
  return lines
}
