/** Which file a command of a build script builds. */
import {cleanPath, joinWritten} from '../language/paths.js'
import type {Diagnostic} from '../model/diagnostic.js'
import type {BuildCommand} from './commands.js'
import type {StageFile} from './makers.js'
import type {ScriptCommand} from './scripts.js'

export type Builds = Pick<StageFile, 'scripted' | 'args' | 'context'>

export interface BuildsResult {
  readonly builds: ReadonlyMap<string, Builds>
  readonly diagnostics: readonly Diagnostic[]
}

/** @param paths the files, relative as the scripts are */
export function buildsOf(paths: ReadonlySet<string>, commands: readonly ScriptCommand[]): BuildsResult {
  const builds = new Map<string, Builds>()
  const diagnostics: Diagnostic[] = []
  for (const {script, command, folder, span} of commands) {
    if (command.kind !== 'build') continue
    const slash = script.path.lastIndexOf('/')
    const beside = slash === -1 ? '.' : script.path.slice(0, slash)
    const built = fileOf(paths, command, [...new Set([...(folder === undefined ? [] : [folder]), beside, '.'])])
    if (built === undefined) continue
    const before = builds.get(built.file)
    if (before === undefined) {
      builds.set(built.file, {scripted: command.tags, args: command.args, context: built.context})
      continue
    }
    builds.set(built.file, {...before, scripted: [...new Set([...before.scripted, ...command.tags])]})
    if (!sameArguments(before.args, command.args) || before.context !== built.context)
      diagnostics.push({
        rule: 'built-twice',
        severity: 'warning',
        message: `${built.file} is built more than once, in different ways; what counts is the first.`,
        hint: 'Add a stage for each further way by hand: the same file with other args.',
        span,
      })
  }
  return {builds, diagnostics}
}

function fileOf(
  paths: ReadonlySet<string>,
  {file, context}: BuildCommand,
  folders: readonly string[],
): {readonly file: string; readonly context: string | undefined} | undefined {
  if (file === undefined) return undefined
  for (const folder of folders) {
    const path = cleanPath(joinWritten(folder, file))
    const there = [path, path.replace(/(^|\/)Dockerfile$/, '$1Containerfile')].find(each => paths.has(each))
    if (there === undefined) continue
    const from = context === undefined ? undefined : cleanPath(joinWritten(folder, context))
    return {file: there, context: from === undefined || from === '..' || /^(\.\.)?\//.test(from) ? undefined : from}
  }
  return undefined
}

function sameArguments(one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): boolean {
  return one.size === other.size && [...one].every(([name, value]) => other.get(name) === value)
}
