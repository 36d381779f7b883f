/** RUN as lines of `%post`: its mounts, its user, its network, the command (K113–K130). */
import type {RunStep} from '../../model/description.js'
import {plainText, type Template} from '../../model/template.js'
import {textInto} from './inlinecopies.js'
import {type MountedVariables, writeMounts} from './mounts.js'
import {shellWord} from './quote.js'
import {isPlainRun, runWords} from './runlines.js'
import type {StageScript} from './script.js'

export interface RunState {
  readonly workdir: Template
  /** `user[:group]`; undefined for root. */
  readonly user: Template | undefined
  /** PATH is set by ENV: a program of the image's own may come before one of busybox. */
  readonly pathSet: boolean
  /** Links may lead to the working folder, which the command must not see (K121). */
  readonly linked: boolean
  /** HOME is set by ENV, so that passwd does not decide (K116). */
  readonly homeSet: boolean
}

/** Commands after which folders may be others than before. */
const rearranges = /\b(rm|rmdir|mv|ln|unlink|tar|unzip|rsync)\b/
/** Commands that show what their environment is. */
const looksAtEnvironment = /\b(env|printenv|locale|set|export|ldd|ldconfig)\b/

export function writeRun(script: StageScript, step: RunStep, state: RunState): void {
  const {command} = step
  if (step.insecure === true)
    script.warn(
      'run-security',
      step.span,
      '--security=insecure has no counterpart: the command runs with what Apptainer allows a build.',
    )
  const text = command.kind === 'exec' ? command.argv.join(' ') : command.text
  script.leaveHost()
  script.commentLines(step.comment)
  const mounted = writeMounts(script, step, state.workdir)
  if (mounted === undefined) return
  script.enter(state.workdir, state.linked)
  const plain =
    state.user === undefined && step.network !== 'none' && mounted.variables.length === 0 ? isPlainRun(command) : undefined
  if (plain === undefined || looksAtEnvironment.test(text)) script.cleanEnvironment()
  if (plain !== undefined) for (const line of plain) script.post(line)
  else script.post(wrapped(script, step, state, mounted.variables))
  if (mounted.mounts) {
    if (mounted.coversWorkdir) script.leaveFolder()
    script.post('sifstage_unmount')
  }
  script.ran()
  if (rearranges.test(text) || command.kind === 'file' || /\.\/|\.sh\b|make|install/.test(text))
    script.forgetFolders(state.workdir)
}

/** The command with everything that stands in front of it. */
function wrapped(script: StageScript, step: RunStep, state: RunState, variables: MountedVariables): string {
  const words: string[] = []
  if (variables.length > 0) words.push('env', ...variables.map(({name, value}) => shellWord(`${name}=${value}`)))
  if (step.network === 'none') words.push('unshare -n')
  // K119: what a command leaves running ends with it.
  if (step.command.kind === 'shell' && leavesProcesses(step.command.text)) words.push('unshare -p -f')
  if (state.user !== undefined) {
    script.tool('user')
    words.unshift('sifstage_as', ...(state.homeSet ? ['-h'] : []), script.word(state.user))
  }
  const {command} = step
  if (command.kind === 'file') {
    const path = `/.sifstage/pipes/${command.name}`
    if (/\$0|\bargv\b|BASH_SOURCE|__file__|\$PROGRAM_NAME/.test(command.text))
      script.warn(
        'heredoc-path',
        step.span,
        `The script is called ${path} while it runs, and /dev/pipes/${command.name} by docker.`,
      )
    script.stages()
    script.post('mkdir -p /.sifstage/pipes')
    script.post(textInto(script, [command.text], shellWord(path)))
    script.post(`chmod 755 ${shellWord(path)}`)
    return [...words, ...[...command.shell, path].map(shellWord)].join(' ')
  }
  const bare = runWords(command, words.length === 0)
  if (command.kind === 'exec' && words.length === 0 && state.pathSet && command.argv[0]?.includes('/') === false) {
    script.tool('exec')
    return `sifstage_exec ${command.argv.map(shellWord).join(' ')}`
  }
  return [...words, bare].join(' ')
}

/** A `&` that is neither part of `&&` nor of a redirection. */
function leavesProcesses(text: string): boolean {
  return /(^|[^&><|\\])&(?![&>\d])/.test(text.replaceAll(/'[^']*'|"[^"]*"/g, '')) || /\b(nohup|setsid|daemon)\b/.test(text)
}

export function mentionsTmp(step: RunStep): boolean {
  const {command} = step
  const text = command.kind === 'exec' ? command.argv.join(' ') : command.text
  return (
    /\/tmp\b|\bmktemp\b|\bTMPDIR\b/.test(text) ||
    (step.mounts ?? []).some(mount => 'target' in mount && /^\/(var\/)?tmp\b/.test(plainText(mount.target ?? []) ?? ''))
  )
}
