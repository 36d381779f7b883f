/** Everything that can be known about a description before anything is built. One rule a file; this is their table. */
import type {Check, Scene} from '../model/check.js'
import type {Description} from '../model/description.js'
import {type Diagnostic, inOrder} from '../model/diagnostic.js'
import {artifactUnderTmp} from './artifact-under-tmp.js'
import {baseStageUnknown} from './base-stage-unknown.js'
import {contextPathIgnored} from './context-path-ignored.js'
import {contextPathMissing} from './context-path-missing.js'
import {contextPathOutside} from './context-path-outside.js'
import {copyFromLaterStage} from './copy-from-later-stage.js'
import {copyFromSelf} from './copy-from-self.js'
import {copyFromUnknownStage} from './copy-from-unknown-stage.js'
import {duplicateStage} from './duplicate-stage.js'
import {heedComments} from './ignore-comments.js'
import {stageCycle} from './stage-cycle.js'
import {unknownTarget} from './unknown-target.js'
import {unsafeSource} from './unsafe-source.js'
import {unusedStage} from './unused-stage.js'

export const checks: readonly Check[] = [
  duplicateStage,
  baseStageUnknown,
  copyFromUnknownStage,
  copyFromLaterStage,
  copyFromSelf,
  stageCycle,
  unknownTarget,
  unusedStage,
  contextPathMissing,
  contextPathIgnored,
  contextPathOutside,
  unsafeSource,
  artifactUnderTmp,
]

/** Runs every check. `source` is the input as it was read, which holds the comments that silence a finding. */
export function runChecks(
  description: Description,
  scene: Scene,
  source: string,
  others: ReadonlyMap<string, string> = new Map(),
): Diagnostic[] {
  return arrange(
    checks.flatMap(check => check.find(description, scene)),
    source,
    others,
  )
}

/** Findings of readers and checks as people get to see them: without the silenced ones, in the order of the file. */
export function arrange(
  diagnostics: readonly Diagnostic[],
  source: string,
  others: ReadonlyMap<string, string> = new Map(),
): Diagnostic[] {
  return inOrder(heedComments(diagnostics, source, others))
}
