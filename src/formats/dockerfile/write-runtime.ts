/** What a definition's image does when it runs: `%environment` (D84) and `%runscript` (D83, D115). */

import {plainExports} from '../../language/plain-exports.js'
import type {Script, Stage} from '../../model/description.js'
import {isPlainBase} from './known-paths.js'
import type {RefusedRule} from './rules.js'
import {writeEnv, writeInline} from './write-parts.js'
import {jsonArray} from './write-words.js'
import type {StageState, Writing} from './writing.js'

/** In Apptainer's own folder, under names that Apptainer does not use. */
const scriptPath = '/.singularity.d/docker/runscript'
const startPath = '/.singularity.d/docker/start'
const environmentPath = '/.singularity.d/env/90-environment.sh'

export interface Environment {
  /** `%environment`, and what `%post` wrote to be sourced after it. */
  readonly environment: string
  /** `%post` writes variables while it runs. */
  readonly atStart: boolean
}

/** ENV for all that is known now. */
export function writeEnvironment(writing: Writing, stage: Stage, state: StageState, {environment}: Environment): void {
  const exports = plainExports(environment)
  if (exports.kind === 'other') return
  for (const variable of exports.variables)
    writeEnv(writing, stage, state, [variable], stage.settings.environment?.span ?? stage.nameSpan)
}

/** The files that the image starts; gives back the ENTRYPOINT, which stands behind all else. */
export function writeEntry(
  writing: Writing,
  stage: Stage,
  state: StageState,
  {environment, atStart}: Environment,
): readonly string[] {
  const {runscript} = stage.settings
  const isOther = plainExports(environment).kind === 'other'
  const command = runscript === undefined ? undefined : runCommand(writing, stage, state, runscript)
  if (runscript !== undefined && command === undefined) return []
  if (isOther || atStart) return writeStart(writing, stage, state, isOther ? environment : undefined, command)
  return command === undefined ? [] : [`ENTRYPOINT ${jsonArray(command.argv)}`]
}

interface RunCommand {
  readonly argv: readonly string[]
}

/** The text from its `#!` on, where the first line is one, blanks in front of it or not (D83); undefined for a script of the shell. */
export function shebangText(text: string): string | undefined {
  const body = text.replace(/^[^\S\n]+/, '')
  return body.startsWith('#!') ? body : undefined
}

function runCommand(writing: Writing, stage: Stage, state: StageState, script: Script): RunCommand | undefined {
  const words = script.arguments ?? []
  const refuse = (message: string, hint: string, rule: RefusedRule = 'definition-script'): undefined => {
    writing.refuse(stage, rule, script.span, message, hint)
    return undefined
  }
  const shebang = shebangText(script.text)
  if (shebang === undefined && script.text.trimStart().startsWith('#!')) {
    const message = 'A line stands above the `#!` of %runscript, so that Apptainer starts it without an interpreter, which fails.'
    return refuse(message, 'Put the `#!` on the first line behind %runscript.')
  }
  const engine = /\$\{?((?:APPTAINER|SINGULARITY)_\w+)/.exec(script.text)
  const own = /\/\.singularity\.d\S*/.exec(script.text)
  if (own !== null) {
    const message = `%runscript looks at ${own[0]}, which is Apptainer's own and not in an image of Docker's.`
    return refuse(message, 'Do without it.', 'engine-variable')
  }
  if (engine !== null) {
    const message = `%runscript reads $${engine[1]}, which Apptainer alone sets.`
    return refuse(message, 'Write the value itself, or do without it.', 'engine-variable')
  }
  const simple = shebang === undefined && words.length === 0 ? simpleCommand(script.text) : undefined
  if (simple !== undefined) return {argv: simple}
  if (shebang === undefined && words.length === 0 && /\$\{?0|LINENO/.test(script.text))
    return {argv: ['/bin/sh', '-c', script.text.trim(), '/.singularity.d/runscript']}
  if (/\$\{?0/.test(script.text)) {
    const message = '%runscript looks at its own name, which it would have under another path.'
    return refuse(message, 'Write the name into the script.')
  }
  const body = (shebang ?? script.text).replace(/\n*$/, '\n')
  const options = words.length === 0 ? '' : ` ${words.join(' ')}`
  const text = shebang === undefined ? `#!/bin/sh${options}\n${body}` : body.replace(/\n/, `${options}\n`)
  writeInline(writing, stage, state, '--chmod=755 ', {name: 'EOF', text: [text]}, scriptPath, script.span)
  return {argv: [scriptPath]}
}

/** Names that the shell itself carries out, some of them otherwise than the program of the same name. */
const builtin =
  /^(\.|:|\[|alias|bg|break|cd|command|continue|echo|eval|exec|exit|export|false|fc|fg|getopts|hash|history|if|jobs|kill|let|local|printf|pwd|read|readonly|return|set|shift|source|test|time|times|trap|true|type|ulimit|umask|unalias|unset|wait|while|until|for|case|function|do|done|then|fi|esac|\{|\}|!)$/

/** `exec PROGRAM WORD… "$@"`: the list of words of an ENTRYPOINT. Comments above it are no part of it. */
function simpleCommand(text: string): string[] | undefined {
  const lines = text
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '' && !line.startsWith('#'))
  const [line, more] = lines
  if (line === undefined || more !== undefined) return undefined
  const match = /^(?:exec\s+)?(.*\S)\s+"\$@"$/.exec(line)
  const words = match === null ? undefined : plainWords(match[1] ?? '')
  const [program] = words ?? []
  if (program === undefined || builtin.test(program) || program.includes('=') || program.startsWith('-')) return undefined
  return words
}

/** Words of which the shell would change nothing but the quotes. */
function plainWords(text: string): string[] | undefined {
  const words: string[] = []
  for (const match of text.matchAll(/'([^']*)'(?=\s|$)|"([^"$`\\!]*)"(?=\s|$)|([^\s'"]+)(?=\s|$)|(\S)/g)) {
    const word = match[1] ?? match[2] ?? match[3]
    if (word === undefined || (match[3] !== undefined && !/^[A-Za-z0-9_@%+=:,./-]+$/.test(word))) return undefined
    words.push(word)
  }
  return words.length === 0 ? undefined : words
}

/** Variables that only a shell can work out are set by what the image starts; nothing else of Docker's could. */
function writeStart(
  writing: Writing,
  stage: Stage,
  state: StageState,
  environment: string | undefined,
  command: RunCommand | undefined,
): readonly string[] {
  const span = stage.settings.environment?.span ?? stage.nameSpan
  const outside = environment === undefined ? '' : environment.replace(/'[^']*'|"(?:[^"\\]|\\[\s\S])*"/g, '').replace(/\\\n/g, '')
  const engine = environment === undefined ? null : /\$\{?((?:APPTAINER|SINGULARITY)_\w+)/.exec(environment)
  const config = stage.base.kind === 'image' ? stage.base.config : undefined
  const why =
    engine !== null
      ? `%environment reads $${engine[1]}, which Apptainer alone sets.`
      : outside.includes('\\')
        ? 'The shell inside Apptainer, which reads %environment, keeps backslashes that stand outside of quotes; no other does.'
        : command === undefined && config === undefined && !isPlainBase(stage)
          ? '%environment has to be worked out by a shell when the image starts, and what the image starts is known to its base alone.'
          : undefined
  if (why !== undefined) {
    const line = environment === undefined ? '' : plainExports(environment)
    const first = typeof line === 'object' && line.kind === 'other' ? ` The line is: ${line.line.trim()}` : ''
    writing.refuse(
      stage,
      'definition-environment',
      span,
      `${why}${first}`,
      'Write each variable as an export of its own with a plain value, or add a %runscript.',
    )
    return []
  }
  writing.warn(
    stage,
    'environment-at-start',
    span,
    'Some variables are set by what the image starts, so `docker exec` and `docker run --entrypoint` do not have them.',
    'Write each variable as an export of its own, with a value that is known when the image is built.',
  )
  if (environment !== undefined)
    writeInline(writing, stage, state, '', {name: 'EOF', text: [environment.replace(/\n*$/, '\n')]}, environmentPath, span)
  const start = [
    '#!/bin/sh',
    // Plain distributions start a shell.
    ...(command === undefined && config === undefined ? ['[ $# -gt 0 ] || set -- /bin/sh'] : []),
    'for file in /.singularity.d/env/9[01]-environment.sh; do [ ! -r "$file" ] || . "$file"; done',
    'exec "$@"',
    '',
  ].join('\n')
  writeInline(writing, stage, state, '--chmod=755 ', {name: 'EOF', text: [start]}, startPath, span)
  const argv = command?.argv ?? config?.entrypoint ?? []
  const lines = [`ENTRYPOINT ${jsonArray([startPath, ...argv])}`]
  if (command === undefined && config !== undefined && config.cmd.length > 0) lines.push(`CMD ${jsonArray(config.cmd)}`)
  return lines
}
