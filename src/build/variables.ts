/** The variables that hold at each step of a stage of docker's rules (K50, K59–K61). */
import {fillTemplate} from '../language/templates.js'
import type {Stage, Step} from '../model/description.js'
import type {Inherited} from '../model/ports.js'
import type {Template} from '../model/template.js'

/** Fills templates as they stand in a step. */
export type Fill = (template: Template) => string

export function fillAt(stage: Stage, inherited: Inherited): (step: Step) => Fill {
  const variables = new Map([...inherited.base, ...inherited.env, ...inherited.args])
  const at = new Map<Step, ReadonlyMap<string, string>>()
  for (const step of stage.steps) {
    const before = new Map(variables)
    at.set(step, before)
    if (step.kind === 'env') for (const {name, value} of step.variables) variables.set(name, fillTemplate(value, before))
    else if (step.kind === 'arg' && step.value !== undefined) variables.set(step.name, fillTemplate(step.value, before))
  }
  return step => template => fillTemplate(template, at.get(step) ?? variables)
}
