/** `doctor`: what on this machine makes builds fail or crawl. */
import {homedir} from 'node:os'
import {dirname, join} from 'node:path'
import {isBelow, silentFolders} from '../doctor/answering.js'
import {tryFolder} from '../doctor/folder.js'
import {lookAround} from '../doctor/index.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import type {MachineCheck} from '../model/machine-check.js'
import {ask} from '../probes/programs.js'
import {engineEnvironment} from '../system/environment.js'
import {mappingOf} from '../system/identity.js'
import {authFiles} from '../system/registry-login.js'
import {scratchCandidates} from '../system/scratch.js'
import {enginesOf} from './engines.js'
import type {StoreOptions} from './options.js'
import {loadSettings, type Settings, settingsFiles} from './settings.js'
import {identityOf, storeFolder} from './store-folder.js'

export interface Examined {
  /** Who runs the engines. */
  readonly user: string
  readonly checks: readonly MachineCheck[]
  /** 0: a build can work here; 4: no engine can; 2: a folder that every build needs cannot be used. */
  readonly exitCode: ExitCode
}

/** Milliseconds in which a folder has to say that it is there. */
const PATIENCE = 3_000
/** For a trial in a folder: some file servers take a second for an fsync. */
const FOLDER_PATIENCE = 5_000

/** Looks without which no engine works that is not a daemon's. */
const OF_ENGINES = ['subordinate-ids', 'user-namespaces', 'squashfs-tools']
/** Looks at what every build needs. */
const OF_ALL = ['folders', 'settings', 'scratch', 'store', 'quota']

const NONE: Settings = {bases: []}

/** @param hasDaemon whether docker builds here, who needs nothing of this machine's user */
function exitCodeOf(checks: readonly MachineCheck[], hasDaemon: boolean): ExitCode {
  const failed = new Set(checks.filter(each => each.status === 'error').map(each => each.name))
  if (failed.has('engine') || (!hasDaemon && OF_ENGINES.some(name => failed.has(name)))) return ExitCode.noEngine
  return OF_ALL.some(name => failed.has(name)) ? ExitCode.usage : ExitCode.done
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return async () => {
    made ??= make()
    return made
  }
}

/** Folders that settings and programs are looked for in before anything else is known. */
function firstFolders(environment: NodeJS.ProcessEnv): readonly string[] {
  const home = environment['HOME'] ?? homedir()
  return [
    process.cwd(),
    home,
    join(environment['XDG_CONFIG_HOME'] ?? join(home, '.config'), 'sifstage'),
    ...authFiles(environment).map(dirname),
    ...(environment['PATH'] ?? '').split(':').filter(folder => folder.startsWith('/')),
  ]
}

/** Looks at the machine; nothing of it stays changed, and nothing is waited for without end. */
export async function examine(options: StoreOptions): Promise<Examined> {
  const silent = await silentFolders(firstFolders(process.env), PATIENCE)
  const home = process.env['HOME'] ?? homedir()
  const isHomeless = isBelow(home, silent)
  const unanswered = silent.map(
    (folder): MachineCheck => ({
      name: 'folders',
      status: folder === home ? 'error' : 'warning',
      text: `${folder} does not answer`,
      why: 'its file server is gone or slow; whatever looks there hangs, also a build',
      fix: `look at it by hand: timeout 5 ls ${folder}`,
    }),
  )
  const path = (process.env['PATH'] ?? '').split(':').filter(folder => !isBelow(folder, silent))
  const environment: NodeJS.ProcessEnv = {...process.env, PATH: path.join(':')}
  const project = process.cwd()
  const user = join(environment['XDG_CONFIG_HOME'] ?? join(environment['HOME'] ?? homedir(), '.config'), 'sifstage')
  const mayRead = !isBelow(project, silent) && !isBelow(user, silent)
  const files = mayRead ? settingsFiles(project, environment).filter(each => each.found) : []
  const wrong: MachineCheck[] = []
  const settings: Settings = await (mayRead ? loadSettings(project, environment) : Promise.resolve(NONE)).catch(
    (error: unknown) => {
      if (!(error instanceof SifstageError)) throw error
      wrong.push({
        name: 'settings',
        status: 'error',
        text: error.message,
        why: 'no build begins with settings that cannot be read',
        ...(error.hint === undefined ? {} : {fix: error.hint}),
      })
      return NONE
    },
  )
  const identity = identityOf(options.runAs ?? settings.runAs)
  const mapping = mappingOf(identity, false)
  const env = engineEnvironment(environment, identity)
  const found = once(() => {
    // Each looks for its settings there first, and could not even be ended.
    if (isHomeless) throw new Error(`${home} does not answer, and every engine looks there for its settings`)
    return enginesOf(identity, environment, undefined)
  })
  const trials = new Map<string, ReturnType<typeof tryFolder>>()
  const store = storeFolder(options.cacheDir ?? settings.cacheDir, identity, environment)
  const trial = (folder: string) => {
    const isSilent = isBelow(folder, silent)
    const patience = isSilent ? 0 : FOLDER_PATIENCE
    const made = trials.get(folder) ?? tryFolder(folder, env, identity, mapping, patience)
    trials.set(folder, made)
    return made
  }
  // Before engines keep both processors busy.
  for (const folder of [store, ...scratchCandidates(environment).slice(0, 1)]) trial(folder).catch(() => {})
  const checks = await lookAround({
    identity,
    mapping,
    environment,
    env,
    store,
    settings: files.map(each => each.path),
    answers: path => !isBelow(path, silent),
    engines: async () => (await found()).engines,
    choices: async () => (await found()).choices,
    folder: trial,
    ask: argv => ask(argv, env, identity),
  })
  const all = [...unanswered, ...wrong, ...checks]
  const hasDaemon = (await found().catch(() => undefined))?.engines.some(each => each.name === 'docker' && each.usable) === true
  return {user: identity.user, checks: all, exitCode: exitCodeOf(all, hasDaemon)}
}
