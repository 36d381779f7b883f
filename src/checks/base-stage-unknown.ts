import {nearest} from '../language/distance.js'
import type {Check} from '../model/check.js'
import {diagnostic, listed, quoted} from './finding.js'

export const baseStageUnknown: Check = {
  name: 'base-stage-unknown',
  severity: 'error',
  summary: 'A stage starts from a stage that does not exist.',
  why: 'In YAML `from: {stage: NAME}` always means a stage; an image is named by a text, `from: docker://debian:12`.',
  bad: [{format: 'yaml', text: 'sifstage: 1\nstages:\n  base: {from: alpine}\n  final: {from: {stage: bas}}\n'}],
  good: [
    {format: 'yaml', text: 'sifstage: 1\nstages:\n  base: {from: alpine}\n  final: {from: {stage: base}}\n'},
    {format: 'dockerfile', text: 'FROM alpine AS base\nFROM base\n'},
  ],
  find: description =>
    description.stages.flatMap(stage => {
      const {base} = stage
      if (base.kind !== 'stage' || base.index !== undefined) return []
      const names = description.stages.filter(other => other !== stage).map(other => other.name)
      const near = nearest(base.name, names)
      const others = names.length === 0 ? 'There is no other stage.' : `The other stages are ${listed(names)}.`
      return diagnostic(baseStageUnknown, {
        span: base.span,
        stage,
        message: `Stage ${quoted(stage.name)} starts from stage ${quoted(base.name)}, and there is no such stage.`,
        hint: near === undefined ? others : `Did you mean ${quoted(near)}?`,
      })
    }),
}
