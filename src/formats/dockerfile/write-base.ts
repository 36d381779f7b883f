/** The FROM line of a stage, and image names inside a Dockerfile. */
import {nearest} from '../../language/distance.js'
import {copiesOf} from '../../language/stage-copies.js'
import type {Stage} from '../../model/description.js'
import {type ImageReference, parseDockerName, showImageReference} from '../../model/reference.js'
import type {Span} from '../../model/span.js'
import {quotedWord} from './write-words.js'
import type {Writing} from './writing.js'

/** The build argument of a stage that others start from. */
export function parentArgument(name: string): string {
  return `${name.toUpperCase().replace(/[^A-Z0-9]/g, '_')}_IMAGE`
}

/** `name` in place of the stage's own. */
export function writeBase(writing: Writing, stage: Stage, other?: string): void {
  const image = baseText(writing, stage)
  if (image === undefined) return
  const platform = stage.platform === undefined ? '' : `--platform=${quotedWord([stage.platform]) ?? ''} `
  const name = other ?? writing.names.get(stage.index) ?? ''
  const isReferred = other !== undefined || stage.named || isMeant(writing, stage.index)
  const as = isReferred ? ` AS ${name}` : ''
  if (stage.base.kind === 'stage' && writing.parents === 'by argument') {
    const argument = parentArgument(image)
    writing.lines.push(`ARG ${argument}=${image}`, `FROM ${platform}\${${argument}}${as}`)
  } else writing.lines.push(`FROM ${platform}${image}${as}`)
}

/** True if another stage stands on this one or copies from it. */
function isMeant(writing: Writing, index: number): boolean {
  return writing.description.stages.some(
    stage =>
      (stage.base.kind === 'stage' && stage.base.index === index) ||
      copiesOf(stage).some(({from}) => from.kind === 'stage' && from.index === index),
  )
}

function baseText(writing: Writing, stage: Stage): string | undefined {
  const {base} = stage
  switch (base.kind) {
    case 'scratch':
      return 'scratch'
    case 'stage': {
      const name = base.index === undefined ? undefined : writing.names.get(base.index)
      if (name === undefined) {
        writing.refuse(
          stage,
          'unknown-base-stage',
          base.span,
          `There is no stage ${base.name} to start from.`,
          'Name a stage that is there.',
        )
      }
      return name
    }
    case 'image':
      return imageText(writing, stage, base.reference, base.span, name => isStageOfFrom(writing, name))
    case 'local': {
      const message = `Docker can't start from the local image ${base.reference.path}.`
      writing.refuse(stage, 'base-not-docker', base.span, message, 'Push it to a registry, or give another base with --base.')
      return undefined
    }
    case 'mirror': {
      const message = `Docker has no ${base.agent}: it starts from images only.`
      writing.refuse(
        stage,
        'base-not-docker',
        base.span,
        message,
        'Start from an image of that distribution, for instance with --base.',
      )
      return undefined
    }
  }
}

/** K67: FROM takes a stage's very name for the stage. */
function isStageOfFrom(writing: Writing, name: string): boolean {
  return name === 'scratch' || [...writing.names.values()].includes(name)
}

/** The image's name as it was written, or in full where a Dockerfile would take it for a stage. */
export function imageText(
  writing: Writing,
  stage: Stage,
  reference: ImageReference,
  span: Span,
  isStage: (name: string) => boolean,
): string | undefined {
  if (reference.transport !== 'docker' && reference.transport !== 'docker-daemon') {
    const message = `Docker can't read ${showImageReference(reference)}: it knows registries only.`
    writing.refuse(stage, 'base-not-docker', span, message, 'Give the image of a registry with --base.')
    return undefined
  }
  const {name} = reference
  if (!isStage(name)) return name
  const {registry, repository, tag, digest} = parseDockerName(name)
  return `${registry}/${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`
}

/** What COPY --from would take for a stage, or for the misspelt name of one (K71). */
export function isStageOfCopy(writing: Writing, name: string): boolean {
  return /^[0-9]+$/.test(name) || (!/[/:.@]/.test(name) && nearest(name, writing.names.values()) !== undefined)
}
