/** What surrounds the programs of an image when it runs: variables, and who starts which of them. */
import {defaultPath, parseImageConfig} from '../language/image-config.js'
import {absolutePath} from '../language/paths.js'
import {commandsOf, programNames, programsOf, scriptCommands} from '../language/ran.js'
import type {RanCommand} from '../language/shell-walk.js'
import {fillTemplate} from '../language/templates.js'
import type {Command, Script, Stage} from '../model/description.js'

/** Programs that something starts, by path or bare name. */
export interface Starts {
  readonly names: readonly string[]
  /** For messages: `the %runscript`, `a later step (line 12)`. */
  readonly who: string
  /** The stage and the step it happens in; what the image does when it runs has none. */
  readonly at?: {readonly stage: number; readonly step: number}
}

export interface Surroundings {
  readonly path: readonly string[]
  readonly libraryPath: readonly string[]
  /** Somebody sets `LD_LIBRARY_PATH` to what the text does not tell. */
  readonly openLibraryPath: boolean
  readonly starts: readonly Starts[]
}

/** The folders that assignments of a script add to `LD_LIBRARY_PATH`, or to another list of folders. */
function foldersOf(commands: readonly RanCommand[], list: string): {readonly folders: readonly string[]; readonly open: boolean} {
  const folders: string[] = []
  let open = false
  for (const {command} of commands) {
    // `export A=…` has its value as a word.
    const assigned = command.assignments.filter(each => each.name === list).map(each => each.value)
    const words = command.words.filter(({parts}) => parts[0]?.kind === 'text' && parts[0].text.startsWith(`${list}=`))
    for (const word of [...assigned, ...words]) {
      const text = word.parts
        .map(part => (part.kind === 'text' ? part.text : part.kind === 'variable' && part.name === list ? '' : '\0'))
        .join('')
        .replace(new RegExp(`^${list}=`), '')
      for (const folder of text.split(':')) {
        if (folder.includes('\0')) open = true
        else if (folder.startsWith('/')) folders.push(folder)
      }
    }
  }
  return {folders, open}
}

/** What is there already is added to, as a rule: `/opt/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}`. */
function withoutOldPath(text: string): string {
  return text.replaceAll('${LD_LIBRARY_PATH}', '').replace(/\$\{LD_LIBRARY_PATH[^}]*\}/g, '')
}

function scriptText(script: Script | undefined): readonly RanCommand[] {
  return script === undefined ? [] : scriptCommands(withoutOldPath(script.text))
}

/**
 * Follows the stages that an image is made by.
 * @param chain the stage of the base image first, the target last
 * @param baseConfig `config` of the image that the first starts from, as JSON text
 * @param scripts what the image itself sources when it starts (`/.singularity.d/env`)
 */
export function surroundingsOf(
  chain: readonly Stage[],
  baseConfig: string | undefined,
  scripts: readonly string[],
): Surroundings {
  const config = parseImageConfig(baseConfig)
  const env = new Map(config.env)
  const sourced: RanCommand[] = scripts.flatMap(text => scriptCommands(withoutOldPath(text)))
  const starts: Starts[] = []
  let folder = config.workdir === '' ? '/' : config.workdir
  // `./app` is looked for in the folder that it is started in.
  const placed = (names: readonly string[]) =>
    names.map(name => (name.includes('/') && !/^[/$~]/.test(name) ? absolutePath(folder, name) : name))
  let entrypoint: Command | undefined = config.entrypoint.length === 0 ? undefined : {kind: 'exec', argv: config.entrypoint}
  let cmd: Command | undefined = config.cmd.length === 0 ? undefined : {kind: 'exec', argv: config.cmd}
  for (const stage of chain) {
    for (const [index, step] of stage.steps.entries()) {
      if (step.kind === 'workdir') folder = absolutePath(folder, fillTemplate(step.path, env))
      if (step.kind === 'env') for (const {name, value} of step.variables) env.set(name, fillTemplate(value, env))
      if (step.kind === 'run' && step.where === 'image')
        starts.push({
          names: placed(programsOf(step.command)),
          who: `a later step (line ${step.span.start.line})`,
          at: {stage: stage.index, step: index},
        })
    }
    const {settings} = stage
    for (const {name, value} of settings.env ?? []) env.set(name, fillTemplate(value, env))
    sourced.push(...scriptText(settings.environment))
    for (const [script, who] of [
      [settings.runscript, 'the %runscript'],
      [settings.startscript, 'the %startscript'],
      [settings.test, 'the %test'],
    ] as const) {
      const commands = scriptText(script)
      // A script of its own program is read by nobody here.
      starts.push({names: programNames(commands), who})
      sourced.push(...commands)
    }
    if (settings.entrypoint !== undefined) {
      entrypoint = settings.entrypoint.value
      cmd = undefined
    }
    if (settings.cmd !== undefined) cmd = settings.cmd.value
  }
  if (entrypoint !== undefined) {
    starts.push({names: placed(programsOf(entrypoint)), who: 'the entrypoint'})
    sourced.push(...(commandsOf(entrypoint) ?? []))
  }
  if (cmd !== undefined && entrypoint === undefined) {
    starts.push({names: placed(programsOf(cmd)), who: 'the command'})
    sourced.push(...(commandsOf(cmd) ?? []))
  }
  const {folders, open} = foldersOf(sourced, 'LD_LIBRARY_PATH')
  const before = foldersOf(sourced, 'PATH').folders
  const fromEnv = (env.get('LD_LIBRARY_PATH') ?? '').split(':')
  return {
    path: [...before, ...(env.get('PATH') ?? defaultPath).split(':')].filter(each => each.startsWith('/')),
    libraryPath: [...folders, ...fromEnv].filter(each => each.startsWith('/') && !each.includes('$')),
    openLibraryPath: open || fromEnv.some(each => each.includes('$')),
    starts,
  }
}
