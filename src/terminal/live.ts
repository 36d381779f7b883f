/** A build to look at: what is done stays above, what runs is drawn below it until it is done too. */
import type {BuildEvent, Sink} from '../model/ports.js'
import {printable} from '../reports/visible.js'
import {doneLines, doneWidth, frame, type Size, wrongLine} from './frame.js'
import {inLocale, type Look, paintLine} from './look.js'
import {Screen} from './screen.js'
import type {Progress} from './state.js'
import {summary} from './words.js'

/** Milliseconds between two frames. */
const FRAME = 100
/** Every so many frames all of it is drawn, should somebody else have written on the screen. */
const WHOLE = 10
/** Milliseconds after which a stop that the kernel did not carry out is over. */
const STOP = 100

/** Where it is drawn. A stream that is no terminal has no size. */
export interface TerminalStream {
  readonly columns?: number | undefined
  readonly rows?: number | undefined
  write(text: string): unknown
  on(event: 'resize' | 'error', listener: () => void): unknown
  off(event: 'resize' | 'error', listener: () => void): unknown
}

/** The process, as far as its signals are ours. */
export interface ProcessSignals {
  readonly pid: number
  on(event: 'exit' | 'SIGTSTP' | 'SIGCONT', listener: () => void): unknown
  off(event: 'exit' | 'SIGTSTP' | 'SIGCONT', listener: () => void): unknown
  kill(pid: number, signal: 'SIGTSTP'): unknown
}

export interface LiveOptions {
  readonly stream: TerminalStream
  readonly signals: ProcessSignals
  readonly progress: Progress
  readonly look: Look
  readonly now: () => number
}

export interface LiveView extends Sink {
  /** Prints finished text above the live part. */
  say(text: string): void
  /** The build is being stopped. */
  stopping(): void
  /** Takes the live part away; what is said later is printed as it is. */
  close(): void
}

/** Opens the view. The build's events have to reach `progress` before they reach it. */
export function liveView({stream, signals, progress, look, now}: LiveOptions): LiveView {
  const {colours} = look
  const screen = new Screen(text => {
    if (isOpen) stream.write(text)
  })
  let isOpen = true
  let isSuspended = false
  let isStopping = false
  let tick = 0
  let staying: string[] = []
  let timer: NodeJS.Timeout | undefined

  const size = (): Size => ({columns: stream.columns || 80, rows: stream.rows || 24})
  const line = (...parts: Parameters<typeof paintLine>[0]) => staying.push(paintLine(parts, Number.POSITIVE_INFINITY, look))

  function draw(): void {
    if (!isOpen || isSuspended) return
    tick += 1
    if (tick % WHOLE === 0) screen.forget()
    const lines = staying
    staying = []
    screen.draw(lines, frame(progress, size(), look, {now: now(), tick, isStopping}))
  }

  /** Ctrl-Z: the shell gets its terminal back as it was. */
  function suspend(): void {
    isSuspended = true
    screen.clear()
    signals.off('SIGTSTP', suspend)
    signals.kill(signals.pid, 'SIGTSTP')
    // Where no shell could start us again the kernel leaves it out.
    setTimeout(resume, STOP)
  }
  function resume(): void {
    if (!isOpen) return
    if (isSuspended) signals.on('SIGTSTP', suspend)
    isSuspended = false
    screen.forget()
    draw()
  }
  function resized(): void {
    screen.forget()
    draw()
  }
  /** Nobody looks on any more. */
  function gone(): void {
    isOpen = false
  }
  function flush(): void {
    const lines = staying
    staying = []
    if (lines.length > 0) screen.draw(lines, [])
    screen.clear()
  }
  function close(): void {
    if (timer === undefined) return
    clearInterval(timer)
    timer = undefined
    for (const stage of progress.running) {
      const seconds = (now() - stage.since) / 1000
      staying.push(...doneLines(stage, {seconds}, size(), look, doneWidth(progress, size())))
    }
    flush()
    isOpen = false
    signals.off('exit', close)
    signals.off('SIGTSTP', suspend)
    signals.off('SIGCONT', resume)
    stream.off('resize', resized)
  }

  timer = setInterval(draw, FRAME)
  timer.unref()
  signals.on('exit', close)
  signals.on('SIGTSTP', suspend)
  signals.on('SIGCONT', resume)
  stream.on('resize', resized)
  stream.on('error', gone)

  function emit(event: BuildEvent): void {
    switch (event.event) {
      case 'build-start': {
        const count = event.stages.length === 1 ? '1 stage' : `${event.stages.length} stages`
        line(`building ${printable(event.target)} of ${printable(event.input)}: ${count}`)
        draw()
        return
      }
      case 'stage-end': {
        const stage = progress.stage(event.stage)
        if (stage !== undefined) staying.push(...doneLines(stage, event, size(), look, doneWidth(progress, size())))
        return
      }
      case 'artifact': {
        // Of a stage that is done already: it was judged once more, on the finished image.
        const stage = progress.stage(event.stage)
        const wrong = {path: event.path, ok: false, wantedBy: event.wantedBy}
        if (event.status === 'failed' && stage !== undefined && stage.state !== 'running')
          staying.push(`${paintLine([printable(event.stage)], Number.POSITIVE_INFINITY, look)}${wrongLine(wrong, look)}`)
        return
      }
      case 'note': {
        // Stands behind its stage.
        if (event.reason && timer !== undefined && event.stage !== undefined) return
        const stage = event.stage === undefined ? '' : `[${printable(event.stage)}] `
        const text = printable(event.text)
        if (event.severity === 'warning') line([stage, colours.faint], ['warning:', colours.warning], ` ${text}`)
        else line([`${stage}${text}`, colours.faint])
        return
      }
      case 'build-end':
        line(summary(progress, event.seconds))
        return
      default:
        return
    }
  }

  return {
    emit(event) {
      if (timer !== undefined) return emit(event)
      if (event.event === 'note') stream.write(`${inLocale(printable(event.text), look)}\n`)
    },
    say(text) {
      if (timer === undefined) stream.write(text)
      else {
        staying.push(...text.replace(/\n$/, '').split('\n'))
        draw()
      }
    },
    stopping() {
      isStopping = true
      draw()
    },
    close,
  }
}
