/** The names of a file's stages, also of one that is still being written. */
import {LineIndex} from '../../model/span.js'
import {readHeader} from './header.js'
import {cutStages, scanStage} from './lex.js'
import {Problems} from './problems.js'
import {SourceText} from './source.js'
import {headerMap, stageName} from './stage.js'

export function deffileStages(text: string): readonly string[] {
  const index = new LineIndex('-', text)
  return cutStages(text)
    .map(({start, end}) => new SourceText(text.slice(start, end), index, start, []))
    .map(source => headerMap(readHeader(source, scanStage(source.text).header, new Problems())))
    .filter(headers => headers.has('bootstrap'))
    .map((headers, i) => stageName(headers) ?? `stage-${i}`)
}
