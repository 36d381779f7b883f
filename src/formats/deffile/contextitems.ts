/** One file, folder or archive of the build context: `%files` where that keeps everything (D.4), else a tar stream in `%setup` (D98). */
import {cleanPath, isFolderMark} from '../../language/paths.js'
import type {CopyStep} from '../../model/description.js'
import {plainText} from '../../model/template.js'
import type {ContextView, FolderView} from './contextfiles.js'
import {filesDestination, filesSource, shellWord} from './quote.js'
import type {StageScript} from './script.js'
import {asFolder, finalPath, settle} from './settle.js'
import {unpackLines} from './unpack.js'

/** More lines than this nobody wants to read in `%files`. */
const mostLines = 40

/** One source after expansion: the normal form of K90. */
export interface Item {
  /** In the context, links resolved. */
  readonly path: string
  /** The name it gets inside a folder: that of the link, if it was one (K91). */
  readonly name: string
  readonly kind: 'file' | 'directory'
}

export function writeItem(script: StageScript, step: CopyStep, context: ContextView, item: Item): void {
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
  if (script.image.disturbed(path, undefined)) return undefined
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
export function isPlain(view: FolderView): boolean {
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
    target !== undefined &&
    script.image.isCommonFolder(cleanPath(target)) &&
    view.entries.some(entry => entry.kind === 'directory')
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
export function packInto(
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
