/**
 * The build loop (design section 6), over ports only: a stage is ready when all it needs is done; it is reused or
 * run and published; then every artifact that later stages take from it is verified, before any of them starts.
 */
import {dirname} from 'node:path'
import {dependenciesFirst} from '../language/stages.js'
import type {Stage} from '../model/description.js'
import {ImageNotKept, SifstageError} from '../model/errors.js'
import type {StageCost} from '../model/history.js'
import {baseName} from '../model/paths.js'
import type {PlannedStage} from '../model/ports.js'
import type {KeptStage} from '../model/store.js'
import {type Artifact, artifactsOf, neededDirectly, neededStages} from '../plan/graph.js'
import {secondsToEnd} from '../plan/priority.js'
import {StageFailure} from './commands.js'
import {explainFailure, otherFailure, outputFailed} from './failures.js'
import {type StageInputs, stageInputs} from './inputs.js'
import {Judging} from './judging.js'
import {mountsOf} from './mounts.js'
import {roomNeeded, shortages} from './need.js'
import {writeOutput} from './output.js'
import {type BuildPorts, type BuildRequest, type BuildResult, isFresh, type StageReport} from './request.js'
import {runSchedule} from './schedule.js'
import {runStage} from './stage.js'
import {type Finished, Standing} from './standing.js'
import {findStage, hasImage} from './trees.js'
import {Verdicts} from './verdicts.js'
import {whyBuilt} from './why.js'

/** What of a stage in the store is enough: its record and listing, only with its image, or nothing. */
type Reuse = 'record' | 'whole' | 'nothing'

/** A stage's image: reused, or run just now. */
interface Obtained {
  readonly stored: KeptStage
  /** Its tree in scratch, where an engine left one. */
  readonly root: string | undefined
  readonly ran: boolean
}

/** What a stage took, and takes up in the store. */
function costOf(stored: KeptStage): StageCost {
  const {seconds} = stored.record
  return stored.kind === 'held'
    ? {seconds, imageBytes: 0, treeBytes: 0}
    : {seconds, imageBytes: stored.record.image.bytes, treeBytes: stored.record.treeBytes}
}

/** A stage that does not start, since something it needs turned out not to be fit. */
class Withheld extends Error {}

class Build {
  readonly #standing: Standing
  readonly #artifacts: ReadonlyMap<number, readonly Artifact[]>
  readonly #verdicts: Verdicts
  readonly #judging: Judging
  #room: Promise<void> | undefined
  /** Folders of scratch that are being removed. */
  readonly #discarding = new Map<string, Promise<void>>()
  /** What stages took when they were last built. */
  readonly #costs = new Map<number, StageCost>()
  /** Where the output of stages that were run is. */
  readonly #logs = new Map<number, string>()
  readonly #began: number
  /** Stages that are being built once more, since their image is needed. */
  readonly #renewing = new Map<number, Promise<void>>()

  constructor(
    readonly request: BuildRequest,
    readonly ports: BuildPorts,
    readonly signal: AbortSignal,
  ) {
    this.#began = ports.now()
    const {description, target} = request
    this.#standing = new Standing(description, neededStages(description, target))
    this.#artifacts = artifactsOf(description, this.#standing.needed)
    this.#verdicts = new Verdicts(request, ports, this.#artifacts, signal)
    this.#judging = new Judging({
      standing: this.#standing,
      target,
      verdicts: this.#verdicts,
      sink: ports.sink,
      retrying: work => this.#retrying(work),
    })
  }

  /** Reuses the stage from the store, or runs it while no other build does. */
  async #obtain(stage: Stage, inputs: StageInputs, reuse: Reuse): Promise<Obtained> {
    const {store, sink} = this.ports
    const {key} = inputs
    const run = async () => {
      if (reuse !== 'whole') await this.#tellWhy(stage, inputs)
      return this.#run(stage, inputs, reuse)
    }
    if (key === undefined) return run()
    const find = async () => {
      const found = reuse === 'nothing' ? undefined : await findStage(stage, key, this.ports, this.signal)
      return found !== undefined && reuse === 'whole' && !(await hasImage(found, this.ports, this.signal)) ? undefined : found
    }
    const known = await find()
    if (known !== undefined) return {stored: known, root: undefined, ran: false}
    const waiting = (who: string) => {
      sink.emit({event: 'note', stage: stage.name, severity: 'info', text: `${who} is running this stage; waiting for it`})
      sink.emit({event: 'activity', stage: stage.name, text: `waiting for ${who}`, waits: true})
    }
    return store.locked(key, waiting, this.signal, async () => {
      const meanwhile = await find()
      return meanwhile === undefined ? run() : {stored: meanwhile, root: undefined, ran: false}
    })
  }

  /** Once, before the first stage runs: is there room for all that may still have to run? */
  #prepareRoom(): Promise<void> {
    this.#room ??= (async () => {
      const left = this.#standing.needed.filter(index => !this.#standing.done.has(index))
      const costs = left.flatMap(index => this.#costs.get(index) ?? [])
      const needed = roomNeeded(costs, this.request.jobs)
      const free = await this.ports.room(needed.store)
      for (const text of shortages(needed, free)) this.ports.sink.emit({event: 'note', severity: 'warning', text})
    })()
    return this.#room
  }

  async #tellWhy(stage: Stage, inputs: StageInputs): Promise<void> {
    const {request, ports, signal} = this
    const {why} = await whyBuilt({
      stage: stage.name,
      inputs,
      done: this.#standing.done,
      artifacts: this.#artifacts,
      request,
      ports,
      signal,
    })
    // Said at its end.
    if (inputs.whyNoKey !== why) ports.sink.emit({event: 'note', stage: stage.name, severity: 'info', text: why, reason: true})
  }

  /** The stage with what goes into it now, obtained: anew when an image that it needs had to be built once more. */
  async #resolve(stage: Stage, reuse: Reuse, tell: (inputs: StageInputs) => void) {
    const began = this.#at()
    return this.#retrying(async () => {
      const inputs = await stageInputs(stage, this.#standing.done, this.request, this.ports, this.signal)
      tell(inputs)
      const obtained = await this.#obtain(stage, inputs, reuse)
      const elapsed = obtained.ran ? {elapsed: this.#at() - began} : {}
      if (inputs.key !== undefined) await this.#note(stage, inputs, obtained.stored, elapsed)
      return {inputs, ...obtained}
    })
  }

  /** Notes what a stage took, and hands on its image where others are to have it. */
  async #note(stage: Stage, inputs: StageInputs, stored: KeptStage, elapsed: Pick<StageCost, 'elapsed'>): Promise<void> {
    const {history, imageCache, storage} = this.ports
    await history.note(stage.name, inputs.made, {...costOf(stored), ...elapsed})
    if (stored.kind === 'held')
      imageCache.send(storage(stored.record.engine.name), stored.record.key, stored.record.name, stage.name)
  }

  /**
   * After a failure for want of an image that is not kept any more: builds its stage once more.
   * @throws the error itself when it is another
   */
  async #renew(error: unknown): Promise<void> {
    const found = error instanceof ImageNotKept ? this.#standing.byKey(error.key) : undefined
    if (found === undefined) throw error
    const known = this.#renewing.get(found) ?? this.#buildAgain(found)
    this.#renewing.set(found, known)
    await known.finally(() => this.#renewing.delete(found))
  }

  /** Does something with finished stages; what is missing of one for it is built once more. */
  async #retrying<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work()
      } catch (error) {
        await this.#renew(error)
      }
    }
  }

  async #buildAgain(index: number): Promise<void> {
    const stage = this.#standing.stage(index)
    const text = 'its image was dropped from the store and is needed: it is built once more'
    this.ports.sink.emit({event: 'note', stage: stage.name, severity: 'info', text})
    await this.#verdicts.forget(index)
    // What an earlier run left of it.
    await this.#discarding.get(await this.ports.scratch.folder(`stage-${index}`))
    await this.ports.scratch.discard(await this.ports.scratch.folder(`stage-${index}`))
    const finished = await this.#build(index, 'whole')
    this.#standing.note(index, finished)
    if (index !== this.request.target) this.#discard(finished.root)
    if (finished.done === undefined) throw new Withheld(`stage ${stage.name} could not be built once more`)
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

  async #run(stage: Stage, inputs: StageInputs, reuse: Reuse): Promise<Obtained> {
    const {description} = this.request
    // One that is built once more may be so for a verdict, which would wait for itself.
    if (reuse !== 'whole') await this.#judging.reused()
    await this.#prepareRoom()
    const needs = dependenciesFirst(description, stage.index).filter(each => each.index !== stage.index)
    if (needs.some(each => !this.#standing.done.has(each.index))) throw new Withheld(`stage ${stage.name} needs what failed`)
    this.#verdicts.fetchBase()
    const {request, ports, signal} = this
    const onLog = (path: string) => this.#logs.set(stage.index, path)
    return runStage({stage, inputs, done: this.#standing.done, request, ports, signal, at: () => this.#at(), onLog})
  }

  /** Seconds since the build began. */
  #at(): number {
    return (this.ports.now() - this.#began) / 1000
  }

  /** What became of a stage, for those who watch and for the report. */
  #ended(
    index: number,
    began: number,
    rest: Pick<StageReport, 'status' | 'key' | 'digest' | 'artifacts' | 'failure'>,
    why?: string,
  ) {
    const {name} = this.#standing.stage(index)
    const at = this.#at()
    const log = this.#logs.get(index)
    this.ports.sink.emit({
      event: 'stage-end',
      stage: name,
      status: rest.status,
      at,
      seconds: at - began,
      ...(log === undefined ? {} : {log}),
      ...(why === undefined ? {} : {why}),
    })
    return {index, name, ...rest, seconds: at - began, at: began, log}
  }

  async #build(index: number, reuse = this.#reuse(index)): Promise<Finished> {
    const stage = this.#standing.stage(index)
    const {sink} = this.ports
    const began = this.#at()
    sink.emit({event: 'activity', stage: stage.name, text: 'looking at what goes into it'})
    let inputs: StageInputs | undefined
    const tell = (found: StageInputs) => {
      if (inputs === undefined)
        for (const text of found.resolved.notes) sink.emit({event: 'note', stage: stage.name, severity: 'warning', text})
      if (inputs?.key !== found.key || found.key === undefined)
        sink.emit({
          event: 'stage-start',
          stage: stage.name,
          at: began,
          ...this.#expected(index),
          ...(found.key === undefined ? {} : {key: found.key}),
        })
      inputs = found
    }
    try {
      const {stored, root, ran, inputs: last} = await this.#resolve(stage, reuse, tell)
      if (!ran) this.#tellOfSecrets(stage)
      const count = this.#artifacts.get(index)?.length ?? 0
      if (count > 0)
        sink.emit({
          event: 'activity',
          stage: stage.name,
          text: count === 1 ? 'verifying an artifact' : `verifying ${count} artifacts`,
        })
      const artifacts = await this.#retrying(() => this.#verdicts.of(stage, stored, ran ? 'early' : 'there'))
      if (!ran) this.#judging.postpone(index)
      this.#judging.tell(stage, artifacts)
      const failed = artifacts.some(each => each.status === 'failed')
      const status = failed ? 'failed' : ran ? 'built' : 'cached'
      const why = last.whyNoKey === undefined ? undefined : `not stored: ${last.whyNoKey}`
      const {digest} = stored.record
      return {
        report: this.#ended(index, began, {status, key: last.key, digest, artifacts, failure: undefined}, why),
        done: failed ? undefined : {stored, artifacts: new Map(artifacts.map(each => [each.path, each.digest ?? '']))},
        root,
      }
    } catch (error) {
      this.signal.throwIfAborted()
      // Its own image, to be looked into.
      if (error instanceof ImageNotKept && reuse !== 'whole') {
        await this.#verdicts.forget(index)
        return this.#build(index, 'whole')
      }
      if (error instanceof Withheld) {
        sink.emit({event: 'stage-end', stage: stage.name, status: 'not-run', at: this.#at(), seconds: this.#at() - began})
        return {report: this.#standing.notRun(index), done: undefined, root: undefined}
      }
      const failure = error instanceof StageFailure ? explainFailure(stage, error, this.ports) : otherFailure(stage, error)
      if (this.request.keepFailed && error instanceof StageFailure) await this.#keep(stage)
      const facts = {status: 'failed', key: inputs?.key, digest: undefined, artifacts: [], failure} as const
      return {
        report: this.#ended(index, began, facts),
        done: undefined,
        root: undefined,
      }
    }
  }

  #reuse(index: number): Reuse {
    return isFresh(this.request, this.#standing.stage(index).name) ? 'nothing' : 'record'
  }

  /** Removes the tree of a stage that was run, while the next ones are at work. */
  #discard(root: string | undefined): void {
    if (root === undefined) return
    const folder = dirname(root)
    const before = this.#discarding.get(folder) ?? Promise.resolve()
    this.#discarding.set(
      folder,
      before.then(() => this.ports.scratch.discard(folder)),
    )
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

  /** Asks registries for all bases at once: whoever needs one waits for the answer, or sees what went wrong. */
  #resolveBases(): void {
    for (const index of this.#standing.needed) {
      const {base} = this.#standing.stage(index)
      if (base.kind === 'image') this.ports.bases.resolve(base, this.request.context.root, this.signal).catch(() => {})
    }
  }

  /** Runs what can run until nothing is left that can. */
  async #runAll(): Promise<void> {
    // The longest way to the end first; by the text where they are equal.
    const order = secondsToEnd(
      this.request.description,
      this.#standing.needed,
      new Map([...this.#costs].map(([index, {seconds}]) => [index, seconds])),
    )
    this.#resolveBases()
    let failed = false
    await runSchedule({
      order: [...this.#standing.needed].sort((a, b) => (order.get(b) ?? 0) - (order.get(a) ?? 0) || a - b),
      jobs: this.request.jobs,
      isReady: index => neededDirectly(this.#standing.stage(index)).every(need => this.#standing.done.has(need)),
      goesOn: () => (!failed || this.request.keepGoing) && !this.signal.aborted,
      run: async index => {
        const finished = await this.#build(index)
        this.#standing.note(index, finished)
        if (finished.done === undefined) failed = true
        // The target's tree is packed once more for OUT; the others are in the store by now.
        if (index !== this.request.target && finished.report.key !== undefined) this.#discard(finished.root)
      },
    })
  }

  /** Images of stages that have no key are of this build alone. */
  async #dropUnkept(): Promise<void> {
    for (const {done} of this.#standing.finished.values())
      if (done?.stored?.kind === 'held' && done.stored.record.key === '')
        await this.ports.storage(done.stored.record.engine.name).remove(done.stored.record.name)
  }

  /** Writes OUT, if all is well. */
  async #write(): Promise<Pick<BuildResult, 'output' | 'outputFailure'>> {
    const nothing = {output: undefined, outputFailure: undefined}
    try {
      const output = await this.#retrying(async () => {
        const made = this.#standing.finished.get(this.request.target)
        const stored = made?.done?.stored
        if (!this.#standing.isWhole() || stored === undefined) return undefined
        const {output: to} = this.request
        this.ports.sink.emit({event: 'activity', text: `writing ${'name' in to ? to.path : baseName(to.path)}`})
        return writeOutput({stored, root: made?.root}, this.request, this.ports, this.signal)
      })
      return {...nothing, output}
    } catch (error) {
      this.signal.throwIfAborted()
      if (!(error instanceof SifstageError)) throw error
      return {...nothing, outputFailure: outputFailed(error, this.request.description.file)}
    }
  }

  #expected(index: number): {readonly expected?: number} {
    const cost = this.#costs.get(index)
    return cost === undefined ? {} : {expected: cost.elapsed ?? cost.seconds}
  }

  #planned(index: number): PlannedStage {
    const stage = this.#standing.stage(index)
    const needs = neededDirectly(stage).map(each => this.#standing.stage(each).name)
    return {stage: stage.name, needs, ...this.#expected(index)}
  }

  async run(): Promise<BuildResult> {
    const {description, target} = this.request
    const {sink} = this.ports
    for (const index of this.#standing.needed) {
      const cost = await this.ports.history.cost(this.#standing.stage(index).name)
      if (cost !== undefined) this.#costs.set(index, cost)
    }
    sink.emit({
      event: 'build-start',
      input: description.file,
      target: this.#standing.stage(target).name,
      stages: this.#standing.needed.map(index => this.#standing.stage(index).name),
      plan: this.#standing.needed.map(index => this.#planned(index)),
    })
    let written: Pick<BuildResult, 'output' | 'outputFailure'> = {output: undefined, outputFailure: undefined}
    try {
      await this.#runAll()
      sink.emit({event: 'activity', text: 'verifying what is left to verify'})
      await this.#judging.finished()
      this.signal.throwIfAborted()
      written = await this.#write()
    } catch (error) {
      // What was built once more turned out not to be fit: its report says so.
      if (!(error instanceof Withheld)) throw error
    } finally {
      await this.#verdicts.close()
      await this.#dropUnkept()
      await this.ports.logs.thin()
      await Promise.all(this.#discarding.values())
    }
    const {output, outputFailure} = written
    const stages = this.#standing.needed.map(index => this.#standing.report(index))
    const seconds = this.#at()
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
