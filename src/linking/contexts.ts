/** Which folder the copies of a Dockerfile start at. */
import {hasWildcard} from '../language/globs.js'
import {cleanPath, joinWritten} from '../language/paths.js'
import {startOf} from '../model/span.js'
import type {Contexts, Tell} from './linked.js'
import type {StageFile} from './makers.js'

/** Paths that are copied as they stand: a pattern matches what is there. */
function plainPaths({survey}: StageFile): string[] {
  return survey.hostPaths.map(({path}) => path).filter(path => !hasWildcard(path))
}

/** Its own folder, unless a script says otherwise or the files that it copies lie elsewhere. */
export function contextOf({tops, has}: Contexts, file: StageFile, tell: Tell): string {
  const own = file.path.includes('/') ? file.path.slice(0, file.path.lastIndexOf('/')) : '.'
  if (file.context !== undefined) return file.context
  if (file.format === 'def') return own
  const paths = plainPaths(file).filter(path => path !== '.')
  const missing = (folder: string) => paths.filter(path => !has(cleanPath(joinWritten(folder, path)))).length
  if (missing(own) === 0) return own
  const above = tops.filter(top => top !== own && (top === '.' || own.startsWith(`${top}/`)))
  const better = above.find(top => missing(top) < missing(own))
  if (better === undefined) return own
  tell(
    'info',
    'assumed-context',
    startOf(file.name),
    `What ${file.name} copies is in ${better === '.' ? 'the folder above' : better}, so that this is taken for its build context.`,
    'Change "context" in what is written if it is another.',
  )
  return better
}
