/** The names of a description's stages, also of one that is still being written: the reader proper takes longer to load. */
import {isMap, isScalar, parseDocument} from 'yaml'

export function yamlStages(text: string): readonly string[] {
  const {contents} = parseDocument(text, {schema: 'failsafe', uniqueKeys: false, prettyErrors: false, logLevel: 'silent'})
  const stages = isMap(contents) ? contents.get('stages') : undefined
  return isMap(stages) ? stages.items.flatMap(({key}) => (isScalar(key) ? [String(key.value)] : [])) : []
}
