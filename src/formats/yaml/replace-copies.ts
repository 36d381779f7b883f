/**
 * Copies of an included Dockerfile that take from the host what another stage made (`copies:`): they take it from that
 * stage instead. The builder pattern needs no `docker cp` between its two Dockerfiles then.
 */
import {hasWildcard, parseGlob} from '../../language/globs.js'
import {cleanPath, isFolderMark} from '../../language/paths.js'
import type {CopyOrigin, CopySource, CopyStep, Stage, Step} from '../../model/description.js'
import {baseName} from '../../model/paths.js'
import type {Span} from '../../model/span.js'
import {literal, plainText, type Template} from '../../model/template.js'

/** A path of the context that a stage makes. */
export interface MadePath {
  /** As it was written. */
  readonly written: string
  /** Clean and relative to the context of the file. */
  readonly path: string
  /** A `/` at its end was written: it is a folder. */
  readonly isFolder: boolean
  readonly origin: Extract<CopyOrigin, {kind: 'stage'}>
  /** In the image of that stage, absolute. */
  readonly source: string
  readonly span: Span
}

/** What was met on the way. */
export interface Met {
  /** Paths that some copy names. */
  readonly used: Set<MadePath>
  /** Patterns that a path matches: nobody can tell what else they match, so that they cannot be replaced. */
  readonly patterns: {readonly path: MadePath; readonly source: CopySource}[]
}

/** The stage with its copies from the context replaced. */
export function replaceCopies(stage: Stage, made: readonly MadePath[], met: Met): Stage {
  if (made.length === 0) return stage
  return {...stage, steps: stage.steps.flatMap(step => replaceStep(step, made, met))}
}

function replaceStep(step: Step, made: readonly MadePath[], {used, patterns}: Met): Step[] {
  if (step.kind !== 'copy' || step.from.kind !== 'context' || step.destination === undefined || step.parents) return [step]
  const steps: CopyStep[] = []
  let kept: CopySource[] = []
  const flush = () => {
    if (kept.length > 0) steps.push({...step, sources: kept})
    kept = []
  }
  // BuildKit copies each source on its own, in order (K90), so that a step may be cut between any two.
  for (const source of step.sources) {
    const path = plainText(source.path)
    const within = path === undefined ? undefined : made.find(each => isWithin(path, each.path))
    if (path !== undefined && within !== undefined) {
      flush()
      used.add(within)
      steps.push(fromStage(step, source, within, path))
      continue
    }
    const below = path === undefined ? [] : made.filter(each => isWithin(each.path, path))
    if (path === undefined || below.length === 0) {
      if (path !== undefined && hasWildcard(path)) {
        const glob = parseGlob(path)
        const matched = made.find(each => glob.kind === 'pattern' && glob.matches(each.path))
        if (matched !== undefined) patterns.push({path: matched, source})
      }
      kept.push(source)
      continue
    }
    flush()
    for (const each of below) used.add(each)
    const inside = below.map(each => (path === '.' ? each.path : each.path.slice(path.length + 1)))
    // What an earlier run of the script left on the host is not what the stage makes.
    steps.push({...step, sources: [source], exclude: [...(step.exclude ?? []), ...inside]})
    below.forEach((each, i) => {
      const destination = {...destinationOf(step), path: join(destinationOf(step).path, inside[i] ?? '')}
      steps.push({...fromStage(step, source, each, each.path), destination})
    })
  }
  flush()
  return steps
}

function isWithin(path: string, folder: string): boolean {
  return folder === '.' || path === folder || path.startsWith(`${folder}/`)
}

function destinationOf(step: CopyStep): {readonly path: Template; readonly span: Span} {
  return step.destination ?? {path: [], span: step.span}
}

function join(folder: Template, path: string): Template {
  const last = folder.at(-1)
  return [...folder, typeof last === 'string' && last.endsWith('/') ? path : `/${path}`]
}

/** What comes from the host is root's, whoever made it; what comes from a stage keeps its owner. */
function fromStage(step: CopyStep, source: CopySource, made: MadePath, path: string): CopyStep {
  const {exclude, unpack, ...rest} = step
  const below = path.slice(made.path.length)
  const image = cleanPath(`${made.source}${below}`)
  const destination = destinationOf(step)
  const renamed = baseName(image) !== baseName(path)
  const text = plainText(destination.path)
  // Under another name it has to be known which it is: a file gets its name of the host, a folder's content just goes in.
  const intoFolder = text === undefined || isFolderMark(text) || step.sources.length > 1
  const named = renamed && !made.isFolder
  return {
    ...rest,
    from: made.origin,
    sources: [{...source, path: literal(image)}],
    destination: named && intoFolder ? {...destination, path: join(destination.path, baseName(path))} : destination,
    chown: step.chown ?? literal('0:0'),
    ...(exclude === undefined ? {} : {exclude}),
    ...(unpack === undefined ? {} : {unpack}),
    ...(below === '' && named ? {expect: {kind: 'file', span: made.span}} : {}),
    ...(below === '' && made.isFolder ? {expect: {kind: 'directory', span: made.span}} : {}),
  }
}
