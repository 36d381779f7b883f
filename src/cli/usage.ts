/** What is wrong with a command line, in our words: what was not understood, and what may be meant. */
import {existsSync, readFileSync} from 'node:fs'
import {nearest} from '../language/distance.js'
import type {KnownCommand} from './complete.js'
import {otherCommand, otherFlag, otherOrder} from './other-tools.js'

/** What the parser of the command line knows of a mistake; by its names, so that nothing of it is loaded for this. */
interface UsageError extends Error {
  readonly flags?: readonly string[]
  readonly args?: readonly (string | {readonly name: string; readonly description?: string})[]
}

export interface Advice {
  readonly message: string
  readonly hint: string
}

/** The commands that there are; none where the manifest cannot be read. */
function knownCommands(manifest: string): readonly KnownCommand[] {
  try {
    const read: {readonly commands: Readonly<Record<string, KnownCommand>>} = JSON.parse(readFileSync(manifest, 'utf8'))
    return Object.values(read.commands).filter(each => each.hidden !== true)
  } catch {
    return []
  }
}

/** A flag's name is short, so few letters may be wrong; one that begins as typed is meant as well. */
function meant(word: string, candidates: readonly string[]): string | undefined {
  return (
    nearest(word, candidates, word.length < 5 ? 1 : 3) ??
    (word.length < 3 ? undefined : candidates.find(each => each.startsWith(word)))
  )
}

function noCommand(words: readonly string[], argv: readonly string[], commands: readonly KnownCommand[]): Advice {
  const names = commands.map(each => each.id.replaceAll(':', ' '))
  const [first = '', ...rest] = words
  const below = names.filter(each => each.startsWith(`${first} `))
  if (names.includes(first) && below.length === 0)
    return {
      message: `sifstage ${first} takes no arguments; too much: ${rest.join(' ')}`,
      hint: `How it is written: sifstage ${first} --help`,
    }
  const text = below.length > 0 ? words.join(' ') : first
  const message = `there is no command "${text}"`
  const later = first.startsWith('-') ? argv.find(word => names.includes(word)) : undefined
  if (later !== undefined) return {message, hint: `Flags go behind the command: sifstage ${later} ${first}`}
  const other = otherCommand(argv)
  if (other !== undefined) return {message, hint: other}
  const near = first.startsWith('-') ? meant(first, ['--help', '--version']) : meant(text, names)
  if (near !== undefined) return {message, hint: `Do you mean: sifstage ${near}`}
  if (below.length > 0) return {message, hint: `There are: ${below.join(', ')}`}
  if (existsSync(first)) return {message, hint: `Do you mean: sifstage build ${first}`}
  return {message, hint: 'All commands: sifstage --help'}
}

function noFlags(flags: readonly string[], command: KnownCommand | undefined): Advice {
  const [flag = ''] = flags
  const all = Object.values(command?.flags ?? {})
  const near = flag.startsWith('--')
    ? meant(
        flag.slice(2).replace(/=.*/s, ''),
        all.map(each => each.name),
      )
    : undefined
  const name = command === undefined ? 'sifstage' : `sifstage ${command.id.replaceAll(':', ' ')}`
  const message = `${name} has no flag ${flags.join(', ')}`
  const other = command !== undefined && 'input' in command.args ? otherFlag(flag) : undefined
  if (other !== undefined) return {message, hint: other}
  return {
    message,
    hint: near === undefined ? `All flags: ${name} --help` : `Do you mean --${near}? All flags: ${name} --help`,
  }
}

function nameOf(argument: string | {readonly name: string}): string {
  return typeof argument === 'string' ? argument : argument.name.toUpperCase()
}

/** The hint for a value that is missing: what it may be, if that is a list. */
function oneOf(options: readonly string[] | undefined, otherwise: string): string {
  return options === undefined ? otherwise : `It is one of: ${options.join(', ')}`
}

/** The command that a command line begins with. */
function commandOf(argv: readonly string[], commands: readonly KnownCommand[]): KnownCommand | undefined {
  const [first = '', second = ''] = argv
  return commands.find(each => each.id === `${first}:${second}`) ?? commands.find(each => each.id === first)
}

/**
 * What to say of a command line that cannot be understood; undefined for an error of another kind.
 * @param argv what was typed behind `sifstage` @param manifest path of oclif.manifest.json
 */
export function usageAdvice(error: UsageError, argv: readonly string[], manifest: string): Advice | undefined {
  const kind = error.constructor.name
  const text = error.message.replace(/\nSee more help with --help$/, '').trim()
  const [, missing] = /^command (\S+) not found\.?$/i.exec(text) ?? []
  if (missing === undefined && !/^(CLIError|CLIParseError|.*(Flags?|Args?|Option|Validation|Constraint)\w*Error)$/.test(kind))
    return undefined
  const commands = knownCommands(manifest)
  if (missing !== undefined) return noCommand(missing.split(':'), argv, commands)
  const command = commandOf(argv, commands)
  const name = command === undefined ? 'sifstage' : `sifstage ${command.id.replaceAll(':', ' ')}`
  const help = `How it is written: ${name} --help`
  if (kind === 'NonExistentFlagsError') return noFlags(error.flags ?? [], command)
  if (kind === 'UnexpectedArgsError') {
    const takes = Object.values(command?.args ?? {}).map(each => each.name.toUpperCase())
    const what = takes.length === 0 ? 'no arguments' : takes.join(' and ')
    const extra = (error.args ?? []).map(each => (typeof each === 'string' ? each : each.name))
    const hint = otherOrder(command?.id ?? '', argv.slice(1), extra) ?? help
    return {message: `${name} takes ${what}; too much: ${extra.join(' ')}`, hint}
  }
  if (kind === 'RequiredArgsError') {
    const [first] = error.args ?? []
    const values = Object.values(command?.args ?? {}).find(
      each => each.name === (typeof first === 'string' ? first : first?.name),
    )
    return {message: `${name} needs ${(error.args ?? []).map(nameOf).join(' and ')}`, hint: oneOf(values?.options, help)}
  }
  const [, flag, value = '', options = ''] = /^Expected (?:(--[\w-]+)=)?(.*) to be one of: (.*)$/s.exec(text) ?? []
  if (options !== '') {
    const near = meant(value, options.split(', '))
    const before = flag === undefined ? '' : `${flag} `
    return {
      message: `${before}${value}: not one of ${options}`,
      hint: near === undefined ? help : `Do you mean ${before}${near}?`,
    }
  }
  const [, required] = /^\s*Missing required flag (\S+)$/m.exec(text) ?? []
  if (required !== undefined)
    return {message: `${name} needs --${required}`, hint: oneOf(command?.flags[required]?.options, help)}
  // Several lines: what was parsed, and why it is not right.
  const plain = text
    .replace(/^The following errors? occurred:/, '')
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '')
  return {message: plain.map((line, at) => (at === 0 ? line.replace(/^(Parsing|Flag) /, '') : line)).join(': '), hint: help}
}
