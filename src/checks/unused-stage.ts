import {copiesOf} from '../language/stage-copies.js'
import type {Check} from '../model/check.js'
import type {Description, Stage} from '../model/description.js'
import {neededStages, resolveTarget} from '../plan/graph.js'
import {diagnostic, quoted} from './finding.js'

export const unusedStage: Check = {
  name: 'unused-stage',
  severity: 'info',
  summary: 'The target needs nothing of a stage.',
  why: 'Such a stage is left out of the build, as Docker does (K75). Apptainer itself builds every stage of a definition file (D48), which costs time and changes nothing.',
  bad: [
    {format: 'dockerfile', text: 'FROM alpine AS lint\nFROM alpine\n'},
    {format: 'def', text: 'Bootstrap: docker\nFrom: alpine\nStage: lint\n\nBootstrap: docker\nFrom: alpine\n'},
    {format: 'yaml', text: 'sifstage: 1\nstages:\n  a: {from: alpine}\n  b: {from: alpine}\n', target: 'a'},
  ],
  good: [
    {format: 'dockerfile', text: 'FROM alpine AS final\nCOPY --from=compiler /hello /bin/\nFROM alpine AS compiler\n'},
    {format: 'dockerfile', text: 'FROM alpine AS base\nFROM base\n'},
    {format: 'dockerfile', text: 'FROM alpine AS lint\nFROM alpine\nCOPY --from=0 /x /x\n'},
  ],
  find(description, scene) {
    const target = resolveTarget(description, scene.target)
    if (target.kind === 'unknown') return []
    const needed = new Set(neededStages(description, target.stage.index))
    return description.stages
      .filter(stage => !needed.has(stage.index) && !copiesFromLater(description, stage))
      .map(stage =>
        diagnostic(unusedStage, {
          span: stage.nameSpan,
          stage,
          message: `Stage ${quoted(stage.name)} is left out: the target ${quoted(target.stage.name)} needs nothing of it.`,
          hint: `To build it, ask for it: --target ${/^[\w.-]+$/.test(stage.name) ? stage.name : stage.index}`,
        }),
      )
  },
}

/** Stages in the wrong order have a finding of their own, and the last one is then not what is wanted. */
function copiesFromLater({format}: Description, stage: Stage): boolean {
  if (format === 'yaml') return false
  return copiesOf(stage).some(step => step.from.kind === 'stage' && (step.from.index ?? 0) > stage.index)
}
