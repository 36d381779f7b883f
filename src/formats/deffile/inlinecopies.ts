/** Here-documents of COPY as files (K25, K26). */
import {cleanPath, isFolderMark} from '../../language/paths.js'
import type {CopyStep} from '../../model/description.js'
import {plainText, type Template} from '../../model/template.js'
import {shellWord} from './quote.js'
import type {StageScript} from './script.js'
import {settle} from './settle.js'

type InlineFile = {readonly name: string; readonly text: Template}

export function writeInlineCopy(script: StageScript, step: CopyStep, files: readonly InlineFile[]): void {
  for (const file of files) {
    if (writeDirectly(script, step, file)) continue
    const staged = script.staging()
    if (script.hostMode) script.setup(textInto(script, file.text, `"$SINGULARITY_ROOTFS${staged}"`))
    else {
      script.post(`mkdir -p ${staged.slice(0, staged.lastIndexOf('/'))}`)
      script.post(textInto(script, file.text, staged))
    }
    settle(script, step, staged, file.name, {kind: 'file'})
  }
}

/** As a person would: the text straight into a file of that name. */
function writeDirectly(script: StageScript, step: CopyStep, file: InlineFile): boolean {
  const destination = step.destination === undefined ? undefined : plainText(step.destination.path)
  if (destination === undefined || isFolderMark(destination) || step.chown !== undefined || step.link === true || script.hostMode)
    return false
  const path = cleanPath(destination)
  // What is there may be a folder or a link that leads nowhere.
  if (script.image.disturbed(path, undefined) || script.image.isCommonFolder(path)) return false
  const folder = path.slice(0, path.lastIndexOf('/'))
  // Folders that are made take an octal mode too (K98).
  if (step.chmod !== undefined && folder !== '' && !script.image.isCommonFolder(folder)) return false
  script.commentLines(step.comment)
  if (folder !== '') script.makeFolder([folder], undefined)
  script.post(textInto(script, file.text, shellWord(path)))
  const mode = step.chmod === undefined ? '644' : plainText(step.chmod)
  if (mode === undefined || step.chmod !== undefined || /^\/(etc|root)\//.test(path))
    script.post(
      `chmod ${mode === undefined ? script.word(step.chmod ?? []) : mode.replace(/^(?=[+=-])/, 'a')} ${shellWord(path)}`,
    )
  script.placed([path])
  return true
}

/** A command that writes a text into a file: a here-document where one can hold it, since that is what people read. */
export function textInto(script: StageScript, template: Template, file: string): string {
  const text = plainText(template)
  const lines = text?.split('\n') ?? []
  const readable =
    text?.endsWith('\n') &&
    lines.length > 2 &&
    !/\r|\{\{\s*\w+\s*\}\}/.test(text) &&
    !lines.some(line => line.length > 10_000 || /^\s*%|^bootstrap:/i.test(line))
  if (text === '') return `: > ${file}`
  if (!readable) return `printf %s ${script.word(template)} > ${file}`
  let delimiter = 'EOF'
  while (lines.includes(delimiter)) delimiter += '_'
  return `cat > ${file} <<'${delimiter}'\n${text}${delimiter}`
}
