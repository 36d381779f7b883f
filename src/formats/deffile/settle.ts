/** How staged files come to their place, with owner and mode (K145, K96–K98). */
import {cleanPath, isFolderMark} from '../../language/paths.js'
import type {CopyStep} from '../../model/description.js'
import {plainText, type Template} from '../../model/template.js'
import {shellWord} from './quote.js'
import type {ShellWords, StageScript} from './script.js'

/** Where a file, or the contents of a folder, comes to lie. */
export function finalPath(destination: string, name: string, isFolder: boolean): string {
  if (isFolder || !isFolderMark(destination)) return cleanPath(destination)
  return cleanPath(`${destination}/${name}`)
}

export function asFolder(path: string): string {
  const clean = cleanPath(path)
  return clean === '/' ? '/' : `${clean}/`
}

/** What waits in the staging folder: `archive` is one that was unpacked, `maybe-archive` one that is a folder then. */
type StagedKind = 'file' | 'directory' | 'unknown' | 'archive' | 'maybe-archive'

interface Staged {
  readonly kind: StagedKind
  /** The file's own, where `%files` loses it. */
  readonly mode?: number | undefined
}

/** K145: from the staging folder to its place, with owner and mode. */
export function settle(script: StageScript, step: CopyStep, staged: string, name: string, {kind, mode}: Staged): void {
  script.commentLines(step.comment)
  const words = {path: script.at(staged), name: shellWord(name)}
  if (kind === 'maybe-archive') {
    const [archive, file] = (['archive', 'file'] as const).map(each =>
      placing(script, step, words, {kind: each, mode}).join('; '),
    )
    script.placing(`if [ -d ${words.path} ]; then ${archive}; else ${file}; fi`)
  } else for (const line of placing(script, step, words, {kind, mode})) script.placing(line)
  settled(script, step)
}

/** The same for every match of a pattern, as the function that is called with its path and its name; `before` comes first. */
export function settleMatches(script: StageScript, step: CopyStep, before: readonly string[]): void {
  const lines = placing(script, step, {path: '"$1"', name: '"$2"'}, {kind: 'unknown'})
  script.placing(`sifstage_match() { ${[...before, ...lines].join('; ')}; }`)
  settled(script, step)
}

function settled(script: StageScript, step: CopyStep): void {
  if (step.chown !== undefined || step.chmod !== undefined) script.placedWithFolders(step.destination?.path ?? [])
  else script.placed(step.destination?.path ?? [])
}

function placing(script: StageScript, step: CopyStep, staged: ShellWords, {kind, mode}: Staged): readonly string[] {
  const destination = kind === 'archive' ? folderAt(step.destination?.path ?? []) : (step.destination?.path ?? [])
  const layer = step.link === true ? script.staging() : undefined
  const place: Template = layer === undefined ? destination : [layer, ...destination]
  const owner = step.chown === undefined ? undefined : ownerWord(script, step.chown)
  const lines = [...dress(script, step, staged.path, {kind, mode}, owner)]
  lines.push(...folders(script, step, place, staged.path, kind, owner))
  if (kind === 'archive') {
    script.tool('folder')
    script.tool('layer')
    lines.push(`sifstage_folder ${script.atTemplate(place)}`)
    lines.push(`sifstage_layer ${staged.path} ${script.atTemplate(place)} ${staged.path}.folders`)
  } else lines.push(...script.place(staged, place))
  if (layer === undefined) return lines
  script.tool('layer')
  return [...lines, `sifstage_layer ${script.at(layer)} ${script.at('/')}`]
}

/** K103: the destination of an archive is a folder, with a slash or without. */
function folderAt(destination: Template): Template {
  const text = plainText(destination)
  return text === undefined ? [...destination, '/'] : [asFolder(text)]
}

/** K97, K98: owner and mode of what is staged. An archive keeps its modes, and folders that it does not name are root's. */
function dress(
  script: StageScript,
  step: CopyStep,
  at: string,
  {kind, mode}: Staged,
  owner: string | undefined,
): readonly string[] {
  const lines: string[] = []
  if (owner !== undefined) {
    script.tool('own')
    lines.push(`sifstage_own ${owner} ${at}`)
    if (kind === 'archive')
      lines.push(
        `( cd ${at} && find . -type d | while IFS= read -r d; do if ! grep -qxF -e "\${d#./}" ${at}.folders; then chown 0:0 "$d"; fi; done )`,
      )
  }
  if (kind === 'archive') return lines
  if (step.chmod !== undefined) lines.push(`chmod -R ${script.word(modeOf(step.chmod, kind))} ${at}`)
  else if (mode !== undefined) lines.push(`chmod ${mode.toString(8)} ${at}`)
  return lines
}

/** K97, K98: folders that have to be made above the destination get its owner and mode. */
function folders(
  script: StageScript,
  step: CopyStep,
  destination: Template,
  at: string,
  kind: StagedKind,
  owner = '0:0',
): readonly string[] {
  const text = plainText(destination)
  if (text === undefined || (step.chown === undefined && step.chmod === undefined)) return []
  const whole = cleanPath(text)
  const above = whole.replace(/\/[^/]*$/, '')
  const folder = isFolderMark(text) || kind !== 'file' ? whole : above
  if (folder === '' || folder === '/') return []
  const mode = step.chmod === undefined || kind === 'archive' ? undefined : plainText(step.chmod)
  script.tool('parents')
  const line = `sifstage_parents ${owner} ${parentMode(mode)}`
  if (kind !== 'unknown' || isFolderMark(text)) return [`${line} ${script.at(folder)}`]
  const other = above === '' ? '/' : above
  return [`if [ -d ${at} ]; then ${line} ${script.at(whole)}; else ${line} ${script.at(other)}; fi`]
}

/** Tried with BuildKit 0.25: folders are made with the bits of an octal mode that a umask of 022 lets through. */
function parentMode(mode: string | undefined): string {
  return mode !== undefined && /^[0-7]+$/.test(mode) ? (Number.parseInt(mode, 8) & 0o755).toString(8) : '755'
}

/** K97: numbers as they are; names are looked up in the image, and one that nobody has is root without a word. */
function ownerWord(script: StageScript, chown: Template): string {
  const owner = ownerOf(chown)
  const text = plainText(owner)
  if (text !== undefined && /^[0-9]+:[0-9]+$/.test(text)) return text
  script.tool('owner')
  return `"$(sifstage_owner ${script.word(chown)})"`
}

/** K97: a number alone is user and group, a name alone brings its own group. */
function ownerOf(chown: Template): Template {
  const text = plainText(chown)
  if (text === undefined) return chown
  if (/^[0-9]+$/.test(text)) return [`${text}:${text}`]
  if (text.startsWith(':')) return [`0${text}`]
  return text.includes(':') ? [text] : [`${text}:`]
}

/**
 * Without a who, chmod heeds the umask and docker does not (K98). GNU chmod leaves the setgid bit of a folder as it is
 * unless the mode has five digits.
 */
function modeOf(chmod: Template, kind: StagedKind): Template {
  const mode = plainText(chmod)
  if (mode === undefined) return chmod
  if (/^[0-7]+$/.test(mode)) return [kind === 'file' ? mode : mode.padStart(5, '0')]
  return [mode.replaceAll(/(^|,)(?=[+=-])/g, '$1a')]
}
