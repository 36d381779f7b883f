/** What later stages copy out of earlier ones, each with what the steps of the earlier one tell of it. */
import type {Scene} from '../../model/check.js'
import type {CopySource, CopyStep, Description, Stage} from '../../model/description.js'
import {plainText} from '../../model/template.js'
import {artifactPath} from '../../plan/graph.js'
import {stageCopies} from '../finding.js'
import {type Effects, effectsOf, type Verdict, verdictOn} from './effects.js'

export interface Request {
  readonly stage: Stage
  readonly origin: Stage
  readonly step: CopyStep
  readonly source: CopySource
  readonly path: string
  readonly effects: Effects
  readonly verdict: Verdict
}

/** More paths than anybody copies; the rest is not looked at. */
const most = 500

const known = new WeakMap<Description, {readonly scene: Scene; readonly requests: readonly Request[]}>()

/** One for each path without wildcards that a stage copies, and that its origin could have made. */
export function requestsOf(description: Description, scene: Scene): readonly Request[] {
  const found = known.get(description)
  if (found?.scene === scene) return found.requests
  const requests: Request[] = []
  for (const {stage, step, from} of stageCopies(description)) {
    const origin = from.index === undefined ? undefined : description.stages[from.index]
    if (origin === undefined || origin.index === stage.index) continue
    if (description.format !== 'yaml' && origin.index > stage.index) continue
    for (const source of step.sources) {
      if (requests.length >= most) break
      const text = plainText(source.path)
      if (text === undefined || /[*?[{\\$`~]/.test(text)) continue
      const path = artifactPath(source)
      const effects = effectsOf(description, origin, scene)
      if (path !== '/' && !path.includes('/..'))
        requests.push({stage, origin, step, source, path, effects, verdict: verdictOn(effects, path)})
    }
  }
  known.set(description, {scene, requests})
  return requests
}

/** The paths that nothing accounts for. */
export function unaccounted(description: Description, scene: Scene): Request[] {
  return requestsOf(description, scene).filter(({verdict}) => verdict.kind === 'unaccounted')
}
