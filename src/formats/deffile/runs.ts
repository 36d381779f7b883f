/** RUN as lines of `%post`: its mounts, its user, its network, the command (K113–K130). */
import type {RunStep} from '../../model/description.js'
import {plainText, type Template} from '../../model/template.js'
import {textInto} from './inlinecopies.js'
import {isSystemWork} from './lookups.js'
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
  /** Variables that a script cannot export in every shell: each command is given them. */
  readonly handed: ReadonlyMap<string, Template>
}

/** Commands after which folders may be others than before. */
const rearranges = /\b(rm|rmdir|mv|ln|unlink|tar|unzip|rsync)\b/
/** Commands that heed variables which Apptainer adds. */
const heedsEnvironment = /\b(env|printenv|locale|set|export|ldd|ldconfig|LANG|LD_LIBRARY_PATH|PROMPT_COMMAND|PS1|TERM|environ)\b/
/** Commands that show all of their environment, or what only this script's shell has set in it. */
const showsEnvironment =
  /(^|[|;&({]|\bexec|\s-\w*c)[^\S\n]*['"]?(printenv|(\/usr)?(\/bin\/)?env(\s+-0)?|set|export(\s+-p)?|(declare|typeset)\s+-[px]+)[^\S\n]*($|[|;&>)}])|\benviron\b|\bcd\s+-(\s|$)|\b(SHLVL|OLDPWD|APPTAINER|SINGULARITY)/m

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
  script.enter(state.workdir, state.linked)
  const shows = showsEnvironment.test(text)
  const plain =
    state.user === undefined &&
    step.network !== 'none' &&
    mounted.variables.length === 0 &&
    !shows &&
    (state.handed.size === 0 || (isSystemWork(text) && ![...state.handed.keys()].some(name => text.includes(name))))
      ? isPlainRun(command)
      : undefined
  if (plain === undefined || heedsEnvironment.test(text)) script.environment.clean()
  if (plain !== undefined) {
    if (script.lookups.use(text)) script.post('hash -r')
    for (const line of plain) script.post(line)
  } else {
    const handed = Array.from(state.handed, ([name, value]) => `${shellWord(`${name}=`)}${script.word(value)}`)
    script.post(wrapped(script, step, state, mounted.variables, {handed, shows}))
  }
  script.lookups.ran(text)
  if (mounted.mounts) {
    if (mounted.coversWorkdir) script.leaveFolder()
    script.post('sifstage_unmount')
  }
  script.image.ran()
  if (rearranges.test(text) || command.kind === 'file' || /\.\/|\.sh\b|make|install/.test(text))
    script.forgetFolders(state.workdir)
}

/** The command with everything that stands in front of it. */
function wrapped(
  script: StageScript,
  step: RunStep,
  state: RunState,
  variables: MountedVariables,
  {handed, shows}: {readonly handed: readonly string[]; readonly shows: boolean},
): string {
  const words: string[] = []
  const given = [...handed, ...variables.map(({name, value}) => shellWord(`${name}=${value}`))]
  if (given.length > 0) words.push('env', ...given)
  if (step.network === 'none') words.push('unshare -n')
  // K119: what a command leaves running ends with it.
  if (step.command.kind === 'shell' && leavesProcesses(step.command.text)) words.push('unshare -p -f')
  if (state.user !== undefined) {
    script.tool('user')
    words.unshift('sifstage_as', ...(state.homeSet ? ['-h'] : []), script.word(state.user))
  }
  const {command} = step
  const clean = shows ? ['sifstage_clean'] : []
  if (shows) script.tool('clean')
  if (command.kind === 'exec' && words.length === 0 && (shows || state.pathSet) && command.argv[0]?.includes('/') === false) {
    script.tool('exec')
    return [...clean, 'sifstage_exec', ...command.argv.map(shellWord)].join(' ')
  }
  words.unshift(...clean)
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
  return [...words, bare].join(' ')
}

/** A `&` that is neither part of `&&` nor of a redirection. */
function leavesProcesses(text: string): boolean {
  return (
    /(^|[^&><|\\])&(?![&>\d])/.test(text.replaceAll(/'[^']*'|"[^"]*"/g, '')) ||
    /\b(nohup|setsid|daemon|service|init\.d)\b/.test(text)
  )
}

export function mentionsTmp(step: RunStep): boolean {
  const {command} = step
  const text = command.kind === 'exec' ? command.argv.join(' ') : command.text
  return (
    /\/tmp\b|\bmktemp\b|\bTMPDIR\b/.test(text) ||
    (step.mounts ?? []).some(mount => 'target' in mount && /^\/(var\/)?tmp\b/.test(plainText(mount.target ?? []) ?? ''))
  )
}
