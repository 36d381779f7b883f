/** What the sources of a copy from the build context turn out to be. Three rules report on it. */
import {contextAt} from '../language/context.js'
import {hasWildcard} from '../language/globs.js'
import {expandSource} from '../language/hostpaths.js'
import {type IgnoreFile, type IgnoreVerdict, parseIgnore} from '../language/ignore.js'
import {isFolderMark, rootedPath} from '../language/paths.js'
import {expandGlob, expandParents} from '../language/sources.js'
import {copiesOf} from '../language/stage-copies.js'
import type {Scene} from '../model/check.js'
import type {CopySource, CopyStep, Description, Stage} from '../model/description.js'
import type {ContextFiles} from '../model/format.js'
import {plainText} from '../model/template.js'
import {neededStages, resolveTarget} from '../plan/graph.js'
import {confined, locate} from './context-walk.js'

export interface ContextSource {
  readonly stage: Stage
  readonly step: CopyStep
  readonly source: CopySource
  /** The source as written. */
  readonly text: string
  readonly outcome: Outcome
}

export type Outcome =
  | {readonly kind: 'found'}
  /** `path` is the one of its matches that is not there, `link` a link on the way. */
  | {readonly kind: 'missing'; readonly path: string; readonly link?: string | undefined; readonly why?: string}
  | {readonly kind: 'no-match'}
  | {readonly kind: 'refused'; readonly reason: string}
  | {readonly kind: 'outside'; readonly link: string; readonly text: string}
  /** `path` is what the ignore file hides, `line` the line of it that does. */
  | {readonly kind: 'ignored'; readonly path: string; readonly line: number | undefined}

/** One for each source in the stages that are built. A source that needs the base's variables cannot be judged yet. */
export function contextSources(description: Description, scene: Scene): ContextSource[] {
  const whole = scene.ignore === undefined ? undefined : parseIgnore(scene.ignore.text)
  return builtStages(description, scene).flatMap(stage =>
    copiesOf(stage).flatMap(step => {
      if (step.from.kind !== 'context') return []
      const {context, ignore} = contextAt(scene.context, whole, step.from)
      return step.sources.flatMap(source => {
        const text = plainText(source.path)
        if (text === undefined) return []
        const outcome = step.rules === 'def' ? hostOutcome(text, context) : contextOutcome(text, step, context, ignore)
        return {stage, step, source, text, outcome}
      })
    }),
  )
}

/** Docker looks at what the target needs (K75, K88); Apptainer builds every stage of a definition file (D48). */
function builtStages(description: Description, scene: Scene): readonly Stage[] {
  const target = resolveTarget(description, scene.target)
  if (target.kind === 'unknown') return description.stages
  if (description.format === 'def' && scene.target === undefined) return description.stages
  const needed = new Set(neededStages(description, target.stage.index))
  return description.stages.filter(stage => needed.has(stage.index))
}

/** D87, D89: what `cp` would be called with has to be there. */
function hostOutcome(text: string, context: ContextFiles): Outcome {
  const expansion = expandSource(text, context, context.environment)
  if ('refused' in expansion) return {kind: 'refused', reason: expansion.refused}
  if (expansion.matches.length === 0) return {kind: 'missing', path: text, why: 'its variables are empty, so it names nothing'}
  for (const path of expansion.matches) {
    const kind = context.kindFollowed(path)
    if (kind === undefined) return {kind: 'missing', path, link: context.kind(path) === 'symlink' ? path : undefined}
    if (kind !== 'directory' && isFolderMark(path))
      return {kind: 'missing', path, why: 'it is a file, and the "/" at the end asks for a folder'}
  }
  return {kind: 'found'}
}

function contextOutcome(text: string, step: CopyStep, context: ContextFiles, ignore: IgnoreFile | undefined): Outcome {
  const pattern = rootedPath(text)
  if (!hasWildcard(pattern)) return pathOutcome(pattern, context, ignore)
  const found = (step.parents ? expandParents : expandGlob)(pattern, confined(context))
  if (found.kind === 'refused') return {kind: 'refused', reason: found.reason}
  if (found.paths.length === 0) {
    const folder = pattern.split('/').slice(0, pattern.split('/').findIndex(hasWildcard)).join('/')
    // K86: a folder without a wildcard in front of the pattern has to be there; a pattern may match nothing.
    return folder === '' || locate(context, folder).kind === 'found' ? {kind: 'no-match'} : pathOutcome(folder, context, ignore)
  }
  const outcomes = found.paths.map(path => pathOutcome(path, context, ignore))
  return outcomes.find(outcome => outcome.kind === 'found') ?? outcomes[0] ?? {kind: 'no-match'}
}

function pathOutcome(path: string, context: ContextFiles, ignore: IgnoreFile | undefined): Outcome {
  const place = locate(context, path)
  switch (place.kind) {
    case 'missing':
      return {kind: 'missing', path: place.link === undefined ? place.path : path, link: place.link}
    case 'loop':
      return {kind: 'missing', path, link: place.link, why: 'its links lead round in a circle'}
    case 'outside':
      return {kind: 'outside', link: place.link, text: place.text}
    case 'found': {
      if (ignore === undefined) return {kind: 'found'}
      // K93: a link to a file that is hidden leads nowhere either.
      for (const one of new Set([path, place.path])) {
        const verdict = hiddenWhole(one, context, ignore)
        if (verdict.hidden) return {kind: 'ignored', path: one, line: verdict.line}
      }
      return {kind: 'found'}
    }
  }
}

/** A context with more than this below one folder is not searched for the one file that is shown again. */
const mostLookedAt = 20_000

/** K109, K111: a hidden folder still arrives when something below it is shown again. */
function hiddenWhole(path: string, context: ContextFiles, ignore: IgnoreFile): IgnoreVerdict {
  const verdict = path === '.' ? {hidden: false} : ignore.hides(path)
  if (!verdict.hidden || context.kind(path) !== 'directory') return verdict
  const open = [path]
  let looked = 0
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    for (const name of context.names(folder)) {
      const below = `${folder}/${name}`
      looked += 1
      if (looked > mostLookedAt || !ignore.hides(below).hidden) return {hidden: false}
      if (context.kind(below) === 'directory') open.push(below)
    }
  }
  return verdict
}
