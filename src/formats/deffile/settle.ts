/** How staged files come to their place, with owner and mode (K145, K96–K98). */
import {cleanPath} from '../../language/paths.js'
import type {CopyStep} from '../../model/description.js'
import {plainText, type Template} from '../../model/template.js'
import type {StageScript} from './script.js'

/** Where a file, or the contents of a folder, comes to lie. */
export function finalPath(destination: string, name: string, isFolder: boolean): string {
  if (isFolder || !isFolderMark(destination)) return cleanPath(destination)
  return cleanPath(`${destination}/${name}`)
}

/** K83: a `/` or `/.` at the end means a folder. */
export function isFolderMark(destination: string): boolean {
  return /\/\.?$/.test(destination)
}

export function asFolder(path: string): string {
  const clean = cleanPath(path)
  return clean === '/' ? '/' : `${clean}/`
}

/** K145: from the staging folder to its place, with owner and mode. `mode` is the file's own where `%files` loses it. */
export function settle(
  script: StageScript,
  step: CopyStep,
  staged: string,
  name: string,
  {kind, mode}: {readonly kind: 'file' | 'directory' | 'unknown'; readonly mode?: number | undefined},
): void {
  script.commentLines(step.comment)
  const destination = step.destination?.path ?? []
  if (mode !== undefined && step.chmod === undefined && step.chown === undefined)
    script.placing(`chmod ${mode.toString(8)} ${script.at(staged)}`)
  if (step.chown !== undefined) {
    const owner = ownerWord(script, step.chown)
    script.tool('own')
    script.placing(`sifstage_own ${owner} ${script.at(staged)}`)
    if (mode !== undefined && step.chmod === undefined) script.placing(`chmod ${mode.toString(8)} ${script.at(staged)}`)
  }
  if (step.chmod !== undefined) script.placing(`chmod -R ${script.word(modeOf(step.chmod))} ${script.at(staged)}`)
  prepare(script, step, destination, staged, kind)
  script.place(staged, destination, name)
}

/** K97, K98: folders that have to be made above the destination get its owner and mode. K100: links give way to `--link`. */
function prepare(
  script: StageScript,
  step: CopyStep,
  destination: Template,
  staged: string,
  kind: 'file' | 'directory' | 'unknown',
): void {
  const text = plainText(destination)
  if (text === undefined) return
  const whole = cleanPath(text)
  const above = whole.replace(/\/[^/]*$/, '')
  const folder = isFolderMark(text) || kind !== 'file' ? whole : above
  if (folder === '' || folder === '/') return
  if (step.link === true && script.mayHoldLinks(folder)) {
    script.tool('unlink')
    script.placing(`sifstage_unlink ${script.at(folder)}`)
  }
  if (step.chown === undefined && step.chmod === undefined) return
  const owner = step.chown === undefined ? '0:0' : ownerWord(script, step.chown)
  const mode = step.chmod === undefined ? undefined : plainText(step.chmod)
  script.tool('parents')
  const line = `sifstage_parents ${owner} ${parentMode(mode)}`
  if (kind !== 'unknown' || isFolderMark(text)) script.placing(`${line} ${script.at(folder)}`)
  else {
    const other = above === '' ? '/' : above
    script.placing(`if [ -d ${script.at(staged)} ]; then ${line} ${script.at(whole)}; else ${line} ${script.at(other)}; fi`)
  }
}

/** Tried with BuildKit 0.25: only an octal mode without special bits holds for the folders that it makes. */
function parentMode(mode: string | undefined): string {
  return mode !== undefined && /^0*[0-7]{1,3}$/.test(mode) ? mode.replace(/^0+(?=[0-7])/, '') : '755'
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

/** Without a who, chmod heeds the umask and docker does not (K98). */
function modeOf(chmod: Template): Template {
  const mode = plainText(chmod)
  return mode === undefined ? chmod : [mode.replaceAll(/(^|,)(?=[+=-])/g, '$1a')]
}
