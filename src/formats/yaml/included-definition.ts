/** A definition file that a stage is taken from: its text stays as it is, so that names, paths and bases have to suit. */
import {cleanPath} from '../../language/paths.js'
import type {Base, Stage} from '../../model/description.js'
import {normalizeReference, showImageReference} from '../../model/reference.js'
import {plainText} from '../../model/template.js'
import type {OpenInclude} from './include.js'
import type {Reading} from './reading.js'

/** What stands in the place of an image, by what the file calls it. */
export interface StageForImage {
  readonly image: string
  readonly base: Extract<Base, {kind: 'stage'}>
}

/** The stage on another one, where its header names an image that is a stage here. */
export function rebased(stage: Stage, stages: readonly StageForImage[]): Stage {
  const found = stages.find(({image}) => isCalled(stage.base, image))
  return found === undefined ? stage : {...stage, base: found.base}
}

function isCalled(base: Base, image: string): boolean {
  if (base.kind === 'image') return normalizeReference(showImageReference(base.reference)) === normalizeReference(image)
  return base.kind === 'local' && cleanPath(base.reference.path) === cleanPath(image)
}

/** Its names have to be free, and its paths to mean the same from here. */
export function checkDefinition(
  {yaml, problems, indexOf}: Reading,
  {name, key, folder, needed}: OpenInclude,
  stages: readonly Stage[],
): void {
  for (const local of needed) {
    const stage = stages[local]
    if (stage === undefined) continue
    const last = local === needed.at(-1)
    if (stage.named && (last ? stage.name !== name : indexOf.has(stage.name)))
      problems.syntax(
        yaml.span(key),
        last
          ? `The stage is called ${JSON.stringify(name)} here and ${JSON.stringify(stage.name)} in its file.`
          : `Its file has a stage ${JSON.stringify(stage.name)}, which is the name of another stage here.`,
        'A definition file names its stages in its own text: change one of the two names.',
      )
    const relative = stage.steps.flatMap(step => (step.kind === 'copy' && step.from.kind === 'context' ? step.sources : []))
    const outside = relative.find(({path}) => !/^[/~$]/.test(plainText(path) ?? '/'))
    if (outside !== undefined && folder !== '.')
      problems.add(
        'included-host-path',
        'error',
        outside.span,
        `${plainText(outside.path)} is relative to the folder that the definition file is built in, which is not its own here.`,
        'Move the definition file to the top of the context, or the stage into a Dockerfile.',
        name,
      )
  }
}
