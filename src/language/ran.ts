/** What a command runs, as far as its text tells. */
import type {Command} from '../model/description.js'
import {baseName} from '../model/paths.js'
import {type RanCommand, Variables, walkScript} from './shell-walk.js'

const nothingKnown = {folder: undefined, variables: new Variables()}

/** Shells whose scripts read like a Bourne shell's. */
const SHELL = /^(.*\/)?(ba|da|a|k|z)?sh$/

/** The commands in a command; undefined for what is no Bourne shell's and no plain list of words. */
export function commandsOf(command: Command): readonly RanCommand[] | undefined {
  switch (command.kind) {
    case 'exec': {
      const [program = '', first = '', script] = command.argv
      // `["sh", "-c", "…"]` is a shell form by hand.
      if (SHELL.test(program) && /^-[a-z]*c$/.test(first) && script !== undefined) return scriptCommands(script)
      return undefined
    }
    case 'shell':
    case 'file':
      return SHELL.test(command.shell[0] ?? '') ? scriptCommands(command.text) : undefined
    case 'script':
      return scriptCommands(command.text)
  }
}

/** The commands of a script that a Bourne shell reads, whatever its first line says. */
export function scriptCommands(text: string): readonly RanCommand[] {
  return walkScript(text, nothingKnown).ran
}

/** Paths and names of the programs that a command starts. */
export function programsOf(command: Command): readonly string[] {
  const commands = commandsOf(command)
  if (commands === undefined) return command.kind === 'exec' ? command.argv.slice(0, 1) : []
  return programNames(commands)
}

/** The first word of each command. */
export function programNames(commands: readonly RanCommand[]): readonly string[] {
  return commands.flatMap(({argv}) => {
    const name = argv[0]?.value
    return name === undefined || name === '' ? [] : [name]
  })
}

/** Programs that neither install anything nor change what a loader finds. */
const HARMLESS = new Set([
  ...[
    '',
    ':',
    '[',
    '[[',
    'test',
    'true',
    'false',
    'set',
    'cd',
    'pushd',
    'popd',
    'export',
    'unset',
    'umask',
    'read',
    'exit',
    'return',
  ],
  ...[
    'echo',
    'printf',
    'cat',
    'head',
    'tail',
    'grep',
    'ls',
    'id',
    'whoami',
    'date',
    'uname',
    'hostname',
    'pwd',
    'which',
    'command',
  ],
  ...[
    'type',
    'env',
    'sleep',
    'sync',
    'du',
    'df',
    'wc',
    'file',
    'stat',
    'ldd',
    'readelf',
    'mkdir',
    'rmdir',
    'rm',
    'touch',
    'chown',
  ],
  ...['chgrp', 'strip', 'useradd', 'groupadd', 'adduser', 'addgroup', 'usermod', 'passwd', 'find', 'sha256sum', 'md5sum', 'cmp'],
])
/** The same, but they change modes. */
const MODES = new Set(['chmod', 'setcap', 'setfacl'])

export interface Influence {
  /** It may bring files, or make the loader find others. */
  readonly files: boolean
  readonly modes: boolean
}

/**
 * What a command of an image's build may change for programs that were copied there.
 * @param own names of those programs: to run one changes nothing
 */
export function influenceOf(command: Command, own: ReadonlySet<string>): Influence {
  const commands = commandsOf(command)
  if (commands === undefined) {
    const name = command.kind === 'exec' ? baseName(command.argv[0] ?? '') : undefined
    const files = name === undefined || !(HARMLESS.has(name) || MODES.has(name) || own.has(name))
    return {files, modes: files || name === 'chmod'}
  }
  let files = false
  let modes = false
  for (const {program, argv, redirects} of commands) {
    if (program !== undefined && MODES.has(program)) modes = true
    else if (program === undefined || !(HARMLESS.has(program) || own.has(program))) files = true
    // `find -exec` and its like run what nobody reads here.
    if (argv.some(({value}) => value === '-exec' || value === '-execdir')) files = true
    if (
      redirects.some(
        ({operator, target}) => operator.startsWith('>') && target.value !== '/dev/null' && !/^&?\d?$/.test(target.value ?? ''),
      )
    )
      files = true
  }
  return {files, modes: files || modes}
}
