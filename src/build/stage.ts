/** Runs one stage, alone, in its own folder of scratch, and publishes what came out (design section 6, 4–5). */
import type {KeptStage} from '../model/store.js'
import type {StageRun} from './commands.js'
import {runImageStage} from './image-stage.js'
import {runTreeStage} from './tree-stage.js'

export interface RanStage {
  readonly stored: KeptStage
  /** The tree as the engine left it, still in scratch; undefined where the engine keeps the image itself. */
  readonly root: string | undefined
  /** False where it was taken from elsewhere instead. */
  readonly ran: boolean
}

/**
 * Runs a stage and publishes its image, listing and record.
 * @throws StageFailure, SifstageError, ImageNotKept before anything has run
 */
export function runStage(run: StageRun): Promise<RanStage> {
  const {engine} = run.ports.engineOf(run.stage)
  return engine.kind === 'tree' ? runTreeStage(run, engine) : runImageStage(run, engine)
}
