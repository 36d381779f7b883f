/** Which engines are here and what they can do, and why not (design: `engines`). Looks; changes nothing. */
import {accessSync, constants, readFileSync, statSync} from 'node:fs'
import {readFile} from 'node:fs/promises'
import {join} from 'node:path'
import {apptainerEngine} from '../engines/apptainer.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import type {Engine, EngineStatus, Identity, Mapping} from '../model/ports.js'
import {engineEnvironment} from '../system/environment.js'
import {makeOwned, writeWhole} from '../system/files.js'
import {asUser, hasSubordinateIds, mappingOf} from '../system/identity.js'
import {capture} from '../system/processes.js'

type Note = EngineStatus['notes'][number]

/** A program in the folders of a PATH. */
export function findProgram(name: string, path: string): string | undefined {
  for (const folder of path.split(':')) {
    const file = join(folder, name)
    try {
      accessSync(file, constants.X_OK)
      if (statSync(file).isFile()) return file
    } catch {
      // Not in this folder.
    }
  }
  return undefined
}

function readNumber(file: string): number | undefined {
  try {
    return Number(readFileSync(file, 'utf8').trim())
  } catch {
    return undefined
  }
}

/** Capabilities that root lacks in this container; Apptainer run by root asks for all of them (its `starter` refuses otherwise). */
function rootLacks(): boolean {
  try {
    const status = readFileSync('/proc/self/status', 'utf8')
    const permitted = BigInt(`0x${/^CapPrm:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`)
    const last = readNumber('/proc/sys/kernel/cap_last_cap') ?? 40
    const all = (1n << BigInt(last + 1)) - 1n
    return (permitted & all) !== all
  } catch {
    return false
  }
}

/** Users with subordinate ids, whom root could run the engine as. */
function possibleUsers(): string[] {
  try {
    return readFileSync('/etc/subuid', 'utf8')
      .split('\n')
      .map(line => line.split(':')[0] ?? '')
      .filter(name => name !== '' && name !== 'root')
      .slice(0, 3)
  } catch {
    return []
  }
}

/** The version by asking the program, or from what was asked before of the same file: an unchanged build starts no engine. */
async function versionOf(
  program: string,
  store: string,
  env: Record<string, string>,
  identity: Identity,
): Promise<string | undefined> {
  const file = join(store, 'engines.json')
  const stats = statSync(program)
  const mark = `${program} ${stats.size} ${stats.mtimeMs} ${stats.ino}`
  let known: Record<string, unknown> = {}
  try {
    const parsed: unknown = JSON.parse(await readFile(file, 'utf8'))
    if (typeof parsed === 'object' && parsed !== null) known = Object.fromEntries(Object.entries(parsed))
  } catch {
    // Nothing was asked yet.
  }
  const before = known[mark]
  if (typeof before === 'string') return before
  const answer = await capture([...asUser(identity), program, '--version'], {cwd: '/', env}).catch(() => undefined)
  const version = /(\d+\.\d+[^\s]*)/.exec(answer?.lines.join(' ') ?? '')?.[1]
  if (answer?.exitCode !== 0 || version === undefined) return undefined
  try {
    await makeOwned(store, identity)
    await writeWhole(file, `${JSON.stringify({...known, [mark]: version})}\n`)
  } catch {
    // A store that cannot be written says so when it is needed.
  }
  return version
}

export interface ProbeOptions {
  readonly identity: Identity
  readonly environment: NodeJS.ProcessEnv
  /** The store's folder, where versions are remembered. */
  readonly store: string
  readonly ignoreSubordinate: boolean
}

export interface Probed {
  readonly status: EngineStatus
  readonly engine: Engine | undefined
}

/** What is needed besides the engine itself. */
function toolNotes(path: string): Note[] {
  const tools: readonly (readonly [name: string, what: string, fix: string])[] = [
    ['mksquashfs', 'stage images are packed with it', 'apt-get install squashfs-tools'],
    ['unsquashfs', 'artifacts are taken out with it', 'apt-get install squashfs-tools'],
    ['tar', 'image trees are read with it', 'apt-get install tar'],
    ['unshare', 'trees with subordinate owners are read in a user namespace', 'apt-get install util-linux'],
  ]
  return tools.map(([name, what, fix]) =>
    findProgram(name, path) === undefined ? {ok: false, text: `${name} is missing: ${what}`, fix} : {ok: true, text: name},
  )
}

function userNotes(identity: Identity, mapping: Mapping, path: string): Note[] {
  if (identity.uid === 0) {
    if (!rootLacks()) return [{ok: true, text: 'runs as root, with all capabilities'}]
    const users = possibleUsers()
    return [
      {
        ok: false,
        text: 'root has not all capabilities here (a container), and Apptainer run by root asks for all of them: "Requesting capability set … while permitted capability set is …"',
        fix:
          users.length > 0
            ? `let it run as an unprivileged user: --run-as ${users[0]} (or SIFSTAGE_RUN_AS=${users[0]})`
            : 'make an unprivileged user with scripts/setup.sh, then: --run-as USER (or SIFSTAGE_RUN_AS=USER)',
      },
    ]
  }
  const notes: Note[] = []
  const spaces = readNumber('/proc/sys/user/max_user_namespaces')
  if (spaces === 0 || readNumber('/proc/sys/kernel/unprivileged_userns_clone') === 0)
    notes.push({
      ok: false,
      text: 'the kernel allows no user namespaces',
      fix: 'sysctl -w user.max_user_namespaces=15000 kernel.unprivileged_userns_clone=1',
    })
  if (readNumber('/proc/sys/kernel/apparmor_restrict_unprivileged_userns') === 1)
    notes.push({ok: true, text: 'AppArmor restricts user namespaces: the engine needs its profile (its package brings one)'})
  if (mapping === 'subuid') {
    if (findProgram('newuidmap', path) === undefined)
      notes.push({ok: false, text: 'newuidmap is missing: subordinate ids cannot be mapped', fix: 'apt-get install uidmap'})
    else notes.push({ok: true, text: `${identity.user} has subordinate ids: owners in images are real`})
  } else {
    const has = hasSubordinateIds(identity)
    notes.push({
      ok: true,
      text: has
        ? 'subordinate ids are set aside on request: all owners in images become the one user'
        : `${identity.user} has no subordinate ids: all owners in images become the one user, and %post runs under the \`fakeroot\` command, which fails on static and musl bases`,
      fix: `usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${identity.user}`,
    })
  }
  return notes
}

/** Apptainer, or SingularityCE where only that is. */
export async function probeApptainer(
  options: ProbeOptions,
  wanted: readonly ('apptainer' | 'singularity')[] = ['apptainer', 'singularity'],
): Promise<Probed> {
  const env = engineEnvironment(options.environment, options.identity)
  const path = env['PATH'] ?? ''
  const mapping = mappingOf(options.identity, options.ignoreSubordinate)
  for (const name of wanted) {
    const program = findProgram(name, path)
    if (program === undefined) continue
    const version = await versionOf(program, options.store, env, options.identity)
    const notes: Note[] = [...toolNotes(path), ...userNotes(options.identity, mapping, path)]
    if (version === undefined)
      notes.unshift({
        ok: false,
        text: `${program} does not say its version when it is run`,
        fix: `run it by hand: ${program} --version`,
      })
    if (name === 'singularity')
      notes.push({ok: true, text: 'SingularityCE follows other rules in places; building with it has not been tried by us'})
    const usable = version !== undefined && notes.every(each => each.ok)
    return {
      status: {name, usable, version, path: program, mapping, notes},
      engine: version === undefined ? undefined : apptainerEngine({name, path: program, version}),
    }
  }
  return {
    status: {
      name: wanted[0] ?? 'apptainer',
      usable: false,
      version: undefined,
      path: undefined,
      mapping: undefined,
      notes: [
        {
          ok: false,
          text: 'not found in PATH',
          fix: 'sudo scripts/setup.sh (Debian), or https://apptainer.org/docs/admin/main/installation.html',
        },
      ],
    },
    engine: undefined,
  }
}

/** Engines of the docker family: found or not. This version does not build with them. */
export function probeOthers(environment: NodeJS.ProcessEnv, identity: Identity): EngineStatus[] {
  const path = engineEnvironment(environment, identity)['PATH'] ?? ''
  return ['docker', 'podman', 'buildah'].map(name => {
    const program = findProgram(name, path)
    const text = program === undefined ? 'not found in PATH' : 'is here, but this version of sifstage builds with Apptainer only'
    return {name, usable: false, version: undefined, path: program, mapping: undefined, notes: [{ok: false, text}]}
  })
}

/**
 * The engine to build with.
 * @throws SifstageError (4) that says what is missing and what to do
 */
export async function chooseEngine(
  wanted: string,
  options: ProbeOptions,
): Promise<{readonly engine: Engine; readonly version: string; readonly mapping: Mapping}> {
  if (wanted !== 'auto' && wanted !== 'apptainer' && wanted !== 'singularity') {
    const known = ['docker', 'podman', 'buildah'].includes(wanted)
    throw new SifstageError(
      known ? ExitCode.noEngine : ExitCode.usage,
      known
        ? `--engine ${wanted}: this version of sifstage builds with apptainer and singularity only`
        : `--engine ${wanted}: there is no such engine`,
      'Use --engine apptainer, or leave it out. `sifstage engines` shows what is here.',
    )
  }
  const {status, engine} = await probeApptainer(options, wanted === 'auto' ? undefined : [wanted])
  const trouble = status.notes.find(each => !each.ok)
  if (engine === undefined || status.version === undefined || status.mapping === undefined || trouble !== undefined) {
    throw new SifstageError(
      ExitCode.noEngine,
      `no usable engine: ${status.name}: ${trouble?.text ?? 'it cannot be used'}`,
      trouble?.fix === undefined
        ? '`sifstage engines` shows what is here.'
        : `${trouble.fix}\n\`sifstage engines\` shows all that is here.`,
    )
  }
  return {engine, version: status.version, mapping: status.mapping}
}
