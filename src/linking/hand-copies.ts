/** The builder pattern: what somebody takes out of the image of one file and puts where another one copies it. */
import {nearest} from '../language/distance.js'
import {hasWildcard} from '../language/globs.js'
import {cleanPath, isFolderMark, joinWritten} from '../language/paths.js'
import type {HostPath} from '../model/chain.js'
import {baseName} from '../model/paths.js'
import {startOf} from '../model/span.js'
import type {HostCopyCommand} from './commands.js'
import type {CopyFlag, LinkedFile, LinkInput, Tell} from './linked.js'
import {makerOf} from './makers.js'
import {pathName} from './names.js'
import type {ScriptCommand} from './scripts.js'

/** Undefined when it is not of this form. */
export function copyFlag(text: string): CopyFlag | undefined {
  const match = /^([^:=]+):(\/[^=]*)=(.+)$/s.exec(text)
  const [, stage, source, path] = match ?? []
  if (stage === undefined || source === undefined || path === undefined) return undefined
  const clean = cleanPath(path)
  if (clean === '.' || clean === '..' || /^(\.\.)?\//.test(clean) || hasWildcard(path)) return undefined
  return {text, stage, source: cleanPath(source), path: isFolderMark(path) ? `${clean}/` : clean}
}

/** Puts every `--copy` where it belongs, and tells what else looks as if somebody had to put it there. */
export function placeCopies(input: LinkInput, linked: readonly LinkedFile[], tell: Tell): void {
  for (const flag of input.copies) placeCopy(input, flag, linked, tell)
  for (const each of linked) if (each.file.format === 'dockerfile') suggest(input, linked, each, tell)
}

/** Whether a file's copy takes a path: by its name, or with a folder that it lies in. */
function takes({path}: HostPath, wanted: string): 'by name' | 'with its folder' | undefined {
  if (hasWildcard(path)) return undefined
  if (path === wanted || path.startsWith(`${wanted}/`)) return 'by name'
  return path === '.' || wanted.startsWith(`${path}/`) ? 'with its folder' : undefined
}

interface Taker {
  readonly linked: LinkedFile
  /** The path from the context of that file. */
  readonly path: string
  readonly how: 'by name' | 'with its folder'
  readonly at: HostPath
}

/** By the name of the stage, or by what its file is called. */
function makerNamed({root}: LinkInput, name: string, linked: readonly LinkedFile[]): LinkedFile | undefined {
  const stage = linked.find(each => each.stage === name)
  if (stage !== undefined) return stage
  const called = linked.filter(({file}) => file.path === name || pathName(file.path, root).at(-1) === name)
  return called.length === 1 ? called[0] : undefined
}

function placeCopy(input: LinkInput, flag: CopyFlag, linked: readonly LinkedFile[], tell: Tell): void {
  const maker = makerNamed(input, flag.stage, linked)
  const top = startOf(linked[0]?.file.name ?? '-')
  if (maker === undefined) {
    const names = linked.map(each => each.stage)
    const near = nearest(flag.stage, names)
    tell(
      'error',
      'copy-names-nothing',
      top,
      `--copy ${flag.text}: there is no stage ${flag.stage}.`,
      near === undefined ? `The stages are ${names.join(', ')}.` : `Did you mean ${near}?`,
    )
    return
  }
  const before = neededBy(maker, linked)
  const others = linked.filter(each => each.file.format === 'dockerfile' && !before.has(each))
  const takers = others.flatMap(each => takerOf(each, flag.path))
  const byName = takers.filter(each => each.how === 'by name')
  const fromTop = takers.filter(each => each.path !== flag.path)
  const chosen = byName.length > 0 ? byName : fromTop.length > 0 ? fromTop : takers
  const [first] = chosen
  if (first === undefined) {
    const paths = [...new Set(others.flatMap(each => each.file.survey.hostPaths.map(({path}) => path)))]
    tell(
      'error',
      'copy-names-nothing',
      top,
      `--copy ${flag.text}: no other Dockerfile copies ${flag.path} from its build context.`,
      paths.length === 0 ? 'None of them copies anything from there.' : `They copy ${paths.slice(0, 10).join(', ')}.`,
    )
    return
  }
  if (byName.length === 0 && chosen.length > 1) {
    tell(
      'error',
      'ambiguous-copy',
      first.at.span,
      `--copy ${flag.text}: each of these copies a folder that ${flag.path} may lie in: ${chosen.map(each => each.linked.file.name).join(', ')}.`,
      `Say which, by the path from the top: --copy ${flag.stage}:${flag.source}=${joinWritten(first.linked.context, flag.path)}`,
    )
    return
  }
  for (const {linked: taker, path, at} of chosen) {
    taker.copies.push({path, stage: maker.stage, source: flag.source})
    if (!taker.needs.has(maker.stage)) taker.needs.set(maker.stage, at.span)
  }
}

/** The path may be meant from the context of the file, or from the top. */
function takerOf(linked: LinkedFile, path: string): Taker[] {
  const {context, file} = linked
  const paths = [path, ...(path.startsWith(`${context}/`) ? [path.slice(context.length + 1)] : [])]
  const found = paths.flatMap(each =>
    file.survey.hostPaths.flatMap((at): Taker[] => {
      const how = takes(at, each.replace(/\/$/, ''))
      return how === undefined ? [] : [{linked, path: each, how, at}]
    }),
  )
  const best = found.find(each => each.how === 'by name') ?? found.at(-1)
  return best === undefined ? [] : [best]
}

/** A file and all that it needs: none of them can copy what it makes. */
function neededBy(maker: LinkedFile, linked: readonly LinkedFile[]): Set<LinkedFile> {
  const found = new Set<LinkedFile>()
  const open = [maker]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (found.has(next)) continue
    found.add(next)
    const {needs} = next
    open.push(...linked.filter(each => needs.has(each.stage)))
  }
  return found
}

/** A copy of what is not there, or of what a script puts there. */
function suggest(input: LinkInput, linked: readonly LinkedFile[], taker: LinkedFile, tell: Tell): void {
  const told = new Set<string>()
  for (const at of taker.file.survey.hostPaths) {
    const {path, span} = at
    if (hasWildcard(path) || path === '.' || told.has(path)) continue
    if (taker.copies.some(copy => takes(at, copy.path.replace(/\/$/, '')) === 'by name')) continue
    const by = input.commands.find(each => isPutAt(each, path))
    const isThere = input.has(cleanPath(joinWritten(taker.context, path)))
    if (isThere && by === undefined) continue
    told.add(path)
    const source = by?.command.kind === 'host-copy' ? by.command.path : `/PATH/${baseName(path)}`
    const stage = by === undefined ? 'STAGE' : (makerOfContainer(input, linked, by) ?? 'STAGE')
    tell(
      'warning',
      'copied-by-hand',
      span,
      by === undefined
        ? `${path} is not in the build context of ${taker.file.name}: something else has to put it there.`
        : `${path} is what ${by.script.name} takes out of another image.`,
      `If the stage of another file makes it: --copy ${stage}:${source}=${path}`,
      taker.stage,
    )
  }
}

/** Whether a `docker cp` puts a file where a copy finds it, as far as names tell. */
function isPutAt({command}: ScriptCommand, path: string): boolean {
  if (command.kind !== 'host-copy') return false
  const name = baseName(command.path)
  const to = cleanPath(command.to)
  const target = command.to === '.' || isFolderMark(command.to) ? cleanPath(joinWritten(to, name)) : to
  return baseName(target) === baseName(path)
}

/** The stage whose image a container is made of. */
function makerOfContainer(input: LinkInput, linked: readonly LinkedFile[], {script, command}: ScriptCommand): string | undefined {
  const copy: HostCopyCommand | undefined = command.kind === 'host-copy' ? command : undefined
  const images = input.commands.flatMap(each =>
    each.script === script &&
    each.command.kind === 'container' &&
    (copy?.container === undefined || each.command.name === copy.container)
      ? [each.command.image]
      : [],
  )
  const [image] = images
  const [first] = linked
  if (image === undefined || images.length > 1 || first === undefined) return undefined
  const use = {image, isFile: false, isFirst: false, span: startOf(script.name)}
  const maker = makerOf(use, undefined, input.files, input.root)
  return maker.kind === 'one' ? linked.find(each => each.file === maker.file)?.stage : undefined
}
