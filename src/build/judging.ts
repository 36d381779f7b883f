/**
 * When artifacts are judged: of a stage that was run, right behind it. Of a reused one it is only looked whether they are
 * there, until another stage has to run, or on the finished image: so an unchanged build fetches no base.
 */
import {chainOf} from '../language/stages.js'
import type {ArtifactReport} from '../model/artifact.js'
import type {Stage} from '../model/description.js'
import type {Sink} from '../model/ports.js'
import type {Standing} from './standing.js'
import type {Verdicts} from './verdicts.js'

export interface JudgingOptions {
  readonly standing: Standing
  readonly target: number
  readonly verdicts: Verdicts
  readonly sink: Sink
  /** Does something with finished stages; what is missing of one for it is built once more. */
  readonly retrying: <T>(work: () => Promise<T>) => Promise<T>
}

export class Judging {
  readonly #options: JudgingOptions
  /** Stages that were reused, whose artifacts are not judged yet by where they go. */
  readonly #unjudged = new Set<number>()
  #running: Promise<void> = Promise.resolve()

  constructor(options: JudgingOptions) {
    this.#options = options
  }

  /** A stage was reused: its artifacts are there, and no more is known of them. */
  postpone(index: number): void {
    this.#unjudged.add(index)
  }

  tell(stage: Stage, reports: readonly ArtifactReport[]): void {
    for (const {path, status, wantedBy} of reports)
      this.#options.sink.emit({event: 'artifact', stage: stage.name, path, status, wantedBy})
  }

  /** Before a stage runs: are the reused stages fit for where their artifacts go? */
  reused(): Promise<void> {
    this.#running = this.#running.then(async () => {
      for (const index of [...this.#unjudged]) {
        this.#unjudged.delete(index)
        await this.#judge(index, 'early')
      }
    })
    return this.#running
  }

  /** What could not be said before the target was there: on its finished image. */
  async finished(): Promise<void> {
    const {standing, target} = this.#options
    if (!standing.done.has(target)) return this.reused()
    // A later command may take away what was right (rm, chmod) as well as bring what was missing.
    const chain = chainOf(standing.description, standing.stage(target))
    const runs = chain.some(stage => stage.steps.some(step => step.kind === 'run' && step.where === 'image'))
    for (const [index, {report}] of standing.finished) {
      const deferred = report.artifacts.some(each => each.diagnostics.some(one => one.deferred === true))
      if (deferred || runs || this.#unjudged.has(index)) await this.#judge(index, 'last')
    }
  }

  /** Judges a finished stage anew. One that fails now is not done any more. */
  async #judge(index: number, moment: 'early' | 'last'): Promise<void> {
    const {standing, target, verdicts, retrying} = this.#options
    const stage = standing.stage(index)
    const artifacts = await retrying(async () => {
      const stored = standing.done.get(index)?.stored
      const last = standing.done.get(target)?.stored
      return stored && verdicts.of(stage, stored, moment === 'last' && last !== undefined ? {last} : 'early')
    })
    const finished = standing.finished.get(index)
    if (finished === undefined || artifacts === undefined) return
    const failed = artifacts.filter(each => each.status === 'failed')
    this.tell(stage, failed)
    standing.note(index, {
      ...finished,
      report: {...finished.report, artifacts, ...(failed.length === 0 ? {} : {status: 'failed'})},
      ...(failed.length === 0 ? {} : {done: undefined}),
    })
  }
}
