/** What a stage of docker's rules begins with, from its parent stages and the base image's configuration. */
import {parseImageConfig} from '../language/image-config.js'
import {absolutePath} from '../language/paths.js'
import {chainOf} from '../language/stages.js'
import {fillTemplate} from '../language/templates.js'
import type {Base, Command, Description, Stage} from '../model/description.js'
import type {Inherited, StageWork} from '../model/ports.js'

export interface Beginning {
  readonly inherited: Inherited
  readonly start: StageWork['start']
}

/** An image that the engine itself turns into one of its own: only then are start and environment of its making. */
function isForeign(base: Base | undefined): boolean {
  if (base?.kind === 'image') return base.reference.transport === 'docker' || base.reference.transport === 'docker-daemon'
  return base?.kind === 'local' && base.reference.agent !== 'localimage'
}

/**
 * Follows the parents of a stage step by step.
 * @param baseConfig `config` of the image that the first of them starts from, as JSON text
 */
export function beginningOf(description: Description, stage: Stage, baseConfig: string | undefined): Beginning {
  const config = parseImageConfig(baseConfig)
  const stages = chainOf(description, stage)
  const root = stages[0]?.base
  const env = new Map<string, string>()
  const args = new Map<string, string>()
  let workdir = config.workdir === '' ? '/' : config.workdir
  let user = config.user
  let workdirSet = false
  // Docker starts in the base's folder too, and makes it where the image has none.
  const baseFolder = config.workdir !== '' && isForeign(root) ? config.workdir : undefined
  let entrypoint: Command | undefined = config.entrypoint.length === 0 ? undefined : {kind: 'exec', argv: config.entrypoint}
  let cmd: Command | undefined = config.cmd.length === 0 ? undefined : {kind: 'exec', argv: config.cmd}
  // An image of docker's kind has a script of the engine's making, which expands arguments once more (D114).
  let said = baseConfig !== undefined && isForeign(root)
  const baseKnown = baseConfig !== undefined || root?.kind === 'scratch'
  const now = () => ({base: config.env, baseKnown, env: new Map(env), args: new Map(args), workdir, workdirSet, baseFolder, user})
  let inherited: Inherited = now()
  for (const each of stages) {
    // What the image of the parent says wins over an argument of that name (K61).
    for (const name of [...config.env.keys(), ...env.keys()]) args.delete(name)
    inherited = now()
    // What a template leaves open is a variable of the base image.
    const variables = config.env
    for (const step of each.steps) {
      switch (step.kind) {
        case 'env':
          for (const {name, value} of step.variables) env.set(name, fillTemplate(value, variables))
          for (const {name} of step.variables) args.delete(name)
          break
        case 'arg':
          if (step.value !== undefined) args.set(step.name, fillTemplate(step.value, variables))
          break
        case 'workdir':
          workdir = absolutePath(workdir, fillTemplate(step.path, variables))
          workdirSet = true
          break
        case 'user':
          user = fillTemplate(step.user, variables)
          break
        case 'run':
        case 'copy':
          break
      }
    }
    for (const {name, value} of each.settings.env ?? []) env.set(name, fillTemplate(value, variables))
    if (each.settings.entrypoint !== undefined) {
      entrypoint = each.settings.entrypoint.value
      // ENTRYPOINT drops a CMD that came from the base or the parent (K123).
      cmd = undefined
      said = true
    }
    if (each.settings.cmd !== undefined) {
      cmd = each.settings.cmd.value
      said = true
    }
  }
  // When the description says nothing, the base's own run script stays as it is.
  return {inherited, start: said ? {entrypoint, cmd} : {entrypoint: undefined, cmd: undefined}}
}
