/** What a Dockerfile needs from outside, for whoever links several. */
import {copiesOf} from '../../language/stage-copies.js'
import {dependenciesFirst} from '../../language/stages.js'
import type {ImageUse, SurveyResult} from '../../model/chain.js'
import type {Stage} from '../../model/description.js'
import type {ReadOptions} from '../../model/format.js'
import {type ImageReference, showImageReference} from '../../model/reference.js'
import {startOf} from '../../model/span.js'
import {plainText} from '../../model/template.js'
import {groundOf} from './ground.js'
import {readStagesOf} from './read.js'

/** Read twice: with an empty base in the place of what `from:` replaces, which then needs no value, and as it stands. */
export function surveyDockerfile(file: string, text: string, options: ReadOptions): SurveyResult {
  const nothing = groundOf({kind: 'scratch', span: startOf(file)})
  const rebased = readStagesOf(file, text, options, {ground: nothing})
  if (rebased.stages.length === 0) return {diagnostics: rebased.problems.sorted()}
  const written = readStagesOf(file, text, options)
  // An argument without a value: a base is made up then, to read on.
  const wrong = new Set(written.problems.sorted().flatMap(each => (each.severity === 'error' ? [each.span.start.line] : [])))
  const stages = rebased.stages.map(({stage}) => stage)
  const last = stages.length - 1
  const needed = dependenciesFirst({format: 'dockerfile', file, text, stages}, last)
  const images = needed.flatMap((stage): ImageUse[] => {
    const isFirst = stage.base === nothing.base
    const there = isFirst ? written.stages[stage.index]?.stage.base : stage.base
    const base = isFirst && there !== undefined && wrong.has(there.span.start.line) ? undefined : there
    const common = {isFile: false, isFirst}
    const own: ImageUse[] =
      base === undefined
        ? [{...common, image: undefined, span: stage.nameSpan}]
        : base.kind === 'image'
          ? [{...common, image: named(base.reference), span: base.span}]
          : []
    return [...own, ...copiedImages(stage)]
  })
  const hostPaths = needed.flatMap(stage =>
    copiesOf(stage).flatMap(({from, sources}) =>
      from.kind !== 'context'
        ? []
        : sources.flatMap(({path, span}) => {
            const plain = plainText(path)
            return plain === undefined ? [] : [{path: plain, span}]
          }),
    ),
  )
  return {
    survey: {
      images,
      hostPaths,
      name: undefined,
      declared: rebased.declared,
      baseArgument: rebased.baseArgument,
    },
    diagnostics: rebased.problems.sorted(),
  }
}

function copiedImages(stage: Stage): ImageUse[] {
  return copiesOf(stage).flatMap(({from}) =>
    from.kind === 'image' ? [{image: named(from.reference), isFile: false, isFirst: false, span: from.span}] : [],
  )
}

function named(reference: ImageReference): string {
  return reference.transport === 'docker' ? reference.name : showImageReference(reference)
}
