/** What a description leaves open until somebody has looked at its bases. */
import {chainOf} from '../language/stages.js'
import type {Description, Step} from '../model/description.js'
import type {Template, TemplatePart} from '../model/template.js'

/**
 * What depends on the configuration of which stage's base, in words, by index of the stage that has the base.
 * @param needed indexes of the stages that are looked at
 */
export function baseDependence(description: Description, needed: readonly number[]): Map<number, Set<string>> {
  const found = new Map<number, Set<string>>()
  for (const index of needed) {
    const stage = description.stages[index]
    const root = stage && chainOf(description, stage)[0]
    if (stage === undefined || root === undefined || stage.rules !== 'docker') continue
    if ((root.base.kind !== 'image' && root.base.kind !== 'local') || root.base.config !== undefined) continue
    const needs = found.get(root.index) ?? new Set<string>()
    for (const step of stage.steps) for (const need of needsOf(step)) needs.add(need)
    const firstRun = stage.steps.findIndex(step => step.kind === 'run')
    if (stage === root && firstRun !== -1 && !stage.steps.slice(0, firstRun).some(step => step.kind === 'workdir'))
      needs.add('the folder and the user of its first command')
    const {cmd, entrypoint} = stage.settings
    if (cmd !== undefined && entrypoint === undefined) needs.add('the ENTRYPOINT that its CMD belongs to')
    if (needs.size > 0) found.set(root.index, needs)
  }
  return found
}

function needsOf(step: Step): string[] {
  switch (step.kind) {
    case 'workdir':
      return pathNeeds(step.path)
    case 'copy':
      return [...pathNeeds(step.destination?.path ?? []), ...step.sources.flatMap(source => variableNeeds(source.path))]
    case 'run':
      return (step.mounts ?? []).flatMap(mount => pathNeeds(mount.target ?? []))
    case 'env':
      return step.variables.flatMap(({value}) => modifierNeeds(value))
    case 'arg':
      return modifierNeeds(step.value ?? [])
    case 'user':
      return variableNeeds(step.user)
  }
}

/** A relative path starts in the base's folder. */
function pathNeeds(path: Template): string[] {
  const [first] = path
  return typeof first === 'string' && !first.startsWith('/') ? ['its working folder'] : variableNeeds(path)
}

function variableNeeds(template: Template): string[] {
  return template.flatMap(part => (isOpen(part) ? [`its $${part.variable}`] : []))
}

/** A plain `$PATH` can be written out as it is; what is made of it cannot always. */
function modifierNeeds(template: Template): string[] {
  return template.flatMap(part => (isOpen(part) && part.modifier !== undefined ? [`its $${part.variable}`] : []))
}

function isOpen(part: TemplatePart): part is Exclude<TemplatePart, string> {
  return typeof part !== 'string' && part.known === undefined
}
