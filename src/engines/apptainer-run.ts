/**
 * One RUN of docker's rules as an `apptainer exec` in the stage's sandbox. The command is started by programs of the
 * machine that are bound in for the moment (the launcher), so that its environment, user and folder are docker's in any
 * image, also in one without a shell (K114, K116, K117, K120).
 */
import {absolutePath} from '../language/paths.js'
import {shellLine, shellQuote} from '../language/shell.js'
import type {CacheMount, Command, Mount, RunStep} from '../model/description.js'
import type {MountPoint, Operation} from '../model/operations.js'
import type {Mounted, StageScript, StageWork} from '../model/ports.js'
import type {LauncherProgram} from '../model/supplies.js'
import type {Template} from '../model/template.js'

/** Where the launcher is bound in the image: a folder of the engine's own. */
const LAUNCHER_AT = '/.singularity.d/sifstage'

/** Variables that Apptainer adds and docker does not (D63, K132); they are dropped where the base's own are not known. */
const ADDED = [
  'LD_LIBRARY_PATH',
  'LANG',
  'PS1',
  'PROMPT_COMMAND',
  'OLDPWD',
  'PWD',
  'SHLVL',
  ...['ENVIRONMENT', 'COMMAND', 'APPNAME', 'BIND', 'CONTAINER', 'NAME'].flatMap(name => [
    `APPTAINER_${name}`,
    `SINGULARITY_${name}`,
  ]),
]

/** What holds at a RUN, from the steps before it. */
export interface RunState {
  readonly variables: ReadonlyMap<string, string>
  readonly workdir: string
  readonly user: string
  readonly fill: (template: Template) => string
}

export interface RunParts {
  readonly before: readonly Operation[]
  readonly after: readonly Operation[]
  readonly files: StageScript['files']
  readonly argv: readonly string[]
}

interface Bind extends Mounted {
  readonly target: string
  readonly readOnly: boolean
  /** Copied or made before the command, so that what is written there is not kept. */
  readonly lay: Operation | undefined
}

function runArgv(command: Command): readonly string[] {
  switch (command.kind) {
    case 'exec':
      return command.argv
    case 'shell':
      return [...command.shell, command.text]
    case 'script':
      return ['/bin/sh', '-ex', '-c', command.text]
    case 'file':
      return [...command.shell, `/dev/pipes/${command.name}`]
  }
}

/** What a mount binds where; nothing for a secret that was not given or is a variable only, and for an ssh agent. */
function bindOf(mount: Mount, place: string, work: StageWork, state: RunState): Bind[] {
  const targetOf = (template: Template) => absolutePath(state.workdir, state.fill(template))
  const mounted = work.mounted.get(mount)
  switch (mount.kind) {
    case 'bind': {
      if (mounted === undefined) return []
      const target = targetOf(mount.target)
      if (!mount.writable) return [{...mounted, target, readOnly: true, lay: undefined}]
      // What is written is dropped (K128): the command gets a copy.
      return [{...mounted, from: place, target, readOnly: false, lay: {op: 'lay', from: mounted.from, to: place, as: undefined}}]
    }
    case 'cache':
      return mounted === undefined
        ? []
        : [{...mounted, target: targetOf(mount.target), readOnly: mount.readOnly, lay: layCache(mount, mounted, work)}]
    case 'tmpfs': {
      const lay = {op: 'lay', from: undefined, to: place, as: {uid: 0, gid: 0, mode: 0o1777}} as const
      return [{from: place, kind: 'folder', target: targetOf(mount.target), readOnly: false, lay}]
    }
    case 'secret': {
      if (mounted === undefined || mount.target === undefined) return []
      const {uid, gid, mode} = mount
      // In the private folder that is gone after the build.
      const own = `${work.secrets?.copies}/${work.stage.index}-${place.slice(place.lastIndexOf('/') + 1)}`
      const lay = {op: 'lay', from: mounted.from, to: own, as: {uid, gid, mode}} as const
      return [{from: own, kind: 'file', target: targetOf(mount.target), readOnly: true, lay}]
    }
    case 'ssh':
      return []
  }
}

function layCache(mount: CacheMount, mounted: Mounted, work: StageWork): Operation {
  const initial = work.cacheContent.get(mount)
  return {op: 'lay', from: initial, to: mounted.from, as: {uid: mount.uid, gid: mount.gid, mode: mount.mode}}
}

/** `--bind`, or its longer form for names that hold what separates its fields. */
function bindFlag(from: string, target: string, readOnly: boolean): readonly string[] {
  if (!/[:,"]/.test(from + target)) return ['--bind', `${from}:${target}${readOnly ? ':ro' : ''}`]
  const field = (name: string, value: string) => `"${name}=${value.replaceAll('"', '""')}"`
  return ['--mount', ['type=bind', field('source', from), field('destination', target), ...(readOnly ? ['ro'] : [])].join(',')]
}

/** The place of each mount, with those that lie in another mount told so. */
function mountPoints(binds: readonly Bind[]): MountPoint[] {
  return binds.map(({target, kind}) => {
    const outer = binds.findLast(each => each.kind === 'folder' && target.startsWith(`${each.target}/`))
    return {
      target,
      kind,
      ...(outer === undefined ? {} : {inside: {folder: outer.from, path: target.slice(outer.target.length)}}),
    }
  })
}

/** Everything that one RUN takes. `number` tells the RUNs of a stage apart. */
export function runParts(
  step: RunStep,
  number: number,
  state: RunState,
  work: StageWork,
  flags: readonly string[],
  program: string,
): RunParts {
  const {launcher, folder} = work
  if (launcher === undefined) throw new Error(`stage ${work.stage.name} has commands and no launcher`)
  const tool = (name: LauncherProgram) => launcher.program(name, LAUNCHER_AT)
  const files: {path: string; text: string; mode: number}[] = []
  const mounts = step.mounts ?? []
  // Outer mounts first, as BuildKit sorts them.
  const binds = mounts
    .flatMap((mount, index) => bindOf(mount, `${folder}/mount-${number}-${index}`, work, state))
    .sort((a, b) => (a.target < b.target ? -1 : a.target > b.target ? 1 : 0))
  const bindFlags = [
    ...bindFlag(launcher.folder, LAUNCHER_AT, true),
    ...binds.flatMap(each => bindFlag(each.from, each.target, each.readOnly)),
  ]

  // What has to be done inside first, by the launcher's own shell.
  const inside: string[] = []
  for (const [index, mount] of mounts.entries()) {
    if (mount.kind !== 'secret' || mount.env === undefined) continue
    const mounted = work.mounted.get(mount)
    const name = `secret-${number}-${index}`
    if (mounted === undefined) inside.push(`export ${mount.env}=`)
    else {
      files.push({path: `${launcher.folder}/${name}`, text: '', mode: 0o644})
      bindFlags.push(...bindFlag(mounted.from, `${LAUNCHER_AT}/${name}`, true))
      // The value is in the environment only: never among arguments, which everybody on the machine can read.
      // The point keeps the line ends at the end.
      inside.push(`${mount.env}=$(${shellLine([...tool('cat'), `${LAUNCHER_AT}/${name}`])}; echo .)`)
      inside.push(`${mount.env}=\${${mount.env}%.}`, `export ${mount.env}`)
    }
  }
  if (step.command.kind === 'file') {
    const name = `pipe-${number}`
    const path = `/dev/pipes/${step.command.name}`
    files.push({path: `${launcher.folder}/${name}`, text: step.command.text, mode: 0o755})
    inside.push(shellLine([...tool('mkdir'), '-p', path.slice(0, path.lastIndexOf('/'))]))
    inside.push(`${shellLine([...tool('cp'), `${LAUNCHER_AT}/${name}`, path])} || exit`)
  }
  if (inside.length > 0) inside.push('unset PWD OLDPWD', 'exec "$@"')

  const {inherited} = work
  const variables = new Map([...(inherited.baseKnown ? inherited.base : []), ...state.variables])
  const environment = inherited.baseKnown ? ['-i'] : ADDED.flatMap(name => ['-u', name])
  const words = [
    ...[program, 'exec', ...flags, '--pwd', state.workdir],
    ...(step.network === 'none' ? ['--net', '--network', 'none'] : []),
    ...bindFlags,
    work.root,
    ...[...tool('env'), ...environment, ...[...variables].map(([name, value]) => `${name}=${value}`)],
  ]
  const who = `${folder}/user-${number}`
  const script = [
    `{ read -r uid; read -r gid; read -r groups; IFS= read -r home; } <${shellQuote(who)} || exit`,
    ...(work.mapping === 'root-mapped'
      ? [
          'if [ "$uid:$gid" != 0:0 ]; then echo "sifstage: only one user is mapped into the image here, so that no command can run as $uid:$gid" >&2; exit 1; fi',
          'set --',
        ]
      : [
          'if [ -n "$groups" ]; then set -- "--groups=$groups"; else set -- --clear-groups; fi',
          `set -- ${shellLine(tool('setpriv'))} "--reuid=$uid" "--regid=$gid" "$@" --`,
        ]),
    `exec ${shellLine(words)}${variables.has('HOME') ? '' : ' "HOME=$home"'} ${
      inside.length === 0 ? '' : `${shellLine([...tool('sh'), '-c', inside.join('\n'), 'sh'])} `
    }"$@" ${shellLine(runArgv(step.command))}`,
  ]
  const path = `${folder}/run-${number}.sh`
  files.push({path, text: `${script.join('\n')}\n`, mode: 0o644})

  const note = `${folder}/mount-points-${number}.json`
  return {
    before: [
      {op: 'user', user: state.user, file: who},
      // As runc does: a folder that a step removed is made again.
      {op: 'folder', path: state.workdir},
      ...binds.flatMap(each => each.lay ?? []),
      {op: 'mount-points', points: [{target: LAUNCHER_AT, kind: 'folder'}, ...mountPoints(binds)], file: note},
    ],
    after: [{op: 'clear-mount-points', file: note}],
    files,
    argv: ['sh', path],
  }
}
