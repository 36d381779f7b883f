/** Where a build is, from its events: what the live view shows and a status line says. */
import type {BuildEvent} from '../model/ports.js'

/** Last lines of output that are kept of what a stage is at. */
const TAIL = 8
/** No screen is wider; an engine's line may be. */
const LONGEST = 1000

export interface Doing {
  readonly text: string
  readonly line: number | undefined
  /** Milliseconds since the epoch. */
  readonly since: number
}

export interface ArtifactProgress {
  readonly path: string
  readonly ok: boolean
  readonly wantedBy: readonly string[]
}

export interface StageProgress {
  readonly name: string
  readonly needs: readonly string[]
  readonly expected: number | undefined
  readonly state: 'waiting' | 'running' | 'built' | 'cached' | 'failed' | 'not-run'
  /** For somebody else, who runs the same stage. */
  readonly waits: boolean
  readonly since: number
  readonly doing: Doing | undefined
  /** Why it is built anew. */
  readonly why: string | undefined
  /** The last lines of output of what it is at. */
  readonly tail: readonly string[]
  readonly artifacts: readonly ArtifactProgress[]
}

/** Only what was written last of a line that was written over. */
function lastPiece(text: string): string {
  const pieces = text.split('\r').filter(each => each !== '')
  return (pieces.at(-1) ?? '').slice(0, LONGEST)
}

export class Progress {
  readonly #stages = new Map<string, StageProgress>()
  /** Stages whose last line of output is to be written over. */
  readonly #over = new Set<string>()
  #began: number | undefined
  #doing: string | undefined

  get stages(): readonly StageProgress[] {
    return [...this.#stages.values()]
  }

  get running(): readonly StageProgress[] {
    return this.stages.filter(each => each.state === 'running')
  }

  get isBegun(): boolean {
    return this.#began !== undefined
  }

  get began(): number {
    return this.#began ?? 0
  }

  /** How many stages have come to an end that lets others begin. */
  get done(): number {
    return this.stages.filter(each => each.state === 'built' || each.state === 'cached').length
  }

  /** What the build as a whole is at, behind its stages. */
  get doing(): string | undefined {
    return this.#doing
  }

  stage(name: string): StageProgress | undefined {
    return this.#stages.get(name)
  }

  #change(name: string, change: Partial<StageProgress>): void {
    const known = this.#stages.get(name)
    if (known !== undefined) this.#stages.set(name, {...known, ...change})
  }

  /** A stage is at something from now on; it has begun if it had not. */
  #turn(name: string, now: number, doing: Doing | undefined, change: Partial<StageProgress> = {}): void {
    const known = this.#stages.get(name)
    if (known === undefined) return
    if (known.doing?.text !== doing?.text) this.#over.delete(name)
    const isSame = known.doing?.text === doing?.text && known.state === 'running'
    this.#change(name, {
      ...(known.state === 'running' ? {} : {state: 'running', since: now, artifacts: []}),
      ...(isSame ? {} : {doing, tail: []}),
      waits: false,
      ...change,
    })
  }

  /** @param now milliseconds since the epoch */
  apply(event: BuildEvent, now: number): void {
    switch (event.event) {
      case 'build-start':
        this.#began = now
        for (const {stage, needs, expected} of event.plan)
          this.#stages.set(stage, {
            name: stage,
            needs,
            expected,
            state: 'waiting',
            waits: false,
            since: now,
            doing: undefined,
            why: undefined,
            tail: [],
            artifacts: [],
          })
        return
      case 'stage-start':
        this.#turn(event.stage, now, this.#stages.get(event.stage)?.doing)
        return
      case 'step-start':
        this.#turn(event.stage, now, {text: event.title, line: event.line, since: now})
        return
      case 'activity':
        if (event.stage === undefined) this.#doing = event.text
        else {
          const doing = {text: event.text, line: event.line, since: now}
          this.#turn(event.stage, now, doing, {waits: event.waits === true})
        }
        return
      case 'step-log': {
        const tail = this.#stages.get(event.stage)?.tail ?? []
        const text = lastPiece(event.text)
        const kept = this.#over.has(event.stage) && text.trim() !== '' ? tail.slice(0, -1) : tail
        if (text.trim() !== '') this.#change(event.stage, {tail: [...kept.slice(1 - TAIL), text]})
        if (event.over && text.trim() !== '') this.#over.add(event.stage)
        else this.#over.delete(event.stage)
        return
      }
      case 'artifact': {
        const {path, status, wantedBy} = event
        const others = this.#stages.get(event.stage)?.artifacts.filter(each => each.path !== path) ?? []
        this.#change(event.stage, {artifacts: [...others, {path, ok: status === 'ok', wantedBy}]})
        return
      }
      case 'stage-end':
        this.#change(event.stage, {state: event.status, doing: undefined, tail: []})
        return
      case 'note':
        if (event.reason && event.stage !== undefined) this.#change(event.stage, {why: event.text})
        return
      case 'step-end':
      case 'build-end':
        return
    }
  }
}
