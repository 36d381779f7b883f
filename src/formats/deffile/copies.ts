/**
 * COPY and ADD: lines of `%files` straight to the place where that means the same (K144), else to a staging folder
 * from which things are put in place at the right moment (K145, D107).
 */
import {cleanPath} from '../../language/paths.js'
import type {CopyStep, Stage} from '../../model/description.js'
import {plainText} from '../../model/template.js'
import {writeContextCopy} from './contextcopies.js'
import {writeInlineCopy} from './inlinecopies.js'
import {writeRemoteCopy} from './remotecopies.js'
import type {StageScript} from './script.js'
import {writeStageCopy} from './stagecopies.js'

/** Nothing that a build leaves under these stays: kernel file systems lie there (K144, D71). */
const kernelOwned = /^\/(dev|proc|sys)(\/|$)/
/** Apptainer's own, or bound over during the build (D73, D110). */
const reserved = /^\/(\.singularity\.d(\/|$)|\.sifstage(\/|$)|etc\/(hosts|resolv\.conf)$)/

export function writeCopy(script: StageScript, stage: Stage, written: CopyStep): void {
  const step = underLink(written)
  if (step.link === true && step.chown !== undefined && !/^[0-9]*(:[0-9]*)?$/.test(plainText(step.chown) ?? '')) {
    script.refuse(
      'link-owner-name',
      step.span,
      '--link looks at nothing in the image, so there is no /etc/passwd to find the owner in; docker refuses it too.',
      'Give --chown numbers, or leave --link out.',
    )
    return
  }
  const destination = step.destination === undefined ? undefined : plainText(step.destination.path)
  if (destination !== undefined && !isPossible(script, step, cleanPath(destination))) return
  switch (step.from.kind) {
    case 'inline':
      writeInlineCopy(script, step, step.from.files)
      return
    case 'context':
      writeContextCopy(script, step, step.from)
      return
    case 'stage':
    case 'image':
      writeStageCopy(script, stage, step)
      return
    case 'url':
    case 'git':
      writeRemoteCopy(script, step, step.from)
  }
}

/** K100: together with --chmod, BuildKit takes no notice of --link. */
function underLink({link, ...step}: CopyStep): CopyStep {
  return link === true && step.chmod === undefined ? {...step, link} : step
}

function isPossible(script: StageScript, step: CopyStep, path: string): boolean {
  if (reserved.test(path)) {
    script.refuse(
      'reserved-path',
      step.span,
      `${path} belongs to Apptainer during a build; what is copied there is lost or breaks the image.`,
    )
    return false
  }
  if (kernelOwned.test(path)) {
    script.refuse('reserved-path', step.span, `${path} belongs to the kernel during a build; what is copied there is lost.`)
    return false
  }
  return true
}
