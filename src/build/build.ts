/**
 * The build loop (design section 6), over ports only: a stage is ready when all it needs is done; it is reused or
 * run and published; then every artifact that later stages take from it is verified, before any of them starts.
 */
import {dirname} from 'node:path'
import {chainOf} from '../language/stages.js'
import type {ArtifactReport} from '../model/artifact.js'
import type {Stage} from '../model/description.js'
import type {Diagnostic} from '../model/diagnostic.js'
import {SifstageError} from '../model/errors.js'
import type {Image} from '../model/image.js'
import type {StoredStage} from '../model/ports.js'
import {startOf} from '../model/span.js'
import {type Artifact, artifactsOf, neededDirectly, neededStages} from '../plan/graph.js'
import {Destinations} from './destinations.js'
import {explainFailure, otherFailure} from './failures.js'
import {type Done, type StageInputs, stageInputs} from './inputs.js'
import {mountsOf} from './mounts.js'
import {writeOutput} from './output.js'
import type {BuildPorts, BuildRequest, BuildResult, Failure, StageReport} from './request.js'
import {runStage, StageFailure} from './stage.js'
import {verifyArtifacts} from './verify.js'

interface Finished {
  readonly report: StageReport
  readonly done: Done | undefined
  /** The tree in scratch, of a stage that was run. */
  readonly root: string | undefined
}

class Build {
  readonly #finished = new Map<number, Finished>()
  readonly #done = new Map<number, Done>()
  readonly #needed: readonly number[]
  readonly #artifacts: ReadonlyMap<number, readonly Artifact[]>
  readonly #images = new Map<number, Promise<Image>>()
  readonly #bases = new Map<number, Promise<Image | undefined>>()
  readonly #destinations: Destinations

  constructor(
    readonly request: BuildRequest,
    readonly ports: BuildPorts,
    readonly signal: AbortSignal,
  ) {
    this.#needed = neededStages(request.description, request.target)
    this.#artifacts = artifactsOf(request.description, this.#needed)
    this.#destinations = new Destinations({
      description: request.description,
      target: this.#stage(request.target),
      images: {stage: index => this.#image(index), base: stage => this.#base(stage)},
      environment: request.context.environment,
      runtimeLibraries: request.runtimeLibraries,
    })
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
    const run = () => runStage({stage, inputs, done: this.#done, request: this.request, ports: this.ports, signal: this.signal})
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

  /** The image of a stage that is done, opened once. */
  #image(index: number): Promise<Image | undefined> {
    const stored = this.#done.get(index)?.stored
    if (stored === undefined) return Promise.resolve(undefined)
    return this.#open(index, stored)
  }

  #open(index: number, stored: StoredStage): Promise<Image> {
    const known = this.#images.get(index) ?? this.ports.opener.stored(stored)
    this.#images.set(index, known)
    return known
  }

  /** The base that a stage starts from: fetched once, early, and only to judge what is copied onto it. */
  #base(stage: Stage): Promise<Image | undefined> {
    const known = this.#bases.get(stage.index) ?? this.#openBase(stage)
    this.#bases.set(stage.index, known)
    return known
  }

  async #openBase(stage: Stage): Promise<Image | undefined> {
    const {ports, request, signal} = this
    if (stage.base.kind === 'stage') return undefined
    try {
      const cwd = request.context.root
      const resolved = await ports.bases.resolve(stage.base, cwd, signal)
      return await ports.opener.base(stage.base, resolved, cwd, signal)
    } catch (error) {
      if (!(error instanceof SifstageError)) throw error
      // What is wrong with the base says the stage itself, when it is built.
      return undefined
    }
  }

  /** Whether programs go from one stage to another that people run: then its base is fetched while the first stages run. */
  #fetchEarly(): void {
    const target = this.#stage(this.request.target)
    const copies = chainOf(this.request.description, target).some(stage =>
      stage.steps.some(step => step.kind === 'copy' && step.from.kind === 'stage'),
    )
    const [lowest] = chainOf(this.request.description, target)
    // Whoever asks for it sees what went wrong.
    if (copies && lowest !== undefined) this.#base(lowest).catch(() => {})
  }

  async #closeImages(): Promise<void> {
    const opened = await Promise.allSettled([...this.#images.values(), ...this.#bases.values()])
    await Promise.all(opened.map(each => (each.status === 'fulfilled' ? each.value?.close() : undefined)))
  }

  /** The verdict on what later stages take from a stage; with the finished image of the target, the last one. */
  async #verify(stage: Stage, stored: StoredStage, finished?: Image): Promise<ArtifactReport[]> {
    const wanted = this.#artifacts.get(stage.index) ?? []
    if (wanted.length === 0) return []
    const reports = await verifyArtifacts({
      producer: stage,
      image: await this.#open(stage.index, stored),
      artifacts: wanted,
      environment: this.request.context.environment,
      destinations: this.#destinations,
      ...(finished === undefined ? {} : {finished}),
      heed: this.request.heed,
      signal: this.signal,
    })
    return reports.map(report => {
      this.ports.sink.emit({
        event: 'artifact',
        stage: stage.name,
        path: report.path,
        status: report.status,
        wantedBy: report.wantedBy,
      })
      return report
    })
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
      const artifacts = await this.#verify(stage, stored)
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

  /** What could not be said before the target was there: deferred findings, on its finished image. */
  async #judgeFinished(): Promise<void> {
    const made = this.#done.get(this.request.target)?.stored
    if (made === undefined) return
    for (const [index, finished] of this.#finished) {
      const {report, done} = finished
      const deferred = report.artifacts.some(each => each.diagnostics.some(one => one.deferred === true))
      if (!deferred || done?.stored === undefined) continue
      const image = await this.#open(this.request.target, made)
      const artifacts = await this.#verify(this.#stage(index), done.stored, image)
      const failed = artifacts.some(each => each.status === 'failed')
      this.#finished.set(index, {...finished, report: {...report, artifacts, status: failed ? 'failed' : report.status}})
    }
  }

  #report(index: number): StageReport {
    return (
      this.#finished.get(index)?.report ?? {
        index,
        name: this.#stage(index).name,
        status: 'not-run',
        key: undefined,
        digest: undefined,
        seconds: undefined,
        artifacts: [],
        failure: undefined,
      }
    )
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
    this.#fetchEarly()
    try {
      await this.#runAll()
      await this.#judgeFinished()
    } finally {
      await this.#closeImages()
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
