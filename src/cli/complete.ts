/**
 * What may stand next on a command line: commands and flags from the manifest, and names of stages from the input that
 * stands on the line. It only reads, and says nothing when something is wrong: a shell shows what it gets.
 */
import {configuration, type FormatName, rules, stageNames} from '../index.js'

/** A command as the manifest has it, as far as it is looked at. */
export interface KnownCommand {
  readonly id: string
  readonly summary?: string | undefined
  readonly hidden?: boolean | undefined
  readonly args: Readonly<Record<string, KnownArgument>>
  readonly flags: Readonly<Record<string, KnownFlag>>
  readonly strict?: boolean | undefined
}

interface KnownArgument {
  readonly name: string
  readonly options?: readonly string[] | undefined
}

interface KnownFlag {
  readonly name: string
  readonly type: 'option' | 'boolean'
  readonly char?: string | undefined
  readonly description?: string | undefined
  readonly options?: readonly string[] | undefined
  readonly helpValue?: string | readonly string[] | undefined
  readonly multiple?: boolean | undefined
  readonly hidden?: boolean | undefined
}

export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

/** `words` are shown, with a description behind a tab; for the other kinds the shell looks itself. */
interface Answer {
  readonly kind: 'words' | 'files' | 'dirs'
  readonly words: readonly (readonly [word: string, about: string])[]
}

const NOTHING: Answer = {kind: 'words', words: []}
const FILES: Answer = {kind: 'files', words: []}
const DIRS: Answer = {kind: 'dirs', words: []}

/**
 * Lines for the scripts of `sifstage completion`: what kind it is, then a word a line.
 * @param typed the words behind `sifstage`, the last one being written
 */
export async function complete(commands: readonly KnownCommand[], shell: Shell, typed: readonly string[]): Promise<string> {
  const words = joined(typed)
  const current = words.at(-1) ?? ''
  const {kind, words: found} = await candidates(commands, words.slice(0, -1), current)
  const prefix = /^--[^=]+=/.exec(current)?.[0] ?? ''
  const begun = current.slice(prefix.length)
  const shown = found.filter(([word]) => word.startsWith(begun) && isSafe(word))
  const lines = shown.map(([word, about]) => {
    const whole = shell === 'fish' ? `${prefix}${word}` : word
    return shell === 'bash' || about === '' ? whole : `${whole}\t${about.replaceAll(/\s+/g, ' ')}`
  })
  return `${[kind, ...lines].join('\n')}\n`
}

/** bash takes `--target=x` for three words. */
function joined(typed: readonly string[]): string[] {
  const words: string[] = []
  for (let at = 0; at < typed.length; at += 1) {
    const before = words.at(-1)
    if (typed[at] === '=' && before?.startsWith('--') === true && !before.includes('=')) {
      words[words.length - 1] = `${before}=${typed[at + 1] ?? ''}`
      at += 1
    } else words.push(typed[at] ?? '')
  }
  return words.length === 0 ? [''] : words
}

/** A word that cannot be typed, or that a terminal would take for something else, is not offered. */
function isSafe(word: string): boolean {
  return !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u.test(word)
}

async function candidates(commands: readonly KnownCommand[], before: readonly string[], current: string): Promise<Answer> {
  const {command, rest} = commandOf(commands, before)
  if (command === undefined) return {kind: 'words', words: nextCommands(commands, before)}
  const {positional, given, open, ended} = readLine(command, rest)
  const values = (flag: KnownFlag) => valuesOf(flag, command, positional, given)
  if (open !== undefined) return values(open)
  const assigned = /^--([^=]+)=/.exec(current)
  if (assigned !== null && !ended) {
    const flag = command.flags[assigned[1] ?? '']
    return flag?.type === 'option' ? values(flag) : NOTHING
  }
  if (current.startsWith('-') && !ended) return {kind: 'words', words: flagsOf(command, given)}
  return argumentOf(command, positional.length)
}

/** The command that a line is about, and what stands behind its words. */
function commandOf(commands: readonly KnownCommand[], before: readonly string[]) {
  for (const length of [2, 1]) {
    const id = before.slice(0, length).join(':')
    const command = before.length < length ? undefined : commands.find(each => each.id === id)
    if (command !== undefined) return {command, rest: before.slice(length)}
  }
  return {command: undefined, rest: before}
}

function nextCommands(commands: readonly KnownCommand[], before: readonly string[]): Answer['words'] {
  const start = before.map(each => `${each}:`).join('')
  const found = new Map<string, string>()
  for (const {id, hidden, summary = ''} of commands) {
    if (hidden === true || !id.startsWith(start)) continue
    const [word = '', more] = id.slice(start.length).split(':')
    if (!found.has(word)) found.set(word, more === undefined ? summary : '')
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1))
}

/** Which flags and arguments are there, and the flag whose value is being written. */
function readLine(command: KnownCommand, rest: readonly string[]) {
  const positional: string[] = []
  const given = new Map<string, string>()
  let open: KnownFlag | undefined
  let ended = false
  for (const word of rest) {
    if (open !== undefined) {
      given.set(open.name, word)
      open = undefined
    } else if (ended || !word.startsWith('-') || word === '-') positional.push(word)
    else if (word === '--') ended = true
    else {
      const [name = '', value] = word.startsWith('--') ? word.slice(2).split(/=(.*)/s) : [word.slice(1)]
      const flag = Object.values(command.flags).find(each => (word.startsWith('--') ? each.name === name : each.char === name))
      if (flag?.type === 'option' && value === undefined) open = flag
      else if (flag !== undefined) given.set(flag.name, value ?? '')
    }
  }
  return {positional, given, open, ended}
}

function flagsOf(command: KnownCommand, given: ReadonlyMap<string, string>): Answer['words'] {
  return Object.values(command.flags)
    .filter(({name, multiple, hidden}) => hidden !== true && (multiple === true || !given.has(name)))
    .map(({name, description = ''}) => [`--${name}`, description] as const)
    .concat([['--help', 'Show help.']])
    .sort(([a], [b]) => (a < b ? -1 : 1))
}

async function valuesOf(
  flag: KnownFlag,
  command: KnownCommand,
  positional: readonly string[],
  given: ReadonlyMap<string, string>,
): Promise<Answer> {
  const help = [flag.helpValue ?? ''].flat().join(' ')
  if (flag.options !== undefined) return plain(flag.options)
  // The help of such a flag lists all that it may be.
  if (/^[a-z0-9-]+(\|[a-z0-9-]+)+$/.test(help)) return plain(help.split('|'))
  if (help === 'STAGE') return plain(await stagesOnLine(command, positional, given))
  if (help === 'RULE') return plain(await ruleNames())
  if (/\b(FILE|OUT)\b/.test(help) && !help.includes('=')) return FILES
  return /^DIR\b/.test(help) ? DIRS : NOTHING
}

function plain(words: readonly string[]): Answer {
  return {kind: 'words', words: words.map(each => [each, ''] as const)}
}

async function argumentOf(command: KnownCommand, place: number): Promise<Answer> {
  const args = Object.values(command.args)
  const argument = args[place] ?? (command.strict === false ? args.at(-1) : undefined)
  if (argument === undefined) return NOTHING
  if (argument.options !== undefined) return plain(argument.options)
  switch (argument.name) {
    case 'rule':
      return plain(await ruleNames())
    case 'key':
      return plain((await configuration()).settings.map(each => each.name))
    case 'dir':
      return DIRS
    default:
      return FILES
  }
}

async function ruleNames(): Promise<readonly string[]> {
  return (await rules()).map(each => each.name).sort()
}

/** Of the input on the line, else of the only one in this folder. */
async function stagesOnLine(
  command: KnownCommand,
  positional: readonly string[],
  given: ReadonlyMap<string, string>,
): Promise<readonly string[]> {
  const place = Object.keys(command.args).indexOf('input')
  return stageNames(positional[place], given.get('from') as FormatName | undefined)
}
