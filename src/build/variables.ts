/** Templates of a stage of docker's rules, filled in: what they leave open is a variable of the base image. */
import {fillTemplate} from '../language/templates.js'
import type {Inherited} from '../model/ports.js'
import type {Template} from '../model/template.js'

export type Fill = (template: Template) => string

export function filling(inherited: Inherited): Fill {
  return template => fillTemplate(template, inherited.base)
}
