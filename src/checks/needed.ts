/**
 * The rules that hold whatever is done with an input: every verb asks them, so that they stand apart from the many that
 * only `check` and `plan` need.
 */
import type {Check, Scene} from '../model/check.js'
import type {Description} from '../model/description.js'
import type {Diagnostic} from '../model/diagnostic.js'
import {artifactUnderTmp} from './artifact-under-tmp.js'
import {baseStageUnknown} from './base-stage-unknown.js'
import {contextPathIgnored} from './context-path-ignored.js'
import {contextPathMissing} from './context-path-missing.js'
import {contextPathOutside} from './context-path-outside.js'
import {copyFromLaterStage} from './copy-from-later-stage.js'
import {copyFromSelf} from './copy-from-self.js'
import {copyFromUnknownStage} from './copy-from-unknown-stage.js'
import {duplicateStage} from './duplicate-stage.js'
import {stageCycle} from './stage-cycle.js'
import {unknownTarget} from './unknown-target.js'
import {unsafeSource} from './unsafe-source.js'
import {unusedStage} from './unused-stage.js'

/** Rules of one kind, with what the documentation says of them. */
export interface CheckGroup {
  readonly name: 'structure' | 'context' | 'prediction' | 'definition' | 'practice'
  readonly title: string
  readonly intro: string
  readonly checks: readonly Check[]
}

export const structure: CheckGroup = {
  name: 'structure',
  title: 'Stages and copies between them',
  intro: 'Names, order and targets, from the text of the input alone.',
  checks: [
    duplicateStage,
    baseStageUnknown,
    copyFromUnknownStage,
    copyFromLaterStage,
    copyFromSelf,
    stageCycle,
    unknownTarget,
    unusedStage,
  ],
}

export const context: CheckGroup = {
  name: 'context',
  title: 'The build context',
  intro: 'Host files that a copy names, looked for where the build would look.',
  checks: [contextPathMissing, contextPathIgnored, contextPathOutside, unsafeSource],
}

/** Runs them; what they find is not arranged yet. */
export function findNeeded(description: Description, scene: Scene): Diagnostic[] {
  return [...structure.checks, ...context.checks, artifactUnderTmp].flatMap(check => check.find(description, scene))
}
