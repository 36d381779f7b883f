/**
 * What stands in a definition file, as instructions, where a Dockerfile can say it (K154, D106). The rest is
 * refused, or warned of when only running the image is different.
 */
import {posix} from 'node:path'
import {cleanPath} from '../../language/paths.js'
import type {CopyStep, RunStep, Script, Stage} from '../../model/description.js'
import {plainText} from '../../model/template.js'
import {plainExports} from './plain-exports.js'
import {writeCommand, writeEnv, writeInline} from './write-parts.js'
import {bareWord, heredocName, jsonArray, wordList} from './write-words.js'
import {defaultShell, type StageState, type Writing} from './writing.js'

/** `%post`: run by `sh -ex` with umask 0002 in `/` (D60, D67, D68). Each RUN has its own shell, so nothing leaks out. */
export function writeDefinitionRun(writing: Writing, stage: Stage, state: StageState, step: RunStep): void {
  const section = step.section?.name ?? 'post'
  if (step.where === 'host') {
    const message = `%${section} runs on the machine that builds; Docker runs nothing there.`
    writing.refuse(stage, 'definition-script', step.span, message, 'Do its work before the build, or inside the image.')
    return
  }
  if ((step.section?.arguments.length ?? 0) > 0) {
    const message = `%${section} has arguments for its shell, which RUN can't pass on.`
    writing.refuse(stage, 'definition-script', step.span, message, 'Set the options in the script itself.')
    return
  }
  if (step.command.kind !== 'script') {
    writeCommand(writing, stage, state, 'RUN', step.command, step.span)
    return
  }
  const start = stage.base.kind === 'image' ? 'set -ex\numask 0002\ncd /\n' : 'set -ex\numask 0002\n'
  const text = `${start}${step.command.text.replace(/\n*$/, '\n')}`
  if (jsonArray(state.shell) !== jsonArray(defaultShell)) writing.lines.push('SHELL ["/bin/sh", "-c"]')
  state.shell = defaultShell
  const end = heredocName(text)
  writing.lines.push(`RUN <<${end}\n${text}${end}`)
}

/** `%files`: only where both languages put the same files into the same place. */
export function writeDefinitionCopy(writing: Writing, stage: Stage, step: CopyStep): void {
  const from = step.from.kind === 'stage' && step.from.index !== undefined ? writing.names.get(step.from.index) : undefined
  if (step.from.kind !== 'context' && from === undefined) {
    const span = step.from.kind === 'inline' ? step.span : step.from.span
    writing.refuse(stage, 'definition-copy', span, '%files names no stage to copy from.', 'Name a stage that is there.')
    return
  }
  for (const source of step.sources) {
    const path = plainText(source.path)
    const destination = step.destination === undefined ? undefined : plainText(step.destination.path)
    if (path === undefined || (step.destination !== undefined && destination === undefined)) continue
    const words =
      from === undefined ? hostCopy(writing, stage, step, path, destination) : stageCopy(writing, stage, step, path, destination)
    if (words === undefined) continue
    const written = words.map(word => bareWord([word]) ?? word)
    writing.lines.push(`COPY ${from === undefined ? '' : `--from=${from} `}${wordList(written)}`)
  }
}

/** Characters with which the host's shell would make something else of a source (D87). */
const expanded = /[*?[\]{}$`~\\;&|<>()!#'"]/

/** D95 and the truth table D.3: whether the source is a file or a folder can be looked up. */
function hostCopy(
  writing: Writing,
  stage: Stage,
  step: CopyStep,
  source: string,
  destination: string | undefined,
): [string, string] | undefined {
  const refuse = (message: string, hint: string): undefined => {
    writing.refuse(stage, 'definition-copy', step.span, message, hint)
    return undefined
  }
  if (expanded.test(source))
    return refuse(`%files ${source} is a pattern of the shell, which COPY reads differently.`, 'Name the files one by one.')
  const {root} = writing.options.context
  const inside = posix.isAbsolute(source) ? posix.relative(root, cleanPath(source)) : cleanPath(source)
  if (inside === '..' || inside.startsWith('../')) {
    return refuse(
      `%files ${source} lies outside of the context ${root}.`,
      'Move it there, or choose a context above it with --context.',
    )
  }
  const kind = writing.options.context.kindFollowed(inside === '' ? '.' : inside)
  if (kind === undefined)
    return refuse(
      `%files ${source} isn't in the context ${root}, so what it is can't be told.`,
      'Give its folder with --context.',
    )
  const target = destination ?? posix.join('/', source)
  const absolute = cleanPath(`/${target}`)
  if (kind !== 'directory') return [inside, target.endsWith('/') && absolute !== '/' ? `${absolute}/` : absolute]
  const folder = absolute === '/' ? '' : absolute
  // `d/.` means the contents; `d X/` puts the folder itself into X (D96).
  if (/(^|\/)\.$/.test(source)) return [inside, `${folder}/`]
  if (target.endsWith('/')) return [inside, `${folder}/${posix.basename(inside)}/`]
  warnAmbiguous(writing, stage, step, source, target)
  return [inside, `${folder}/`]
}

/** Stage copies: a source with `/` at its end gives its contents. Of any other it isn't known what it is (D106). */
function stageCopy(
  writing: Writing,
  stage: Stage,
  step: CopyStep,
  source: string,
  destination: string | undefined,
): [string, string] | undefined {
  if (/[*?[\]{}\\$]/.test(source)) {
    const message = `%files ${source} is a pattern, which COPY reads differently: hidden names match there, and folders give their contents.`
    writing.refuse(stage, 'definition-copy', step.span, message, 'Name the files one by one.')
    return undefined
  }
  const from = cleanPath(`/${source}`)
  const target = destination ?? source
  const absolute = cleanPath(`/${target}`)
  const marked = target.endsWith('/') && absolute !== '/' ? `${absolute}/` : absolute
  if (!source.endsWith('/')) warnAmbiguous(writing, stage, step, source, target)
  return [from, source.endsWith('/') && absolute !== '/' ? `${absolute}/` : marked]
}

function warnAmbiguous(writing: Writing, stage: Stage, step: CopyStep, source: string, target: string): void {
  const message = target.endsWith('/')
    ? `If ${source} is a folder, Apptainer makes ${target}${posix.basename(source)} of it; COPY puts its contents into ${target}.`
    : `If ${source} is a folder and ${target} exists already, Apptainer puts it inside; COPY merges the two.`
  writing.warn(stage, 'ambiguous-copy', step.span, message, 'Write the destination in full, with a name that is not there yet.')
}

const scriptPath = '/.sifstage/runscript'

/** `%environment`, `%runscript` and what Docker has no word for. Gives the path of the script that is to be the entrypoint. */
export function writeRuntimeScripts(writing: Writing, stage: Stage, state: StageState): string | undefined {
  const {environment, runscript, startscript, test, help} = stage.settings
  if (environment !== undefined) writeEnvironment(writing, stage, state, environment)
  const lost = [
    ['%startscript', startscript, 'Docker has no instances; start the service with the container.'],
    ['%test', test, 'Run the test after the build, or as a RUN at the end.'],
    ['%help', help, 'Tell it in a label.'],
  ] as const
  for (const [name, script, hint] of lost) {
    if (script !== undefined)
      writing.warn(stage, 'no-docker-equivalent', script.span, `${name} has no place in a Dockerfile and is left out.`, hint)
  }
  return runscript && writeRunscript(writing, stage, runscript)
}

function writeEnvironment(writing: Writing, stage: Stage, state: StageState, script: Script): void {
  const found = plainExports(script.text)
  if (found.kind === 'exports') {
    for (const variable of found.variables) writeEnv(writing, stage, state, [variable], script.span)
    return
  }
  const message = `%environment has a line that is no plain \`export NAME=value\`: ${found.line.trim()}`
  writing.refuse(
    stage,
    'definition-environment',
    script.span,
    message,
    'Write each variable as an export of its own, with a value that is known when the image is built.',
  )
}

/** D83: a script without `#!` is one of /bin/sh. */
function writeRunscript(writing: Writing, stage: Stage, script: Script): string | undefined {
  if ((script.arguments?.length ?? 0) > 0) {
    const message = '%runscript has arguments for its interpreter, which ENTRYPOINT would take for those of the program.'
    writing.refuse(stage, 'definition-script', script.span, message, 'Name the interpreter in a first line #!….')
    return undefined
  }
  const body = script.text.replace(/^\s*\n/, '').replace(/\n*$/, '\n')
  const text = body.trimStart().startsWith('#!') ? body.trimStart() : `#!/bin/sh\n${body}`
  writeInline(writing, stage, '--chmod=755 ', {name: 'EOF', text}, scriptPath, script.span)
  return scriptPath
}
