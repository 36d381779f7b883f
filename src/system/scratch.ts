/**
 * Scratch: the node-local folder of one build, with everything temporary in it. Each holds a note of its owner,
 * so that the next build can tell a dead one's folder and remove it.
 */
import {constants, readFileSync} from 'node:fs'
import {access, chown, lstat, mkdir, mkdtemp, readdir, readFile, realpath, statfs, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {ExitCode, SifstageError} from '../model/errors.js'
import type {Identity, Mapping} from '../model/ports.js'
import {fileError} from './files.js'
import {asHolder, fateOf, type Holder, ownHolder} from './holder.js'
import {asUser, insideNamespace} from './identity.js'
import {capture} from './processes.js'

const PREFIX = 'sifstage-scratch-'
const OWNER = 'owner.json'

/** File system types (statfs f_type) on which user namespaces cannot work or that are slow and shared. */
export const NETWORK_FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x0bd00bd0, 'Lustre'],
  [0x47504653, 'GPFS'],
  [0x19830326, 'BeeGFS'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB'],
  [0x00c36400, 'Ceph'],
  [0x65735546, 'FUSE'],
])

export interface Scratch {
  readonly folder: string
  /** Removes the folder with all in it, also what belongs to subordinate ids. */
  remove(): Promise<void>
}

interface Owner extends Holder {
  readonly mapping: Mapping
}

/** The folder that scratch folders go into, and which setting named it (design section 3). */
export function scratchParent(environment: NodeJS.ProcessEnv): {readonly folder: string; readonly from: string | undefined} {
  for (const name of ['SIFSTAGE_TMPDIR', 'APPTAINER_TMPDIR', 'SINGULARITY_TMPDIR', 'TMPDIR']) {
    const folder = environment[name]
    if (folder) return {folder, from: name}
  }
  return {folder: '/tmp', from: undefined}
}

/** Less room than this is too little for any image. */
const LEAST_BYTES = 100 << 20
const LEAST_FILES = 1_000

/** Whether the file system that a folder lies on forbids running programs (proc(5), `mountinfo`). */
export function isNoexec(folder: string): boolean {
  let best = ''
  let noexec = false
  try {
    for (const line of readFileSync('/proc/self/mountinfo', 'utf8').split('\n')) {
      const fields = line.split(' ')
      const point = (fields[4] ?? '').replace(/\\([0-7]{3})/g, (_, digits: string) =>
        String.fromCharCode(Number.parseInt(digits, 8)),
      )
      const holds = point !== '' && (folder === point || folder.startsWith(point === '/' ? '/' : `${point}/`))
      if (!holds || point.length < best.length) continue
      best = point
      noexec = (fields[5] ?? '').split(',').includes('noexec')
    }
  } catch {
    // No proc: the engine will say so itself.
  }
  return noexec
}

/** What a file system says of itself: its kind and what is left on it. */
export interface FileSystemFacts {
  readonly type: number
  readonly bavail: number
  readonly bsize: number
  readonly files: number
  readonly ffree: number
}

/** Why images cannot be unpacked in a folder, as far as its file system tells; undefined when they can. */
export function unfitness(folder: string, {type, bavail, bsize, files, ffree}: FileSystemFacts): string | undefined {
  const network = NETWORK_FILE_SYSTEMS.get(type >>> 0)
  if (network !== undefined) return `is on ${network}, where user namespaces do not work`
  if (isNoexec(folder)) return 'is mounted noexec, so that no program of an image could run'
  if (bavail * bsize < LEAST_BYTES) return `has only ${Math.floor((bavail * bsize) / (1 << 20))} MB left`
  // Some file systems count no inodes and say 0 of 0.
  return files > 0 && ffree < LEAST_FILES ? `has only ${ffree} inodes left` : undefined
}

/** Removes a tree in the namespace where all its owners are ours; the modes inside may forbid even its owner. */
export async function removeTree(folder: string, identity: Identity, mapping: Mapping, cwd = '/'): Promise<void> {
  const script =
    'rm -rf -- "$1" 2>/dev/null || { find "$1" -type d ! -perm -0700 -exec chmod u+rwx {} + 2>/dev/null; rm -rf -- "$1"; }'
  const argv = [...asUser(identity), ...insideNamespace(mapping), 'sh', '-c', script, 'sh', folder]
  await capture(argv, {cwd, env: {PATH: '/usr/bin:/bin:/usr/sbin:/sbin'}})
  // What the namespace cannot remove (our own files when the engine runs as another user) we can.
  if (process.getuid?.() === 0 || identity.uid === process.getuid?.()) {
    await capture(['rm', '-rf', '--', folder], {cwd, env: {PATH: '/usr/bin:/bin:/usr/sbin:/sbin'}})
  }
}

/** Whether a user gets into a folder: those above it count too. */
export async function reachableBy(identity: Identity, folder: string): Promise<boolean> {
  const argv = asUser(identity)
  // Our own folder we have just written to.
  if (argv.length === 0) return true
  return (await capture([...argv, 'test', '-x', folder], {cwd: '/', env: {PATH: '/usr/bin:/bin'}})).exitCode === 0
}

async function usableBy(identity: Identity, folder: string): Promise<boolean> {
  const argv = asUser(identity)
  if (argv.length === 0) {
    return access(folder, constants.W_OK | constants.X_OK).then(
      () => true,
      () => false,
    )
  }
  const result = await capture([...argv, 'test', '-w', folder, '-a', '-x', folder], {cwd: '/', env: {PATH: '/usr/bin:/bin'}})
  return result.exitCode === 0
}

/** Folders that scratch may go into, best first: whoever names one with our own variable means it. */
export function scratchCandidates(environment: NodeJS.ProcessEnv): readonly string[] {
  const {folder, from} = scratchParent(environment)
  return from === 'SIFSTAGE_TMPDIR' ? [folder] : [...new Set([folder, '/tmp', '/var/tmp'])]
}

/** The folder for this build's scratch: the setting's, or one that the engine's user can use. */
async function chooseParent(environment: NodeJS.ProcessEnv, identity: Identity): Promise<string> {
  const candidates = scratchCandidates(environment)
  const reasons: string[] = []
  for (const candidate of candidates) {
    try {
      const real = await realpath(candidate)
      const trouble = unfitness(real, await statfs(real))
      if (trouble !== undefined) reasons.push(`${candidate} ${trouble}`)
      else if (!(await usableBy(identity, real))) reasons.push(`${identity.user} cannot write to ${candidate}`)
      else return real
    } catch (error) {
      reasons.push(fileError(candidate, error).message)
    }
  }
  throw new SifstageError(
    ExitCode.usage,
    `no folder for temporary files: ${reasons.join('; ')}`,
    'Name a folder on a disk of this machine: SIFSTAGE_TMPDIR=/path/to/local/disk',
  )
}

/** Whether a build is over: a dead process of this machine, or one from before it was started anew. A container's pids are not ours. */
function isLeft(owner: Holder): boolean {
  const here = ownHolder()
  return fateOf(owner) === 'dead' || (owner.host === here.host && owner.boot !== here.boot)
}

/** Who made a folder that has no note yet, by its name; undefined where that says nothing. */
function makerOf(name: string): Holder | undefined {
  const [, pid = '', started = ''] = /^(\d+)_(\d+)_\w+$/.exec(name.slice(PREFIX.length)) ?? []
  return pid === '' ? undefined : {...ownHolder(), pid: Number(pid), started}
}

function mappingIn(note: unknown): Mapping {
  const mapping = typeof note === 'object' && note !== null && 'mapping' in note ? note.mapping : undefined
  return mapping === 'root-mapped' || mapping === 'none' ? mapping : 'subuid'
}

/** Removes the scratch folders of builds on this machine that are dead. */
async function sweepFolder(parent: string, identity: Identity): Promise<string[]> {
  const swept: string[] = []
  const names = await readdir(parent).catch(() => [])
  for (const name of names.filter(each => each.startsWith(PREFIX))) {
    const folder = join(parent, name)
    let note: unknown
    try {
      const {uid} = await lstat(folder)
      if (uid !== identity.uid && uid !== process.getuid?.()) continue
      note = JSON.parse(await readFile(join(folder, OWNER), 'utf8'))
    } catch {
      // Just being made, or its maker was killed right then: the name tells by whom.
      note = makerOf(name)
    }
    const owner = asHolder(note)
    if (owner === undefined || !isLeft(owner)) continue
    await removeTree(folder, identity, mappingIn(note), parent)
    swept.push(folder)
  }
  return swept
}

/** Removes what dead builds left where this one would work; a folder that cannot be used has nothing of ours. */
export async function sweepScratch(environment: NodeJS.ProcessEnv, identity: Identity): Promise<string[]> {
  return chooseParent(environment, identity).then(
    parent => sweepFolder(parent, identity),
    () => [],
  )
}

/**
 * Makes this build's scratch folder.
 * @throws SifstageError (2) when no usable folder is found
 */
export async function makeScratch(environment: NodeJS.ProcessEnv, identity: Identity, mapping: Mapping): Promise<Scratch> {
  const parent = await chooseParent(environment, identity)
  const owner: Owner = {...ownHolder(), mapping}
  const folder = await mkdtemp(join(parent, `${PREFIX}${owner.pid}_${owner.started || '0'}_`))
  await writeFile(join(folder, OWNER), JSON.stringify(owner))
  if (identity.uid !== process.getuid?.()) await chown(folder, identity.uid, identity.gid)
  return {folder, remove: () => removeTree(folder, identity, mapping, parent)}
}

/** A folder in scratch that the engine's user owns. */
export async function ownedFolder(folder: string, identity: Identity, mode = 0o755): Promise<string> {
  await mkdir(folder, {recursive: true, mode})
  if (identity.uid !== process.getuid?.()) await chown(folder, identity.uid, identity.gid)
  return folder
}
