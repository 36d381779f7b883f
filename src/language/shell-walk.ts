/**
 * Goes through a script as a shell would, as far as its text tells: in which folder each command runs, and what its
 * words come to. Where a command may or may not have run, what it would have changed is unknown from there on.
 */
import {absolutePath} from './paths.js'
import {type ShellCommand, type ShellItem, shellItems} from './shell-commands.js'
import type {ShellWord} from './shell-words.js'

/** A word of a command. `value` is undefined where only a run could tell. */
export interface ShellArgument {
  readonly value: string | undefined
  /** As it stands in the script. */
  readonly raw: string
  /** Has a `*`, `?`, `[` or `{` that the shell would expand. */
  readonly pattern: boolean
  readonly from: number
  readonly to: number
}

export interface RanCommand {
  readonly command: ShellCommand
  /** The words, without what stands in front of the program (`sudo`, `env A=1`, `exec`). */
  readonly argv: readonly ShellArgument[]
  /** Last part of the program's path; empty for assignments alone, undefined when it is not known. */
  readonly program: string | undefined
  /** What stood in front of the program. */
  readonly prefixes: readonly string[]
  readonly redirects: readonly {readonly operator: string; readonly target: ShellArgument}[]
  /** The folder it runs in. */
  readonly folder: string | undefined
  /** Runs once, whatever happens: it is in no branch, loop or function, and behind no `||`. */
  readonly certain: boolean
  /** Variables that are assigned for this command, or for good where it has no words. */
  readonly assigned: readonly {readonly name: string; readonly value: string | undefined; readonly from: number}[]
}

/** Names and values, one layer upon another: what a script sets does not change what it started with. */
export class Variables {
  /** Made when something is set: most scripts set nothing. */
  #own: Map<string, string | undefined> | undefined
  readonly #below: Variables | undefined
  readonly #depth: number

  constructor(below?: Variables) {
    // Where stages stand upon each other without end, the values far below are not worth the search.
    this.#below = below !== undefined && below.#depth < 64 ? below : undefined
    this.#depth = this.#below === undefined ? 1 : this.#below.#depth + 1
  }

  /** Undefined for a value that nobody knows. */
  get(name: string): string | undefined {
    if (this.#own?.has(name) === true) return this.#own.get(name)
    return this.#below?.get(name)
  }

  /** Whether the input says anything of it. */
  has(name: string): boolean {
    return this.#own?.has(name) === true || this.#below?.has(name) === true
  }

  set(name: string, value: string | undefined): void {
    this.#own ??= new Map()
    this.#own.set(name, value)
  }

  /** Forgets what this layer set. */
  forget(): void {
    this.#own = undefined
  }
}

export interface ShellState {
  readonly folder: string | undefined
  readonly variables: Variables
}

interface Frame {
  readonly of: 'subshell' | 'branch' | 'loop' | 'function' | 'group'
  readonly folder: string | undefined
  /** Length of the journal where it opened. */
  readonly journal: number
}

/** Longer values are of no use to anybody who looks for a path. */
const longest = 4096
/** Nobody writes what is nested deeper; its commands are left out. */
const deepest = 100

export interface Walk {
  readonly items: readonly ShellItem[]
  readonly ran: readonly RanCommand[]
  readonly end: ShellState
}

export function walkScript(text: string, start: ShellState): Walk {
  const items = shellItems(text)
  const ran: RanCommand[] = []
  let folder = start.folder
  const variables = new Variables(start.variables)
  const journal: {readonly name: string; readonly value: string | undefined}[] = []
  const frames: Frame[] = []
  let uncertain = 0
  const assign = (name: string, value: string | undefined) => {
    if (frames.length > 0) journal.push({name, value: variables.get(name)})
    variables.set(name, value)
  }
  for (const item of items) {
    if (item.kind === 'open') {
      frames.push({of: item.of, folder, journal: journal.length})
      if (item.of !== 'subshell' && item.of !== 'group') uncertain += 1
      continue
    }
    if (item.kind === 'close') {
      const frame = frames.pop()
      if (frame === undefined) continue
      if (frame.of !== 'subshell' && frame.of !== 'group') uncertain -= 1
      if (frames.length >= deepest || frame.of === 'group') continue
      if (frame.of === 'subshell') {
        for (const {name, value} of journal.splice(frame.journal).reverse()) variables.set(name, value)
        folder = frame.folder
        continue
      }
      // Whether it ran, or how often, is not known: what it may have changed is neither.
      if (folder !== frame.folder) folder = undefined
      for (let at = frame.journal; at < journal.length; at += 1) variables.set(journal[at]?.name ?? '', undefined)
      continue
    }
    if (frames.length > deepest) continue
    const value = (word: ShellWord): ShellArgument => argument(text, word, variables)
    const assigned = item.assignments.map(each => ({name: each.name, value: value(each.value).value, from: each.from}))
    const words = item.words.map(value)
    const {argv, prefixes} = withoutPrefixes(words)
    const one: RanCommand = {
      command: item,
      argv,
      program: argv.length === 0 ? '' : argv[0]?.value?.split('/').at(-1),
      prefixes,
      redirects: item.redirects.map(({operator, target}) => ({operator, target: value(target)})),
      folder,
      certain: item.after !== '||' && uncertain === 0,
      assigned,
    }
    ran.push(one)
    // A part of a pipe runs in a shell of its own.
    if (item.after === '|') continue
    if (words.length === 0) for (const each of assigned) assign(each.name, item.after === '||' ? undefined : each.value)
    else folder = effect(one, folder, variables, assign)
    // Another script may set anything; folders seldom.
    if (one.program === '.' || one.program === 'source' || one.program === 'eval') variables.forget()
  }
  return {items, ran, end: {folder, variables}}
}

/** What a command leaves behind in the shell itself: variables, and the folder that is returned. */
function effect(
  {program, argv, certain, command}: RanCommand,
  folder: string | undefined,
  variables: Variables,
  assign: (name: string, value: string | undefined) => void,
): string | undefined {
  switch (program) {
    case 'cd':
    case 'pushd': {
      if (command.after === '||') return undefined
      const target = argv.slice(1).find(each => !/^-[LPe@]+$|^--$/.test(each.raw))
      if (target === undefined) return program === 'cd' ? variables.get('HOME') : undefined
      const {value} = target
      // In a loop a relative folder is another one each time.
      if (value === undefined || target.pattern || value === '-' || value === '') return undefined
      if (value.startsWith('/')) return absolutePath('/', value)
      return folder === undefined ? undefined : absolutePath(folder, value)
    }
    case 'popd':
      return undefined
    case 'export':
    case 'readonly':
    case 'declare':
    case 'typeset':
    case 'local':
      for (const each of argv.slice(1)) {
        const match = /^([A-Za-z_]\w*)=/.exec(each.value ?? each.raw)
        if (match?.[1] !== undefined) assign(match[1], certain ? each.value?.slice(match[0].length) : undefined)
      }
      return folder
    case 'unset':
      for (const each of argv.slice(1)) if (each.value !== undefined) assign(each.value, undefined)
      return folder
    case 'read':
    case 'for':
    case 'select':
    case 'getopts':
      for (const each of argv.slice(1)) if (each.value !== undefined) assign(each.value, undefined)
      return folder
    default:
      return folder
  }
}

function argument(script: string, word: ShellWord, variables: Variables): ShellArgument {
  let value: string | undefined = ''
  let pattern = false
  for (const part of word.parts) {
    let text: string | undefined
    if (part.kind === 'text') {
      text = part.text
      pattern ||= !part.quoted && /[*?[{]/.test(text)
    } else if (part.kind === 'variable') {
      // The fallback of an unset variable is not taken: it may come from the base or from whoever builds.
      text = variables.get(part.name)
    }
    value = value === undefined || text === undefined ? undefined : value + text
    if (value !== undefined && value.length > longest) value = undefined
  }
  const [first] = word.parts
  if (value !== undefined && first?.kind === 'text' && !first.quoted && /^~(\/|$)/.test(value)) {
    const home = variables.get('HOME')
    value = home === undefined ? undefined : home + value.slice(1)
  }
  return {value, raw: script.slice(word.from, Math.min(word.to, word.from + longest)), pattern, from: word.from, to: word.to}
}

const carriers = new Set(['sudo', 'exec', 'command', 'nohup', 'nice', 'time', 'env', 'builtin', 'setarch', 'linux64', 'fakeroot'])

/** `sudo -E env A=1 make` is `make`. */
function withoutPrefixes(words: readonly ShellArgument[]): {argv: readonly ShellArgument[]; prefixes: readonly string[]} {
  const prefixes: string[] = []
  let at = 0
  for (;;) {
    const name = words[at]?.value
    if (name === undefined || !carriers.has(name) || at + 1 >= words.length) break
    prefixes.push(name)
    at += 1
    while (/^-|^[A-Za-z_]\w*=/.test(words[at]?.raw ?? '')) {
      // `sudo -u NAME`, `nice -n 5`, `exec -a NAME`.
      at += /^-[ungaC]$/.test(words[at]?.raw ?? '') ? 2 : 1
    }
  }
  return {argv: words.slice(at), prefixes}
}
