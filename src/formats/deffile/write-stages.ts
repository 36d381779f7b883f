/**
 * One definition file a stage. A file that starts from another's image names it by `localimage` (D150); one that
 * takes files from it has a stage of no more than that (D141).
 */
import {withBase} from '../../language/definition-header.js'
import {parseImageConfig} from '../../language/image-config.js'
import {commandWords} from '../../language/runscript.js'
import {copiesOf} from '../../language/stage-copies.js'
import {chainOf, dependenciesFirst, needsOf, stageAt} from '../../language/stages.js'
import {fillTemplate} from '../../language/templates.js'
import type {Base, CopyOrigin, Description, Mount, Stage, Step} from '../../model/description.js'
import type {Diagnostic} from '../../model/diagnostic.js'
import type {StageFile, StageFilesOptions, StageFilesResult} from '../../model/format.js'
import type {ImageConfig} from '../../model/image-config.js'
import {plainText} from '../../model/template.js'
import {writeDeffile} from './write.js'

export function writeDeffiles(description: Description, options: StageFilesOptions): StageFilesResult {
  const diagnostics: Diagnostic[] = []
  const files: StageFile[] = []
  const stages = dependenciesFirst(description, options.target)
  const names = fileNames(stages)
  for (const stage of stages) {
    const alone = standAlone(description, stage, names, options.folder)
    const written = writeDeffile(alone, {...options, target: alone.stages.length - 1})
    diagnostics.push(...written.diagnostics)
    const needs = [...new Set(needsOf(stage).flatMap(index => names.get(index) ?? []))]
    if (written.text !== undefined) files.push({name: names.get(stage.index) ?? stage.name, text: written.text, needs})
  }
  if (diagnostics.some(each => each.severity === 'error')) return {diagnostics}
  return {files, diagnostics}
}

/** Names that do as those of files, kept apart also where case does not count. */
function fileNames(stages: readonly Stage[]): ReadonlyMap<number, string> {
  const names = new Map<number, string>()
  const taken = new Set<string>()
  for (const stage of stages) {
    const fit = /^[A-Za-z0-9][\w.-]*$/.test(stage.name) ? stage.name : `stage-${stage.index}`
    let name = fit
    for (let number = 1; taken.has(name.toLowerCase()); number += 1) name = `${fit}-${number}`
    taken.add(name.toLowerCase())
    names.set(stage.index, name)
  }
  return names
}

/** A description of one stage, and of a stub for each stage that it takes files from. */
function standAlone(description: Description, stage: Stage, names: ReadonlyMap<number, string>, folder: string): Description {
  const image = (index: number, config: ImageConfig | undefined): Base => ({
    kind: 'local',
    reference: {agent: 'localimage', path: `${folder === '' ? '.' : folder}/${names.get(index) ?? ''}.sif`},
    span: stage.base.span,
    ...(config === undefined ? {} : {config}),
  })
  const sources = [
    ...new Set(copiesOf(stage).flatMap(({from}) => (from.kind === 'stage' && from.index !== undefined ? [from.index] : []))),
  ]
  const stubs = sources.flatMap((index, place): Stage[] => {
    const source = stageAt(description, index)
    if (source === undefined) return []
    const {name, span, nameSpan} = source
    return [
      {name, named: true, index: place, rules: 'def', span, nameSpan, base: image(index, undefined), steps: [], settings: {}},
    ]
  })
  const moved = (index: number | undefined) => (index === undefined ? undefined : sources.indexOf(index))
  const parent = stage.base.kind === 'stage' ? stage.base.index : undefined
  const base = parent === undefined ? stage.base : image(parent, configOf(description, parent))
  const {definition} = stage
  const own: Stage = {
    ...stage,
    index: stubs.length,
    base,
    steps: stage.steps.map(step => movedStep(step, moved)),
    ...(definition === undefined || parent === undefined || base.kind !== 'local'
      ? {}
      : {definition: {...definition, text: withBase(definition.text, base.reference.agent, base.reference.path)}}),
  }
  return {...description, stages: [...stubs, own]}
}

function movedStep(step: Step, moved: (index: number | undefined) => number | undefined): Step {
  const origin = <From extends CopyOrigin>(from: From): From =>
    from.kind === 'stage' ? {...from, index: moved(from.index)} : from
  if (step.kind === 'copy') return {...step, from: origin(step.from)}
  if (step.kind !== 'run' || step.mounts === undefined) return step
  const mounts = step.mounts.map((mount): Mount => {
    if (mount.kind === 'bind') return {...mount, from: origin(mount.from)}
    return mount.kind === 'cache' && mount.from !== undefined ? {...mount, from: origin(mount.from)} : mount
  })
  return {...step, mounts}
}

/** What the image of a stage says of how it runs, as far as its own steps and those of its base tell (K76, K123). */
function configOf(description: Description, index: number): ImageConfig | undefined {
  const stage = stageAt(description, index)
  if (stage === undefined || stage.rules === 'def') return undefined
  const chain = chainOf(description, stage)
  const root = chain[0]?.base
  let config: ImageConfig = (root?.kind === 'image' || root?.kind === 'local' ? root.config : undefined) ?? parseImageConfig('{}')
  for (const part of chain) config = afterStage(config, part)
  return config
}

function afterStage(before: ImageConfig, stage: Stage): ImageConfig {
  const env = new Map(before.env)
  let {workdir, user} = before
  const {settings} = stage
  for (const step of stage.steps) {
    if (step.kind === 'env') for (const {name, value} of step.variables) env.set(name, fillTemplate(value, before.env))
    if (step.kind === 'workdir') workdir = plainText(step.path) ?? workdir
    if (step.kind === 'user') user = plainText(step.user) ?? user
  }
  for (const {name, value} of settings.env ?? []) env.set(name, fillTemplate(value, before.env))
  const labels = new Map(before.labels)
  for (const {name, value} of settings.labels ?? []) labels.set(name, fillTemplate(value, before.env))
  const entrypoint = settings.entrypoint === undefined ? before.entrypoint : commandWords(settings.entrypoint.value)
  const cmd =
    settings.cmd === undefined ? (settings.entrypoint === undefined ? before.cmd : []) : commandWords(settings.cmd.value)
  return {...before, env, labels, workdir, user, entrypoint, cmd, shell: settings.shell?.value ?? before.shell, onbuild: []}
}
