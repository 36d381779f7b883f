/** The verdicts of one build: which images are open for them, and what each stage's artifacts come to at each moment. */
import {chainOf} from '../language/stages.js'
import type {ArtifactReport} from '../model/artifact.js'
import type {Stage} from '../model/description.js'
import type {Image} from '../model/image.js'
import type {KeptStage} from '../model/store.js'
import type {Artifact} from '../plan/graph.js'
import {Destinations} from './destinations.js'
import type {BuildPorts, BuildRequest} from './request.js'
import {verifyArtifacts} from './verify.js'

/**
 * `there`: only whether everything is there. `early`: also whether it is fit for the image it goes to, as far as its
 * base and the copies tell. `last`: the same on the finished image.
 */
export type Moment = 'there' | 'early' | {readonly last: KeptStage}

export class Verdicts {
  readonly #images = new Map<number, Promise<Image>>()
  readonly #stored = new Map<number, KeptStage>()
  /** Images of engines of which everything was read. */
  readonly #isWhole = new Set<number>()
  readonly #bases = new Map<number, Promise<Image | undefined>>()
  readonly #destinations: Destinations
  readonly #target: Stage

  constructor(
    readonly request: BuildRequest,
    readonly ports: BuildPorts,
    readonly artifacts: ReadonlyMap<number, readonly Artifact[]>,
    readonly signal: AbortSignal,
  ) {
    const target = request.description.stages[request.target]
    if (target === undefined) throw new Error(`there is no stage ${request.target}`)
    this.#target = target
    this.#destinations = new Destinations({
      description: request.description,
      target,
      images: {stage: (index, part) => this.#known(index, part), base: stage => this.#base(stage)},
      environment: request.context.environment,
      architecture: request.architecture,
      runtimeLibraries: request.runtimeLibraries,
    })
  }

  /** The image of a stage, opened once; of one that its engine keeps, the part that is judged. */
  #open(index: number, stored: KeptStage): Promise<Image> {
    this.#stored.set(index, stored)
    const {opener} = this.ports
    const paths = this.artifacts.get(index)?.map(each => each.path) ?? []
    const known =
      this.#images.get(index) ?? (stored.kind === 'tree' ? opener.stored(stored) : opener.held(stored, paths, this.signal))
    this.#images.set(index, known)
    return known
  }

  /** The image of a stage that was opened before. */
  async #known(index: number, part: 'whole' | 'artifacts'): Promise<Image | undefined> {
    const stored = this.#stored.get(index)
    if (stored === undefined) return undefined
    return part === 'whole' ? this.#openWhole(index, stored) : this.#open(index, stored)
  }

  /** All of an image. */
  async #openWhole(index: number, stored: KeptStage): Promise<Image> {
    if (stored.kind === 'tree' || this.#isWhole.has(index)) return this.#open(index, stored)
    await this.forget(index)
    const opened = this.ports.opener.held(stored, undefined, this.signal)
    this.#stored.set(index, stored)
    this.#images.set(index, opened)
    this.#isWhole.add(index)
    return opened
  }

  /** Of a stage that is built once more. */
  async forget(index: number): Promise<void> {
    const known = this.#images.get(index)
    this.#images.delete(index)
    this.#isWhole.delete(index)
    this.#stored.delete(index)
    // One that could not be opened is told where it was wanted.
    await known?.then(
      image => image.close(),
      () => {},
    )
  }

  /** The base that a stage starts from, opened once, and only to judge what is copied onto it. */
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
      signal.throwIfAborted()
      // Looking ahead must not end a build that the engine can carry out; what is wrong with the base it says itself.
      ports.sink.emit({
        event: 'note',
        stage: stage.name,
        severity: 'info',
        text: `its base cannot be read ahead (${error instanceof Error ? error.message : String(error)}): what goes onto it is judged on the finished image`,
      })
      return undefined
    }
  }

  /** Starts to fetch the base that programs go to, while the first stages run. */
  fetchBase(): void {
    const chain = chainOf(this.request.description, this.#target)
    const [lowest] = chain
    const copies = chain.some(stage => stage.steps.some(step => step.kind === 'copy' && step.from.kind === 'stage'))
    // Whoever asks for it sees what went wrong.
    if (copies && lowest !== undefined) this.#base(lowest).catch(() => {})
  }

  /** What later stages take from a stage, judged. */
  async of(stage: Stage, stored: KeptStage, moment: Moment): Promise<ArtifactReport[]> {
    const artifacts = this.artifacts.get(stage.index) ?? []
    // Opened whether something is taken from it or not: others may be judged by it.
    const image = await this.#open(stage.index, stored)
    if (artifacts.length === 0) return []
    const reports = await this.#judge(stage, image, moment)
    if (stored.kind === 'tree' || reports.every(each => each.diagnostics.length === 0)) return reports
    // Where something is wrong, all of it is read, to say what is there instead.
    return this.#judge(stage, await this.#openWhole(stage.index, stored), moment)
  }

  async #judge(stage: Stage, image: Image, moment: Moment): Promise<ArtifactReport[]> {
    return verifyArtifacts({
      producer: stage,
      image,
      artifacts: this.artifacts.get(stage.index) ?? [],
      environment: this.request.context.environment,
      destinations: this.#destinations,
      ...(moment === 'there' ? {onlyThere: true} : {}),
      ...(typeof moment === 'object' ? {finished: await this.#openWhole(this.#target.index, moment.last)} : {}),
      heed: this.request.heed,
      signal: this.signal,
    })
  }

  async close(): Promise<void> {
    const opened = await Promise.allSettled([...this.#images.values(), ...this.#bases.values()])
    await Promise.all(opened.map(each => (each.status === 'fulfilled' ? each.value?.close() : undefined)))
  }
}
