/** `%files from STAGE`: Apptainer looks at both ends; a Dockerfile has to know or to look as well (D.3, D106). */
import {posix} from 'node:path'
import {expandBraces} from '../../language/braces.js'
import {cleanPath} from '../../language/paths.js'
import {shellQuote} from '../../language/shell.js'
import type {Stage} from '../../model/description.js'
import {plainText} from '../../model/template.js'
import {isFileName} from './known-paths.js'
import {copyLine, type Placing, refuseCopy} from './placing.js'
import {prepareRun} from './write-post.js'

export function takeFromStage(placing: Placing, index: number): void {
  const {writing, step} = placing
  const source = writing.description.stages[index]
  const name = writing.names.get(index)
  const destination = step.destination === undefined ? undefined : plainText(step.destination.path)
  for (const each of step.sources) {
    const text = plainText(each.path)
    if (source === undefined || name === undefined || text === undefined) continue
    for (const path of stagePaths(placing, text) ?? []) takePath(placing, source, name, path, destination ?? path)
  }
}

/** Braces and plain text can be worked out here, patterns only in the stage. `[` and the like stay as they are. */
function stagePaths(placing: Placing, text: string): string[] | undefined {
  if (/[$~`;&|<>()#'"!\\^]/.test(text)) {
    refuseCopy(
      placing,
      `%files ${text} has characters that the shell inside Apptainer reads in its own way.`,
      'Copy the folder that it is in.',
    )
    return undefined
  }
  const words = text.includes('{') ? expandBraces(text)?.map(pieces => pieces.join('')) : [text]
  if (words === undefined) refuseCopy(placing, `%files ${text} makes too many names.`, 'Name the files one by one.')
  return words?.map(word => {
    const mark = /\/\.$/.test(word) ? '/.' : /.\/$/.test(word) ? '/' : ''
    const clean = cleanPath(`/${word}`)
    return clean === '/' ? '/' : `${clean}${mark}`
  })
}

function takePath(placing: Placing, source: Stage, name: string, path: string, destination: string): void {
  const {writing, stage, state, known} = placing
  const absolute = cleanPath(`/${destination}`)
  const slash = destination.endsWith('/') && absolute !== '/'
  const marked = slash ? `${absolute}/` : absolute
  const clean = cleanPath(path)
  const pattern = /[*?[\]]/.test(path)
  const kind = pattern ? 'unknown' : pathKind(source, path)
  const presence = known.presence(absolute)
  // `d/` is the contents wherever they go; so is `d` where nothing is yet, and a file lands alike in any case.
  if (kind === 'contents' || (kind !== 'file' && !pattern && !slash && presence === 'missing')) {
    writing.lines.push(copyLine(`--from=${name} `, clean, kind === 'contents' && absolute !== '/' ? `${absolute}/` : absolute))
    if (kind === 'contents') known.addDirectory(absolute, 'something')
    else known.addUnknown(absolute)
    return
  }
  if (kind === 'file') {
    writing.lines.push(copyLine(`--from=${name} `, clean, marked))
    if (slash || presence === 'directory') known.addFile(posix.join(absolute, posix.basename(clean)))
    else if (presence === 'missing') known.addFile(absolute)
    else known.addDirectory(posix.dirname(absolute), 'nothing')
    return
  }
  if (kind === 'directory' && (slash || presence === 'directory')) {
    const target = posix.join(absolute, posix.basename(clean))
    writing.lines.push(copyLine(`--from=${name} `, clean, `${target}/`))
    known.addDirectory(target, 'something')
    return
  }
  if (stage.base.kind === 'scratch') {
    refuseCopy(
      placing,
      `Whether ${path} of stage ${name} is a file or a folder decides where it goes, and only a shell in the image could look; scratch has none.`,
      'Write the destination in full, without a `/` at its end.',
    )
    return
  }
  prepareRun(writing, stage, state)
  writing.lines.push(lookingRun(name, path, destination.startsWith('/') ? destination : `/${destination}`, pattern))
  if (slash) known.addDirectory(absolute, 'something')
  else known.addUnknown(absolute)
}

/** What the stage itself shows of a path: `contents` for a folder with `/` at its end. */
function pathKind(source: Stage, path: string): 'file' | 'directory' | 'contents' | 'unknown' {
  if (path === '/') return 'contents'
  if (path.endsWith('/')) return 'contents'
  const clean = cleanPath(path)
  const scripts = source.steps.flatMap(step => (step.kind === 'run' && step.command.kind === 'script' ? [step.command.text] : []))
  for (const text of scripts) {
    const words = text.slice(0, 200_000).split(/[\s;&|()]+/)
    const before = (...wanted: readonly string[]) =>
      words.some((word, at) => word === clean && wanted.includes(words[at - 1] ?? ''))
    if (before('-o', '>', '>>', 'touch')) return 'file'
  }
  if (isFileName(clean)) return 'file'
  const made = source.steps.some(step => {
    const destination = step.kind !== 'copy' || step.destination === undefined ? undefined : plainText(step.destination.path)
    return destination !== undefined && /\/$/.test(destination) && `${cleanPath(`/${destination}`)}/`.startsWith(`${clean}/`)
  })
  if (made || standardFolders.has(clean)) return 'directory'
  return 'unknown'
}

const standardFolders = new Set(['/etc', '/home', '/root', '/tmp', '/usr', '/usr/bin', '/usr/lib', '/var'])

/**
 * Links are followed in the stage's own root, which takes a chroot; a folder goes into one that is there; the top
 * folder is made 0755 (D.4).
 */
function lookingRun(name: string, path: string, destination: string, pattern: boolean): string {
  const root = `/dev/${name}`
  const target = destination.length > 1 ? destination.replace(/\/+$/, '') : destination
  const isFolder = destination.endsWith('/')
  const quoted = shellQuote(target)
  const clean = cleanPath(path)
  const sources = pattern ? globWord(`${root}${clean}`) : shellQuote(`${root}${clean}`)
  const lines = [
    'set -e',
    isFolder ? `mkdir -p ${quoted}` : target === '/' ? '' : `mkdir -p ${shellQuote(posix.dirname(target))}`,
    `for source in ${sources}; do`,
    `  real=${root}$(chroot ${root} readlink -f "\${source#${root}}" || echo "\${source#${root}}")`,
    `  target=${quoted}`,
    '  [ ! -d "$target" ] || target=${target%/}/${source##*/}',
    '  if [ -d "$real" ]; then',
    '    mkdir -p "$target"',
    '    for entry in "$real"/* "$real"/.[!.]* "$real"/..?*; do',
    '      [ ! -e "$entry" ] && [ ! -L "$entry" ] || cp -a "$entry" "$target"/',
    '    done',
    '  else',
    '    cp -a "$real" "$target"',
    '  fi',
    'done',
  ].filter(line => line !== '')
  return `RUN --mount=type=bind,from=${name},target=${root} <<EOF\n${lines.join('\n')}\nEOF`
}

/** A pattern as a word of the shell: everything but `*`, `?` and `[…]` quoted. */
function globWord(path: string): string {
  return path.replace(/[^A-Za-z0-9_@%+=:,./*?[\]-]/g, '\\$&')
}
