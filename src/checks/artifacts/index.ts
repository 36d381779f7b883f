/** The table of artifact checks. A new one is a file beside this and a line here. */
import type {ArtifactCheck} from '../../model/artifact.js'
import {danglingLink} from './dangling-link.js'
import {empty} from './empty.js'
import {expectation} from './expectation.js'
import {linkLeavesRoot} from './link-leaves-root.js'
import {linkTargetLeft} from './link-target-left.js'
import {lostProperties} from './lost-properties.js'
import {missing} from './missing.js'
import {missingInterpreter} from './missing-interpreter.js'
import {missingLibrary} from './missing-library.js'
import {notExecutable} from './not-executable.js'
import {outsideImage} from './outside-image.js'
import {replacesLink} from './replaces-link.js'
import {samePlace} from './same-place.js'
import {specialFile} from './special-file.js'
import {symbolVersion} from './symbol-version.js'
import {throughLink} from './through-link.js'
import {unreadable} from './unreadable.js'
import {unreadableProgram} from './unreadable-program.js'
import {wrongArchitecture} from './wrong-architecture.js'
import {wrongKind} from './wrong-kind.js'

export const artifactChecks: {
  /** Whether the thing is there at all, in the order in which they are told: the first finding says most. */
  readonly found: readonly ArtifactCheck[]
  /** Whether it is fit for where it goes: all are told. */
  readonly fit: readonly ArtifactCheck[]
} = {
  found: [outsideImage, missing, danglingLink, wrongKind],
  fit: [
    expectation,
    notExecutable,
    unreadableProgram,
    wrongArchitecture,
    missingInterpreter,
    missingLibrary,
    symbolVersion,
    unreadable,
    empty,
    linkTargetLeft,
    specialFile,
    linkLeavesRoot,
    replacesLink,
    samePlace,
    throughLink,
    lostProperties,
  ],
}
