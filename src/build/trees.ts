/** The trees of finished stages, whoever keeps their images. */
import {copiesOf} from '../language/stage-copies.js'
import type {Stage} from '../model/description.js'
import {ImageNotKept} from '../model/errors.js'
import type {ImageTree} from '../model/image.js'
import type {EngineImages} from '../model/ports.js'
import type {HeldStage, KeptStage} from '../model/store.js'
import {artifactPath} from '../plan/graph.js'
import type {Done} from './inputs.js'
import type {BuildPorts} from './request.js'

/** What is looked up of other stages with. */
export interface Looking {
  readonly done: ReadonlyMap<number, Done>
  readonly ports: Pick<BuildPorts, 'opener'>
  readonly signal: AbortSignal
}

/**
 * @param paths what of it is looked at, patterns as written
 * @throws ImageNotKept
 */
export async function treeOf(
  stored: KeptStage,
  paths: readonly string[],
  {ports, signal}: Pick<Looking, 'ports' | 'signal'>,
): Promise<ImageTree> {
  if (stored.kind === 'tree') return stored.tree()
  const image = await ports.opener.held(stored, paths, signal)
  await image.close()
  return image.tree
}

/** Whether the image itself is still at hand, not only what is known of it. */
export async function hasImage(stored: KeptStage, ports: Pick<BuildPorts, 'storage'>, signal: AbortSignal): Promise<boolean> {
  if (stored.kind === 'tree') return (await stored.image(signal)) !== undefined
  const {record} = stored
  return (await ports.storage(record.engine.name).find(record.name, signal))?.id === record.digest
}

/**
 * The storage that has the image of a stage.
 * @throws ImageNotKept
 */
export async function storageWith(
  stored: HeldStage,
  ports: Pick<BuildPorts, 'storage'>,
  signal: AbortSignal,
): Promise<EngineImages> {
  if (!(await hasImage(stored, ports, signal))) throw new ImageNotKept(stored.record.key)
  return ports.storage(stored.record.engine.name)
}

/** What the store has of a stage's key. */
export function findStage(
  stage: Stage,
  key: string,
  ports: Pick<BuildPorts, 'engineOf' | 'store'>,
  signal: AbortSignal,
): Promise<KeptStage | undefined> {
  return ports.engineOf(stage).engine.kind === 'tree' ? ports.store.find(key, signal) : ports.store.findHeld(key)
}

/** The tree of an earlier stage, with all that this one takes from it; undefined when it is not done. */
export async function producerTree(stage: Stage, index: number, looking: Looking): Promise<ImageTree | undefined> {
  const stored = looking.done.get(index)?.stored
  const paths = copiesOf(stage).flatMap(({from, sources}) =>
    from.kind === 'stage' && from.index === index ? sources.map(artifactPath) : [],
  )
  return stored && treeOf(stored, paths, looking)
}
