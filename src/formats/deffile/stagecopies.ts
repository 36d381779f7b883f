/** COPY --from: lines of `%files from` (D.3), over a staging folder where Apptainer's rules differ from docker's. */
import {engineFiles} from '../../language/engine-files.js'
import {hasWildcard} from '../../language/globs.js'
import {cleanPath, isFolderMark} from '../../language/paths.js'
import {chainOf, stageAt} from '../../language/stages.js'
import type {CopySource, CopyStep, Stage} from '../../model/description.js'
import {baseName} from '../../model/paths.js'
import {plainText} from '../../model/template.js'
import {sourceKind} from './evidence.js'
import {filesDestination, filesSource, shellWord} from './quote.js'
import type {StageScript} from './script.js'
import {asFolder, finalPath, settle, settleMatches} from './settle.js'

/** A command that leaves of the staged root of a stage what is the stage's own. */
export function withoutMetadata(script: StageScript, staged: string): string {
  return `rm -rf ${engineFiles.map(each => script.at(`${staged}/${each}`)).join(' ')}`
}

export function writeStageCopy(script: StageScript, stage: Stage, step: CopyStep): void {
  const from = originName(script, step)
  if (from === undefined) return
  if (step.parents === true) {
    script.refuse(
      'copy-parents-from-stage',
      step.span,
      '--parents needs the folders of another stage at hand, which a definition file does not have.',
      'Copy each path by a COPY of its own, or let sifstage build the Dockerfile as it is.',
    )
    return
  }
  const special = step.from.kind === 'stage' && step.from.index !== undefined ? specialFiles(script, step.from.index) : undefined
  if (special !== undefined) {
    script.refuse(
      'special-files-from-stage',
      step.span,
      `A command of that stage makes ${special}, which Apptainer does not carry from stage to stage as they are.`,
      'Make them in this stage, or let sifstage build the Dockerfile as it is.',
    )
    return
  }
  for (const source of step.sources) {
    const path = plainText(source.path)
    if (path === undefined) {
      script.refuse(
        'copy-source-variable',
        source.span,
        'The source holds a variable of the base image, and %files cannot look it up.',
        'Write the path out.',
      )
    } else if (hasWildcard(path)) writePattern(script, step, source, from, path)
    else writePath(script, stage, step, from, path)
  }
}

/** D.4: FIFOs stop a copy between stages, and a setuid file with several names loses the bit without a word. */
function specialFiles(script: StageScript, index: number): string | undefined {
  const source = stageAt(script.description, index)
  if (source === undefined) return undefined
  const texts = chainOf(script.description, source).flatMap(stage =>
    stage.steps.flatMap(step =>
      step.kind === 'run' ? [step.command.kind === 'exec' ? step.command.argv.join(' ') : step.command.text] : [],
    ),
  )
  if (texts.some(text => /\bmkfifo\b/.test(text))) return 'a FIFO'
  const links = texts.some(text => /\bln\s+(-[a-rt-z]+\s+)*[^-\s]/.test(text))
  const setuid = texts.some(text => /\bchmod\s+(-\w+\s+)*([4267][0-7]{3}|[ugoa]*\+[rwxX]*s)/.test(text))
  return links && setuid ? 'setuid files with several names' : undefined
}

/** The stage that `%files from` names. */
function originName(script: StageScript, step: CopyStep): string | undefined {
  if (step.from.kind === 'image') return script.names.image(step.from)
  if (step.from.kind !== 'stage') return undefined
  const source = step.from.index === undefined ? undefined : stageAt(script.description, step.from.index)
  if (source !== undefined) return script.names.stage(source)
  script.refuse('copy-from-unknown-stage', step.from.span, `No stage is called ${step.from.name}.`)
  return undefined
}

function writePath(script: StageScript, stage: Stage, step: CopyStep, from: string, written: string): void {
  const path = cleanPath(`/${written}`)
  const name = baseName(path)
  const encoded = filesSource(path)
  if (encoded === undefined) {
    script.refuse(
      'file-name',
      step.span,
      `The name ${JSON.stringify(path)} holds characters that %files cannot express.`,
      'Copy its folder, or rename it.',
    )
    return
  }
  if (path !== '/' && writeDirectly(script, stage, step, {from, path, name, encoded, written})) return
  const staged = deepStaging(script, path)
  script.files(from, `${encoded} ${staged}`)
  const excluded = pruned(script, step, script.at(staged))
  if (excluded === undefined) return
  for (const line of excluded) script.placing(line)
  if (path === '/') script.placing(withoutMetadata(script, staged))
  settle(script, step, staged, name, {kind: path === '/' ? 'directory' : 'unknown'})
}

/**
 * K102: what `--exclude` names is taken out of a staged folder; patterns that a search by name can say. `at` is a word of
 * the script. Undefined when a pattern says more, which is reported.
 */
function pruned(script: StageScript, step: CopyStep, at: string): readonly string[] | undefined {
  const lines: string[] = []
  for (const pattern of step.exclude ?? []) {
    const clean = cleanPath(pattern.replace(/^\/+/, ''))
    const name = /^(\*\*\/)?([^/]+)$/.exec(clean)
    const levels = name?.[1] === undefined ? '-mindepth 1 -maxdepth 1' : '-mindepth 1 -depth'
    const wanted = shellPattern(name?.[2] ?? '')
    if (name !== null && !/^!|^\*\*$/.test(clean) && wanted !== undefined)
      lines.push(`if [ -d ${at} ]; then find ${at} ${levels} -name ${shellWord(wanted)} -exec rm -rf {} +; fi`)
    else if (!hasWildcard(clean) && !clean.startsWith('!')) lines.push(`rm -rf ${at}/${shellWord(clean)}`)
    else {
      script.refuse(
        'copy-exclude-from-stage',
        step.span,
        `Which files of the other stage ${pattern} means cannot be said in a definition file.`,
        'Exclude by name, by **/NAME or by a path without wildcards; or let sifstage build the Dockerfile as it is.',
      )
      return undefined
    }
  }
  return lines
}

/** As deep as the source: Apptainer takes no relative links that would lead above the root from their new place (D99). */
function deepStaging(script: StageScript, path: string): string {
  const depth = path.split('/').length - 1
  return `${script.staging()}${'/x'.repeat(Math.max(0, depth - 2))}`
}

interface Written {
  readonly from: string
  readonly path: string
  readonly name: string
  readonly encoded: string
  readonly written: string
}

/** K144: straight to its place, where nothing before it in the stage can matter. */
function writeDirectly(
  script: StageScript,
  stage: Stage,
  step: CopyStep,
  {from, path, name, encoded, written}: Written,
): boolean {
  const destination = step.destination === undefined ? undefined : plainText(step.destination.path)
  if (destination === undefined || step.chown !== undefined || step.chmod !== undefined || (step.exclude ?? []).length > 0)
    return false
  const source =
    step.from.kind === 'stage' && step.from.index !== undefined ? stageAt(script.description, step.from.index) : undefined
  const kind = sourceKind(script.description, source, step, `${path}${isFolderMark(written) ? '/' : ''}`, stage)
  if (kind === 'unknown') return false
  const isFolder = kind === 'directory'
  if (kind === 'likely-file' && isFolderMark(destination) && script.hostMode) return false
  const final = finalPath(destination, name, isFolder)
  if (script.image.disturbed(final, from)) return false
  if (step.link === true && !script.isPlainUnderLink(final)) return false
  // Links of the folder that lead upwards must not lead above the root from where they come to lie (D99).
  if (isFolder && final.split('/').length < path.split('/').length) return false
  // Apptainer replaces links of the base by folders of the source, and docker refuses (D97).
  if (isFolder && script.image.isCommonFolder(final)) return false
  const target = filesDestination(isFolder || isFolderMark(destination) ? asFolder(destination) : destination)
  if (target === undefined) return false
  script.files(from, `${isFolder ? filesSource(`${path}/`) : encoded} ${target}`, step.comment)
  script.covered(final, from, isFolder)
  // A folder would have landed in a folder of its own; better to stop than to be wrong.
  if (kind === 'likely-file' && isFolderMark(destination)) script.post(`test ! -d ${shellWord(final)} # it was taken for a file`)
  return true
}

/** K84, K86: the folder in front of the pattern is staged, and the matches are looked for in it. */
function writePattern(script: StageScript, step: CopyStep, source: CopySource, from: string, written: string): void {
  const parts = cleanPath(`/${written}`).split('/').slice(1)
  const first = parts.findIndex(hasWildcard)
  const prefix = `/${parts.slice(0, first).join('/')}`
  const patterns = parts.slice(first).map(shellPattern)
  const encoded = filesSource(prefix)
  if (encoded === undefined || patterns.some(pattern => pattern === undefined)) {
    script.refuse(
      'copy-pattern',
      source.span,
      `Which files ${written} means is known only when that stage has been built, and a shell cannot look for them by that pattern.`,
      'Name the files, or copy their folder.',
    )
    return
  }
  const excluded = pruned(script, step, '"$1"')
  if (excluded === undefined) return
  const staged = deepStaging(script, prefix)
  script.files(from, `${encoded} ${staged}`)
  if (prefix === '/') script.placing(withoutMetadata(script, staged))
  script.commentLines(step.comment)
  settleMatches(script, step, excluded)
  script.tool('glob')
  const words = patterns.map(pattern => shellWord(pattern ?? ''))
  script.placing(['sifstage_glob', script.at(staged), shellWord(prefix), script.at(staged), ...words].join(' '))
}

/**
 * One level of a Go pattern (`filepath.Match`) as a pattern of `case`: `[^…]` negates there as `[!…]` does here, and a
 * `!` in first place is a plain character (K84). Undefined for one that Go cannot read: it matches nothing in a stage.
 */
function shellPattern(part: string): string | undefined {
  let pattern = ''
  for (let at = 0; at < part.length; at += 1) {
    const character = part.charAt(at)
    if (character === '\\') {
      at += 1
      pattern += `\\${part.charAt(at)}`
    } else if (character === '[') {
      const close = part.indexOf(']', at + (part.charAt(at + 1) === '^' ? 3 : 2))
      if (close === -1) return undefined
      const inner = part.slice(at + 1, close)
      if (inner.includes('\\') || /\[[:.=]/.test(inner)) return undefined
      const negated = inner.startsWith('^')
      const rest = negated ? inner.slice(1) : inner
      if (inner === '!') {
        pattern += '!'
        at = close
        continue
      }
      pattern += `[${negated ? '!' : ''}${!negated && rest.startsWith('!') ? `${rest.slice(1)}!` : rest}]`
      at = close
    } else pattern += character
  }
  return pattern
}
