/** Everything that can be known about a description before anything is built. One rule a file; this is their table. */
import type {Check, Scene} from '../model/check.js'
import type {Description} from '../model/description.js'
import type {Diagnostic} from '../model/diagnostic.js'
import {arrange} from './arrange.js'
import {artifactUnderTmp} from './artifact-under-tmp.js'
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
import {type CheckGroup, context, structure} from './needed.js'
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

export const groups: readonly CheckGroup[] = [
  structure,
  context,
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
 * style.
 */
export type Extent = 'all' | 'plan'

/** Runs the rules; what they find is not arranged yet. */
export function find(description: Description, scene: Scene, extent: Extent): Diagnostic[] {
  if (extent === 'all') return checks.flatMap(check => check.find(description, scene))
  return groups.flatMap(({name, checks: rules}) => {
    if (name === 'practice') return []
    const found = rules.flatMap(check => check.find(description, scene))
    return name === 'definition' ? found.filter(each => each.severity !== 'info') : found
  })
}

/** Runs every check. `source` is the input as it was read, which holds the comments that silence a finding. */
export function runChecks(
  description: Description,
  scene: Scene,
  source: string,
  others: ReadonlyMap<string, string> = new Map(),
): Diagnostic[] {
  return arrange(find(description, scene, 'all'), source, others)
}
