/** Build scripts and makefiles, read as far as they are plain, and never run. */
import {Variables, walkScript} from '../language/shell-walk.js'
import type {Span} from '../model/span.js'
import {LineIndex} from '../model/span.js'
import {type ImageCommand, imageCommand} from './commands.js'

export interface ScriptFile {
  /** Relative to the folder that all paths start at. */
  readonly path: string
  /** For messages. */
  readonly name: string
  readonly text: string
}

export interface ScriptCommand {
  readonly script: ScriptFile
  readonly command: ImageCommand
  /** Where it is run, relative as the script's path is; undefined when that cannot be told. */
  readonly folder: string | undefined
  readonly span: Span
}

function isMakefile(name: string): boolean {
  return /^(gnu)?makefile$|\.mk$/i.test(name)
}

/** Whether a file of this name may be a build script. */
export function isScript(name: string): boolean {
  return /\.(sh|bash)$/.test(name) || isMakefile(name)
}

/** No path of a machine is known here: folders start at this mark. */
const top = '/:'

export function scriptCommands(script: ScriptFile): ScriptCommand[] {
  const slash = script.path.lastIndexOf('/')
  const folder = slash === -1 ? top : `${top}/${script.path.slice(0, slash)}`
  const lines = new LineIndex(script.name, script.text)
  if (!isMakefile(script.path.slice(slash + 1))) return commandsOf(script, script.text, folder, from => lines.span(from, from))
  return recipes(script.text).flatMap(({text, from}) => commandsOf(script, text, folder, () => lines.span(from, from)))
}

function commandsOf(script: ScriptFile, text: string, folder: string, place: (from: number) => Span): ScriptCommand[] {
  return walkScript(text, {folder, variables: new Variables()}).ran.flatMap(ran => {
    const command = imageCommand(ran.argv, ran.program)
    if (command === undefined) return []
    const at = ran.folder === top ? '.' : ran.folder?.startsWith(`${top}/`) ? ran.folder.slice(top.length + 1) : undefined
    return [{script, command, folder: at, span: place(ran.command.from)}]
  })
}

interface Recipe {
  readonly text: string
  readonly from: number
}

/** The lines of recipes, each for a shell of its own, with the makefile's plain variables filled in. */
function recipes(text: string): Recipe[] {
  const variables = new Map<string, string>()
  const found: Recipe[] = []
  for (const {line, from} of joinedLines(text)) {
    if (line.startsWith('\t')) {
      found.push({text: fill(line.slice(1).replace(/^[@+-]+/, ''), variables), from})
      continue
    }
    const assignment = /^(?:export\s+)?([\w.-]+)\s*(:{0,3}|\?)=\s*([^#]*)/.exec(line)
    if (assignment?.[1] === undefined) continue
    const value = fill((assignment[3] ?? '').trim(), variables)
    if (assignment[2] !== '?' || !variables.has(assignment[1])) variables.set(assignment[1], value)
  }
  return found
}

function joinedLines(text: string): {readonly line: string; readonly from: number}[] {
  const joined: {line: string; from: number}[] = []
  let open: {line: string; from: number} | undefined
  let at = 0
  for (const raw of text.split('\n')) {
    const line = raw.replace(/\r$/, '')
    const whole = open === undefined ? {line, from: at} : {line: `${open.line} ${line.trim()}`, from: open.from}
    at += raw.length + 1
    if (whole.line.endsWith('\\')) open = {...whole, line: whole.line.slice(0, -1)}
    else {
      joined.push(whole)
      open = undefined
    }
  }
  if (open !== undefined) joined.push(open)
  return joined
}

/** What is not known stays as a variable, which a shell does not know either. */
function fill(text: string, variables: ReadonlyMap<string, string>): string {
  return text.replaceAll(/\$(?:\$|\(([\w.-]+)\)|\{([\w.-]+)\}|([A-Za-z]))/g, (whole, round, curly, single) => {
    if (whole === '$$') return '$'
    const name: string = round ?? curly ?? single
    return variables.get(name) ?? `\${${name.replaceAll(/\W/g, '_')}}`
  })
}
