/**
 * `%files` (D86–D106). Where COPY puts the same files into the same place it is COPY; where only the image can tell,
 * as when a folder goes into a destination that may be there, a RUN does there what Apptainer does.
 */
import {posix} from 'node:path'
import {expandSource} from '../../language/hostpaths.js'
import {parseIgnore} from '../../language/ignore.js'
import {cleanPath} from '../../language/paths.js'
import {shellQuote} from '../../language/shell.js'
import {plainText} from '../../model/template.js'
import {inContext, realPath, treeFacts} from './context-trees.js'
import {copyLine, type Placing, readsAsPattern, refuseCopy} from './placing.js'
import {prepareRun} from './write-post.js'
import {takeFromStage} from './write-stage-files.js'
import {bareWord} from './write-words.js'

export function writeFiles(placing: Placing): void {
  const {writing, stage, step} = placing
  const {from} = step
  if (from.kind === 'stage' && from.index !== undefined && writing.names.has(from.index)) {
    takeFromStage(placing, from.index)
    return
  }
  if (from.kind !== 'context' || from.folder !== undefined) {
    const message = '%files names no stage to copy from.'
    writing.refuse(stage, 'definition-copy', 'span' in from ? from.span : step.span, message, 'Name a stage that is there.')
    return
  }
  for (const source of step.sources) {
    const text = plainText(source.path)
    if (text !== undefined) takeFromHost(placing, text)
  }
}

function takeFromHost(placing: Placing, text: string): void {
  const {context} = placing.writing.options
  const expansion = expandSource(text, context, context.environment)
  if ('refused' in expansion) {
    refuseCopy(placing, `%files ${text}: ${expansion.refused}.`, 'Name the files one by one.')
    return
  }
  const destination = placing.step.destination === undefined ? undefined : plainText(placing.step.destination.path)
  for (const match of expansion.matches) takePath(placing, match, destination ?? posix.join('/', match))
}

function takePath(placing: Placing, match: string, destination: string): void {
  const {context} = placing.writing.options
  if (/^\/?(\.singularity\.d|environment|singularity|\.(run|exec|shell|test))(\/|$)/.test(destination)) {
    refuseCopy(placing, `%files ${match} goes to ${destination}, which is Apptainer's own.`, "Say it by Apptainer's sections.")
    return
  }
  const inside = inContext(context, match)
  if (inside === undefined) {
    refuseCopy(
      placing,
      `%files ${match} lies outside of the context ${context.root}, where no Dockerfile reaches.`,
      'Move it there, or choose a context above it with --context.',
    )
    return
  }
  const real = realPath(context, inside)
  const hidden =
    hiddenBy(placing, inside) ?? (real.kind === 'file' || real.kind === 'directory' ? hiddenBy(placing, real.path) : undefined)
  if (hidden !== undefined) {
    const message = `%files ${match} is hidden from docker by ${hidden}.`
    refuseCopy(placing, message, 'Take the line out of the ignore file, or show the path again with a line that starts with `!`.')
    return
  }
  switch (real.kind) {
    case 'missing':
      refuseCopy(placing, `%files ${match} isn't in the context ${context.root}.`, 'Give its folder with --context.')
      return
    case 'other':
      refuseCopy(placing, `%files ${match} is neither a file nor a folder.`, 'Copy files and folders only.')
      return
    case 'outside':
      refuseCopy(
        placing,
        `%files ${match} leads over the link ${real.link} to a place that docker doesn't reach: it follows links inside of the context only.`,
        'Copy what the link means, by its own path.',
      )
      return
    case 'file':
      takeFile(placing, inside, real.path, destination)
      return
    case 'directory':
      takeFolder(placing, {match, inside, real: real.path}, destination)
  }
}

/** K106: what docker's ignore file hides is not there for COPY; Apptainer doesn't know such files. */
function hiddenBy({writing}: Placing, path: string): string | undefined {
  const text = writing.options.context.text('.dockerignore')
  if (text === undefined) return undefined
  const {hidden, line} = parseIgnore(text).hides(path)
  return hidden ? `line ${line ?? 0} of .dockerignore` : undefined
}

/**
 * A file, or a link to one, lands alike whether the destination is a folder or not (D.3, K96). `cp` applies umask
 * 0002, and leaves a file that is there already its mode and owner, where COPY brings its own.
 */
function takeFile(placing: Placing, inside: string, real: string, destination: string): void {
  const {writing, known} = placing
  const absolute = cleanPath(`/${destination}`)
  const marked = destination.endsWith('/') && absolute !== '/' ? `${absolute}/` : absolute
  const mode = writing.options.context.mode(real) ?? 0o644
  const presence = known.presence(absolute)
  const inFolder = posix.join(absolute, posix.basename(inside))
  const goesInside = destination.endsWith('/') || presence === 'directory'
  const mayReplace =
    known.mayHaveFile(goesInside ? inFolder : absolute, mode) ||
    (!goesInside && presence === 'unknown' && known.mayHaveFile(inFolder, mode))
  if (mayReplace || readsAsPattern(inside)) {
    if (!runCopy(placing, {match: inside, inside, real}, readsAsPattern(inside), (mode & 0o6000) !== 0, destination)) return
  } else if ((mode & 0o6002) === 0) writing.lines.push(copyLine('', inside, marked))
  else {
    // `--chmod` would change the folders that COPY makes on the way as well (K98).
    const parent = marked.endsWith('/') ? absolute : posix.dirname(absolute)
    if (known.presence(parent) !== 'directory') writing.lines.push(`WORKDIR ${bareWord([parent]) ?? parent}`, 'WORKDIR /')
    writing.lines.push(copyLine(`--chmod=${(mode & ~0o6002).toString(8)} `, inside, marked))
  }
  if (goesInside) known.addFile(inFolder)
  else if (presence === 'missing') known.addFile(absolute)
  else known.addUnknown(absolute)
}

interface Folder {
  /** As expanded, with `/` or `/.` at its end. */
  readonly match: string
  /** Clean, in the context. */
  readonly inside: string
  readonly real: string
}

/** The rows for folders of the table D.3: a name goes into a folder that is there, `/.` is always its contents. */
function takeFolder(placing: Placing, folder: Folder, destination: string): void {
  const {writing, known} = placing
  const {context} = writing.options
  const facts = treeFacts(context, folder.real)
  if (facts.trouble !== undefined) {
    refuseCopy(
      placing,
      `%files ${folder.match}: ${facts.trouble}, and Apptainer copies what links lead to.`,
      'Take it out of the folder, or copy the files one by one.',
    )
    return
  }
  const absolute = cleanPath(`/${destination}`)
  const contents = /(^|\/)\.$/.test(folder.match) || folder.inside === '.'
  const presence = known.presence(absolute)
  const goesInside = !contents && (destination.endsWith('/') || presence === 'directory')
  const target = goesInside ? posix.join(absolute, posix.basename(folder.inside)) : absolute
  const decided = contents || destination.endsWith('/') || presence !== 'unknown'
  const there = known.presence(target)
  const topMode = (context.mode(folder.real) ?? 0o755) & ~0o6002
  // COPY makes the top folder 0755, and gives folders that are there already the modes of the source (K96).
  const sameModes = !facts.modes && (topMode === 0o755 || (contents && destination.endsWith('/')) || there === 'directory')
  const scratch = placing.stage.base.kind === 'scratch'
  const overlays = known.isOpaque(target) || (there !== 'missing' && contents && ((facts.folders && !scratch) || facts.oddModes))
  if (decided && !facts.links && sameModes && !overlays && !readsAsPattern(folder.inside)) {
    writing.lines.push(copyLine('', folder.inside, target === '/' ? '/' : `${target}/`))
  } else if (!runCopy(placing, folder, facts.leaves || readsAsPattern(folder.inside), facts.setuid, destination)) return
  if (decided) known.addDirectory(target, 'something')
  else known.addUnknown(absolute)
}

/** `cp -fLr` in the image, with the context there for the moment. A mount below /dev leaves nothing behind (K129). */
function runCopy(placing: Placing, folder: Folder, leaves: boolean, setuid: boolean, destination: string): boolean {
  const {writing, stage, state} = placing
  const refused = (why: string): boolean => {
    refuseCopy(
      placing,
      `%files ${folder.match}: ${why}`,
      'Write the destination in full, with a `/` at its end, or copy the files one by one.',
    )
    return false
  }
  if (stage.base.kind === 'scratch')
    return refused('only a shell in the image could copy this as Apptainer does, and scratch has none.')
  if (setuid) return refused('it holds files with setuid or setgid, which Apptainer takes off and COPY keeps.')
  prepareRun(writing, stage, state)
  const name = posix.basename(folder.inside === '.' ? 'context' : folder.inside)
  const mounted = leaves ? '/dev/context' : `/dev/${mountName(name)}`
  const path = leaves ? posix.join(mounted, folder.inside) : mounted
  const tail = /(^|\/)\.$/.test(folder.match) || folder.inside === '.' ? '/.' : ''
  const target = destination.startsWith('/') ? destination : `/${destination}`
  const parent = target.endsWith('/') ? target : posix.dirname(target)
  const source = leaves || folder.inside === '.' ? '' : `source=${folder.inside},`
  if (/["\s$\\']|,./.test(source) || /[",\s$\\']/.test(mounted)) return refused('its name can not stand in a mount.')
  const mkdir = parent === '/' ? '' : `mkdir -p ${shellQuote(parent)} && `
  writing.lines.push(
    `RUN --mount=type=bind,${source}target=${mounted} \\\n    ${mkdir}umask 0002 && cp -fLr ${shellQuote(`${path}${tail}`)} ${shellQuote(target)}`,
  )
  return true
}

/** A name in /dev that nothing else has. */
function mountName(name: string): string {
  return /^(context|console|core|fd|full|mqueue|null|ptmx|pts|random|shm|stderr|stdin|stdout|tty|urandom|zero|pipes)$/.test(name)
    ? `context/${name}`
    : name
}
