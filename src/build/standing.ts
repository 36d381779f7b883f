/** How far a build is: what has become of each stage. */
import type {Description, Stage} from '../model/description.js'
import type {Done} from './inputs.js'
import type {StageReport} from './request.js'

export interface Finished {
  readonly report: StageReport
  /** Undefined where it failed, or was not run. */
  readonly done: Done | undefined
  /** The tree in scratch, of a stage that was run. */
  readonly root: string | undefined
}

export class Standing {
  readonly #finished = new Map<number, Finished>()
  readonly #done = new Map<number, Done>()

  constructor(
    readonly description: Description,
    /** Indexes of the stages that the target needs. */
    readonly needed: readonly number[],
  ) {}

  /** Stages that others can be built on, and what they hand over. */
  get done(): ReadonlyMap<number, Done> {
    return this.#done
  }

  get finished(): ReadonlyMap<number, Finished> {
    return this.#finished
  }

  stage(index: number): Stage {
    const stage = this.description.stages[index]
    if (stage === undefined) throw new Error(`there is no stage ${index}`)
    return stage
  }

  /** Notes what became of a stage; one that was done before may not be any more. */
  note(index: number, finished: Finished): void {
    this.#finished.set(index, finished)
    if (finished.done === undefined) this.#done.delete(index)
    else this.#done.set(index, finished.done)
  }

  /** The finished stage of a key. */
  byKey(key: string): number | undefined {
    for (const [index, {report}] of this.#finished) if (report.key === key) return index
    return undefined
  }

  report(index: number): StageReport {
    return this.#finished.get(index)?.report ?? this.notRun(index)
  }

  notRun(index: number): StageReport {
    return {
      index,
      name: this.stage(index).name,
      status: 'not-run',
      key: undefined,
      digest: undefined,
      seconds: undefined,
      at: undefined,
      log: undefined,
      artifacts: [],
      failure: undefined,
    }
  }

  /** Whether every stage that is needed is there. */
  isWhole(): boolean {
    return this.needed.every(index => /^(built|cached)$/.test(this.report(index).status))
  }
}
