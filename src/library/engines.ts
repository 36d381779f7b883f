/** `engines`: what is here, what works, and what to do about what does not. */
import type {EngineStatus, Identity} from '../model/ports.js'
import {candidateEngines, type EngineQuestion} from '../plan/engine-choice.js'
import {probeAll} from '../probes/index.js'
import type {BuildingOptions} from './options.js'
import {loadSettings} from './settings.js'
import {identityOf, storeFolder} from './store-folder.js'

export interface FoundEngines {
  /** Who runs them. */
  readonly user: string
  readonly engines: readonly (EngineStatus & {readonly facts?: object})[]
  /** Which one `--engine auto` takes for what people ask for; none where nothing here can. */
  readonly choices: readonly {readonly output: string; readonly engine: string | undefined}[]
}

/** What people ask for, and which engine `--engine auto` takes for it. */
const QUESTIONS: readonly (readonly [words: string, question: Omit<EngineQuestion, 'wanted'>])[] = [
  ['a .sif, a sandbox folder', {format: 'def', output: 'sif'}],
  ['an archive of a Dockerfile', {format: 'dockerfile', output: 'oci-archive'}],
  ['docker-daemon:NAME', {format: 'dockerfile', output: 'docker-daemon'}],
  ['containers-storage:NAME', {format: 'dockerfile', output: 'containers-storage'}],
]

function choices(statuses: readonly EngineStatus[]): FoundEngines['choices'] {
  return QUESTIONS.map(([output, question]) => ({
    output,
    engine: candidateEngines({...question, wanted: 'auto'}).find(({name}) =>
      statuses.some(each => each.name === name && each.usable),
    )?.name,
  }))
}

/** Looks for every engine and tries what it can do here. */
export async function findEngines(options: Pick<BuildingOptions, 'runAs' | 'cacheDir'>): Promise<FoundEngines> {
  const settings = await loadSettings(process.cwd(), process.env)
  const identity = identityOf(options.runAs ?? settings.runAs)
  return enginesOf(identity, process.env, storeFolder(options.cacheDir ?? settings.cacheDir, identity, process.env))
}

/** @param store where answers of programs are remembered; undefined: nothing is written */
export async function enginesOf(
  identity: Identity,
  environment: NodeJS.ProcessEnv,
  store: string | undefined,
): Promise<FoundEngines> {
  const probed = await probeAll({identity, environment, store, ignoreSubordinate: false, trial: true})
  return {
    user: identity.user,
    engines: probed.map(({status, facts}) => ({...status, ...(facts === undefined ? {} : {facts})})),
    choices: choices(probed.map(({status}) => status)),
  }
}
