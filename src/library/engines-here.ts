/** The engines of one build: the one that its stages are built with, those that single stages name, and what delivers. */
import type {EngineHere} from '../build/request.js'
import {imageEngine} from '../engines/index.js'
import type {Stage} from '../model/description.js'
import type {ImageEngineFacts} from '../model/engines.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import type {EngineStorage} from '../model/outputs.js'
import type {EngineImages} from '../model/ports.js'
import type {EngineQuestion} from '../plan/engine-choice.js'
import {engineStorage} from '../system/engine-storage.js'
import {storageName} from './image-opener.js'
import {type ChosenEngine, type EngineOptionsOfProbe, selectEngine} from './probe.js'

export interface EnginesHere {
  /** The engine of stages that name none. */
  readonly main: EngineHere
  /** `docker: OUT is an image of docker's daemon`. */
  readonly why: string
  /** An engine that makes trees, where one is at work. */
  readonly tree: EngineHere | undefined
  /** Whether any of them takes stages as Dockerfiles. */
  readonly hasImageEngine: boolean
  of(stage: Stage): EngineHere
  storage(engine: string): EngineImages
  /** Whether one of them keeps its images there. */
  has(storage: EngineStorage): boolean
}

export interface EnginesWanted {
  readonly question: EngineQuestion
  /** Engines that stages name. */
  readonly stages: readonly string[]
  /** Whether an engine that makes trees is needed whatever the stages say. */
  readonly tree: boolean
  /** Options for the engine's own build command: `NAME:OPTION` for that engine, else for the one of the stages that name none. */
  readonly arguments: readonly string[]
  readonly noHttps: boolean
}

/**
 * @throws SifstageError (2) for a name that is none, (4) without a usable engine
 */
export async function enginesHere(wanted: EnginesWanted, options: EngineOptionsOfProbe): Promise<EnginesHere> {
  const {question, noHttps} = wanted
  const here = new Map<string, EngineHere>()
  const storages = new Map<string, EngineImages>()

  function add(name: string, chosen: ChosenEngine): EngineHere {
    const {version, mapping} = chosen
    const engine = chosen.kind === 'tree' ? chosen.engine : imageEngine(chosen.facts)
    const found = {engine, version, mapping, arguments: argumentsFor(engine.name, name === '')}
    here.set(name, found)
    if (chosen.kind === 'image') storages.set(chosen.facts.name, storageOf(chosen.facts))
    return found
  }

  function argumentsFor(name: string, isMain: boolean): string[] {
    return wanted.arguments.flatMap(text => {
      const [, own, option = text] = /^([a-z]+):(-.*)$/s.exec(text) ?? []
      return own === undefined ? (isMain ? [option] : []) : own === name ? [option] : []
    })
  }

  function storageOf(facts: ImageEngineFacts): EngineImages {
    const {explain} = imageEngine(facts)
    return engineStorage({
      engine: facts.name,
      path: facts.path,
      identity: options.identity,
      environment: options.environment,
      noHttps,
      explain,
    })
  }

  const chosen = await selectEngine(question, options)
  const main = add('', chosen)
  for (const name of new Set(wanted.stages))
    if (name !== main.engine.name) add(name, await selectEngine({...question, wanted: name}, options))
  const treeIn = () => [main, ...here.values()].find(({engine}) => engine.kind === 'tree')
  if (wanted.tree && treeIn() === undefined)
    add('tree', await selectEngine({wanted: 'auto', format: question.format, output: 'sif'}, options))
  const tree = treeIn()
  return {
    main,
    why: chosen.why,
    tree,
    hasImageEngine: storages.size > 0,
    has: storage => [...storages.keys()].some(name => storageName(name) === storage),
    of(stage) {
      if (stage.delivers) return tree ?? main
      const own = stage.engine?.value
      return own === undefined || own === main.engine.name ? main : (here.get(own) ?? main)
    },
    storage(name) {
      const found = storages.get(name)
      if (found !== undefined) return found
      throw new SifstageError(
        ExitCode.noEngine,
        `the images of ${name} are needed, and this build does not work with it`,
        `Build with it: --engine ${name}, or build everything anew: --no-cache`,
      )
    },
  }
}
