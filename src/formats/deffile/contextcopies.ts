/** Files of the build context: `%files` where that keeps everything (D.4), else a tar stream in `%setup` (D98). */

import {parseIgnore} from '../../language/ignore.js'
import {cleanPath, rootedPath} from '../../language/paths.js'
import type {CopyOrigin, CopySource, CopyStep} from '../../model/description.js'
import {plainText} from '../../model/template.js'
import {type ContextView, type FolderView, type ResolvedPath, TooManyFiles} from './contextfiles.js'
import {filesDestination, filesSource, shellWord} from './quote.js'
import type {StageScript} from './script.js'
import {asFolder, finalPath, isFolderMark, settle} from './settle.js'
import {unpackLines} from './unpack.js'

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

/** More lines than this nobody wants to read in `%files`. */
const mostLines = 40

/** One source after expansion: the normal form of K90. */
interface Item {
  /** In the context, links resolved. */
  readonly path: string
  /** The name it gets inside a folder: that of the link, if it was one (K91). */
  readonly name: string
  readonly kind: 'file' | 'directory'
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
    const name = found.slice(found.lastIndexOf('/') + 1)
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

function writeItem(script: StageScript, step: CopyStep, context: ContextView, item: Item): void {
  if (item.kind === 'directory') {
    writeFolder(script, step, context, item)
    return
  }
  const kind = step.unpack === undefined || step.unpack === 'never' ? 'none' : context.archive(item.path)
  if (kind === 'none' && step.unpack !== 'always') writeFile(script, step, context, item)
  else writeArchive(script, step, context, item, kind === 'compressed' && step.unpack === 'detect')
}

/** Where `%files` can put something itself, as `%files` writes it. */
function directTarget(script: StageScript, step: CopyStep, item: Item): string | undefined {
  const destination = step.destination === undefined ? undefined : plainText(step.destination.path)
  if (destination === undefined || step.chown !== undefined || step.chmod !== undefined || script.hostMode) return undefined
  const path = finalPath(destination, item.name, item.kind === 'directory')
  if (script.disturbed(path, undefined)) return undefined
  if (step.link === true && !script.isPlainUnderLink(path)) return undefined
  return destination
}

function writeFile(script: StageScript, step: CopyStep, context: ContextView, item: Item): void {
  const mode = context.mode(item.path)
  const odd = (mode & 0o7002) !== 0
  const source = filesSource(context.prefixed(item.path))
  const target = odd ? undefined : directTarget(script, step, item)
  const sameName = item.path === item.name || item.path.endsWith(`/${item.name}`)
  if (target !== undefined && source !== undefined) {
    const place = isFolderMark(target) ? (sameName ? asFolder(target) : `${asFolder(target)}${item.name}`) : target
    const word = filesDestination(place)
    if (word !== undefined) {
      script.files(undefined, `${source} ${word}`, step.comment)
      script.covered(finalPath(target, item.name, false), undefined, false)
      return
    }
  }
  const staged = script.staging()
  if (source !== undefined && !script.hostMode) script.files(undefined, `${source} ${staged}`)
  else script.setup(`cp --preserve=mode,timestamps -- ${shellWord(context.prefixed(item.path))} "$SINGULARITY_ROOTFS${staged}"`)
  settle(script, step, staged, item.name, {kind: 'file', mode: odd ? mode : undefined})
}

/** K98, K96: `%files` gives what COPY does for folders of plain files with everyday modes. */
function isPlain(view: FolderView): boolean {
  return view.entries.every(
    entry => (entry.kind === 'file' || entry.kind === 'directory') && (entry.mode & 0o7002) === 0 && !entry.hardLinked,
  )
}

function writeFolder(script: StageScript, step: CopyStep, context: ContextView, item: Item): void {
  const view = context.folder(item.path, step.exclude ?? [])
  const plain = isPlain(view) && !script.hostMode
  const source = filesSource(`${context.prefixed(item.path)}/.`)
  const target = directTarget(script, step, item)
  // A folder of the base that a folder is copied over takes its mode, which %files does not do (K96).
  const merges =
    target !== undefined && script.isCommonFolder(cleanPath(target)) && view.entries.some(entry => entry.kind === 'directory')
  const listed = plain && view.hidden.length > 0 ? listedFiles(view) : undefined
  if (plain && source !== undefined && view.hidden.length === 0) {
    const word = target === undefined || merges ? undefined : filesDestination(asFolder(target))
    if (word !== undefined && target !== undefined) {
      script.files(undefined, `${source} ${word}`, step.comment)
      script.covered(cleanPath(target), undefined, true)
      return
    }
    const staged = script.staging()
    script.files(undefined, `${source} ${staged}/`)
    settle(script, step, staged, item.name, {kind: 'directory'})
    return
  }
  if (listed !== undefined && target !== undefined && !merges && writeListed(script, context, item, target, listed, step.comment))
    return
  const staged = script.staging()
  if (listed === undefined || !writeListed(script, context, item, staged, listed))
    packInto(script, context.prefixed(item.path), staged, view, ['.'])
  settle(script, step, staged, item.name, {kind: 'directory'})
}

/** The files one by one, where that says it all: no empty folders, no odd modes. */
function listedFiles(view: FolderView): readonly string[] | undefined {
  const files = view.entries.filter(entry => entry.kind === 'file').map(entry => entry.path)
  const said = view.entries.every(
    entry => entry.kind === 'file' || (entry.mode === 0o755 && files.some(file => file.startsWith(`${entry.path}/`))),
  )
  return said && files.length > 0 && files.length <= mostLines ? files : undefined
}

function writeListed(
  script: StageScript,
  context: ContextView,
  item: Item,
  target: string,
  files: readonly string[],
  comment?: readonly string[],
): boolean {
  const lines = files.map(file => {
    const source = filesSource(context.prefixed(item.path === '.' ? file : `${item.path}/${file}`))
    const place = filesDestination(`${asFolder(target)}${file}`)
    return source === undefined || place === undefined ? undefined : `${source} ${place}`
  })
  if (lines.some(line => line === undefined)) return false
  lines.forEach((line, i) => {
    if (line !== undefined) script.files(undefined, line, i === 0 ? comment : undefined)
  })
  script.covered(cleanPath(target), undefined, true)
  return true
}

/** D98: a tar stream keeps links, modes and hard links; what is hidden stays behind. */
function packInto(
  script: StageScript,
  source: string,
  staged: string,
  view: FolderView | undefined,
  members: readonly string[],
): void {
  const root = `"$SINGULARITY_ROOTFS${staged}"`
  const from = ['tar', '-C', shellWord(source), '--owner=0', '--group=0', '--numeric-owner', '--no-wildcards', '--anchored']
  const hidden = (view?.hidden ?? []).map(path => `--exclude=${shellWord(`./${path}`)}`)
  script.setup(`mkdir -p ${root}`)
  script.setup([...from, ...hidden, '-cf', `${root}.tar`, ...members.map(shellWord)].join(' '))
  script.setup(`tar -C ${root} -xpf ${root}.tar`)
  script.setup(`rm ${root}.tar`)
}

/** K103: unpacked on the machine that builds, which has the programs for it; owners are the archive's numbers. */
function writeArchive(script: StageScript, step: CopyStep, context: ContextView, item: Item, unsure: boolean): void {
  const staged = script.staging()
  const root = `"$SINGULARITY_ROOTFS${staged}"`
  const file = shellWord(context.prefixed(item.path).replace(/^-/, './-'))
  const unpack = unpackLines(file, root)
  // tar is content with a stream that is shorter than a header, and lists nothing.
  if (unsure) {
    const copy = `cp --preserve=mode,timestamps -- ${file} ${root}`
    script.setup(`if tar -tf ${file} 2> /dev/null | grep -q .; then ${unpack.join('; ')}; else ${copy}; fi`)
  } else for (const line of unpack) script.setup(line)
  settle(script, step, staged, item.name, {kind: unsure ? 'maybe-archive' : 'archive'})
}

/** K101: every match with the path that leads to it; folders on the way take the source's modes. */
function writeParents(script: StageScript, step: CopyStep, context: ContextView, written: string): void {
  const [before, after] = written.includes('/./') ? written.split('/./', 2) : ['', written]
  const pivot = rootedPath(before ?? '')
  const pattern = rootedPath(after ?? '')
  const view = context.folder(pivot, [])
  const rules = parseIgnore(pattern)
  const literal = !/[*?[\\]/.test(pattern)
  const matches = view.entries.filter(entry =>
    literal
      ? entry.path === pattern
      : rules.hides(entry.path).hidden && !isBelowMatch(entry.path, path => rules.hides(path).hidden),
  )
  if (matches.length === 0 && literal && pattern !== '.') {
    script.refuse('context-path-missing', step.span, `${written} is not in the context.`, 'Name a file that is there.')
    return
  }
  const staged = script.staging()
  const wanted = matches.map(entry => `./${entry.path}`)
  const above = new Set(matches.flatMap(entry => ancestors(entry.path)).map(path => `./${path}`))
  const root = `"$SINGULARITY_ROOTFS${staged}"`
  const source = shellWord(context.prefixed(pivot))
  const hidden = [...view.hidden, ...excludedBy(step.exclude ?? [], view, matches)].map(
    path => `--exclude=${shellWord(`./${path}`)}`,
  )
  const from = `tar -C ${source} --owner=0 --group=0 --numeric-owner --no-wildcards --anchored`
  script.setup(`mkdir -p ${root}`)
  if (pattern === '.' || wanted.length > 0) {
    script.setup(
      [
        from,
        ...hidden,
        '-cf',
        `${root}.tar`,
        '--no-recursion',
        ...[...above].map(shellWord),
        '--recursion',
        ...(pattern === '.' ? ['.'] : wanted.map(shellWord)),
      ].join(' '),
    )
    script.setup(`tar -C ${root} -xpf ${root}.tar`)
    script.setup(`rm ${root}.tar`)
  }
  const destination = plainText(step.destination?.path ?? []) ?? '/'
  settle(
    script,
    step.destination === undefined ? step : {...step, destination: {...step.destination, path: [asFolder(destination)]}},
    staged,
    '.',
    {kind: 'directory'},
  )
}

function ancestors(path: string): string[] {
  const parts = path.split('/').slice(0, -1)
  return parts.map((_, i) => parts.slice(0, i + 1).join('/'))
}

function isBelowMatch(path: string, matches: (path: string) => boolean): boolean {
  return ancestors(path).some(matches)
}

/** K102: patterns of `--exclude` are relative to each copied folder. */
function excludedBy(patterns: readonly string[], view: FolderView, matches: FolderView['entries']): string[] {
  if (patterns.length === 0) return []
  const rules = parseIgnore(patterns.join('\n'))
  return matches
    .filter(match => match.kind === 'directory')
    .flatMap(match =>
      view.entries
        .filter(entry => entry.path.startsWith(`${match.path}/`) && rules.hides(entry.path.slice(match.path.length + 1)).hidden)
        .map(entry => entry.path),
    )
}
