/**
 * COPY as lines of `%files`, straight to the place where that means the same (K144), else to a staging folder
 * from which `%post` puts things in place at the right moment (K145, D107).
 */
import {hasWildcard} from '../../language/globs.js'
import {cleanPath} from '../../language/paths.js'
import type {CopyStep, Stage} from '../../model/description.js'
import {plainText, type Template} from '../../model/template.js'
import {sourceKind} from './evidence.js'
import {stageAt} from './needed.js'
import {filesDestination, filesSource, shellWord} from './quote.js'
import type {StageScript} from './script.js'

/** Under these the host's own folders lie during `%post`, or nothing stays (K144, D71). */
const mounted = /^\/(tmp|var\/tmp|dev|proc|sys)(\/|$)/
/** Apptainer's own, or bound over during the build (D73, D110). */
const reserved = /^\/(\.singularity\.d(\/|$)|\.sifstage(\/|$)|etc\/(hosts|resolv\.conf)$)/

/** One file or folder to copy: the normal form of K90. */
interface Item {
  /** As `%files` names it: a path of the context, or an absolute one of a stage. */
  readonly path: string
  readonly kind: 'file' | 'directory' | 'unknown'
  /** The name it gets inside a folder. */
  readonly name: string
}

export function writeCopy(script: StageScript, stage: Stage, step: CopyStep): void {
  if (step.from.kind === 'inline') {
    writeInline(script, step, step.from.files)
    return
  }
  const from = originName(script, step)
  if (from === 'failed') return
  for (const source of step.sources) {
    const path = plainText(source.path)
    if (path === undefined) {
      script.refuse(
        'copy-source-variable',
        source.span,
        'The source holds a variable of the base image, and %files cannot look it up.',
        'Write the path out.',
      )
      continue
    }
    for (const item of itemsOf(script, stage, step, path) ?? []) placeItem(script, step, item, from)
  }
}

/** The stage that `%files from` names; undefined for the context. */
function originName(script: StageScript, step: CopyStep): string | undefined | 'failed' {
  switch (step.from.kind) {
    case 'stage': {
      const source = step.from.index === undefined ? undefined : stageAt(script.description, step.from.index)
      if (source !== undefined) return script.names.stage(source)
      script.refuse('copy-from-unknown-stage', step.from.span, `No stage is called ${step.from.name}.`)
      return 'failed'
    }
    case 'image':
      return script.names.image(step.from.reference, step.from.span)
    default:
      return undefined
  }
}

/** What a source means, one by one; undefined when it cannot be told, which is then reported. */
function itemsOf(script: StageScript, stage: Stage, step: CopyStep, path: string): readonly Item[] | undefined {
  if (step.from.kind === 'context') {
    const paths = script.context.expand(path)
    if (paths === undefined) {
      script.refuse(
        'copy-pattern',
        step.span,
        `The pattern ${path} cannot be written out as a list of files.`,
        'Name the files, or copy their folder.',
      )
      return undefined
    }
    if (paths.length === 0)
      script.warn('empty-pattern', step.span, `Nothing in the context matches ${path}; the definition copies nothing for it.`)
    return paths.map(found => {
      const kind = found === '.' ? 'directory' : script.context.kind(found)
      if (kind === undefined && !/\/\.?$/.test(path)) {
        script.warn(
          'source-not-found',
          step.span,
          `${found} is not in the context, so it is taken for a file. If it is a folder, the definition is wrong.`,
          'Convert where the file is, or name the folder with --context.',
        )
      }
      return {
        path: found,
        kind: kind ?? (/\/\.?$/.test(path) ? 'directory' : 'file'),
        name: found.slice(found.lastIndexOf('/') + 1),
      }
    })
  }
  if (hasWildcard(path)) {
    script.refuse(
      'copy-pattern',
      step.span,
      `Which files ${path} means is known only when that stage has been built, and Apptainer's patterns differ from docker's.`,
      'Name the files, or copy their folder.',
    )
    return undefined
  }
  const clean = cleanPath(`/${path}`)
  if (mounted.test(clean)) {
    script.refuse(
      'tmp-artifact',
      step.span,
      `Nothing that a build leaves under ${clean} stays in the image: Apptainer mounts the host's folder there.`,
      'Let the stage write it elsewhere.',
    )
    return undefined
  }
  const source =
    step.from.kind === 'stage' && step.from.index !== undefined ? stageAt(script.description, step.from.index) : undefined
  const marked = `${clean === '/' ? '' : clean}${/\/\.?$/.test(path) ? '/' : ''}`
  const kind = sourceKind(script.description, source, step, marked === '' ? '/' : marked, stage)
  return [{path: clean, kind, name: clean.slice(clean.lastIndexOf('/') + 1)}]
}

function placeItem(script: StageScript, step: CopyStep, item: Item, from: string | undefined): void {
  const destination = step.destination === undefined ? undefined : plainText(step.destination.path)
  const direct =
    destination !== undefined &&
    item.kind !== 'unknown' &&
    step.chown === undefined &&
    step.chmod === undefined &&
    allowsDirect(script, finalPath(destination, item), from)
  const encoded = filesSource(item.path)
  if (encoded === undefined) {
    script.refuse(
      'file-name',
      step.span,
      `The name ${JSON.stringify(item.path)} holds characters that %files cannot express.`,
      'Copy its folder, or rename it.',
    )
    return
  }
  if (destination !== undefined && reserved.test(cleanPath(destination))) {
    script.refuse(
      'reserved-path',
      step.span,
      `${cleanPath(destination)} belongs to Apptainer during a build; what is copied there is lost or breaks the image.`,
    )
    return
  }
  if (item.kind === 'directory' && from === undefined) {
    placeContextFolder(script, step, item, direct ? destination : undefined)
    return
  }
  if (direct) {
    const target = filesDestination(item.kind === 'directory' || /\/\.?$/.test(destination) ? asFolder(destination) : destination)
    if (target !== undefined) {
      script.files(
        from,
        item.kind === 'directory' ? `${item.path === '/' ? '' : filesSource(item.path)}/ ${target}` : `${encoded} ${target}`,
        step.comment,
      )
      script.covered(finalPath(destination, item), from, item.kind === 'directory')
      return
    }
  }
  const staged = script.staging()
  script.files(from, `${encoded} ${staged}`)
  settle(script, step, staged, item.name)
}

/** A folder of the host: its contents are `d/. X/` (D96), file by file where some are hidden, by a stage where links are in it. */
function placeContextFolder(script: StageScript, step: CopyStep, item: Item, direct: string | undefined): void {
  const how = script.context.folder(item.path)
  if (how.kind === 'links') {
    script.refuse(
      'context-link',
      step.span,
      `${how.link} is a symbolic link. %files would copy what it points to instead.`,
      'Build with sifstage, which keeps links, or pack the folder into an archive.',
    )
    return
  }
  if (how.kind === 'too-many') {
    script.refuse(
      'context-too-large',
      step.span,
      `Part of ${item.path} is hidden by .dockerignore, and the rest is too many files to list.`,
      'Copy fewer folders.',
    )
    return
  }
  const staged = direct === undefined ? script.staging() : undefined
  const target = asFolder(direct ?? staged ?? '/')
  const lines = how.kind === 'whole' ? [['.', target] as const] : how.files.map(file => [file, `${target}${file}`] as const)
  for (const [file, place] of lines) {
    const source = filesSource(item.path === '.' ? `./${file}` : `${item.path}/${file}`)
    const word = filesDestination(place)
    if (source === undefined || word === undefined) {
      script.refuse(
        'file-name',
        step.span,
        `The name ${JSON.stringify(file)} holds characters that %files cannot express.`,
        'Rename it.',
      )
      return
    }
    script.files(undefined, `${source} ${word}`, lines.length === 1 && staged === undefined ? step.comment : undefined)
  }
  if (staged !== undefined) settle(script, step, staged, item.name)
  else if (direct !== undefined) script.covered(cleanPath(direct), undefined, true)
}

/** K144: nothing before it in the stage can matter for it, and nothing is mounted there. */
function allowsDirect(script: StageScript, path: string, from: string | undefined): boolean {
  return path.startsWith('/') && !mounted.test(path) && !script.disturbed(path, from)
}

/** Where a file, or the contents of a folder, comes to lie; a file over a folder that is there already lies in it. */
function finalPath(destination: string, item: Item): string {
  if (item.kind === 'directory' || !/\/\.?$/.test(destination)) return cleanPath(destination)
  return cleanPath(`${destination}/${item.name}`)
}

function asFolder(path: string): string {
  const clean = cleanPath(path)
  return clean === '/' ? '/' : `${clean}/`
}

/** K145: from the staging folder to its place, with owner and mode. */
function settle(script: StageScript, step: CopyStep, staged: string, name: string): void {
  script.commentLines(step.comment)
  const destination = step.destination?.path ?? []
  const folders = plainText(destination)
  if (folders !== undefined && mounted.test(cleanPath(folders))) {
    script.warn(
      'tmp-not-in-image',
      step.span,
      `Later steps see the copy in ${cleanPath(folders)}, but it stays on the machine that builds: Apptainer mounts the host's folder there.`,
    )
  }
  if (step.chown !== undefined) {
    const owner = script.word(ownerOf(step.chown))
    script.post(`chown -hR ${owner} ${shellWord(staged)}`)
    if (folders !== undefined) script.post(makeFolders(folders, owner))
  }
  if (step.chmod !== undefined) {
    const mode = plainText(step.chmod)
    // Without a who, chmod heeds the umask and docker does not (K98).
    const all = mode === undefined ? step.chmod : [mode.replaceAll(/(^|,)(?=[+=-])/g, '$1a')]
    script.post(`chmod -R ${script.word(all)} ${shellWord(staged)}`)
  }
  script.place(staged, destination, name)
}

/** K97: missing folders above the destination get the owner too. */
function makeFolders(destination: string, owner: string): string {
  const clean = cleanPath(destination)
  const folder = /\/\.?$/.test(destination) ? clean : clean.slice(0, clean.lastIndexOf('/'))
  const parts = folder.split('/').slice(1)
  const above = parts.map((_, i) => shellWord(`/${parts.slice(0, i + 1).join('/')}`))
  if (folder === '' || folder === '/') return ':'
  return `for d in ${above.join(' ')}; do [ -d "$d" ] || { mkdir "$d" && chown ${owner} "$d"; }; done`
}

/** K97: a number alone is user and group, a name alone brings its own group. */
function ownerOf(chown: Template): Template {
  const text = plainText(chown)
  if (text === undefined) return chown
  if (/^[0-9]+$/.test(text)) return [`${text}:${text}`]
  if (text.startsWith(':')) return [`0${text}`]
  return text.includes(':') ? [text] : [`${text}:`]
}

/** K25: text of the input as files of mode 0644. */
function writeInline(
  script: StageScript,
  step: CopyStep,
  files: readonly {readonly name: string; readonly text: Template}[],
): void {
  for (const file of files) {
    const staged = script.staging()
    script.post(`mkdir -p ${shellWord(staged.slice(0, staged.lastIndexOf('/')))}`)
    script.post(`printf %s ${script.word(file.text)} > ${shellWord(staged)}`)
    settle(script, step, staged, file.name)
  }
}
