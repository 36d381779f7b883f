/** `RUN --mount` inside `%post`, whose root may mount in its own namespace (K128, K129; tried with Apptainer 1.4.5). */
import {absolutePath, cleanPath} from '../../language/paths.js'
import {stageAt} from '../../language/stages.js'
import type {BindMount, CopyStep, Mount, RunStep} from '../../model/description.js'
import {plainText, type Template} from '../../model/template.js'
import {stageContextMount} from './contextcopies.js'
import {filesSource, shellWord} from './quote.js'
import type {StageScript} from './script.js'
import {withoutMetadata} from './stagecopies.js'

export type MountedVariables = readonly {readonly name: string; readonly value: string}[]

export interface Mounted {
  /** Something has to be taken away again. */
  readonly mounts: boolean
  /** The working folder lies in something mounted: nobody may stand in it when that goes. */
  readonly coversWorkdir: boolean
  readonly variables: MountedVariables
}

/** Lines that mount. One that cannot be carried over is reported; where that is allowed, the command runs without it. */
export function writeMounts(script: StageScript, step: RunStep, workdir: Template): Mounted {
  let mounts = false
  const folder = plainText(workdir)
  // A shell that stands in a folder goes on seeing what the mount hides.
  const coversWorkdir = (step.mounts ?? []).some(
    mount => mount.kind !== 'secret' && mount.kind !== 'ssh' && covers(plainText(mount.target), folder),
  )
  if (coversWorkdir) script.leaveMountedFolder()
  const variables: {name: string; value: string}[] = []
  for (const mount of step.mounts ?? []) {
    switch (mount.kind) {
      case 'bind':
        if (writeBind(script, mount, workdir)) mounts = true
        break
      case 'cache':
        if (writeCache(script, mount, workdir)) mounts = true
        break
      case 'tmpfs':
        mountAt(script, 'tmpfs', mount.target, workdir, mount.size === undefined ? undefined : `size=${mount.size}`)
        mounts = true
        break
      case 'secret':
        writeSecret(script, mount, variables)
        break
      case 'ssh':
        writeSsh(script, mount)
    }
  }
  return {mounts, coversWorkdir, variables}
}

/** Whether a mount point is the working folder, or above it; relative ones start there. */
function covers(target: string | undefined, workdir: string | undefined): boolean {
  if (target === undefined || workdir === undefined) return true
  return `${cleanPath(workdir)}/`.startsWith(`${absolutePath(workdir, target)}/`)
}

function mountAt(script: StageScript, source: string, target: Template, workdir: Template, option?: string): void {
  script.tool('mount')
  const text = plainText(target)
  const folder = plainText(workdir)
  const absolute = text !== undefined && !text.startsWith('/') && folder !== undefined ? [cleanPath(`${folder}/${text}`)] : target
  script.post(['sifstage_mount', shellWord(source), script.word(absolute), ...(option === undefined ? [] : [option])].join(' '))
}

function writeBind(script: StageScript, mount: BindMount, workdir: Template): boolean {
  const staged = stageSource(script, mount)
  if (staged === undefined) return false
  // What is written there is dropped with the staging folder.
  mountAt(script, staged, mount.target, workdir, mount.writable ? undefined : 'ro')
  return true
}

/** Where the files of a bind mount lie during `%post`. */
function stageSource(
  script: StageScript,
  mount: {from: BindMount['from']; source: Template; span: Mount['span']},
): string | undefined {
  const source = plainText(mount.source)
  if (source === undefined) {
    script.refuse(
      'copy-source-variable',
      mount.span,
      'The source of the mount holds a variable of the base image.',
      'Write the path out.',
    )
    return undefined
  }
  const copy: CopyStep = {
    kind: 'copy',
    rules: 'docker',
    span: mount.span,
    from: mount.from,
    sources: [{path: [source], span: mount.span}],
    destination: undefined,
  }
  if (mount.from.kind === 'context') return stageContextMount(script, copy, mount.from, source)
  const from =
    mount.from.kind === 'image'
      ? script.names.image(mount.from)
      : mount.from.index === undefined
        ? undefined
        : stageName(script, mount.from.index)
  const path = cleanPath(`/${source}`)
  const encoded = filesSource(path)
  if (from === undefined || encoded === undefined) {
    script.refuse('mount-source', mount.span, `${path} cannot be taken from there by %files.`, 'Copy it with COPY --from first.')
    return undefined
  }
  const staged = script.staging()
  script.files(from, `${encoded} ${staged}`)
  if (path === '/') script.post(withoutMetadata(script, staged))
  return staged
}

function stageName(script: StageScript, index: number): string | undefined {
  const source = stageAt(script.description, index)
  return source === undefined ? undefined : script.names.stage(source)
}

/** Empty at first, as in a first build, and shared by the commands of this stage (K128). */
function writeCache(script: StageScript, mount: Extract<Mount, {kind: 'cache'}>, workdir: Template): boolean {
  if (mount.from !== undefined) {
    script.refuse(
      'mount-cache-from',
      mount.span,
      'A cache that starts with files of a stage or image cannot be carried over.',
      'Copy the files first, or let sifstage build the Dockerfile.',
    )
    return false
  }
  const path = `/.sifstage/cache/${encodeURIComponent(mount.id).replace(/^\.+$/, dots => dots.replaceAll('.', '%2E'))}`
  const folder = shellWord(path)
  script.tool('mount')
  script.post(
    mount.uid === 0 && mount.gid === 0 && mount.mode === 0o755
      ? `mkdir -p ${folder}`
      : `[ -d ${folder} ] || { mkdir -p ${folder}; chown ${mount.uid}:${mount.gid} ${folder}; chmod ${mount.mode.toString(8)} ${folder}; }`,
  )
  mountAt(script, path, mount.target, workdir, mount.readOnly ? 'ro' : undefined)
  return true
}

/** K128: one that is absent and not required is no file, or an empty variable. */
function writeSecret(
  script: StageScript,
  mount: Extract<Mount, {kind: 'secret'}>,
  variables: {name: string; value: string}[],
): void {
  if (mount.required) {
    script.refuse(
      'secret-required',
      mount.span,
      `The command needs the secret ${mount.id}, and what a definition file brings along stays in the image.`,
      `Let sifstage build the Dockerfile itself: sifstage build --secret id=${mount.id},src=FILE`,
    )
  } else {
    script.warn(
      'secret-absent',
      mount.span,
      `The definition builds as docker does when nobody gives the secret ${mount.id}.`,
      `To use it, let sifstage build the Dockerfile: sifstage build --secret id=${mount.id},src=FILE`,
    )
  }
  if (mount.env !== undefined) variables.push({name: mount.env, value: ''})
}

function writeSsh(script: StageScript, mount: Extract<Mount, {kind: 'ssh'}>): void {
  if (mount.required) {
    script.refuse(
      'ssh-required',
      mount.span,
      'The command needs an ssh agent, and a definition file cannot ask for one.',
      'Fetch what it needs before the build, and COPY it.',
    )
  } else {
    script.warn(
      'ssh-absent',
      mount.span,
      'The definition builds as docker does when no ssh agent is given.',
      'Fetch what needs the agent before the build, and COPY it.',
    )
  }
}
