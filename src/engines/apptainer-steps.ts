/**
 * A stage of docker's rules, step by step in one sandbox: files are placed by our helper, each RUN is an
 * `apptainer exec` of its own, and at the end the settings are written where Apptainer looks for them.
 */
import {runscriptLines} from '../language/runscript.js'
import {environmentQuote, shellQuote} from '../language/shell.js'
import {fillTemplate} from '../language/templates.js'
import type {CopyStep, RunStep, Step} from '../model/description.js'
import type {Operation, Operations} from '../model/operations.js'
import type {StageCommand, StageScript, StageWork} from '../model/ports.js'
import type {Template} from '../model/template.js'

/** Variables that Apptainer adds and docker does not (D63, K132). */
const ADDED = [
  'LD_LIBRARY_PATH',
  'LANG',
  'PS1',
  'PROMPT_COMMAND',
  'OLDPWD',
  'APPTAINER_ENVIRONMENT',
  'APPTAINER_COMMAND',
  'APPTAINER_APPNAME',
  'APPTAINER_BIND',
  'APPTAINER_CONTAINER',
  'APPTAINER_NAME',
  'SINGULARITY_ENVIRONMENT',
  'SINGULARITY_BIND',
  'SINGULARITY_CONTAINER',
  'SINGULARITY_NAME',
]

/** Says what a step is, in a few words, for progress and failure messages. */
function stepTitle(step: Step): string {
  const short = (text: string) => {
    const line = text.trim().split('\n')[0] ?? ''
    return line.length > 60 ? `${line.slice(0, 59)}…` : line
  }
  switch (step.kind) {
    case 'run':
      return `run ${short(step.command.kind === 'exec' ? step.command.argv.join(' ') : step.command.text)}`
    case 'copy':
      return `copy ${step.sources.map(each => each.path.join('')).join(' ')}`
    case 'env':
      return `set ${step.variables.map(each => each.name).join(' ')}`
    case 'arg':
      return `argument ${step.name}`
    case 'workdir':
      return `work in ${step.path.join('')}`
    case 'user':
      return `be ${step.user.join('')}`
  }
}

/** Shell lines that make `"$@"` run as another user of the image, by whatever the image has for it (K147). */
function becomeUser(user: string): string {
  const [name = '', group] = user.split(':')
  const who = shellQuote(name)
  return [
    `u=${who} g=${shellQuote(group ?? '')} h=/`,
    'while IFS=: read -r n _ i gi _ d _; do if [ "$n" = "$u" ] || [ "$i" = "$u" ]; then u=$i; [ -n "$g" ] || g=$gi; h=$d; break; fi; done </etc/passwd',
    `case $u in *[!0-9]*) echo "unable to find user $u: no matching entries in passwd file" >&2; exit 1;; esac`,
    'case $g in *[!0-9]*) while IFS=: read -r n _ i _; do [ "$n" = "$g" ] && g=$i && break; done </etc/group;; esac',
    '[ -n "$g" ] || g=0',
    '[ -n "${HOME_SET-}" ] || HOME=$h; export HOME; unset HOME_SET',
    'if command -v setpriv >/dev/null 2>&1 && setpriv --reuid="$u" --regid="$g" --clear-groups true 2>/dev/null; then exec setpriv --reuid="$u" --regid="$g" --clear-groups -- "$@"; fi',
    'if command -v chroot >/dev/null 2>&1 && chroot --userspec="$u:$g" --skip-chdir / true 2>/dev/null; then exec chroot --userspec="$u:$g" --skip-chdir / "$@"; fi',
    'echo "this image has neither setpriv nor GNU chroot, so that USER cannot be honoured, or the ids are not mapped here" >&2; exit 1',
  ].join('\n')
}

interface State {
  /** Variables for RUN, and those of them that stay in the image. */
  readonly variables: Map<string, string>
  readonly kept: Map<string, string>
  workdir: string
  user: string
}

/** The shell text that stands before a RUN: docker's environment, folder and user, then the command itself. */
function prelude(state: State): string {
  const lines = [`unset ${ADDED.join(' ')}`]
  for (const [name, value] of state.variables) lines.push(`export ${name}=${shellQuote(value)}`)
  lines.push(`cd ${shellQuote(state.workdir)} || exit`)
  if (/^(root|0)?(:(root|0))?$/.test(state.user)) lines.push('exec "$@"')
  else lines.push(...(state.variables.has('HOME') ? ['HOME_SET=1'] : []), becomeUser(state.user))
  return lines.join('\n')
}

function runArgv(step: RunStep): readonly string[] {
  switch (step.command.kind) {
    case 'exec':
      return step.command.argv
    case 'shell':
      return [...step.command.shell, step.command.text]
    case 'script':
      return ['/bin/sh', '-ex', '-c', step.command.text]
    case 'file':
      return [...step.command.shell, `/dev/pipes/${step.command.name}`]
  }
}

export interface DockerScript {
  readonly files: StageScript['files']
  readonly commands: readonly StageCommand[]
}

export function dockerSteps(
  work: StageWork,
  program: string,
  at: {readonly tmp: string; readonly varTmp: string; readonly env: Readonly<Record<string, string>>},
): DockerScript {
  const {stage, folder, root, options} = work
  const files: {path: string; text: string; mode: number}[] = []
  const commands: StageCommand[] = []
  const {inherited} = work
  const state: State = {
    variables: new Map(inherited.env),
    kept: new Map(inherited.env),
    workdir: inherited.workdir,
    user: inherited.user,
  }
  for (const [name, value] of inherited.args) state.variables.set(name, value)
  const fill = (template: Template) => fillTemplate(template, new Map([...inherited.base, ...state.variables]))

  const operate = (title: string, steps: readonly Operation[], step?: Step) => {
    const path = `${folder}/operations-${files.length + 1}.json`
    const operations: Operations = {root, steps}
    files.push({path, text: JSON.stringify(operations), mode: 0o644})
    commands.push({kind: 'helper', title, argv: [path], cwd: '/', env: {}, ...(step === undefined ? {} : {step})})
  }
  const execFlags = [
    ...(work.mapping === 'none' ? [] : ['--fakeroot']),
    ...options.extra.filter(each => each === '--ignore-subuid' || each === '--ignore-fakeroot-command'),
    '--writable',
    '--cleanenv',
    '--no-mount',
    'tmp,home,cwd',
    '--pwd',
    '/',
    ...(options.nv ? ['--nv'] : []),
    ...(options.rocm ? ['--rocm'] : []),
    ...options.binds.flatMap(bind => ['--bind', bind]),
  ]
  const place = (step: CopyStep) => {
    const sources = work.placements.get(step) ?? []
    if (sources.length === 0) return
    operate(
      stepTitle(step),
      [
        {
          op: 'place',
          sources,
          destination: step.destination === undefined ? '/' : fill(step.destination.path),
          owner: step.from.kind === 'stage' || step.from.kind === 'image' ? 'keep' : 'root',
          ...(step.chown === undefined ? {} : {chown: fill(step.chown)}),
          ...(step.chmod === undefined ? {} : {chmod: fill(step.chmod)}),
        },
      ],
      step,
    )
  }

  let workdirSet = inherited.workdirSet
  for (const step of stage.steps) {
    switch (step.kind) {
      case 'env': {
        // All values are expanded before any is set (K50).
        const values = step.variables.map(each => [each.name, fill(each.value)] as const)
        for (const [name, value] of values) {
          state.variables.set(name, value)
          state.kept.set(name, value)
        }
        break
      }
      case 'arg':
        if (step.value !== undefined) state.variables.set(step.name, fill(step.value))
        break
      case 'workdir':
        state.workdir = fill(step.path)
        workdirSet = true
        operate(stepTitle(step), [{op: 'folder', path: state.workdir, ...(state.user === '' ? {} : {user: state.user})}], step)
        break
      case 'user':
        state.user = fill(step.user)
        break
      case 'copy':
        place(step)
        break
      case 'run':
        commands.push({
          kind: 'engine',
          title: stepTitle(step),
          argv: [program, 'exec', ...execFlags, root, '/bin/sh', '-c', prelude(state), 'sh', ...runArgv(step)],
          cwd: '/',
          env: at.env,
          step,
        })
        break
    }
  }

  const {settings} = stage
  for (const {name, value} of settings.env ?? []) state.kept.set(name, fill(value))
  const finish: Operation[] = []
  const own = [...state.kept].filter(([name, value]) => inherited.env.get(name) !== value)
  if (own.length > 0) {
    const text = own.map(([name, value]) => `export ${name}=${environmentQuote(value)}\n`).join('')
    finish.push({op: 'append', path: '/.singularity.d/env/90-environment.sh', text: `\n${text}`, mode: 0o755})
  }
  const start = runscriptLines({...work.start, workdir: workdirSet && !work.keepCwd ? state.workdir : undefined})
  if (start !== undefined)
    finish.push({op: 'write', path: '/.singularity.d/runscript', text: `#!/bin/sh\n${start.join('\n')}\n`, mode: 0o755})
  if (settings.runscript !== undefined)
    finish.push({op: 'write', path: '/.singularity.d/runscript', text: `#!/bin/sh\n\n${settings.runscript.text}`, mode: 0o755})
  if (settings.help !== undefined)
    finish.push({op: 'write', path: '/.singularity.d/runscript.help', text: settings.help.text, mode: 0o644})
  const labels = Object.fromEntries((settings.labels ?? []).map(each => [each.name, fill(each.value)]))
  if (Object.keys(labels).length > 0) finish.push({op: 'labels', path: '/.singularity.d/labels.json', set: labels})
  if (settings.test !== undefined)
    finish.push({op: 'write', path: '/.singularity.d/test', text: `#!/bin/sh\n\n${settings.test.text}\n`, mode: 0o755})
  if (finish.length > 0) operate('write the settings', finish)
  if (settings.test !== undefined && !options.notest) {
    const binds = options.shareTmp ? [] : ['--bind', `${at.tmp}:/tmp`, '--bind', `${at.varTmp}:/var/tmp`]
    commands.push({
      kind: 'engine',
      title: 'test',
      argv: [program, 'test', ...(work.mapping === 'none' ? [] : ['--fakeroot']), '--pwd', '/', ...binds, root],
      cwd: '/',
      env: at.env,
    })
  }

  return {files, commands}
}
