/**
 * podman and buildah, which have no daemon: they run as the engine's user, and all depends on what that user may do here.
 */
import {createHash} from 'node:crypto'
import {existsSync} from 'node:fs'
import {statfs} from 'node:fs/promises'
import {join} from 'node:path'
import {explainContainers} from '../engines/containers-errors.js'
import type {ImageEngineFacts} from '../model/engines.js'
import {engineEnvironment} from '../system/environment.js'
import {mappingOf} from '../system/identity.js'
import {NETWORK_FILE_SYSTEMS} from '../system/scratch.js'
import {
  type ContainersInfo,
  type ContainersMachine,
  containersFacts,
  containersNotes,
  readContainersInfo,
} from './containers-info.js'
import {CAP_SYS_ADMIN, lacksCapability, namespaceNotes, runAsFix, subordinateNotes} from './machine.js'
import {type Note, notHere, type Probed, type ProbeOptions} from './probe.js'
import {type Answer, Answers, ask, fileMark, findProgram, versionOf} from './programs.js'
import {tryRun} from './trial.js'

type Name = 'podman' | 'buildah'
type Isolation = ImageEngineFacts['isolation']

/** Variables and files that change what `info` says (containers.conf(5), storage.conf(5)). */
const VARIABLES =
  /^(CONTAINERS?_.*|STORAGE_.*|BUILDAH_.*|XDG_CONFIG_HOME|XDG_DATA_HOME|XDG_RUNTIME_DIR|HOME|TMPDIR|_CONTAINERS_.*)$/

function configFiles(env: Readonly<Record<string, string>>): string[] {
  const own = join(env['XDG_CONFIG_HOME'] ?? join(env['HOME'] ?? '/', '.config'), 'containers')
  const named = [env['CONTAINERS_CONF'], env['CONTAINERS_STORAGE_CONF']].filter(each => each !== undefined)
  const folders = ['/usr/share/containers', '/etc/containers', own]
  return [...folders.flatMap(folder => [join(folder, 'storage.conf'), join(folder, 'containers.conf')]), ...named]
}

/** Changes when the program, its user or its settings do. */
function situation(program: string, uid: number, env: Readonly<Record<string, string>>): string {
  const variables = Object.entries(env)
    .filter(([name]) => VARIABLES.test(name))
    .sort()
  const all = [fileMark(program), uid, variables, configFiles(env).map(fileMark), fileMark('/etc/subuid')]
  return createHash('sha256').update(JSON.stringify(all)).digest('hex').slice(0, 32)
}

/** Control groups of both versions beside each other, which crun refuses. */
function isHybrid(): boolean {
  return existsSync('/sys/fs/cgroup/unified') && !existsSync('/sys/fs/cgroup/cgroup.controllers')
}

/** How a RUN is likely to work where nobody has tried it yet. */
function likelyIsolation(info: ContainersInfo, env: Readonly<Record<string, string>>): Isolation {
  const asked = env['BUILDAH_ISOLATION']
  if (asked !== undefined && asked !== '') return asked === 'chroot' ? 'chroot' : 'default'
  return info.runtime.endsWith('crun') && isHybrid() ? 'chroot' : 'default'
}

async function networkOf(folder: string): Promise<string | undefined> {
  try {
    return NETWORK_FILE_SYSTEMS.get((await statfs(folder)).type)
  } catch {
    // Not made yet, or not for our eyes.
    return undefined
  }
}

/** What the program says when it cannot even tell about itself. */
function silentNote(program: string, {lines, late}: Answer, uid: number): Note {
  const text = lines.filter(line => !line.startsWith('time=') || line.includes('level=error')).at(-1)
  const known = explainContainers(lines)
  return {
    ok: false,
    text: late ? `${program} info does not end` : `${program} info fails: ${known?.message ?? text ?? 'it says nothing'}`,
    fix: known?.hint ?? (uid === 0 ? runAsFix() : `run it by hand: ${program} info`),
  }
}

function trialNote(name: Name, result: Awaited<ReturnType<typeof tryRun>>): Note {
  if (result.isolation === 'default') return {ok: true, text: 'tried: a RUN works, in a container of its own'}
  const known = explainContainers(result.said)
  const why = known?.message ?? result.said.at(-1) ?? 'it fails'
  if (result.isolation === 'chroot')
    return {
      ok: true,
      text: `tried: a RUN works with --isolation chroot only, which has the machine's network: ${why}`,
      fix: known?.hint ?? `run it by hand: ${name} info`,
    }
  return {ok: false, text: `tried: no RUN works: ${why}`, fix: known?.hint ?? 'another engine'}
}

export async function probeContainers(name: Name, options: ProbeOptions): Promise<Probed> {
  const {identity} = options
  const env = engineEnvironment(options.environment, identity)
  const path = findProgram(name, env['PATH'] ?? '')
  if (path === undefined) return notHere(name, `apt-get install ${name} uidmap fuse-overlayfs slirp4netns`)
  const answers = new Answers(options.store, identity)
  const found = await versionOf(path, env, identity, answers)
  const {version} = found
  const mapping = mappingOf(identity, options.ignoreSubordinate)
  const status = (notes: readonly Note[]) => ({
    name,
    usable: notes.every(each => each.ok),
    version,
    path,
    mapping,
    notes,
  })
  if (found.version === undefined) return {status: status([found.trouble])}
  const here = situation(path, identity.uid, env)
  const before = await answers.get(`info ${here}`)
  const answer =
    before === undefined
      ? await ask([path, 'info', ...(name === 'podman' ? ['--format', 'json'] : [])], env, identity, 10_000)
      : {exitCode: 0, lines: before.split('\n'), late: false}
  const info = answer.exitCode === 0 ? readContainersInfo(answer.lines) : undefined
  if (info === undefined) return {status: status([silentNote(name, answer, identity.uid)])}
  if (before === undefined) await answers.set(`info ${here}`, answer.lines.join('\n'))
  const machine: ContainersMachine = {
    mapping,
    user: identity.user,
    network: await networkOf(info.graphRoot),
    hasFuse: existsSync('/dev/fuse'),
    canMount: !lacksCapability(CAP_SYS_ADMIN),
    ids: [
      ...namespaceNotes(),
      ...subordinateNotes(identity, mapping, env['PATH'] ?? '', {
        ok: false,
        text: `${identity.user} has no subordinate ids: images in which files belong to others cannot be unpacked`,
      }),
    ],
  }
  const notes = containersNotes(name, found.version, info, machine)
  const remembered = await answers.get(`isolation ${here}`)
  let tried: Isolation | undefined = remembered === 'chroot' || remembered === 'default' ? remembered : undefined
  if (options.trial && notes.every(each => each.ok)) {
    const result = await tryRun(path, env, identity)
    notes.push(trialNote(name, result))
    tried = result.isolation
    if (tried !== undefined) await answers.set(`isolation ${here}`, tried)
  }
  const chosen = tried ?? likelyIsolation(info, env)
  return {
    status: status(notes),
    ...(notes.every(each => each.ok) ? {facts: containersFacts(name, path, found.version, info, mapping, chosen)} : {}),
  }
}
