import {nearest} from '../language/distance.js'
import type {Check} from '../model/check.js'
import {startOf} from '../model/span.js'
import {resolveTarget} from '../plan/graph.js'
import {diagnostic, listed, quoted} from './finding.js'

export const unknownTarget: Check = {
  name: 'unknown-target',
  severity: 'error',
  summary: 'The target is no stage of the input.',
  why: 'The target is the stage whose image is wanted: a name, or a number counted from 0. Without one it is the last stage.',
  bad: [
    {format: 'yaml', text: 'sifstage: 1\nstages:\n  final: {from: alpine}\ntarget: finale\n'},
    {format: 'dockerfile', text: 'FROM alpine AS final\n', target: 'fnal'},
    {format: 'def', text: 'Bootstrap: docker\nFrom: alpine\n', target: '1'},
  ],
  good: [
    {format: 'yaml', text: 'sifstage: 1\nstages:\n  final: {from: alpine}\ntarget: final\n'},
    {format: 'dockerfile', text: 'FROM alpine AS final\n', target: 'FINAL'},
    {format: 'def', text: 'Bootstrap: docker\nFrom: alpine\n', target: '0'},
    {format: 'def', text: 'Bootstrap: docker\nFrom: alpine\n', target: 'stage-0'},
  ],
  find(description, scene) {
    const target = resolveTarget(description, scene.target)
    if (target.kind === 'found') return []
    const names = description.stages.map(stage => stage.name)
    const near = nearest(target.name, names)
    return [
      diagnostic(unknownTarget, {
        span: target.span ?? startOf(description.file),
        message: `The target ${quoted(target.name)} is no stage of this input.`,
        hint: `${near === undefined ? '' : `Did you mean ${quoted(near)}? `}The stages are ${listed(names)}.`,
      }),
    ]
  },
}
