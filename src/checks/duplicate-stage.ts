import type {Check} from '../model/check.js'
import type {Stage} from '../model/description.js'
import {diagnostic, lineOf, quoted} from './finding.js'

export const duplicateStage: Check = {
  name: 'duplicate-stage',
  severity: 'error',
  summary: 'Two stages have the same name.',
  why: 'Tools disagree on which one is meant, and none says so: Apptainer copies from the first (D45), Docker starts from the nearest one above and copies from the last (K70).',
  bad: [
    {format: 'def', text: 'Bootstrap: docker\nFrom: alpine\nStage: a\n\nBootstrap: docker\nFrom: debian\nStage: a\n'},
    {format: 'dockerfile', text: 'FROM alpine AS build\nFROM debian AS Build\n'},
    {format: 'yaml', text: 'sifstage: 1\nstages:\n  a: {from: alpine}\n  a: {from: debian}\n'},
    {format: 'dockerfile', text: 'FROM alpine\nFROM debian AS stage-0\n'},
  ],
  good: [
    {format: 'def', text: 'Bootstrap: docker\nFrom: alpine\nStage: a\n\nBootstrap: docker\nFrom: debian\nStage: A\n'},
    {format: 'dockerfile', text: 'FROM alpine\nFROM debian\n'},
  ],
  find(description) {
    const first = new Map<string, Stage>()
    return description.stages.flatMap(stage => {
      const other = first.get(stage.name)
      if (other === undefined) {
        first.set(stage.name, stage)
        return []
      }
      const generated = [other, stage].find(one => !one.named)
      return diagnostic(duplicateStage, {
        span: stage.nameSpan,
        stage,
        message:
          generated === undefined
            ? `Two stages are called ${quoted(stage.name)}: this one, and one at ${lineOf(other.nameSpan)}.`
            : `Two stages are called ${quoted(stage.name)}, at ${lineOf(other.nameSpan)} and at ${lineOf(stage.nameSpan)}: it is also what a stage without a name is called, and stage ${generated.index} has none.`,
        hint: 'Give each stage a name of its own.',
      })
    })
  },
}
