/** The table of artifact checks. A new one is a file beside this and a line here. */
import type {ArtifactCheck} from '../../model/artifact.js'
import {danglingLink} from './dangling-link.js'
import {missing} from './missing.js'
import {notExecutable} from './not-executable.js'
import {outsideImage} from './outside-image.js'
import {wrongKind} from './wrong-kind.js'

/** In the order in which they are told: the first finding says most. */
export const artifactChecks: readonly ArtifactCheck[] = [outsideImage, missing, danglingLink, wrongKind, notExecutable]
