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
import {callerDependentSource} from './definition/caller-dependent-source.js'
import {environmentNames} from './definition/environment-names.js'
import {environmentNotInPost} from './definition/environment-not-in-post.js'
import {environmentQuoting} from './definition/environment-quoting.js'
import {errorsIgnored} from './definition/errors-ignored.js'
import {folderSpelling} from './definition/folder-spelling.js'
import {hashBeforePlaceholder} from './definition/hash-before-placeholder.js'
import {hostPathWritten} from './definition/host-path-written.js'
import {hostVariableInPost} from './definition/host-variable-in-post.js'
import {labelSpelling} from './definition/label-spelling.js'
import {lostInPost} from './definition/lost-in-post.js'
import {noShellInScratch} from './definition/no-shell-in-scratch.js'
import {runscriptArguments} from './definition/runscript-arguments.js'
import {runscriptFolder} from './definition/runscript-folder.js'
import {sectionArguments} from './definition/section-arguments.js'
import {shebangInPost} from './definition/shebang-in-post.js'
import {shebangNotFirst} from './definition/shebang-not-first.js'
import {testLastCommand} from './definition/test-last-command.js'
import {testWritesImage} from './definition/test-writes-image.js'
import {tmpAtRunTime} from './definition/tmp-at-run-time.js'
import {tmpInPost} from './definition/tmp-in-post.js'
import {unreferableStage} from './definition/unreferable-stage.js'
import {unusedHeader} from './definition/unused-header.js'
import {duplicateStage} from './duplicate-stage.js'
import {heedComments} from './ignore-comments.js'
import {addForCopy} from './practice/add-for-copy.js'
import {aptListsMissing} from './practice/apt-lists-missing.js'
import {aptUpdateAlone} from './practice/apt-update-alone.js'
import {baseNotPinned} from './practice/base-not-pinned.js'
import {bashInSh} from './practice/bash-in-sh.js'
import {buildToolsInTarget} from './practice/build-tools-in-target.js'
import {copyWholeRoot} from './practice/copy-whole-root.js'
import {downloadIntoShell} from './practice/download-into-shell.js'
import {externallyManagedPython} from './practice/externally-managed-python.js'
import {installWithoutYes} from './practice/install-without-yes.js'
import {packageListsLeft} from './practice/package-lists-left.js'
import {pathReplaced} from './practice/path-replaced.js'
import {secretInImage} from './practice/secret-in-image.js'
import {sourcesBeforeDependencies} from './practice/sources-before-dependencies.js'
import {stepWithoutEffect} from './practice/step-without-effect.js'
import {sudoInStep} from './practice/sudo-in-step.js'
import {underRootHome} from './practice/under-root-home.js'
import {unheededFailure} from './practice/unheeded-failure.js'
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
  {
    name: 'definition',
    title: 'The language of definition files',
    intro:
      'What Apptainer does with a definition file, and few people expect. The numbers are those of [semantics/definition-files.md](semantics/definition-files.md).',
    checks: [
      sectionArguments,
      shebangNotFirst,
      shebangInPost,
      errorsIgnored,
      hashBeforePlaceholder,
      unusedHeader,
      unreferableStage,
      folderSpelling,
      callerDependentSource,
      labelSpelling,
      hostPathWritten,
      hostVariableInPost,
      environmentNotInPost,
      tmpInPost,
      tmpAtRunTime,
      lostInPost,
      noShellInScratch,
      environmentNames,
      environmentQuoting,
      runscriptArguments,
      runscriptFolder,
      testWritesImage,
      testLastCommand,
    ],
  },
  {
    name: 'practice',
    title: 'Good practice',
    intro:
      'What costs time, space or a failed build in any of the languages. Most are remarks: they do not change the exit code.',
    checks: [
      bashInSh,
      secretInImage,
      installWithoutYes,
      aptListsMissing,
      aptUpdateAlone,
      externallyManagedPython,
      sudoInStep,
      stepWithoutEffect,
      unheededFailure,
      downloadIntoShell,
      pathReplaced,
      underRootHome,
      sourcesBeforeDependencies,
      baseNotPinned,
      packageListsLeft,
      buildToolsInTarget,
      copyWholeRoot,
      addForCopy,
    ],
  },
]

export const checks: readonly Check[] = groups.flatMap(group => group.checks)

/**
 * How much a verb wants to hear. `all`: check. `plan`: what bears on the build that is planned, without remarks on
 * style. `needed`: what must not be wrong whatever is done with the input.
 */
export type Extent = 'all' | 'plan' | 'needed'

function checksOf(extent: Extent): readonly Check[] {
  if (extent === 'all') return checks
  const names = extent === 'plan' ? ['structure', 'context', 'prediction', 'definition'] : ['structure', 'context']
  const found = groups.filter(group => names.includes(group.name)).flatMap(group => group.checks)
  return extent === 'plan' ? found : [...found, artifactUnderTmp]
}

/** Runs every check. `source` is the input as it was read, which holds the comments that silence a finding. */
export function runChecks(
  description: Description,
  scene: Scene,
  source: string,
  others: ReadonlyMap<string, string> = new Map(),
  extent: Extent = 'all',
): Diagnostic[] {
  const found = checksOf(extent).flatMap(check => check.find(description, scene))
  const definition = new Set(
    groups.filter(group => group.name === 'definition').flatMap(group => group.checks.map(each => each.name)),
  )
  const heard = extent === 'plan' ? found.filter(each => each.severity !== 'info' || !definition.has(each.rule)) : found
  return arrange(heard, source, others)
}

/** Findings of readers and checks as people get to see them: without the silenced ones, in the order of the file. */
export function arrange(
  diagnostics: readonly Diagnostic[],
  source: string,
  others: ReadonlyMap<string, string> = new Map(),
): Diagnostic[] {
  return inOrder(heedComments(diagnostics, source, others))
}
