/**
 * Points inside a stage that is run step by step: what its steps changed so far is kept, so that a build that fails,
 * is killed, or differs only in a later step goes on from there. Saving is never dear: what it takes is at most a
 * tenth of the time that went into the steps since the last one.
 */
import {join} from 'node:path'
import type {Stage} from '../model/description.js'
import {SifstageError} from '../model/errors.js'
import type {CheckpointRecord} from '../model/store.js'
import type {StageInputs} from './inputs.js'
import {type BuildPorts, type BuildRequest, isFresh} from './request.js'

/** Part of the time since the last point that saving one may take. */
const SHARE = 0.1
/** Seconds for starting the tools and writing to disk, before any were measured. */
const FIRST_FIXED = 0.2
/** Bytes a second that packing is taken to make before any was measured; two cores with zstd make more. */
const FIRST_RATE = 100e6

export interface CheckpointRun {
  readonly stage: Stage
  readonly inputs: StageInputs
  readonly request: BuildRequest
  readonly ports: BuildPorts
  readonly signal: AbortSignal
  /** The stage's folder in scratch, and the tree. */
  readonly folder: string
  readonly root: string
}

/** A chain of points, the first made to the base, and each to the one before it. */
interface Chain {
  readonly steps: number
  readonly seconds: number
  readonly points: readonly {readonly archive: string; readonly record: CheckpointRecord}[]
}

export class Checkpoints {
  readonly #run: CheckpointRun
  /** Key of the point that the next one is made to. */
  #before: string | undefined
  /** The look at the tree as it was then. */
  #look: string | undefined
  #looks = 0
  /** Seconds that saving takes whatever is saved, and bytes a second beyond that. */
  #fixed = FIRST_FIXED
  #rate = FIRST_RATE
  /** Seconds of the steps, from the base and since the last point. */
  #seconds = 0
  #since = 0

  constructor(run: CheckpointRun) {
    this.#run = run
  }

  get #isOn(): boolean {
    return this.#run.request.checkpoints !== 'off' && this.#run.inputs.checkpoints.length > 0
  }

  /** Seconds that the steps took from the base on, those of earlier builds included. */
  get seconds(): number {
    return this.#seconds
  }

  /** The furthest point that is whole, with all that it stands on. */
  async #furthest(): Promise<Chain | undefined> {
    const {inputs, ports, signal} = this.#run
    for (let steps = inputs.checkpoints.length; steps > 0; steps -= 1) {
      const points: Chain['points'][number][] = []
      let key = inputs.checkpoints[steps - 1]
      let seconds = 0
      while (key !== undefined) {
        const stored = await ports.store.findCheckpoint(key, signal)
        const archive = await stored?.changes(signal)
        // Not there, or damaged: perhaps an earlier one does not stand on it.
        if (stored === undefined || archive === undefined) break
        if (points.length === 0) seconds = stored.record.seconds
        points.unshift({archive, record: stored.record})
        key = stored.record.before
      }
      if (key === undefined && points.length > 0) return {steps, seconds, points}
    }
    return undefined
  }

  /**
   * Puts the tree, which is the base's, where an earlier build left it.
   * @returns how many steps are done by that
   */
  async restore(): Promise<number> {
    const {stage, request, ports, signal, folder, root} = this.#run
    if (!this.#isOn || isFresh(request, stage.name)) return 0
    const chain = await this.#furthest()
    if (chain === undefined) return 0
    for (const {archive, record} of chain.points)
      await ports.images.applyChanges(
        root,
        {archive, compression: record.archive.compression, removed: record.removed},
        folder,
        signal,
      )
    this.#before = chain.points.at(-1)?.record.key
    this.#seconds = chain.seconds
    const step = stage.steps[chain.steps - 1]
    ports.sink.emit({
      event: 'note',
      stage: stage.name,
      severity: 'info',
      text: `goes on after line ${step?.span.start.line}, where an earlier build had come to (${Math.round(chain.seconds)} s of work are not done again)`,
    })
    return chain.steps
  }

  /** Before the first step that runs. */
  async begin(): Promise<void> {
    if (this.#isOn) this.#look = await this.#lookAt()
  }

  async #lookAt(): Promise<string> {
    const {ports, signal, folder, root} = this.#run
    this.#looks += 1
    const file = join(folder, `look-${this.#looks}`)
    await ports.images.look(root, file, signal)
    return file
  }

  /** After a step that took some seconds: saves a point when it is worth it. A store that is full costs only that. */
  async after(index: number, seconds: number): Promise<void> {
    this.#seconds += seconds
    this.#since += seconds
    const {ports, signal, stage, request} = this.#run
    const key = this.#run.inputs.checkpoints[index]
    const budget = request.checkpoints === 'always' ? Number.POSITIVE_INFINITY : this.#since * SHARE
    if (!this.#isOn || key === undefined || this.#look === undefined || this.#fixed > budget) return
    try {
      await this.#save(key, index + 1, this.#look, budget)
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof SifstageError)) throw error
      // Once: a disk that is full now is full for the rest of the build.
      this.#look = undefined
      const text = `points inside the stage are not kept: ${error.message}`
      ports.sink.emit({event: 'note', stage: stage.name, severity: 'info', text})
    }
  }

  async #save(key: string, steps: number, before: string, budget: number): Promise<void> {
    const {ports, signal, stage, folder, root} = this.#run
    const started = ports.now()
    const now = await this.#lookAt()
    const changes = await ports.images.changes(before, now, signal)
    if (changes === undefined || this.#fixed + changes.bytes / this.#rate > budget) return
    const archive = join(folder, `changes-${steps}.tar`)
    const begun = ports.now()
    const {compression, ...facts} = await ports.images.packChanges(root, changes, archive, signal)
    const packing = (ports.now() - begun) / 1000
    if (changes.bytes > FIRST_RATE / 10 && packing > 0) this.#rate = changes.bytes / packing
    await ports.store.putCheckpoint(key, archive, {
      version: 2,
      key,
      before: this.#before,
      stage: stage.name,
      steps,
      archive: {file: `changes.tar.${compression === 'zstd' ? 'zst' : 'gz'}`, ...facts, compression},
      removed: changes.removed,
      seconds: this.#seconds,
      created: new Date(ports.now()).toISOString(),
    })
    this.#fixed = Math.max(FIRST_FIXED, (ports.now() - started) / 1000 - changes.bytes / this.#rate)
    this.#before = key
    this.#look = now
    this.#since = 0
  }
}
