/**
 * `%post` as one RUN: a file that `/bin/sh -ex` runs in `/` as root with umask 0002, and Apptainer's variables
 * (D60–D69). Each RUN has its own shell, so nothing leaks out.
 */
import {shellLine} from '../../language/shell.js'
import type {RunStep, Stage} from '../../model/description.js'
import {type EngineWrites, engineWrites} from './engine-writes.js'
import {isPlainBase} from './known-paths.js'
import {leavesTmpAlone} from './tmp-use.js'
import {writeShell} from './write-parts.js'
import {hasLongLine, heredocName, jsonArray} from './write-words.js'
import {defaultShell, type StageState, type Writing} from './writing.js'

/** A base may have a SHELL and a USER of its own, which Apptainer doesn't look at (D67, D112). */
export function prepareRun(writing: Writing, stage: Stage, state: StageState): void {
  if (state.prepared === true) return
  state.prepared = true
  if (isPlainBase(stage) || stage.base.kind === 'stage') {
    writeShell(writing, state, defaultShell)
    return
  }
  // Right behind FROM, as it is for the whole stage.
  writing.lines.splice(state.start ?? writing.lines.length, 0, `SHELL ${jsonArray(defaultShell)}`)
  // A folder of the base's configuration would be made where it is missing.
  writing.lines.push('USER 0', 'WORKDIR /')
  state.shell = defaultShell
  state.saidShell = true
}

/** What a script wrote for the engine, where that can be told (D85); undefined after a refusal. */
export function writePost(writing: Writing, stage: Stage, state: StageState, step: RunStep): EngineWrites | undefined {
  const section = step.section?.name ?? 'post'
  if (step.where === 'host') {
    const message = `%${section} runs on the machine that builds; Docker runs nothing there.`
    writing.refuse(stage, 'host-script', step.span, message, 'Do its work before the build, or inside the image.')
    return undefined
  }
  if (step.command.kind !== 'script') return undefined
  const {text} = step.command
  const writes = engineWrites(text)
  if (!maySee(writing, stage, step, text)) return undefined
  if (step.section?.arguments.at(-1) === '-c') {
    const message = 'Nothing stands behind -c in the arguments of %post, and Apptainer refuses that.'
    writing.refuse(stage, 'definition-script', step.span, message, 'Name the interpreter: %post -c /bin/bash.')
    return undefined
  }
  if (writes.labels === 'unknown') {
    writing.refuse(
      stage,
      'definition-labels',
      step.span,
      'The script works out labels while it runs; a Dockerfile has to name them.',
      'Write them into %labels, or as plain lines: echo "NAME value" >> "$APPTAINER_LABELS".',
    )
    return undefined
  }
  prepareRun(writing, stage, state)
  const mounts = leavesTmpAlone(text) ? '' : '--mount=type=tmpfs,target=/tmp --mount=type=tmpfs,target=/var/tmp '
  const settings = [...variables(stage, text), ...engineFiles(writes)]
  if (needsFile(text, step)) writeAsFile(writing, step, mounts, settings)
  else {
    const body = `${['set -ex', 'umask 0002', ...(stage.base.kind === 'scratch' ? [] : ['cd /']), ...settings].join('\n')}\n${text.replace(/\n*$/, '\n')}`
    const end = heredocName(body)
    writing.lines.push(`RUN ${mounts}<<${end}\n${body}${end}`)
  }
  return writes
}

/** What a script may ask about itself is right only in the file that Apptainer makes of it. */
function needsFile(text: string, step: RunStep): boolean {
  return (
    (step.section?.arguments.length ?? 0) > 0 ||
    /\$\{?0|\$-|LINENO|BASH_SOURCE|BASH_EXECUTION_STRING|\.post\.script/.test(text) ||
    Buffer.byteLength(text) > 100_000
  )
}

/** `/.post.script`, as Apptainer calls it, gone when the RUN is done. D62: what stands behind `-c` is one word. */
function writeAsFile(writing: Writing, step: RunStep, mounts: string, settings: readonly string[]): void {
  const text = step.command.kind === 'script' ? step.command.text : ''
  const words = step.section?.arguments ?? []
  const at = words.indexOf('-c')
  const argv =
    at === -1
      ? ['/bin/sh', '-ex', ...words, '/.post.script']
      : ['/bin/sh', '-ex', ...words.slice(0, at), '-c', [...words.slice(at + 1), '/.post.script'].join(' ')]
  const end = heredocName(text)
  const before = ['umask 0002', 'cd /', ...settings].join(' && ')
  writing.lines.push(
    `COPY --chmod=755 <<"${end}" /.post.script\n${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${end}`,
    `RUN ${mounts}${before} && ${shellLine(argv)} && rm -f /.post.script`,
  )
}

/** Variables of Apptainer that the script names, and that Docker doesn't set (D63, D66). */
function variables(stage: Stage, text: string): string[] {
  const named = (name: string) => new RegExp(`(^|[^A-Za-z0-9_])${name}([^A-Za-z0-9_]|$)`).test(text)
  const listed = /(^|[\s;|&(`])(env|printenv|export -p|set)\s*($|[\n;|>&)])/m.test(text)
  const lines: string[] = []
  if (!isPlainBase(stage)) lines.push('export HOME=/root')
  // An image's own value stays.
  if (named('LANG') || listed) lines.push('export LANG="${LANG:-C}"')
  if (named('LD_LIBRARY_PATH') || listed)
    lines.push('export LD_LIBRARY_PATH="${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}/.singularity.d/libs"')
  for (const name of ['APPTAINER_NAME', 'SINGULARITY_NAME']) if (named(name)) lines.push(`export ${name}=rootfs`)
  return lines
}

function engineFiles(writes: EngineWrites): string[] {
  const lines: string[] = []
  if (writes.labels !== undefined) lines.push('export APPTAINER_LABELS=/dev/null SINGULARITY_LABELS=/dev/null')
  if (writes.environment === 'unknown') {
    const file = '/.singularity.d/env/91-environment.sh'
    lines.push('mkdir -p /.singularity.d/env', `export APPTAINER_ENVIRONMENT=${file} SINGULARITY_ENVIRONMENT=${file}`)
  } else if (writes.environment !== undefined) {
    lines.push('export APPTAINER_ENVIRONMENT=/dev/null SINGULARITY_ENVIRONMENT=/dev/null')
  }
  return lines
}

/** What only Apptainer's builder can tell a script, or would not be the same in two of its own builds. */
function maySee(writing: Writing, stage: Stage, step: RunStep, text: string): boolean {
  const found = engineUse(text)
  if (found === undefined && !hasLongLine(text)) return true
  const message = found ?? 'A line of %post is longer than the 65,535 bytes that a Dockerfile takes.'
  const rule = found === undefined ? 'unwritable-text' : 'engine-variable'
  writing.refuse(stage, rule, step.span, message, 'Write the value itself, or do without it.')
  return false
}

function engineUse(text: string): string | undefined {
  const variable = /\$\{?((?:APPTAINER|SINGULARITY)_(?:CONTAINER|BIND|COMMAND|APPNAME))\b/.exec(text)
  if (variable !== null) return `%post reads $${variable[1]}, which Apptainer's builder alone sets.`
  if (/(^|[\s;|&(`])(env|printenv|export -p|set|declare -x)[ \t]*(\||[0-9]?>)/m.test(text))
    return '%post keeps a list of all variables, and Apptainer sets some that Docker does not.'
  const file =
    /(^|[\s"'=>])(\/(?:\.singularity\.d|environment(?![\w.-])|singularity(?![\w.-])|\.(?:run|exec|shell|test)(?![\w.-]))\S*)/.exec(
      text,
    )
  if (file !== null) return `%post looks at ${file[2]}, which is Apptainer's own and not in an image of Docker's.`
  const command = /(^|[\s;|&(`])(mknod|setcap)\s/m.exec(text)
  return command === null
    ? undefined
    : `${command[2]} in %post has no lasting effect in Apptainer's builder, and would have one in Docker's.`
}
