/** The engines of one build: the one that its stages are built with, those that single stages name, and what delivers. */
import type {EngineHere} from '../build/request.js'
import {buildahEngine} from '../engines/buildah.js'
import {dockerEngine} from '../engines/docker.js'
import type {Stage} from '../model/description.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import type {EngineImages} from '../model/ports.js'
import {containersStorage} from '../system/containers-storage.js'
import {dockerStorage} from '../system/docker-storage.js'
import {engineEnvironment} from '../system/environment.js'
import {mappingOf, ownIdentity} from '../system/identity.js'
import {chooseEngine, findProgram, type ProbeOptions} from './probe.js'

export interface EnginesHere {
  /** The engine of stages that name none. */
  readonly main: EngineHere
  /** The engine that makes trees, where one is at work. */
  readonly tree: EngineHere | undefined
  of(stage: Stage): EngineHere
  storage(engine: string): EngineImages
}

const IMAGE_ENGINES = ['docker', 'podman', 'buildah'] as const

async function dockerHere(options: ProbeOptions): Promise<{here: EngineHere; storage: EngineImages}> {
  const environment = engineEnvironment(options.environment, ownIdentity())
  const path = findProgram('docker', environment['PATH'] ?? '')
  if (path === undefined) throw new SifstageError(ExitCode.noEngine, '--engine docker: docker is not found in PATH')
  const engine = dockerEngine({path, version: ''})
  return {
    here: {engine, version: '28', mapping: 'none', arguments: []},
    storage: dockerStorage({program: path, environment, explain: engine.explain}),
  }
}

async function containersHere(kind: 'podman' | 'buildah', noHttps: boolean, options: ProbeOptions) {
  const {identity} = options
  const environment = engineEnvironment(options.environment, identity)
  const path = findProgram(kind, environment['PATH'] ?? '')
  if (path === undefined) throw new SifstageError(ExitCode.noEngine, `--engine ${kind}: ${kind} is not found in PATH`)
  const engine = buildahEngine({name: kind, path})
  const here: EngineHere = {engine, version: '1', mapping: mappingOf(identity, false), arguments: []}
  return {here, storage: containersStorage({program: path, kind, identity, environment, noHttps, explain: engine.explain})}
}

/**
 * @param given options for the engine of the stages that name none
 * @param tree whether an engine that makes trees is needed whatever the stages say
 * @throws SifstageError (4) without a usable engine
 */
export async function enginesHere(
  wanted: string,
  tree: boolean,
  given: readonly string[],
  noHttps: boolean,
  options: ProbeOptions,
): Promise<EnginesHere> {
  const named = [wanted]
  const isImageEngine = (name: string) => (IMAGE_ENGINES as readonly string[]).includes(name)
  const here = new Map<string, EngineHere>()
  const storages = new Map<string, EngineImages>()
  for (const name of new Set(named)) {
    if (isImageEngine(name)) {
      const {here: found, storage} = await (name === 'podman' || name === 'buildah'
        ? containersHere(name, noHttps, options)
        : dockerHere(options))
      here.set(name, found)
      storages.set(name, storage)
    } else here.set(name, {...(await chooseEngine(name, options)), arguments: []})
  }
  if (tree && ![...here.values()].some(({engine}) => engine.kind === 'tree'))
    here.set('auto', {...(await chooseEngine('auto', options)), arguments: []})
  const chosen = here.get(wanted)
  if (chosen === undefined) throw new Error(`the engine ${wanted} was not chosen`)
  const main = {...chosen, arguments: given}
  const trees = main.engine.kind === 'tree' ? main : [...here.values()].find(({engine}) => engine.kind === 'tree')
  return {
    main,
    tree: trees,
    of: stage => (stage.delivers ? (trees ?? main) : main),
    storage: name => {
      const found = storages.get(name)
      if (found === undefined)
        throw new SifstageError(ExitCode.noEngine, `the images of ${name} are needed, and ${name} is not at work here`)
      return found
    },
  }
}
