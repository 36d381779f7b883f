/**
 * A stage of docker's rules, step by step in one sandbox: files are placed by our helper, each RUN is an
 * `apptainer exec` of its own, and at the end the settings are written where Apptainer looks for them.
 */
import {absolutePath, destinationPath} from '../language/paths.js'
import {nothingToRun, runscriptLines} from '../language/runscript.js'
import {environmentQuote, shellQuote} from '../language/shell.js'
import {fillTemplate} from '../language/templates.js'
import type {CopyStep, RunStep, Step} from '../model/description.js'
import type {Operation, Operations} from '../model/operations.js'
import type {StageCommand, StageScript, StageWork} from '../model/ports.js'
import type {Template} from '../model/template.js'
import {headerLabels, headerLines, isSupplied, namedBootstrap} from './apptainer-base.js'
import {runParts} from './apptainer-run.js'
import type {Traits} from './singularity.js'

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

interface State {
  /** Variables for RUN, and those of them that stay in the image. */
  readonly variables: Map<string, string>
  readonly kept: Map<string, string>
  workdir: string
  user: string
}

export interface DockerScript {
  readonly files: StageScript['files']
  readonly commands: readonly StageCommand[]
}

export function dockerSteps(
  work: StageWork,
  program: string,
  at: {
    readonly tmp: string
    readonly varTmp: string
    readonly env: Readonly<Record<string, string>>
    readonly traits: Traits
  },
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
  // What a template leaves open is a variable of the base image, as it was before any step.
  const fill = (template: Template) => fillTemplate(template, inherited.base)

  const operate = (title: string, steps: readonly Operation[], more: Pick<StageCommand, 'step' | 'always' | 'quiet'> = {}) => {
    const path = `${folder}/operations-${files.length + 1}.json`
    const operations: Operations = {root, steps}
    files.push({path, text: JSON.stringify(operations), mode: 0o644})
    commands.push({kind: 'helper', title, argv: [path], cwd: '/', env: {}, ...more})
  }
  const execFlags = [
    ...(work.mapping === 'none' ? [] : ['--fakeroot']),
    ...options.extra.filter(each => at.traits.ignoreFlags.includes(each)),
    '--writable',
    '--cleanenv',
    // A /dev of its own, as docker's commands have one; all else that it would hide is left out by name (K117).
    '--contain',
    '--no-mount',
    'tmp,home,cwd',
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
          destination: destinationPath(state.workdir, step.destination === undefined ? '/' : fill(step.destination.path)),
          owner: step.from.kind === 'stage' || step.from.kind === 'image' ? 'keep' : 'root',
          ...(step.chown === undefined ? {} : {chown: fill(step.chown)}),
          ...(step.chmod === undefined ? {} : {chmod: fill(step.chmod)}),
          ...(step.link === undefined ? {} : {link: true}),
        },
      ],
      {step},
    )
  }
  let runs = 0
  const run = (step: RunStep) => {
    runs += 1
    const parts = runParts(step, runs, {...state, fill}, work, execFlags, program)
    files.push(...parts.files)
    operate('prepare the command', parts.before, {step, quiet: true})
    commands.push({kind: 'engine', title: stepTitle(step), argv: parts.argv, cwd: '/', env: at.env, step})
    operate('tidy up after the command', parts.after, {step, always: true, quiet: true})
  }

  const named = namedBootstrap(work.base)
  // The engine saw our copy of the base; nothing in the image names a folder of this build's scratch.
  if (named !== undefined && isSupplied(work.base))
    operate(
      'name the base',
      [
        {
          op: 'labels',
          path: '/.singularity.d/labels.json',
          set: headerLabels([
            {key: 'bootstrap', value: named.agent},
            {key: 'from', value: named.from},
          ]),
        },
        {op: 'write', path: '/.singularity.d/Singularity', text: headerLines(named), mode: 0o644},
      ],
      {quiet: true},
    )

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
        state.workdir = absolutePath(state.workdir, fill(step.path))
        workdirSet = true
        operate(stepTitle(step), [{op: 'folder', path: state.workdir, ...(state.user === '' ? {} : {user: state.user})}], {step})
        break
      case 'user':
        state.user = fill(step.user)
        break
      case 'copy':
        place(step)
        break
      case 'run':
        run(step)
        break
    }
  }

  const {settings} = stage
  for (const {name, value} of settings.env ?? []) state.kept.set(name, fill(value))
  const finish: Operation[] = []
  // Variables of the base that the engine writes down wrongly when it unpacks it (D113) are said again.
  const distorted = work.base.kind === 'stage' ? [] : [...inherited.base].filter(([, value]) => /["$`\\]/.test(value))
  const own = [...new Map([...distorted, ...state.kept])].filter(([name, value]) => inherited.env.get(name) !== value)
  if (own.length > 0) {
    const text = own.map(([name, value]) => `export ${name}=${environmentQuote(value)}\n`).join('')
    finish.push({op: 'append', path: '/.singularity.d/env/90-environment.sh', text: `\n${text}`, mode: 0o755})
  }
  const isCleared = work.start.entrypoint !== undefined || work.start.cmd !== undefined
  const start =
    runscriptLines({...work.start, workdir: workdirSet && !work.keepCwd ? state.workdir : undefined}) ??
    (isCleared ? nothingToRun : undefined)
  if (start !== undefined) {
    const folder = workdirSet || work.keepCwd ? undefined : inherited.baseFolder
    const first = folder === undefined ? [] : [`[ ! -d ${shellQuote(folder)} ] || cd ${shellQuote(folder)} || exit`]
    const text = `#!/bin/sh\n${[...first, ...start].join('\n')}\n`
    finish.push({op: 'write', path: '/.singularity.d/runscript', text, mode: 0o755})
  }
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
