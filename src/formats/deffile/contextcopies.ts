/** What the sources of a COPY mean in the build context, one by one (K81, K84, K91). */

import {isFolderMark, rootedPath} from '../../language/paths.js'
import type {CopyOrigin, CopySource, CopyStep} from '../../model/description.js'
import {baseName} from '../../model/paths.js'
import {plainText} from '../../model/template.js'
import {type ContextView, type ResolvedPath, TooManyFiles} from './contextfiles.js'
import {type Item, isPlain, packInto, writeItem} from './contextitems.js'
import {writeParents} from './contextparents.js'
import {filesSource, shellWord} from './quote.js'
import type {StageScript} from './script.js'

/** The files of a bind mount from the context in a staging folder; undefined when they are not there, which is reported. */
export function stageContextMount(
  script: StageScript,
  step: CopyStep,
  from: Extract<CopyOrigin, {kind: 'context'}>,
  source: string,
): string | undefined {
  const context = script.contextIn(from)
  const resolved = context.resolve(source)
  const [first] = step.sources
  if (first === undefined) return undefined
  const item = itemAt(script, first, rootedPath(source), '.', resolved, source)
  if (item === undefined) return undefined
  const staged = script.staging()
  if (item.kind === 'file') {
    script.setup(`cp --preserve=mode,timestamps -- ${shellWord(context.prefixed(item.path))} "$SINGULARITY_ROOTFS${staged}"`)
    return staged
  }
  const view = context.folder(item.path, [])
  const name = filesSource(`${context.prefixed(item.path)}/.`)
  if (isPlain(view) && view.hidden.length === 0 && name !== undefined) script.files(undefined, `${name} ${staged}/`)
  else packInto(script, context.prefixed(item.path), staged, view, ['.'])
  return staged
}

export function writeContextCopy(script: StageScript, step: CopyStep, from: Extract<CopyOrigin, {kind: 'context'}>): void {
  const context = script.contextIn(from)
  for (const source of step.sources) {
    const path = plainText(source.path)
    if (path === undefined) {
      script.refuse(
        'copy-source-variable',
        source.span,
        'The source holds a variable of the base image, and %files cannot look it up.',
        'Write the path out, or give --base an image whose configuration can be read.',
      )
      continue
    }
    try {
      if (step.parents === true) writeParents(script, step, context, path)
      else for (const item of itemsOf(script, source, context, path)) writeItem(script, step, context, item)
    } catch (error) {
      if (!(error instanceof TooManyFiles)) throw error
      script.refuse('context-too-large', source.span, `${path} holds too many files to look through.`, 'Copy fewer folders.')
    }
  }
}

function itemsOf(script: StageScript, source: CopySource, context: ContextView, path: string): Item[] {
  const paths = context.expand(path)
  if (paths === undefined) {
    script.refuse('copy-pattern', source.span, `${path} is no pattern that docker can read.`, 'Close the bracket, or escape it.')
    return []
  }
  const isLiteral = paths.length === 1 && paths[0] === rootedPath(path)
  if (paths.length === 0) {
    const prefix = rootedPath(path).split('/').slice(0, -1)
    const fixed = prefix
      .slice(
        0,
        Math.max(
          0,
          prefix.findIndex(part => /[*?[\\]/.test(part)),
        ) || undefined,
      )
      .join('/')
    if (fixed !== '' && !/[*?[\\]/.test(fixed) && context.resolve(fixed).kind === 'missing')
      script.refuse('context-path-missing', source.span, `${fixed} is not in the context, so docker refuses ${path}.`)
    else
      script.warn(
        'empty-pattern',
        source.span,
        `Nothing in the context matches ${path}; the definition copies nothing for it, as docker does.`,
      )
    return []
  }
  return paths.flatMap(found => {
    const resolved = context.resolve(found)
    const name = baseName(found)
    const item = itemAt(script, source, found, name, resolved, path)
    return item === undefined || (!isLiteral && resolved.kind === 'missing') ? [] : [item]
  })
}

function itemAt(
  script: StageScript,
  source: CopySource,
  found: string,
  name: string,
  resolved: ResolvedPath,
  written: string,
): Item | undefined {
  switch (resolved.kind) {
    case 'directory':
      return {path: resolved.path, name, kind: 'directory'}
    case 'file':
    case 'other':
      return {path: resolved.path, name, kind: 'file'}
    case 'outside':
      script.refuse(
        'context-path-outside',
        source.span,
        `${found} is a link that leads out of the build context, where docker finds nothing.`,
        'Copy the file itself into the context.',
      )
      return undefined
    case 'hidden':
      script.refuse(
        'context-path-ignored',
        source.span,
        `${found} is hidden by the ignore file, so docker does not find it.`,
        'Take it out of the ignore file, or do not copy it.',
      )
      return undefined
    case 'missing':
      script.warn(
        'source-not-found',
        source.span,
        `${found} is not in the context, so it is taken for a file. If it is a folder, the definition is wrong.`,
        'Convert where the file is, or name the folder with --context.',
      )
      return {path: found, name, kind: isFolderMark(written) ? 'directory' : 'file'}
  }
}
