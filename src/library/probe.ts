/** The engine of a build: what comes into question, asked in that order until one works. */
import {apptainerEngine} from '../engines/apptainer.js'
import type {ImageEngineFacts, TreeEngineName} from '../model/engines.js'
import type {Engine, EngineStatus, Mapping} from '../model/ports.js'
import {choiceLine, chooseEngine as choose, type EngineQuestion} from '../plan/engine-choice.js'
import {probes} from '../probes/index.js'
import type {ProbeOptions} from '../probes/probe.js'

export {findProgram} from '../probes/programs.js'

export type EngineOptionsOfProbe = Omit<ProbeOptions, 'trial'>

/** A tree engine with what runs it, or an image engine with what was found out about it. */
export type ChosenEngine = {
  /** `docker: OUT is an image of docker's daemon`. */
  readonly why: string
  readonly version: string
  readonly mapping: Mapping
} & (
  | {readonly kind: 'tree'; readonly name: TreeEngineName; readonly engine: Engine}
  | {readonly kind: 'image'; readonly facts: ImageEngineFacts}
)

/**
 * The engine for an input and an OUT, and why it is that one.
 * @throws SifstageError (2) for a name that is none, (4) when none works, with what to do for each
 */
export async function selectEngine(question: EngineQuestion, options: EngineOptionsOfProbe): Promise<ChosenEngine> {
  const {status, facts, candidate} = await choose(question, name => probes[name]({...options, trial: false}))
  const why = choiceLine(candidate)
  if (facts !== undefined)
    return {kind: 'image', why, version: facts.serverVersion ?? facts.version, mapping: facts.mapping, facts}
  const {name} = candidate
  const {path, version, mapping} = usableTree(status)
  if (name !== 'apptainer' && name !== 'singularity') throw new Error(`${name} is usable, and nothing is known of it`)
  return {kind: 'tree', why, version, mapping, name, engine: apptainerEngine({name, path, version})}
}

/** What a usable tree engine always tells. */
function usableTree({name, path, version, mapping}: EngineStatus) {
  if (path === undefined || version === undefined || mapping === undefined) throw new Error(`${name} is usable without a program`)
  return {path, version, mapping}
}
