/** Progress for people and programs, on standard error: a live view, plain lines, or one JSON event a line. */
import type {BuildEvent, Sink} from '../model/ports.js'
import type {Palette} from '../reports/palette.js'
import {printable} from '../reports/visible.js'
import {Progress} from '../terminal/state.js'
import {about, duration, statusFields, statusLine, summary} from '../terminal/words.js'

export {printable}

/** Milliseconds after which plain lines tell what goes on besides steps: most of it is over before. */
const SLOW = 5_000

/** Whoever watches a build: told of it, and asked to say where it is. */
export interface Watch extends Sink {
  /** The build is being stopped: says so. */
  stopping(text: string): void
  /** One line on where the build is. */
  status(): void
  /** What is printed from now on is not ours. */
  close(): void
}

export interface WatchOptions {
  readonly stream: NodeJS.WriteStream
  readonly colours: Palette
  readonly env: Readonly<Record<string, string | undefined>>
  readonly now: () => number
}

/** How progress is told: moving only where somebody looks on, and never where `NO_COLOR`, `TERM=dumb` or CI say not to. */
export function progressMode(
  asked: 'auto' | 'tty' | 'plain' | 'json',
  isTerminal: boolean,
  env: WatchOptions['env'],
): 'tty' | 'plain' | 'json' {
  if (asked !== 'auto') return asked
  const isCI = !/^(|0|false)$/i.test(env['CI'] ?? '')
  return isTerminal && !env['NO_COLOR'] && env['TERM'] !== 'dumb' && !isCI ? 'tty' : 'plain'
}

/** Opens what tells of a build. The live view is loaded only where it is shown. */
export async function openWatch(mode: 'tty' | 'plain' | 'json', options: WatchOptions): Promise<Watch> {
  const {stream, now} = options
  const progress = new Progress()
  const write = (text: string) => void stream.write(text)
  const simple = (sink: Sink, status: () => void): Watch => ({
    emit(event) {
      progress.apply(event, now())
      sink.emit(event)
    },
    // Behind the ^C of a terminal.
    stopping: text => write(`\n${text}`),
    status,
    close() {},
  })
  if (mode === 'json') {
    const status = () => write(jsonLine('step-log', {text: statusLine(progress, now()), status: statusFields(progress, now())}))
    return simple(jsonSink(write), status)
  }
  if (mode === 'plain') {
    const plain = plainSink(write, options.colours, progress)
    return {...simple(plain, () => write(`${statusLine(progress, now())}\n`)), close: () => plain.close()}
  }
  const {liveView} = await import('../terminal/live.js')
  const {lookOf, showsUnicode} = await import('../terminal/look.js')
  const look = lookOf(options.colours, showsUnicode(options.env))
  const view = liveView({stream, signals: process, progress, look, now})
  return {
    ...view,
    emit(event) {
      progress.apply(event, now())
      view.emit(event)
    },
    stopping(text) {
      view.say(text)
      view.stopping()
    },
    status: () => view.say(`${statusLine(progress, now())}\n`),
  }
}

/** Plain lines, each with its stage: good in a Slurm log. */
function plainSink(
  write: (line: string) => void,
  colours: Palette,
  progress: Progress,
): Sink & {
  /** Nothing is told any more. */
  close(): void
} {
  const line = (stage: string | undefined, text: string) =>
    write(`${stage === undefined ? '' : colours.faint(`[${printable(stage)}] `)}${text}\n`)
  /** What goes on besides steps, to be told when it takes long. */
  const slow = new Map<string | undefined, NodeJS.Timeout>()
  const over = (stage: string | undefined) => {
    clearTimeout(slow.get(stage))
    slow.delete(stage)
  }
  /** Stages whose expected time was told. */
  const told = new Set<string>()
  const expected = (stage: string): string => {
    const seconds = progress.stage(stage)?.expected ?? 0
    if (seconds < 1 || told.has(stage)) return ''
    told.add(stage)
    return colours.faint(` (the stage takes ${about(seconds)})`)
  }
  return {
    close() {
      for (const stage of [...slow.keys()]) over(stage)
    },
    emit(event) {
      if (event.event !== 'note') over(event.stage)
      switch (event.event) {
        case 'build-start':
          return line(
            undefined,
            `building ${printable(event.target)} of ${printable(event.input)}: ${event.stages.length === 1 ? '1 stage' : `${event.stages.length} stages`}`,
          )
        case 'stage-start':
          return
        case 'step-start':
          return line(
            event.stage,
            `${colours.strong('→')} ${printable(event.title)}${event.line === undefined ? '' : colours.faint(` (line ${event.line})`)}${expected(event.stage)}`,
          )
        case 'activity': {
          const {stage, text} = event
          // A section of a definition file, or an instruction, speaks for itself.
          if (!/^[a-z]+ing /.test(text)) return
          const timer = setTimeout(() => line(stage, colours.faint(`still ${printable(text)}`)), SLOW)
          timer.unref()
          slow.set(stage, timer)
          return
        }
        case 'step-log':
          return line(event.stage, printable(event.text))
        case 'step-end':
          return
        case 'artifact':
          return line(
            event.stage,
            event.status === 'ok'
              ? `${colours.good('✓')} ${printable(event.path)} is there, for ${event.wantedBy.join(', ')}`
              : `${colours.error('✗')} ${printable(event.path)}, wanted by ${event.wantedBy.join(', ')}`,
          )
        case 'stage-end': {
          const words = {
            built: `built in ${duration(event.seconds)}`,
            cached: 'cached: nothing that goes into it has changed',
            failed: colours.error('failed'),
            'not-run': 'not run',
          }
          // The first one has taken all of the time.
          const sofar =
            event.status !== 'cached' && event.at - event.seconds >= 1 ? `, ${duration(event.at)} since the start` : ''
          const why = event.why === undefined ? '' : colours.faint(` (${printable(event.why)})`)
          return line(event.stage, `${words[event.status]}${sofar}${why}`)
        }
        case 'note':
          return line(
            event.stage,
            event.severity === 'warning' ? `${colours.warning('warning:')} ${printable(event.text)}` : printable(event.text),
          )
        case 'build-end':
          return line(undefined, summary(progress, event.seconds))
      }
    },
  }
}

function jsonLine(event: string, fields: object): string {
  return `${JSON.stringify({time: new Date().toISOString(), event, ...fields})}\n`
}

/**
 * One event a line. The contract has none for a note, which is a line of the log there, nor for what goes on besides
 * steps, which is left out.
 */
function jsonSink(write: (line: string) => void): Sink {
  return {
    emit(event: BuildEvent) {
      const {event: name, ...rest} = event
      if (name !== 'activity') write(jsonLine(name === 'note' ? 'step-log' : name, rest))
    },
  }
}

/** Notes alone, for a verb that has no progress to tell. */
export function noteSink(write: (line: string) => void): Sink {
  return {
    emit(event) {
      if (event.event === 'note') write(`${printable(event.text)}\n`)
    },
  }
}
