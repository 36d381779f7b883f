/** Listens to a build and writes down what each stage did when. */
import type {AccountArtifact, AccountStage, AccountStep, BuildAccount} from '../model/account.js'
import type {ArtifactReport} from '../model/artifact.js'
import type {BuildEvent, Sink} from '../model/ports.js'
import type {BuildResult} from './request.js'

/** What is written down of one stage, at most: an account is read whole. */
const LINES = 40
const LINE = 400
const STEPS = 500
const NOTES = 20
const MATCHES = 20

interface StageNotes {
  status: AccountStage['status'] | undefined
  start: number | undefined
  end: number | undefined
  key: string | undefined
  log: string | undefined
  readonly notes: string[]
  readonly steps: {-readonly [Name in keyof AccountStep]: AccountStep[Name]}[]
  readonly artifacts: Map<string, AccountArtifact>
  readonly tail: string[]
  lines: number
}

function ofReport({path, wantedBy, status, matches, kind, bytes, digest}: ArtifactReport): AccountArtifact {
  return {
    path,
    wantedBy,
    status,
    matches: matches.slice(0, MATCHES),
    kind,
    ...(bytes === undefined ? {} : {bytes}),
    ...(digest === undefined ? {} : {digest}),
  }
}

/** Hands every event on, and never fails: nobody builds for the sake of the account. */
export class Accountant implements Sink {
  readonly #stages = new Map<string, StageNotes>()
  #started: number | undefined
  #ended: number | undefined

  constructor(
    readonly sink: Sink,
    readonly now: () => number,
  ) {}

  emit(event: BuildEvent): void {
    this.sink.emit(event)
    if (event.event === 'build-start') {
      this.#started = this.now()
      for (const name of event.stages) this.#stage(name)
    } else if (event.event === 'build-end') this.#ended = this.now()
    else if (event.stage !== undefined && this.#started !== undefined) this.#note(event, this.#stage(event.stage))
  }

  /** Whether a build has begun at all. */
  get hasBegun(): boolean {
    return this.#started !== undefined
  }

  #stage(name: string): StageNotes {
    const known = this.#stages.get(name)
    if (known !== undefined) return known
    const nothing = {status: undefined, start: undefined, end: undefined, key: undefined, log: undefined, lines: 0}
    const stage: StageNotes = {...nothing, notes: [], steps: [], artifacts: new Map(), tail: []}
    this.#stages.set(name, stage)
    return stage
  }

  #seconds(): number {
    return (this.now() - (this.#started ?? 0)) / 1000
  }

  /** Events that are not known here are none of ours. */
  #note(event: BuildEvent, stage: StageNotes): void {
    switch (event.event) {
      case 'stage-start':
        stage.start ??= this.#seconds()
        stage.key = event.key
        return
      case 'step-start':
        if (stage.steps.length < STEPS)
          stage.steps.push({
            title: event.title.slice(0, LINE),
            ...(event.line === undefined ? {} : {line: event.line}),
            start: this.#seconds(),
          })
        return
      case 'step-log':
        stage.lines += 1
        stage.tail.push(event.text.slice(0, LINE))
        if (stage.tail.length > LINES) stage.tail.shift()
        return
      case 'step-end': {
        const step = stage.steps.findLast(each => each.title === event.title.slice(0, LINE) && each.seconds === undefined)
        if (step !== undefined) [step.seconds, step.ok] = [event.seconds, event.ok]
        return
      }
      case 'artifact':
        stage.artifacts.set(event.path, {path: event.path, wantedBy: event.wantedBy, status: event.status, matches: []})
        return
      case 'note':
        if (stage.notes.length < NOTES) stage.notes.push(event.text.slice(0, LINE))
        return
      case 'stage-end':
        // A stage that was looked at and found wanting ends twice: what it came to last is what it came to.
        stage.status = event.status
        stage.end = this.#seconds()
        stage.start ??= stage.end - event.seconds
        if (event.why !== undefined && stage.notes.length < NOTES) stage.notes.push(event.why.slice(0, LINE))
        if (event.log !== undefined) stage.log = event.log
        return
    }
  }

  /**
   * All that is known by now.
   * @param result what the build gave back; undefined when it was stopped
   */
  account(
    about: Pick<BuildAccount, 'input' | 'target' | 'engine' | 'diagnostics'>,
    result: BuildResult | undefined,
  ): BuildAccount {
    const reports = new Map((result?.stages ?? []).map(each => [each.name, each] as const))
    const stages = Array.from(this.#stages, ([name, noted]): AccountStage => {
      const report = reports.get(name)
      const {start, end, key, log, notes, steps, tail, lines} = noted
      const status = noted.status ?? report?.status ?? (start === undefined ? 'not-run' : 'stopped')
      const artifacts = report === undefined || report.artifacts.length === 0 ? [...noted.artifacts.values()] : undefined
      return {
        name,
        status,
        ...(start === undefined ? {} : {start}),
        ...(start === undefined ? {} : {end: end ?? this.#seconds()}),
        ...((report?.key ?? key) === undefined ? {} : {key: report?.key ?? key ?? ''}),
        notes,
        steps,
        artifacts: artifacts ?? (report?.artifacts ?? []).map(ofReport),
        tail,
        hasMore: lines > tail.length,
        ...((report?.log ?? log) === undefined ? {} : {log: report?.log ?? log ?? ''}),
      }
    })
    return {
      version: 1,
      ...about,
      started: new Date(this.#started ?? this.now()).toISOString(),
      seconds: ((this.#ended ?? this.now()) - (this.#started ?? this.now())) / 1000,
      status: result === undefined ? 'stopped' : result.output === undefined ? 'failed' : 'ok',
      stages,
      ...(result?.output === undefined ? {} : {output: result.output}),
    }
  }
}
