/**
 * What can be told of a path in a stage before it is built: Apptainer wants to know whether it copies a file or a
 * folder (D.3), docker looks (K90).
 */
import {absolutePath, cleanPath, isFolderMark} from '../../language/paths.js'
import {commandWords} from '../../language/runscript.js'
import {chainOf} from '../../language/stages.js'
import type {CopyStep, Description, Stage} from '../../model/description.js'
import {baseName} from '../../model/paths.js'
import {plainText} from '../../model/template.js'

/** `likely-file`: nothing in the input proves it. */
type SourceKind = 'file' | 'likely-file' | 'directory' | 'unknown'

/** Folders of every Linux image (Filesystem Hierarchy Standard). */
export const standardFolders: ReadonlySet<string> = new Set(
  (
    '/ /bin /boot /etc /home /lib /lib64 /media /mnt /opt /root /run /sbin /srv /usr /usr/bin /usr/include /usr/lib /usr/lib64 ' +
    '/usr/libexec /usr/local /usr/local/bin /usr/local/etc /usr/local/include /usr/local/lib /usr/local/lib64 /usr/local/sbin ' +
    '/usr/local/share /usr/sbin /usr/share /usr/src /var /var/lib /var/log /var/cache'
  ).split(' '),
)

/** Names that people give to folders. */
const folderName =
  /\/(s?bin|lib(64|exec)?|include|share|etc|src|dist|build|out|output|install|app|data|conf(ig)?|target|release|debug|root(fs)?|local|opt|usr|tools|scripts|programs|files?)$/i

/** `source` is undefined for an image that is no stage; `wanting` is the stage whose copy it is: what it starts is a file. */
export function sourceKind(
  description: Description,
  source: Stage | undefined,
  step: CopyStep,
  path: string,
  wanting: Stage,
): SourceKind {
  const clean = cleanPath(path)
  if (step.expect?.kind === 'directory') return 'directory'
  if (step.expect?.kind === 'file' || step.expect?.executable === true) return 'file'
  if (isFolderMark(path) || standardFolders.has(clean)) return 'directory'
  let folder = '/'
  for (const stage of source === undefined ? [] : chainOf(description, source)) {
    if (makesFolder(stage, clean)) return 'directory'
    if (makesFile(stage, clean, folder)) return 'file'
    folder = folderAfter(stage, folder)
  }
  const destination = step.destination === undefined ? undefined : plainText(step.destination.path)
  if (destination !== undefined && isStarted(description, wanting, clean, destination)) return 'file'
  // A folder of programs gets programs, unless the name is one that folders have.
  if (destination !== undefined && /\/s?bin\/?$/.test(destination) && !folderName.test(clean)) return 'likely-file'
  if (
    /\.(so|a|o|jar|war|whl|py|sh|txt|json|ya?ml|toml|ini|conf|cfg|tar|gz|tgz|xz|zip|pem|crt|html?|js|css|md|exe|pl|rb|lua|xml)$/i.test(
      clean,
    )
  ) {
    return 'likely-file'
  }
  return 'unknown'
}

function makesFolder(stage: Stage, path: string): boolean {
  const below = path === '/' ? '/' : `${path}/`
  return stage.steps.some(step => {
    if (step.kind === 'workdir') {
      const folder = plainText(step.path)
      return folder !== undefined && `${cleanPath(folder)}/`.startsWith(below)
    }
    if (step.kind === 'copy') {
      const destination = step.destination === undefined ? undefined : plainText(step.destination.path)
      if (destination === undefined) return false
      return isFolderMark(destination) ? `${cleanPath(destination)}/`.startsWith(below) : cleanPath(destination).startsWith(below)
    }
    if (step.kind !== 'run') return false
    return step.command.kind === 'exec' ? false : mentions(step.command.text, ['mkdir -p', 'mkdir'], path, undefined)
  })
}

/** The working folder that a stage leaves to those upon it. */
function folderAfter(stage: Stage, before: string): string {
  const last = stage.steps.findLast(step => step.kind === 'workdir')
  return last === undefined ? before : (plainText(last.path) ?? before)
}

/** `-o NAME` of a compiler or a download. */
function makesFile(stage: Stage, path: string, start: string): boolean {
  let folder = start
  for (const step of stage.steps) {
    if (step.kind === 'workdir') folder = plainText(step.path) ?? folder
    if (step.kind !== 'run') continue
    if (
      step.command.kind === 'exec'
        ? step.command.argv.some((word, i, all) => all[i - 1] === '-o' && absolutePath(folder, word) === path)
        : mentions(step.command.text, ['-o', '--output', '>', 'touch'], path, folder)
    )
      return true
  }
  return false
}

/** Whether one of the words stands right before the path, absolute or relative to the folder. */
function mentions(text: string, before: readonly string[], path: string, folder: string | undefined): boolean {
  const words = text.slice(0, 100_000).split(/[\s;&|()]+/)
  return words.some((word, i) => {
    const previous = words[i - 1] ?? ''
    const wanted = before.some(b => (b.includes(' ') ? `${words[i - 2] ?? ''} ${previous}` : previous) === b)
    if (!wanted || word === '' || word.startsWith('-')) return false
    return word.startsWith('/') ? cleanPath(word) === path : folder !== undefined && absolutePath(folder, word) === path
  })
}

/** ENTRYPOINT or CMD of the image that wants the file names it. */
function isStarted(description: Description, wanting: Stage, path: string, destination: string): boolean {
  const name = baseName(path)
  const arrives = isFolderMark(destination) ? absolutePath(destination, name) : cleanPath(destination)
  let folder = '/'
  const commands: string[] = []
  for (const stage of chainOf(description, wanting)) {
    for (const step of stage.steps) if (step.kind === 'workdir') folder = plainText(step.path) ?? folder
    for (const setting of [stage.settings.entrypoint, stage.settings.cmd]) {
      if (setting === undefined) continue
      const first = setting.value.kind === 'shell' ? setting.value.text.trim().split(/\s+/)[0] : commandWords(setting.value)[0]
      if (first?.includes('/') === true) commands.push(first)
    }
  }
  return commands.some(command => absolutePath(folder, command) === arrives)
}
