/**
 * The build loop (design section 6), over ports only: a stage is ready when all it needs is done; it is reused or
 * run and published; then every artifact that later stages take from it is verified, before any of them starts.
 */
import {dirname} from 'node:path'
import {chainOf, dependenciesFirst} from '../language/stages.js'
import type {ArtifactReport} from '../model/artifact.js'
import type {Stage} from '../model/description.js'
import type {Diagnostic} from '../model/diagnostic.js'
import {SifstageError} from '../model/errors.js'
import type {StoredStage} from '../model/ports.js'
import {startOf} from '../model/span.js'
import {type Artifact, artifactsOf, neededDirectly, neededStages} from '../plan/graph.js'
import {explainFailure, otherFailure} from './failures.js'
import {type Done, type StageInputs, stageInputs} from './inputs.js'
import {mountsOf} from './mounts.js'
import {writeOutput} from './output.js'
import type {BuildPorts, BuildRequest, BuildResult, Failure, StageReport} from './request.js'
import {runStage, StageFailure} from './stage.js'
import {type Moment, Verdicts} from './verdicts.js'

interface Finished {
  readonly report: StageReport
  readonly done: Done | undefined
  /** The tree in scratch, of a stage that was run. */
  readonly root: string | undefined
}

/** A stage that does not start, since something it needs turned out not to be fit. */
class Withheld extends Error {}

class Build {
  readonly #finished = new Map<number, Finished>()
  readonly #done = new Map<number, Done>()
  readonly #needed: readonly number[]
  readonly #artifacts: ReadonlyMap<number, readonly Artifact[]>
  readonly #verdicts: Verdicts
  /** Stages that were reused, whose artifacts are not judged yet by where they go. */
  readonly #unjudged = new Set<number>()
  #judging: Promise<void> = Promise.resolve()

  constructor(
    readonly request: BuildRequest,
    readonly ports: BuildPorts,
    readonly signal: AbortSignal,
  ) {
    this.#needed = neededStages(request.description, request.target)
    this.#artifacts = artifactsOf(request.description, this.#needed)
    this.#verdicts = new Verdicts(request, ports, this.#artifacts, signal)
  }

  #stage(index: number): Stage {
    const stage = this.request.description.stages[index]
    if (stage === undefined) throw new Error(`there is no stage ${index}`)
    return stage
  }

  /** Reuses the stage from the store, or runs it while no other build does. */
  async #obtain(stage: Stage, inputs: StageInputs): Promise<{stored: StoredStage; root: string | undefined}> {
    const {store, sink} = this.ports
    const {key} = inputs
    const run = () => this.#run(stage, inputs)
    if (key === undefined) return run()
    const fresh = this.request.noCache || this.request.noCacheFilter.has(stage.name)
    const known = fresh ? undefined : await store.find(key)
    if (known !== undefined) return {stored: known, root: undefined}
    const waiting = () =>
      sink.emit({event: 'note', stage: stage.name, severity: 'info', text: 'another build is running this stage; waiting for it'})
    return store.locked(key, waiting, this.signal, async () => {
      const meanwhile = fresh ? undefined : await store.find(key)
      return meanwhile === undefined ? run() : {stored: meanwhile, root: undefined}
    })
  }

  /** A secret is in no key: another value, or one that was not given before, runs nothing again. */
  #tellOfSecrets(stage: Stage): void {
    const {ids} = this.ports.secrets
    const sees =
      stage.definition !== undefined
        ? ids.size > 0
        : mountsOf(stage).some(({mount}) => mount.kind === 'secret' && ids.has(mount.id))
    if (sees)
      this.ports.sink.emit({
        event: 'note',
        stage: stage.name,
        severity: 'info',
        text: `reused as it was built before, whatever its secrets are now (--no-cache-filter ${stage.name} builds it anew)`,
      })
  }

  #tellArtifacts(stage: Stage, reports: readonly ArtifactReport[]): void {
    for (const report of reports)
      this.ports.sink.emit({
        event: 'artifact',
        stage: stage.name,
        path: report.path,
        status: report.status,
        wantedBy: report.wantedBy,
      })
  }

  /**
   * Before a stage runs: are the reused stages, whose artifacts were only looked for, fit for where they go?
   * Where nothing runs the finished image tells that, and no base has to be fetched for it.
   */
  #judgeReused(): Promise<void> {
    this.#judging = this.#judging.then(async () => {
      for (const index of [...this.#unjudged]) {
        this.#unjudged.delete(index)
        await this.#judge(index, 'early')
      }
    })
    return this.#judging
  }

  /** Judges a finished stage anew. One that fails now is not done any more. */
  async #judge(index: number, moment: Moment): Promise<void> {
    const finished = this.#finished.get(index)
    const stored = finished?.done?.stored
    if (finished === undefined || stored === undefined) return
    const stage = this.#stage(index)
    const artifacts = await this.#verdicts.of(stage, stored, moment)
    const failed = artifacts.filter(each => each.status === 'failed')
    this.#tellArtifacts(stage, failed)
    this.#finished.set(index, {
      ...finished,
      report: {...finished.report, artifacts, ...(failed.length === 0 ? {} : {status: 'failed'})},
    })
    if (failed.length > 0) this.#done.delete(index)
  }

  async #run(stage: Stage, inputs: StageInputs): Promise<{stored: StoredStage; root: string | undefined}> {
    const {description} = this.request
    await this.#judgeReused()
    const needs = dependenciesFirst(description, stage.index).filter(each => each.index !== stage.index)
    if (needs.some(each => !this.#done.has(each.index))) throw new Withheld(`stage ${stage.name} needs what failed`)
    this.#verdicts.fetchBase()
    return runStage({stage, inputs, done: this.#done, request: this.request, ports: this.ports, signal: this.signal})
  }

  async #build(index: number): Promise<Finished> {
    const stage = this.#stage(index)
    const {sink, now} = this.ports
    const started = now()
    const seconds = () => (now() - started) / 1000
    let inputs: StageInputs | undefined
    try {
      inputs = await stageInputs(stage, this.#done, this.request, this.ports, this.signal)
      for (const text of inputs.resolved.notes) sink.emit({event: 'note', stage: stage.name, severity: 'warning', text})
      sink.emit({event: 'stage-start', stage: stage.name, ...(inputs.key === undefined ? {} : {key: inputs.key})})
      const {stored, root} = await this.#obtain(stage, inputs)
      if (root === undefined) this.#tellOfSecrets(stage)
      const artifacts = await this.#verdicts.of(stage, stored, root === undefined ? 'there' : 'early')
      if (root === undefined) this.#unjudged.add(index)
      this.#tellArtifacts(stage, artifacts)
      const failed = artifacts.some(each => each.status === 'failed')
      const status = failed ? 'failed' : root === undefined ? 'cached' : 'built'
      sink.emit({
        event: 'stage-end',
        stage: stage.name,
        status,
        seconds: seconds(),
        ...(inputs.whyNoKey === undefined ? {} : {why: `not stored: ${inputs.whyNoKey}`}),
      })
      return {
        report: {
          index,
          name: stage.name,
          status,
          key: inputs.key,
          digest: stored.record.digest,
          seconds: seconds(),
          artifacts,
          failure: undefined,
        },
        done: failed ? undefined : {stored, artifacts: new Map(artifacts.map(each => [each.path, each.digest ?? '']))},
        root,
      }
    } catch (error) {
      this.signal.throwIfAborted()
      if (error instanceof Withheld) {
        sink.emit({event: 'stage-end', stage: stage.name, status: 'not-run', seconds: seconds()})
        return {report: this.#notRun(index), done: undefined, root: undefined}
      }
      const failure = error instanceof StageFailure ? explainFailure(stage, error, this.ports) : otherFailure(stage, error)
      if (this.request.keepFailed && error instanceof StageFailure) await this.#keep(stage)
      sink.emit({event: 'stage-end', stage: stage.name, status: 'failed', seconds: seconds()})
      return {
        report: {
          index,
          name: stage.name,
          status: 'failed',
          key: inputs?.key,
          digest: undefined,
          seconds: seconds(),
          artifacts: [],
          failure,
        },
        done: undefined,
        root: undefined,
      }
    }
  }

  async #keep(stage: Stage): Promise<void> {
    await this.ports.scratch.keep(stage.name, {root: `stage-${stage.index}`, cwd: this.request.context.root})
    this.ports.sink.emit({
      event: 'note',
      stage: stage.name,
      severity: 'info',
      text: `its tree is kept: sifstage shell ${this.request.description.file} --stage ${stage.name}`,
    })
  }

  /** Runs what can run until nothing is left that can. */
  async #runAll(): Promise<void> {
    const waiting = new Set(this.#needed)
    const running = new Map<number, Promise<void>>()
    let failed = false
    const ready = () => [...waiting].find(index => neededDirectly(this.#stage(index)).every(need => this.#done.has(need)))
    for (;;) {
      while (running.size < this.request.jobs && (!failed || this.request.keepGoing) && !this.signal.aborted) {
        const index = ready()
        if (index === undefined) break
        waiting.delete(index)
        const work = this.#build(index).then(async finished => {
          this.#finished.set(index, finished)
          if (finished.done === undefined) failed = true
          else this.#done.set(index, finished.done)
          // The target's tree is packed once more for OUT; the others are in the store by now.
          if (index !== this.request.target && finished.root !== undefined && finished.report.key !== undefined)
            await this.ports.scratch.discard(dirname(finished.root))
        })
        running.set(
          index,
          work.finally(() => running.delete(index)),
        )
      }
      if (running.size === 0) return
      try {
        await Promise.race(running.values())
      } catch (error) {
        // Stopped, or a bug: nothing is left running behind the caller's back.
        await Promise.allSettled(running.values())
        throw error
      }
    }
  }

  /** What could not be said before the target was there: on its finished image. */
  async #judgeFinished(): Promise<void> {
    const last = this.#done.get(this.request.target)?.stored
    if (last === undefined) return this.#judgeReused()
    // A later command may take away what was right (rm, chmod) as well as bring what was missing.
    const chain = chainOf(this.request.description, this.#stage(this.request.target))
    const runs = chain.some(stage => stage.steps.some(step => step.kind === 'run' && step.where === 'image'))
    for (const [index, {report}] of this.#finished) {
      const deferred = report.artifacts.some(each => each.diagnostics.some(one => one.deferred === true))
      if (deferred || runs || this.#unjudged.has(index)) await this.#judge(index, {last})
    }
  }

  #report(index: number): StageReport {
    return this.#finished.get(index)?.report ?? this.#notRun(index)
  }

  #notRun(index: number): StageReport {
    return {
      index,
      name: this.#stage(index).name,
      status: 'not-run',
      key: undefined,
      digest: undefined,
      seconds: undefined,
      artifacts: [],
      failure: undefined,
    }
  }

  async run(): Promise<BuildResult> {
    const {description, target} = this.request
    const {sink, now} = this.ports
    const started = now()
    sink.emit({
      event: 'build-start',
      input: description.file,
      target: this.#stage(target).name,
      stages: this.#needed.map(index => this.#stage(index).name),
    })
    try {
      await this.#runAll()
      await this.#judgeFinished()
    } finally {
      await this.#verdicts.close()
    }
    this.signal.throwIfAborted()
    const stages = this.#needed.map(index => this.#report(index))
    const made = this.#finished.get(target)
    let output: BuildResult['output']
    let outputFailure: Failure | undefined
    if (stages.every(each => each.status === 'built' || each.status === 'cached') && made?.done?.stored !== undefined) {
      try {
        output = await writeOutput({stored: made.done.stored, root: made.root}, this.request, this.ports, this.signal)
      } catch (error) {
        this.signal.throwIfAborted()
        if (!(error instanceof SifstageError)) throw error
        const diagnostic: Diagnostic = {
          rule: 'output-failed',
          severity: 'error',
          message: error.message,
          ...(error.hint === undefined ? {} : {hint: error.hint}),
          span: startOf(description.file),
        }
        outputFailure = {exitCode: error.exitCode, diagnostic, tail: [], log: undefined}
      }
    }
    const seconds = (now() - started) / 1000
    sink.emit({event: 'build-end', status: output === undefined ? 'failed' : 'ok', seconds})
    return {stages, output, outputFailure, seconds}
  }
}

/**
 * Builds the target and writes OUT.
 * @throws the signal's reason when it was aborted; anything else thrown is a bug
 */
export async function build(request: BuildRequest, ports: BuildPorts, signal: AbortSignal): Promise<BuildResult> {
  return new Build(request, ports, signal).run()
}
