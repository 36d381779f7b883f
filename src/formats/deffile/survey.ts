/** What a definition file needs from outside, for whoever links several. */
import {copiesOf} from '../../language/stage-copies.js'
import {dependenciesFirst} from '../../language/stages.js'
import type {ImageUse, SurveyResult} from '../../model/chain.js'
import type {ReadOptions} from '../../model/format.js'
import {showImageReference} from '../../model/reference.js'
import {plainText} from '../../model/template.js'
import {readDeffile} from './read.js'

export function surveyDeffile(file: string, text: string, options: ReadOptions): SurveyResult {
  const {description, diagnostics} = readDeffile(file, text, options)
  const last = description?.stages.at(-1)
  if (description === undefined || last === undefined) return {diagnostics}
  const needed = dependenciesFirst(description, last.index)
  const images = needed.flatMap(({base}): ImageUse[] => {
    const common = {isFirst: false, span: base.span}
    if (base.kind === 'local' && base.reference.agent === 'localimage')
      return [{...common, image: base.reference.path, isFile: true}]
    if (base.kind !== 'image') return []
    const {reference} = base
    return [{...common, image: reference.transport === 'docker' ? reference.name : showImageReference(reference), isFile: false}]
  })
  const hostPaths = needed.flatMap(stage =>
    copiesOf(stage).flatMap(({from, sources}) =>
      from.kind === 'context' ? sources.map(({path, span}) => ({path: plainText(path) ?? '', span})) : [],
    ),
  )
  const name = last.named ? last.name : undefined
  return {survey: {images, hostPaths, name, declared: new Set(), baseArgument: undefined}, diagnostics}
}
