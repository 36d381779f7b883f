/** What `podman info` and `buildah info` say, and what that means for building with them. */
import type {ImageEngineFacts} from '../model/engines.js'
import type {Mapping} from '../model/ports.js'
import type {Note} from './probe.js'
import {isAtLeast} from './programs.js'

/** What is read of it; the two programs have it under different names. */
export interface ContainersInfo {
  /** Of the builder inside: podman says which buildah it holds. */
  readonly buildah: string | undefined
  readonly rootless: boolean
  /** podman: the work is done elsewhere. */
  readonly remote: boolean
  readonly storage: string
  readonly graphRoot: string
  /** The program that mounts layers where the kernel's own overlay is not used. */
  readonly mountProgram: string | undefined
  /** All owners become the one user, as somebody has asked. */
  readonly ignoresOwners: boolean
  /** `crun`, `runc`. */
  readonly runtime: string
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {}
}

function text(...values: readonly unknown[]): string | undefined {
  return values.find((each): each is string => typeof each === 'string' && each !== '')
}

/** The document among the lines that were printed, warnings before and behind it; undefined when there is none. */
export function readContainersInfo(lines: readonly string[]): ContainersInfo | undefined {
  const from = lines.indexOf('{')
  const to = lines.lastIndexOf('}')
  if (from === -1 || to < from) return undefined
  let parsed: unknown
  try {
    parsed = JSON.parse(lines.slice(from, to + 1).join('\n'))
  } catch {
    return undefined
  }
  const host = record(record(parsed)['host'])
  const store = record(record(parsed)['store'])
  const options = record(store['graphOptions'] ?? store['GraphOptions'])
  // podman gives an object for the program, or the text.
  const option = (name: string) => options[`overlay.${name}`] ?? options[name] ?? options[`vfs.${name}`]
  const mounter = option('mount_program')
  const storage = text(store['graphDriverName'], store['GraphDriverName'])
  if (storage === undefined) return undefined
  return {
    buildah: text(host['buildahVersion']),
    rootless: (record(host['security'])['rootless'] ?? host['rootless']) === true,
    remote: host['serviceIsRemote'] === true,
    storage,
    graphRoot: text(store['graphRoot'], store['GraphRoot']) ?? '/',
    mountProgram: text(mounter, record(mounter)['Executable']),
    ignoresOwners: option('ignore_chown_errors') === 'true',
    runtime: text(record(host['ociRuntime'])['name'], host['OCIRuntime']) ?? 'unknown',
  }
}

/** What the machine has that decides how well they work. */
export interface ContainersMachine {
  readonly mapping: Mapping
  readonly user: string
  /** Kind of the file system that images lie on, when it is one of the network. */
  readonly network: string | undefined
  readonly hasFuse: boolean
  readonly canMount: boolean
  /** Where subordinate ids come from and what is missing of it. */
  readonly ids: readonly Note[]
}

/** What the version alone says. */
function versionNotes(name: 'podman' | 'buildah', version: string, info: ContainersInfo): Note[] {
  const notes: Note[] = []
  const enough = name === 'podman' ? isAtLeast(version, 4, 2) : isAtLeast(version, 1, 27)
  if (!enough)
    notes.push({
      ok: false,
      text: `${name} ${version} is too old: earlier stages are handed on by --build-context, which ${name === 'podman' ? '4.2' : '1.27'} brought`,
      fix: `a newer ${name}, from a newer release of the distribution`,
    })
  else if (!hasHeredocs(name, version, info))
    notes.push({
      ok: true,
      text: `${name} ${version} reads no here-documents (RUN <<EOF): stages that need one are refused`,
      fix: `${name} ${name === 'podman' ? '4.9' : '1.33'} or newer, or another engine for them`,
    })
  return notes
}

function hasHeredocs(name: 'podman' | 'buildah', version: string, info: ContainersInfo): boolean {
  const builder = name === 'podman' ? info.buildah : version
  return builder === undefined ? isAtLeast(version, 4, 9) : isAtLeast(builder, 1, 33)
}

function storageNotes({storage, graphRoot, mountProgram, rootless}: ContainersInfo, machine: ContainersMachine): Note[] {
  const move = 'name a folder on a disk of this machine: rootless_storage_path (graphroot for root) in storage.conf'
  if (machine.network !== undefined)
    return [
      {
        ok: !rootless,
        text: `images lie on ${machine.network} (${graphRoot}), where ${rootless ? 'subordinate owners cannot be kept' : 'builds are slow'}`,
        fix: move,
      },
    ]
  if (storage === 'vfs')
    return [
      {
        ok: true,
        text: 'storage driver vfs: the whole image is copied for each layer, which is slow and large',
        fix: 'driver = "overlay" in storage.conf (kernel 5.13, or fuse-overlayfs), then `podman system reset`, which removes all its images',
      },
    ]
  if (mountProgram !== undefined)
    return [
      machine.hasFuse
        ? {ok: true, text: `storage driver ${storage} by ${mountProgram}, slower than the kernel's own`}
        : {
            ok: false,
            text: `${mountProgram} mounts the layers and needs /dev/fuse, which is not here`,
            fix: 'a container needs --device /dev/fuse',
          },
    ]
  return [{ok: true, text: `storage driver ${storage}`}]
}

/** What works and what does not, before anything is tried. */
export function containersNotes(
  name: 'podman' | 'buildah',
  version: string,
  info: ContainersInfo,
  machine: ContainersMachine,
): Note[] {
  const notes = versionNotes(name, version, info)
  if (info.remote)
    notes.push({
      ok: false,
      text: 'podman here only asks a podman elsewhere, which sees none of our folders',
      fix: 'unset CONTAINER_HOST and CONTAINER_CONNECTION, and leave --remote out of containers.conf',
    })
  if (info.rootless && machine.mapping === 'root-mapped' && info.ignoresOwners)
    notes.push({ok: true, text: `${machine.user} has no subordinate ids: all owners in images become the one user`})
  else if (info.rootless) notes.push(...machine.ids)
  else notes.push({ok: true, text: machine.canMount ? 'runs as root' : 'runs as root without the right to mount (a container)'})
  return [...notes, ...storageNotes(info, machine)]
}

/** What decides how the program is called. */
export function containersFacts(
  name: 'podman' | 'buildah',
  path: string,
  version: string,
  info: ContainersInfo,
  mapping: Mapping,
  isolation: 'default' | 'chroot',
): ImageEngineFacts {
  return {
    name,
    path,
    version,
    serverVersion: undefined,
    buildx: undefined,
    builder: undefined,
    storage: info.storage,
    rootless: info.rootless,
    mapping,
    isolation,
    heredocs: hasHeredocs(name, version, info),
    exports: true,
  }
}
