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
import {artifactInMount} from './prediction/artifact-in-mount.js'
import {artifactNeverMade} from './prediction/artifact-never-made.js'
import {artifactOtherFolder} from './prediction/artifact-other-folder.js'
import {artifactOtherName} from './prediction/artifact-other-name.js'
import {artifactRemoved} from './prediction/artifact-removed.js'
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

export const groups: readonly CheckGroup[] = [
  {
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
  },
  {
    name: 'context',
    title: 'The build context',
    intro: 'Host files that a copy names, looked for where the build would look.',
    checks: [contextPathMissing, contextPathIgnored, contextPathOutside, unsafeSource],
  },
  {
    name: 'prediction',
    title: 'Predictions',
    intro:
      'What a later stage copies, held against what the steps of the earlier one plainly say that they make. Where a step could make anything (a script, a Makefile with an install target of its own, a program that sifstage does not know), nothing is said.',
    checks: [artifactUnderTmp, artifactInMount, artifactOtherName, artifactOtherFolder, artifactNeverMade, artifactRemoved],
  },
]

export const checks: readonly Check[] = groups.flatMap(group => group.checks)

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
